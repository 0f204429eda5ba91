"""The verbs of `rumpus memory`: look after what a robot remembers.

They need neither mind nor world, so they work where no deep learning is installed.
"""

from dataclasses import replace
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import Positional, arg

from rumpus.cli.counting import duration, stoppable
from rumpus.cli.verb import Into, Json, Number, Source, answer, deferred, tell
from rumpus.errors import InputError

if TYPE_CHECKING:
    from rumpus.exchange.transfer import Transfer
    from rumpus.memory import Memory
    from rumpus.memory.episode import Episode

Folder = Annotated[
    Positional[Path], arg(metavar="FOLDER", help="The folder of a run, or of a memory.")
]
Out = Annotated[Positional[Path], arg(metavar="OUT")]
Picture = Annotated[Path, arg(metavar="PICTURE")]
FRAMES, ROWS = 8, 4  # of a film strip


@deferred
def info(folder: Folder, json: Json = False) -> int:
    """Say what a memory holds and how much room it takes."""
    with opened(folder) as memory:
        spec, room_mb = memory.spec, {n: round(b / 1e6, 3) for n, b in memory.room().items()}
        lived_s = round(len(memory) / spec.rate_hz, 3)
        about = {
            "robot": spec.name, "steps": len(memory), "episodes": len(memory.episodes()),
            "lived_s": lived_s, "missing": memory.missing(),
            "lost": sum(episode.length for episode in memory.lost()),
            "interventions": int(memory.intervention.sum()), "can_be_filmed": memory.segments(),
            **{f"{name}_mb": size for name, size in room_mb.items()},
        }  # fmt: skip
    lost = f", {about['lost']:,} are lost for good" if about["lost"] else ""
    sensors = ", ".join(f"{s.name} ({' x '.join(map(str, s.shape))})" for s in spec.sensors)
    hint = f"Old pictures can be kept as lossless films, in less room: rumpus memory film {folder}"
    return answer(
        json, about,
        f"{memory_in(folder)}: the life of the robot {spec.name}, which senses {sensors} "
        f"{spec.rate_hz:g} times a second.",
        f"{about['steps']:,} steps in {about['episodes']:,} episode"
        f"{'s' * (about['episodes'] != 1)}, {duration(lived_s)} of life; "
        f"{about['missing']:,} acknowledged steps are missing{lost}.",
        f"On disk: store {room_mb['store']:,.1f} MB, films {room_mb['films']:,.1f} MB, view for "
        f"learning {room_mb['view']:,.1f} MB.",
        *([hint] if about["can_be_filmed"] else []),
    )  # fmt: skip


@deferred
def list_episodes(folder: Folder, json: Json = False) -> int:
    """List the episodes, oldest first."""
    with opened(folder) as memory:
        episodes, id_ = memory.episodes(), memory.id
        every = sorted([*episodes, *memory.lost()], key=lambda e: (e.first, e.id))

    def line(episode: "Episode") -> str:
        when = datetime.fromtimestamp(episode.begun_unix_s) if episode.begun_unix_s else None
        begun = f"{when:%Y-%m-%d %H:%M}" if when else f"{'unknown':16}"
        from_here = episode.id < 0 or episode.origin.memory == id_
        elsewhere = "" if from_here else f", from memory {episode.origin.memory}"
        steps = f"{episode.length:9,}  {episode.first:10,}"
        number = f"{'' if episode.id < 0 else episode.id:7}"
        return f"{number}  {begun}  {steps}  {episode.provenance}{elsewhere}"

    head = f"episode  {'begun':16}  {'steps':>9}  {'first step':>10}  what it was"
    return answer(json, episodes, head, *map(line, every))


@deferred
def show(folder: Folder, episode: Number = None, out: Picture = Path("episode.png")) -> int:
    """Show an episode as a film strip.

    Args:
        folder: of the memory.
        episode: Its number in `rumpus memory list`. Default: the last one.
        out: The picture to write.
    """
    import numpy as np

    from rumpus.memory.side_by_side import side_by_side
    from rumpus.report.sheet import Tile, write_sheet

    with opened(folder) as memory:
        shown = _chosen(memory, episode)
        steps = shown.first + np.unique(
            np.linspace(0, shown.length - 1, FRAMES * ROWS).round().astype(int)
        )
        tiles = [Tile(f"{k:,}", side_by_side(memory.readings(k))) for k in steps.tolist()]
    if not write_sheet(out, [tiles[k : k + FRAMES] for k in range(0, len(tiles), FRAMES)]):
        raise InputError(
            f"No camera of {folder} gave a picture in that episode; there is nothing to show."
        )
    last = shown.first + shown.length - 1
    tell(f"Episode {shown.id}, {shown.provenance}: steps {shown.first:,} to {last:,}, "
         f"{duration(shown.length / memory.spec.rate_hz)}.")  # fmt: skip
    tell(f"Film strip: {out}")
    return 0


@deferred
def verify(folder: Folder, json: Json = False) -> int:
    """Read every byte of a memory, and of its run, and say what is not as it was written."""
    from rumpus.memory.damage import Damage
    from rumpus.memory.verify import verify as read_all
    from rumpus.run.verify import flaws

    with stoppable("verifying") as tick:
        found = read_all(memory_in(folder), tick)
    of_run = [Damage(-1, 0, told.removesuffix(".")) for told in flaws(folder)]
    found = replace(found, damages=[*found.damages, *of_run])
    lost = f", {found.lost:,} lost for good" if found.lost else ""
    told = (
        f"{found.acknowledged:,} steps were acknowledged, {found.stored:,} are stored, "
        f"{found.whole:,} are as they were written{lost}, {found.drawable:,} can be drawn: "
        f"{'all is well' if found.good else 'NOT all is well'}."
    )
    answer(json, found, *map(str, found.damages), told)
    return int(not found.good)


@deferred
def repair(folder: Folder) -> int:
    """Mend what can be proved, from the training view beside the store, and go on without the rest.

    Args:
        folder: of the memory.
    """
    from rumpus.memory.repair import Repaired
    from rumpus.memory.repair import repair as repair_memory
    from rumpus.run.folder import is_run
    from rumpus.run.verify import mend

    with stoppable("repairing") as tick:
        done = repair_memory(memory_in(folder), tick)
        if is_run(folder):
            done.mended += mend(folder)
        with opened(folder) as memory:
            steps = len(memory)
    if done == Repaired():
        tell(f"Nothing is to be repaired: all {steps:,} steps are as they were written.")
        return 0
    if done.recovered:
        tell("The store's file could not be read and was made anew; the damaged one stays beside "
             "it under another name.")  # fmt: skip
    for damage in done.lost:
        tell(f"{str(damage).removesuffix('.')}, and nothing proves what it was.")
    for sentence in done.mended:
        tell(f"{sentence}.")
    mended, lost = len(done.repaired), len(done.lost)
    tell(f"{mended:,} steps are as they were written again, {lost:,} are not.")
    if done.recalled:
        tell(f"{len(done.recalled):,} steps came back from the view alone: as sensed and done, "
             "without the reasons noted with them.")  # fmt: skip
    if done.forgotten:
        tell(f"{done.forgotten:,} steps that were acknowledged are gone from the end.")
    if lost or done.forgotten:
        tell("The robot goes on without them; merging a copy of the memory that has them still "
             "brings them back: rumpus memory merge.")  # fmt: skip
    return int(bool(lost or done.forgotten))


@deferred
def film(folder: Folder) -> int:
    """Keep old pictures as lossless films, in a fraction of the room."""
    from rumpus.memory.films import SEGMENT_STEPS

    with opened(folder, write=True) as memory, stoppable("filming") as tick:
        before = memory.room()
        total, left_bytes = memory.segments(), 0
        for done in range(total):
            tick(done, total)
            left_bytes += memory.film()
        memory.shrink()
        after = memory.room()
    if not total:
        tell("Nothing is to be filmed: no camera has a whole segment of "
             f"{SEGMENT_STEPS:,} steps that is no film yet.")  # fmt: skip
        return 0
    tell(f"{left_bytes / 1e6:,.1f} MB of pictures are films of "
         f"{(after['films'] - before['films']) / 1e6:,.1f} MB now, every byte proved; the store "
         f"has {after['store'] / 1e6:,.1f} MB, from {before['store'] / 1e6:,.1f}.")  # fmt: skip
    return 0


@deferred
def merge(source: Source, into: Into) -> int:
    """Take over from one memory what another has not yet; doing it again adds nothing.

    Args:
        source: The run or memory to take from; it is only read.
        into: The run or memory that grows.
    """
    from rumpus.memory.merge import merge as take_over
    from rumpus.memory.merge import unsaid

    with opened(source) as given, opened(into, write=True) as taking, stoppable("merging") as tick:
        merged = take_over(given, taking, tick)
        steps, notes = len(taking), unsaid(given.spec, taking.spec)
    for sentence in notes:
        tell(sentence)
    tell(f"{merged.steps:,} steps came over, {merged.known:,} were there already; {into} "
         f"remembers {steps:,}.")  # fmt: skip
    return 0


@deferred
def export(
    folder: Folder, out: Out, format: Literal["lerobot", "minari", "rrd", "film"] = "lerobot",
    episode: Number = None,
) -> int:  # fmt: skip
    """Write a memory in a format that other people's programs read; say what that cannot hold.

    Args:
        folder: of the memory.
        out: The file or folder to make.
        format: LeRobot dataset v3, Minari dataset, Rerun recording, or an episode as an MP4 film.
        episode: Only this episode. Default: all; for a film the last one.
    """
    episodes = None if episode is None else [episode]
    if format == "lerobot" and episodes:
        raise InputError("A LeRobot dataset takes the whole memory; leave out --episode.")
    with opened(folder) as memory:  # each format needs an extra of its own
        if format == "lerobot":
            from rumpus.exchange.lerobot.export import export_lerobot

            done = export_lerobot(memory, out)
        elif format == "film":
            from rumpus.exchange.mp4 import export_film

            done = export_film(memory, out, _chosen(memory, episode).id)
        elif format == "minari":
            from rumpus.exchange.minari.export import export_minari

            done = export_minari(memory, out, episodes)
        else:
            from rumpus.exchange.rerun import export_rrd

            done = export_rrd(memory, out, episodes)
    return _report(done, f"are in {out}")


@deferred
def import_dataset(
    source: Source, into: Into, format: Literal["lerobot", "minari"] = "lerobot"
) -> int:
    """Take another program's dataset into a memory; say what was lost or mended.

    Args:
        source: The dataset's folder.
        into: The run or memory that grows; made where there is none.
        format: What it is.
    """
    from rumpus.exchange.incoming import memory_for

    known: Any = import_module(f"rumpus.exchange.{format}.dataset")  # needs an extra
    with memory_for(memory_in(into), getattr(known, f"{format}_spec")(source)) as memory:
        done = getattr(known, f"import_{format}")(source, memory)
    return _report(done, f"came into {into}")


def _report(done: "Transfer", where: str) -> int:
    for sentence in done.lost:
        tell(sentence)
    tell(f"{done.steps:,} steps {where}.")
    return 0


def memory_in(folder: Path) -> Path:
    """The folder of a memory, given its own or that of its run."""
    inside = folder / "memory"
    return inside if inside.is_dir() else folder


def opened(folder: Path, write: bool = False) -> "Memory":
    """The memory in a folder, or in that of a run."""
    from rumpus.memory import Memory

    return Memory.open(memory_in(folder), write)


def _chosen(memory: "Memory", number: int | None) -> "Episode":
    from rumpus.exchange.transfer import chosen

    return chosen(memory, None if number is None else [number])[-1]
