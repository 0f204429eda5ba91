"""What becomes of a memory and its run when they are killed, damaged, or the power fails.

    python benchmarks/faults.py fuzz --count 100000 --jobs 2
    python benchmarks/faults.py kills --count 10000 --jobs 2
    python benchmarks/faults.py power --count 2000
    python benchmarks/faults.py ext4 --count 10
    python benchmarks/faults.py tails --jobs 2

`fuzz` damages files of memories and runs in every way. `kills` kills writers, imports, merges and
programs that save minds at random moments. `power` loses, at random moments of a writer's life and
a run's, what was not yet synced, for each durability; it needs strace. `ext4` loses it on copies of
a mounted image, for which it needs the right to mount. `tails` cuts the log at every byte of its
last commits, looks, and repairs. The same faults, fewer of them, are part of the tests: see
tests/faults. Writes benchmarks/results/faults-*.json.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "outside"))
sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "faults"))

from damaged_memory import small_memories
from damaged_run import small_runs
from ext4_image import lose_power_on_ext4
from fuzzing import SHARE_OF_RUNS, Subject, fuzz
from killing import Toll, kill_writers
from killing_others import kill_imports, kill_merges, kill_savers
from power_loss import runs_power, writers_power
from tails import FRAME_BYTES, cut_at, kill_writer

from rumpus.result import Row, write_result

RESULTS = Path(__file__).parent / "results"
TOGETHER = 100  # faults of one memory's series, or of one process at a time
FUZZED = 500  # cases of one process at a time
OUTCOMES = ("well", "mended", "told", "silent", "traceback", "hang", "unwell")
LAST_FRAMES = 2  # of the log, that are cut into byte by byte


def main() -> None:
    """Do what was asked for and write the toll."""
    asked = _asked()
    rows = VERBS[asked.what](asked)
    write_result(RESULTS / f"faults-{asked.what}.json", f"faults-{asked.what}", rows)
    for row in rows:
        print(row.json())


def fuzzed(asked: argparse.Namespace) -> list[Row]:
    """Files of memories and of runs damaged."""
    runs, rows = int(asked.count * SHARE_OF_RUNS), []
    for of, cases in zip(SUBJECTS, (range(runs), range(runs, asked.count)), strict=True):
        begun_s = time.monotonic()
        with ProcessPoolExecutor(asked.jobs) as pool:
            parts = [cases[first : first + FUZZED] for first in range(0, len(cases), FUZZED)]
            tolls = list(pool.map(_some_cases, [of] * len(parts), parts))
        rows.append(_row(f"{of} damaged", tolls, begun_s))
    return rows


SUBJECTS: dict[str, Callable[[], AbstractContextManager[Subject]]] = {
    "a run's own files": small_runs,
    "a memory's files": small_memories,
}


def _some_cases(of: str, cases: range) -> dict[str, int]:
    with SUBJECTS[of]() as subject:
        toll = fuzz(subject, cases)
    for failure in toll.failures:
        print(failure, flush=True)
    return {"cases": len(cases), **{outcome: toll.outcomes[outcome] for outcome in OUTCOMES}}


VICTIMS: dict[str, tuple[float, Callable[[Path, int, random.Random], Toll]]] = {
    "writers killed": (0.7, kill_writers),
    "imports killed": (0.1, kill_imports),
    "merges killed": (0.1, kill_merges),
    "saved minds killed": (0.1, kill_savers),
}  # the share of all kills of each


def kills(asked: argparse.Namespace) -> list[Row]:
    """All kinds of victims killed at random moments."""
    rows = []
    for victim, (share, _) in VICTIMS.items():
        begun_s, parts = time.monotonic(), range(-(-int(asked.count * share) // TOGETHER))
        with ProcessPoolExecutor(asked.jobs) as pool:
            tolls = list(pool.map(_some_kills, [victim] * len(parts), parts))
        rows.append(_row(victim, tolls, begun_s))
    return rows


def _some_kills(victim: str, seed: int) -> dict[str, int]:
    with TemporaryDirectory(prefix="rumpus-bench-") as scratch:
        return asdict(VICTIMS[victim][1](Path(scratch), TOGETHER, random.Random(seed)))


def power(asked: argparse.Namespace) -> list[Row]:
    """Power lost at random moments, for each durability."""
    rows = []
    for durability in ("group", "step"):
        for whose, lose in (("a writer's", writers_power), ("a run's", runs_power)):
            begun_s = time.monotonic()
            with TemporaryDirectory(prefix="rumpus-bench-") as scratch:
                toll = lose(Path(scratch), durability, asked.count, 0)
            what = f"{whose} power lost, durability {durability}"
            rows.append(_row(what, [asdict(toll)], begun_s))
    return rows


def ext4(asked: argparse.Namespace) -> list[Row]:
    """Power lost on a real file system, half of the times at each durability."""
    rows = []
    for durability in ("group", "step"):
        begun_s = time.monotonic()
        with TemporaryDirectory(prefix="rumpus-bench-") as scratch:
            toll = lose_power_on_ext4(Path(scratch), durability, asked.count // 2, 0)
        what = f"a run's power lost on ext4, durability {durability}"
        rows.append(_row(what, [asdict(toll)], begun_s))
    return rows


def tails(asked: argparse.Namespace) -> list[Row]:
    """The log cut at every byte of its last frames."""
    begun_s = time.monotonic()
    every = range(1, LAST_FRAMES * FRAME_BYTES + 1)
    parts = [every[first :: 8 * asked.jobs] for first in range(8 * asked.jobs)]
    with ProcessPoolExecutor(asked.jobs) as pool:
        tolls = list(pool.map(_some_cuts, parts))
    return [_row("log cut at every byte", tolls, begun_s)]


def _some_cuts(offsets: Iterable[int]) -> dict[str, int]:
    with TemporaryDirectory(prefix="rumpus-bench-") as scratch:
        kill_writer(Path(scratch) / "m", 60)
        return asdict(cut_at(Path(scratch) / "m", offsets))


def _row(variant: str, tolls: list[dict[str, int]], begun_s: float) -> Row:
    """All tolls in one."""
    total = {name: sum(toll[name] for toll in tolls) for name in tolls[0]}
    n = sum(total.pop(name, 0) for name in ("kills", "cuts", "cases"))
    return Row(variant, 0, n, 0, round(time.monotonic() - begun_s, 1), {**total})


VERBS = {"fuzz": fuzzed, "kills": kills, "power": power, "ext4": ext4, "tails": tails}


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("what", choices=VERBS)
    parser.add_argument("--count", type=int, default=1000, help="of cases, kills, or power losses")
    parser.add_argument("--jobs", type=int, default=1, help="at a time")
    return parser.parse_args()


if __name__ == "__main__":
    main()
