"""How fast memory takes and gives, beside what others use; and whether age slows it down.

    python benchmarks/memory.py rivals --sides 48 96 --python lerobot=/path/to/its/python
    python benchmarks/memory.py ageing --steps 10000 100000 1000000 3000000
    python benchmarks/memory.py size --steps 1000000

`rivals` measures each store in a process of its own (rivals.py), those that a Python of their own
has been named for in that one. `ageing` draws and learns from ever longer synthetic lives. `size`
lives with the door at random, makes films of all pictures and proves every byte. Results go to
benchmarks/results/memory-*.json, and the ageing is drawn beside them.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from rumpus.memory import Memory
from rumpus.play.result import Metric, Row, write_result
from rumpus.replay import sampler
from rumpus.replay.hindsight import HindsightConfig, hindsight
from rumpus.replay.priority import Priorities
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Observation, Step
from rumpus.worlds.door import Door
from rumpus.worlds.random_play import smoothed_action

HERE = Path(__file__).parent
RESULTS = HERE / "results"
STORES = ("rumpus", "h5py", "zarr", "torchrl", "lerobot")
BATCHES_N, LEARNED_N = 200, 60
AGEING_SIDE = 32  # of a picture: three million of them still fit the page cache of 16 GB


def main() -> None:
    """Measure what was asked for."""
    asked = _asked()
    rows = {"rivals": rivals, "ageing": ageing, "size": size}[asked.what](asked)
    write_result(RESULTS / f"memory-{asked.what}.json", f"memory-{asked.what}", rows)
    for row in rows:
        print(row.json())


def rivals(asked: argparse.Namespace) -> list[Row]:
    """Every store at every size of picture, one after the other on one core."""
    pythons = dict(pair.split("=", 1) for pair in asked.python)
    rows = []
    for side in asked.sides:
        for name in STORES:
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
            rows.append(Row(variant, 0, 1, asked.writes, wall_s, found))
            print(rows[-1].json())
    return rows


def ageing(asked: argparse.Namespace) -> list[Row]:
    """Batch time and the program's own memory, as one synthetic life grows."""
    import torch  # here, for the program whose RAM is told draws without it

    from rumpus.agent import Agent, AgentConfig
    from rumpus.play.learn import LearnConfig, Learner

    spec = RobotSpec("bench", (SensorSpec("camera", (AGEING_SIDE, AGEING_SIDE, 3)),), 3, 10.0)
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (200, AGEING_SIDE, AGEING_SIDE, 3), dtype=np.uint8)
    action = np.zeros(3, np.float32)
    torch.set_num_threads(1)
    learner = Learner(Agent(spec, AgentConfig(), 0), LearnConfig(), rng)
    rows = []
    with TemporaryDirectory(prefix="rumpus-bench-", dir=asked.scratch) as scratch:
        memory = Memory.create(Path(scratch) / "memory", spec)
        for steps in sorted(asked.steps):
            begun_s, before = time.monotonic(), len(memory)
            memory.begin_episode("bench")
            for k in range(before, steps):
                seen = Observation({"camera": pictures[k % 200]}, k / 10.0)
                memory.append(Step(seen, action, action))
            memory.flush()
            wall_s = time.monotonic() - begun_s
            _warm(memory.path)
            metrics = {"writes_hz": round((steps - before) / wall_s, 1), **_drawn(memory, rng)}
            metrics |= _timed("learner_batch", partial(learner.update, memory), LEARNED_N)
            rows.append(Row(f"{steps} steps", 0, BATCHES_N, steps, round(wall_s, 2), metrics))
            print(rows[-1].json())
        memory.close()
    _plot(rows)
    return rows


def _warm(folder: Path) -> None:
    """Read the view once, as hours of learning would have: what is drawn from lies in RAM."""
    for file in (folder / "view").iterdir():
        with file.open("rb", buffering=0) as view:
            while view.read(2**24):
                pass


def _drawn(memory: Memory, rng: np.random.Generator) -> dict[str, Metric]:
    """What the learner's draws cost, and how much RAM the program has of its own."""
    surprise = Priorities()

    def surprising() -> None:
        starts = surprise.starts(rng, 48, memory.episode_of, 6)
        sampler.sample(memory, rng, 64, 6, starts)
        surprise.report(starts, rng.random(len(starts)))

    def moments() -> None:
        hindsight(rng, memory.episode_of, memory.goal_index, 512, HindsightConfig())

    return {
        **_timed("batch", lambda: sampler.sample(memory, rng, 64, 6)),
        **_timed("surprising_batch", surprising),
        **_timed("moments", moments),
        "own_memory_mb": _elsewhere(_own_memory_mb, memory.path),
        "learner_own_memory_mb": _own_memory(),
    }


def _elsewhere(measure: Callable[[Path], float], path: Path) -> float:
    """What is measured in a new program, with nothing of this one's in it."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(measure, path).result()


def _own_memory_mb(path: Path) -> float:
    """RAM of a program that opens a memory and draws from it."""
    rng = np.random.default_rng(0)
    with Memory.open(path, write=False) as memory:
        for _ in range(BATCHES_N):
            sampler.sample(memory, rng, 64, 6)
            hindsight(rng, memory.episode_of, memory.goal_index, 512, HindsightConfig())
        return _own_memory()


def _timed(name: str, draw: Callable[[], object], times: int = BATCHES_N) -> dict[str, Metric]:
    """Middle, tenth and ninetieth percentile, and mean, of many draws once warm."""
    times_s = []
    for _ in range(times):
        begun_s = time.perf_counter()
        draw()
        times_s.append(time.perf_counter() - begun_s)
    warm_ms = np.array(times_s[times // 4 :]) * 1e3
    low, middle, high = np.quantile(warm_ms, (0.1, 0.5, 0.9))
    return {
        f"{name}_ms": round(float(middle), 3),
        f"{name}_ms_interval": (round(float(low), 3), round(float(high), 3)),
        f"{name}_mean_ms": round(float(warm_ms.mean()), 3),
    }


def _own_memory() -> float:
    """RAM of the program's own, without the files that are mapped into it."""
    status = Path("/proc/self/status").read_text().splitlines()
    [own] = [line.split()[1] for line in status if line.startswith("RssAnon")]
    return round(int(own) / 1024, 1)


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
            found = memory.verify(lambda done, total: None)
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


def _plot(rows: list[Row]) -> None:
    """Batch time and own memory against steps, as a picture beside the figures."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.2))
    steps = [row.steps for row in rows]
    for axis, name, label in (
        (left, "learner_batch_ms", "a batch drawn and learned from, ms"),
        (left, "surprising_batch_ms", "of that, drawing 64 x 6 pictures"),
        (right, "own_memory_mb", "RAM of a program that draws, MB"),
    ):
        axis.plot(steps, [row.metrics[name] for row in rows], "o-", label=label)
        axis.set(xscale="log", xlabel="steps remembered")
        axis.set_ylim(bottom=0)
        axis.legend(loc="center left")
    figure.tight_layout()
    figure.savefig(RESULTS / "memory-ageing.png", dpi=110)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("what", choices=("rivals", "ageing", "size"))
    parser.add_argument("--sides", type=int, nargs="+", default=[48, 96])
    parser.add_argument("--writes", type=int, default=4000)
    parser.add_argument("--python", nargs="*", default=[], metavar="STORE=PYTHON")
    parser.add_argument("--steps", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--scratch", type=Path, help="a folder with room for the longest life")
    return parser.parse_args()


if __name__ == "__main__":
    main()
