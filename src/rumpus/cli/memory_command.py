"""What `rumpus memory VERB` does, and what it says; returns the exit code.

Needs neither mind nor world: a memory can be looked after where no deep learning is installed.
"""

from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from rumpus.cli.counting import duration, stoppable
from rumpus.errors import InputError
from rumpus.exchange.incoming import memory_for
from rumpus.exchange.transfer import Transfer, chosen
from rumpus.memory import Memory
from rumpus.memory.episode import Episode
from rumpus.memory.merge import merge as merge_into
from rumpus.memory.repair import repair as repair_memory
from rumpus.memory.side_by_side import side_by_side
from rumpus.memory.verify import verify as verify_memory
from rumpus.report.sheet import Tile, write_sheet

FRAMES, ROWS = 8, 4  # of a film strip


def info(path: Path, json: bool) -> int:
    """What a memory holds, and how much room it takes."""
    with Memory.open(folder(path), write=False) as memory:
        room = memory.room()
        about = {
            "robot": memory.spec.name, "steps": len(memory), "episodes": len(memory.episodes()),
            "lived_s": round(len(memory) / memory.spec.rate_hz, 3), "missing": memory.missing(),
            "interventions": int(memory.intervention.sum()), "can_be_filmed": memory.segments(),
            **{f"{name}_mb": round(size / 1e6, 3) for name, size in room.items()},
        }  # fmt: skip
        sensors = [f"{s.name} {' x '.join(map(str, s.shape))}" for s in memory.spec.sensors]
    if json:
        print(msgspec.json.encode(about).decode())
        return 0
    print(f"{folder(path)}: the life of the robot {about['robot']}, which senses "
          f"{', '.join(sensors)} {memory.spec.rate_hz:g} times a second.")  # fmt: skip
    print(f"{about['steps']:,} steps in {about['episodes']:,} episodes, "
          f"{duration(len(memory) / memory.spec.rate_hz)} of life; {about['missing']:,} "
          "acknowledged steps are missing.")  # fmt: skip
    print(f"On disk: store {about['store_mb']:,} MB, films {about['films_mb']:,} MB, "
          f"view for learning {about['view_mb']:,} MB.")  # fmt: skip
    if about["can_be_filmed"]:
        print(
            f"Old pictures can be kept as lossless films, in less room: rumpus memory film {path}"
        )
    return 0


def list_episodes(path: Path, json: bool) -> int:
    """The episodes, oldest first."""
    with Memory.open(folder(path), write=False) as memory:
        episodes, id_ = memory.episodes(), memory.id
    if json:
        print(msgspec.json.encode(episodes).decode())
        return 0
    for episode in episodes:
        begun = datetime.fromtimestamp(episode.begun_unix_s).strftime("%Y-%m-%d %H:%M")
        elsewhere = "" if episode.origin.memory == id_ else f", from memory {episode.origin.memory}"
        print(f"{episode.id:6}  {begun}  {episode.length:9,} steps from {episode.first:,}  "
              f"{episode.provenance}{elsewhere}")  # fmt: skip
    return 0


def show(path: Path, episode: int | None, out: Path) -> int:
    """An episode as a film strip; the last one by default."""
    with Memory.open(folder(path), write=False) as memory:
        shown = _chosen(memory, episode)
        steps = shown.first + np.unique(
            np.linspace(0, shown.length - 1, FRAMES * ROWS).round().astype(int)
        )
        tiles = [Tile(f"{k:,}", side_by_side(memory.readings(k))) for k in steps.tolist()]
        rate_hz = memory.spec.rate_hz
    if all(tile.picture is None for tile in tiles):
        raise InputError(f"The robot of {path} has no camera; there is nothing to show.")
    write_sheet(out, [tiles[k : k + FRAMES] for k in range(0, len(tiles), FRAMES)])
    last = shown.first + shown.length - 1
    print(f"Episode {shown.id}, {shown.provenance}: steps {shown.first:,} to {last:,}, "
          f"{duration(shown.length / rate_hz)}.")  # fmt: skip
    print(f"Film strip: {out}")
    return 0


def verify(path: Path, json: bool) -> int:
    """Read every byte; 1 where anything is not as it was written."""
    with Memory.open(folder(path), write=False) as memory, stoppable("verifying") as tick:
        found = verify_memory(memory, tick)
    if json:
        print(msgspec.json.encode(found).decode())
        return int(not found.good)
    for damage in found.damages:
        of = f" of episode {damage.episode}" if damage.episode else ""
        print(f"Step {damage.step:,}{of} {damage.what}.")
    print(f"{found.acknowledged:,} steps were acknowledged, {found.stored:,} are stored, "
          f"{found.whole:,} are as they were written, {found.drawable:,} can be drawn: "
          f"{'all is well' if found.good else 'NOT all is well'}.")  # fmt: skip
    return int(not found.good)


def repair(path: Path, accept_loss: bool) -> int:
    """Mend what can be proved; 1 where something is still damaged or missed."""
    with stoppable("repairing") as tick:
        done = repair_memory(folder(path), accept_loss, tick)
        with Memory.open(folder(path), write=False) as memory:
            missing = memory.missing()
    if done.recovered:
        print("The store's file could not be read and was made anew; the damaged one stays beside "
              "it under another name.")  # fmt: skip
    for damage in done.lost:
        print(f"Step {damage.step:,} {damage.what}, and nothing proves what it was.")
    print(
        f"{len(done.repaired):,} steps are as they were written again, {len(done.lost):,} are not."
    )
    if done.recalled:
        print(f"{len(done.recalled):,} steps came back from the view alone: as sensed and done, "
              "without the reasons noted with them.")  # fmt: skip
    if done.forgotten:
        print(f"{done.forgotten:,} lost steps are no longer missed; the robot can go on.")
    elif missing:
        print(f"{missing:,} acknowledged steps are gone; where they are gone from the end, "
              "--accept-loss lets the robot go on without them.")  # fmt: skip
    return int(bool(done.lost or missing))


def film(path: Path) -> int:
    """Turn old pictures into lossless films."""
    with Memory.open(folder(path)) as memory, stoppable("filming") as tick:
        before = memory.room()
        total, left_bytes = memory.segments(), 0
        for done in range(total):
            tick(done, total)
            left_bytes += memory.film()
        memory.shrink()
        after = memory.room()
    print(f"{total:,} films hold {left_bytes / 1e6:,.1f} MB of pictures in "
          f"{(after['films'] - before['films']) / 1e6:,.1f} MB, every byte proved; the store has "
          f"{after['store'] / 1e6:,.1f} MB, from {before['store'] / 1e6:,.1f}.")  # fmt: skip
    return 0


def merge(source: Path, into: Path) -> int:
    """Take over from one memory what another has not."""
    with (
        Memory.open(folder(source), write=False) as given,
        Memory.open(folder(into)) as taking,
        stoppable("merging") as tick,
    ):
        merged = merge_into(given, taking, tick)
        steps = len(taking)
    print(f"{merged.steps:,} steps came over, {merged.known:,} were there already; {into} "
          f"remembers {steps:,}.")  # fmt: skip
    return 0


def export(path: Path, out: Path, format: str, episode: int | None) -> int:
    """Write a memory, or one episode of it, in a format that other programs read."""
    episodes = None if episode is None else [episode]
    if format == "lerobot" and episodes:
        raise InputError("A LeRobot dataset takes the whole memory; leave out --episode.")
    with Memory.open(folder(path), write=False) as memory:
        if format == "lerobot":
            done = _exchange("lerobot").export_lerobot(memory, out)
        elif format == "film":
            done = _exchange("mp4").export_film(memory, out, _chosen(memory, episode).id)
        elif format == "minari":
            done = _exchange("minari").export_minari(memory, out, episodes)
        else:
            done = _exchange("rerun").export_rrd(memory, out, episodes)
    return _report(done, f"are in {out}")


def import_dataset(source: Path, into: Path, format: str) -> int:
    """Take a dataset of another program into a memory, made where there is none."""
    known = _exchange(format)
    with memory_for(folder(into), getattr(known, f"{format}_spec")(source)) as memory:
        done = getattr(known, f"import_{format}")(source, memory)
    return _report(done, f"came into {into}")


def _exchange(module: str) -> Any:
    """What knows a format; it needs an extra, without which everything else works."""
    return import_module(f"rumpus.exchange.{module}")


def _report(done: Transfer, where: str) -> int:
    for sentence in done.lost:
        print(sentence)
    print(f"{done.steps:,} steps {where}.")
    return 0


def folder(path: Path) -> Path:
    """The folder of a memory, given its own or that of its run."""
    inside = path / "memory"
    return inside if inside.is_dir() else path


def _chosen(memory: Memory, number: int | None) -> Episode:
    return chosen(memory, None if number is None else [number])[-1]
