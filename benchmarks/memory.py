"""How fast memory takes and gives, beside what others use; and whether age slows it down.

    python benchmarks/memory.py rivals --sides 48 96 --python lerobot=/path/to/its/python
    python benchmarks/memory.py before --turns 5 --python before=/path/to/an/older/one
    python benchmarks/memory.py ageing --steps 10000 100000 1000000 3000000 --folder LIVES
    python benchmarks/memory.py size --steps 1000000

`rivals` measures each store in a process of its own (rivals.py), those that a Python of their own
has been named for in that one; `before` measures rumpus alone, today's and an older one, in turns.
`ageing` opens a synthetic life of each length, draws and learns from it and acts, each in a process
of its own (ageing.py); lives in --folder are kept and reused. `size` lives with the door at random,
makes films of all pictures and proves every byte. Results go to benchmarks/results/memory-*.json,
and the ageing is drawn beside them.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from rumpus.body.random_motion import smoothed_action
from rumpus.memory import Memory
from rumpus.memory.verify import verify
from rumpus.result import Metric, Row, write_result
from rumpus.types import Step
from rumpus.worlds.door import Door

HERE = Path(__file__).parent
RESULTS = HERE / "results"
STORES = ("rumpus", "h5py", "zarr", "torchrl", "lerobot")
BEFORE = ("rumpus", "before")
BATCHES_N = 200
FLAT_FROM = 100_000
FLAT = ("train_phase_s", "opening_s", "looking_s", "learner_batch_ms", "action_ms", "goal_ms",
        "learner_peak_mb", "learner_private_mb", "learner_own_memory_mb", "actor_peak_mb",
        "actor_private_mb", "actor_own_memory_mb", "own_memory_mb")  # fmt: skip


def main() -> None:
    """Measure what was asked for."""
    asked = _asked()
    rows = {"rivals": rivals, "before": rivals, "ageing": ageing, "size": size}[asked.what](asked)
    write_result(asked.results / f"memory-{asked.what}.json", f"memory-{asked.what}", rows)
    for row in rows:
        print(row.json())


def rivals(asked: argparse.Namespace) -> list[Row]:
    """Every store at every size of picture, one after the other on one core, in turns."""
    pythons = dict(pair.split("=", 1) for pair in asked.python)
    rows = []
    for turn, side in product(range(asked.turns), asked.sides):
        for name in BEFORE if asked.what == "before" else STORES:
            with TemporaryDirectory(prefix="rumpus-bench-") as scratch:
                command = [pythons.get(name, sys.executable), str(HERE / "rivals.py"), name,
                           str(side), str(asked.writes), f"{scratch}/store"]  # fmt: skip
                begun_s = time.monotonic()
                done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"{name} is left out: {done.stderr.strip().splitlines()[-1]}")
                continue
            found = json.loads(done.stdout.strip().splitlines()[-1])
            wall_s = round(time.monotonic() - begun_s, 2)
            variant = f"{name} {found.pop('version')}, {side} x {side}"
            rows.append(Row(variant, turn, 1, asked.writes, wall_s, found))
            print(rows[-1].json())
    return rows


def ageing(asked: argparse.Namespace) -> list[Row]:
    """RAM and times of learner, actor and opening for lives of each length (ageing.py)."""
    rows = []
    with TemporaryDirectory(prefix="rumpus-bench-", dir=asked.scratch) as scratch:
        for steps in sorted(asked.steps):
            begun_s = time.monotonic()
            folder = (asked.folder or Path(scratch)) / f"{steps}"
            made = folder.with_suffix(".json")
            if not made.exists():  # else it lies there whole
                shutil.rmtree(folder, ignore_errors=True)
                folder.parent.mkdir(parents=True, exist_ok=True)
                made.write_text(json.dumps(_apart("make", folder, str(steps))))
            metrics = json.loads(made.read_text())
            for part in ("open", "draw", "train", "act"):
                _warm(folder)
                metrics |= _apart(part, folder)
            wall_s = round(time.monotonic() - begun_s, 2)
            rows.append(Row(f"{steps} steps", 0, BATCHES_N, steps, wall_s, metrics))
            print(rows[-1].json(), flush=True)
    _say_whether_flat(rows)
    _plot(rows, asked.results)
    return rows


def _apart(part: str, folder: Path, *more: str) -> dict[str, Metric]:
    """One part of the ageing, measured in a new program with nothing of this one's in it."""
    command = [sys.executable, str(HERE / "ageing.py"), part, str(folder), *more]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found: dict[str, Metric] = json.loads(done.stdout)
    return found


def _warm(folder: Path) -> None:
    """Read the view once, as hours of learning would have: what is drawn from lies in RAM."""
    for file in (folder / "view").iterdir():
        with file.open("rb", buffering=0) as view:
            while view.read(2**24):
                pass


def _say_whether_flat(rows: list[Row]) -> None:
    """For each headline, the greatest of the longer lives beside that of 100 thousand steps."""
    long = [row for row in rows if row.steps >= FLAT_FROM]
    for name in FLAT if long else ():
        figures = [row.metrics[name] for row in long]
        base, most = figures[0], max(figures)
        if isinstance(base, float | int) and isinstance(most, float | int) and base:
            print(f"{name}: {base} at {long[0].steps} steps, at most {most / base:.2f} times that")


def size(asked: argparse.Namespace) -> list[Row]:
    """Room on the disk before and after films are made of a long random life with the door."""
    begun_s = time.monotonic()
    with TemporaryDirectory(prefix="rumpus-bench-", dir=asked.scratch) as scratch:
        with _lived(Path(scratch) / "memory", max(asked.steps)) as memory:
            lived_s, before = time.monotonic() - begun_s, memory.room()
            begun_s = time.monotonic()
            for _ in range(memory.segments()):
                memory.film()
            memory.shrink()
            filmed_s, after = time.monotonic() - begun_s, memory.room()
            begun_s = time.monotonic()
            found = verify(memory.path, lambda done, total: None)
            verified_s = time.monotonic() - begun_s
            steps = len(memory)
            raw = sum(memory.frames(sensor.name).nbytes for sensor in memory.spec.sensors)
        begun_s = time.monotonic()
        with Memory.open(Path(scratch) / "memory", write=False):
            opened_s = time.monotonic() - begun_s
    small = after["store"] + after["films"]
    metrics: dict[str, Metric] = {
        "raw_mb": round(raw / 1e6, 1),
        "store_before_mb": round(before["store"] / 1e6, 1),
        "store_after_mb": round(after["store"] / 1e6, 1),
        "films_mb": round(after["films"] / 1e6, 1),
        "view_mb": round(after["view"] / 1e6, 1),
        "smaller_times": round(before["store"] / small, 2),
        "bit_equal_share": round(found.drawable / steps, 6),
        "verified_good": bool(found.good),
        "filming_s": round(filmed_s, 1),
        "verifying_s": round(verified_s, 1),
        "opening_s": round(opened_s, 3),
    }
    return [Row("door, random play, then films", 0, 1, steps, round(lived_s, 2), metrics)]


def _lived(folder: Path, steps: int) -> Memory:
    """A new memory of that many steps of random motion at the door."""
    world, rng = Door(0), np.random.default_rng(0)
    action = np.zeros(world.spec.action_size, np.float32)
    memory = Memory.create(folder, world.spec)
    memory.begin_episode("random play")
    for index in range(steps):
        seen = world.observe()
        action = smoothed_action(rng, action)
        memory.append(Step(seen, action, action))
        world.act(action)
        if index % 50_000 == 0:
            print(f"{index} steps lived", file=sys.stderr, flush=True)
    memory.flush()
    return memory


def _plot(rows: list[Row], results: Path) -> None:
    """What a train phase, RAM and opening come to with more steps, as a picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
    left, middle, right = panels
    titles = (
        "a train phase for 500 steps (s)",
        "RAM of a program that (MB)",
        "opening a memory (ms)",
    )
    steps = [row.steps for row in rows]
    for axis, name, factor, label in (
        (left, "train_phase_s", 1, "all of it"),
        (left, "encoding_s", 1, "encoding the working set"),
        (middle, "learner_own_memory_mb", 1, "learns"),
        (middle, "actor_own_memory_mb", 1, "acts"),
        (middle, "own_memory_mb", 1, "draws batches"),
        (right, "opening_cold_s", 1000, "from the disk"),
        (right, "opening_s", 1000, "from the system's cache"),
    ):
        values = [factor * float(np.asarray(row.metrics[name])) for row in rows]
        axis.plot(steps, values, "o-", label=label)
    for axis, title in zip(panels, titles, strict=True):
        axis.set(xscale="log", xlabel="steps remembered", title=title)
        axis.set_ylim(0, 1.5 * axis.get_ylim()[1])  # room for what the lines are called
        axis.legend(loc="upper left", frameon=False)
    figure.savefig(results / "memory-ageing.png", dpi=110)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("what", choices=("rivals", "before", "ageing", "size"))
    parser.add_argument("--sides", type=int, nargs="+", default=[48, 96])
    parser.add_argument("--writes", type=int, default=4000)
    parser.add_argument("--turns", type=int, default=1, help="of all stores, a row each")
    parser.add_argument("--python", nargs="*", default=[], metavar="STORE=PYTHON")
    parser.add_argument("--steps", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--scratch", type=Path, help="a folder with room for the longest life")
    parser.add_argument("--folder", type=Path, help="where lives of the ageing are kept and reused")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the result goes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
