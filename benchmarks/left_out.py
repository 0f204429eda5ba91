"""What each part of memory and of exchange is for: what goes wrong where it is left out.

    python benchmarks/left_out.py memory --count 1000
    python benchmarks/left_out.py exchange

Leaves out one part after the other, and counts what goes wrong; and how many lines of code the part
has, so that what it costs stands beside what it gives. For `memory` files of small memories are
damaged in every way, as `faults.py fuzz` does. For `exchange` the tests of it are run, those with
datasets of strangers and hostile ones among them. Writes benchmarks/results/*-left-out.json.
"""

import argparse
import inspect
import os
import re
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "faults"))
sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import pytest
from damaged_memory import small_memories
from fuzzing import fuzz
from tests.test_budgets import code_lines

from faults import OUTCOMES
from rumpus.errors import MemoryFault
from rumpus.exchange import incoming, transfer
from rumpus.exchange.lerobot import dataset as lerobot
from rumpus.exchange.lerobot import parquet, videos
from rumpus.exchange.minari import dataset as minari
from rumpus.memory import (
    acknowledged,
    database,
    durable_store,
    layout,
    memory,
    merge,
    reader,
    recover,
    repair,
    schema,
    verify,
    view,
)
from rumpus.result import Row, write_result
from rumpus.types import Array

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
ASKED = "RUMPUS_LEFT_OUT"  # what a program of tests leaves out
TESTS = ("tests/exchange", "tests/faults/test_hostile.py")
FIRST = 200_000  # cases that nobody mended anything after
FUZZED = 250  # cases of one process at a time


@dataclass(frozen=True)
class Part:
    """What can be left out.

    Attributes:
        instead: what stands in place of what: (where, its name, what).
        code: what would not be needed any more.
    """

    instead: Sequence[tuple[object, str, Callable[..., Any]]]
    code: Sequence[Any]


def _nothing(*_: object) -> None:
    return None


def _nothing_told(*_: object) -> tuple[str, ...]:
    return ()


def _refuse_lost(store: durable_store.Store, index: int) -> schema.Row:
    raise MemoryFault(f"Step {index} is lost, and cannot be brought back.")


def _first_rows(connection: Any) -> tuple[list[tuple[str, str]], int]:
    return [tuple(row)[:2] for row in connection.execute("SELECT * FROM about")][:1], 0


def _believed(folder: Path, key: str, frames: Mapping[int, Array], fps: float) -> videos.Places:
    """Where pictures begin as a dataset tells it, nothing counted."""
    found: videos.Places = {}
    for episode, (file, from_s, *_) in videos._recorded(folder, key).items():
        film = videos._film(file)
        if episode in frames and len(film.times_s):
            found[episode] = film, int(np.searchsorted(film.times_s, from_s - 0.5 / fps))
    return found


def _any_member(group: Any, name: str) -> Any:
    return group[name]


MEMORY = {
    "nothing": Part((), ()),
    "a checksum of each step": Part(
        [(schema.Schema, "is_whole", lambda *_: True)],
        [schema.Schema.is_whole, schema.Schema._checksum, schema.Field.mark],
    ),
    "a checksum of each episode": Part(
        [(durable_store, "checksum", lambda *_: 0), (layout, "seal_episodes", _nothing)],
        [layout.seal_episodes],
    ),
    "whose it is, twice and proved": Part(
        [(layout, "whose", _first_rows)], [layout.seal, layout.whose, layout._tables],
    ),
    "the figure beside the store": Part(
        [(acknowledged, "read", lambda *_: acknowledged.Acknowledged())], [acknowledged],
    ),
    "what SQLite finds out of place": Part(
        [(durable_store, "torn", lambda *_: [])], [database.torn, durable_store.Store.torn],
    ),
    "proof of what learning draws": Part(
        [(view.View, "holds", lambda *_: True)],
        [view.View.holds, view.View.shows, view.View.resembles, view.View._resembles],
    ),
    "steps brought back by the view": Part(
        [(repair, "view_of", _nothing)],
        [view.View.row, view.View.proves, schema.Schema.repaired, schema.Schema.row_of_view],
    ),
    "a lost step written off": Part(
        [(durable_store.Store, "lose", _refuse_lost)],
        [durable_store.Store.lose, schema.Schema.lost, reader.Reader.lost,
         repair._Repair._write_off, repair._Repair._after_gap, repair._Repair._begin,
         repair._Repair._in_its_episode],
    ),
    "what can be copied of a store that is refused": Part(
        [(recover, "_copy", _nothing), (recover, "_mend_header", _nothing)],
        [recover._copy, recover._take_over, recover._from_both_ends, recover._mend_header],
    ),
    "a store made anew": Part(
        [(repair, "recover", lambda folder: False), (memory, "is_left", lambda folder: False),
         (verify, "is_left", lambda folder: False)],
        [recover, database.aside, database.put_aside],
    ),
}  # fmt: skip
EXCHANGE = {
    "nothing": Part((), ()),
    "nothing outside is read": Part(
        [(where, "inside", lambda folder, path: path) for where in (transfer, lerobot, videos,
         parquet)] + [(minari, "_member", _any_member)],
        [transfer.inside, minari._member],
    ),
    "no claim beyond a file's size": Part(
        [(lerobot, "check_footer", _nothing), (parquet, "check_footer", _nothing),
         (minari, "_part", lambda group, name, shape: minari._member(group, name))],
        [parquet.check_footer, minari._part],
    ),
    "whatever a library says as one sentence": Part(
        [(lerobot, "understood", nullcontext), (minari, "understood", nullcontext)],
        [incoming.understood],
    ),
    "proof of whose a film's pictures are": Part(
        [(lerobot, "places", _believed)], [videos.Film.has, videos.places, videos.reach],
    ),
    "all of it, or none": Part(
        [(memory.Memory, "as_one", nullcontext)], [memory.Memory.as_one],
    ),
    "an episode comes once": Part(
        [(incoming, "places", lambda episodes, steps, *_: np.full(steps, -1))],
        [merge.places, incoming._named, incoming._content],
    ),
    "what did not come is told": Part([(incoming, "_missed", _nothing_told)], [incoming._missed]),
    "what killed ones left goes": Part([(transfer, "_clear", _nothing)], [transfer._clear]),
}  # fmt: skip
PARTS = {"memory": MEMORY, "exchange": EXCHANGE}


def main() -> None:
    """Leave each part out and write down what came of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("what", choices=PARTS)
    parser.add_argument("--count", type=int, default=1000, help="of damaged memories")
    parser.add_argument("--jobs", type=int, default=1, help="at a time, of memories")
    parser.add_argument("--results", type=Path, default=RESULTS)
    asked, rows = parser.parse_args(), []
    for name, part in PARTS[asked.what].items():
        begun_s = time.monotonic()
        n, found = _damaged(name, asked) if asked.what == "memory" else _tested(name)
        wall_s = round(time.monotonic() - begun_s, 1)
        rows.append(Row(f"without {name}", 0, n, 0, wall_s, {**found, "code_lines": _lines(part)}))
        print(rows[-1].json(), flush=True)
    write_result(asked.results / f"{asked.what}-left-out.json", f"{asked.what}-left-out", rows)


def _damaged(name: str, asked: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    """What became of so many damaged memories."""
    cases = range(FIRST, FIRST + asked.count)
    with ProcessPoolExecutor(asked.jobs) as pool:
        some = [cases[first : first + FUZZED] for first in range(0, len(cases), FUZZED)]
        total = sum(pool.map(_damaged_memories, [name] * len(some), some), Counter[str]())
    outcomes = {outcome: total[outcome] for outcome in OUTCOMES}
    return len(cases), {**outcomes, "lost_answers_share": round(total["lost"] / total["asked"], 5)}


def _damaged_memories(name: str, cases: range) -> Counter[str]:
    with _without(MEMORY[name]), small_memories() as subject:
        toll = fuzz(subject, cases)
    for failure in toll.failures[:3]:
        print(failure, file=sys.stderr, flush=True)
    return toll.outcomes + Counter({"asked": toll.asked, "lost": toll.lost})


def _tested(name: str) -> tuple[int, dict[str, Any]]:
    """How many tests fail."""
    with TemporaryDirectory(prefix="rumpus-bench-") as scratch:
        # The tests' own programs leave it out, too.
        (Path(scratch) / "sitecustomize.py").write_text("import left_out; left_out.leave_out()\n")
        paths = [scratch, str(ROOT / "benchmarks"), os.environ.get("PYTHONPATH", "")]
        told = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", *TESTS], cwd=ROOT,
            env={**os.environ, ASKED: name, "PYTHONPATH": os.pathsep.join(paths)},
            capture_output=True, text=True, check=False,
        ).stdout  # fmt: skip
    ended = re.findall(r"^(PASSED|FAILED|ERROR) (.*)", told, re.MULTILINE)
    failed = [test for how, test in ended if how != "PASSED"]
    print(*failed, sep="\n", file=sys.stderr, flush=True)
    return len(ended), {"failed_n": len(failed)}


def leave_out() -> None:
    """Leave out what this program was asked to."""
    for where, what, instead in EXCHANGE[os.environ[ASKED]].instead:
        setattr(where, what, instead)


@contextmanager
def _without(part: Part) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for where, what, instead in part.instead:
            patch.setattr(where, what, instead)
        yield


def _lines(part: Part) -> int:
    return sum(code_lines(textwrap.dedent(inspect.getsource(code))) for code in part.code)


if __name__ == "__main__":
    main()
