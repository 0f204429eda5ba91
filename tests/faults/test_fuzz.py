"""Whatever happens to a file: told, mended as far as anything proves, and never silently wrong."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from damaged_memory import small_memories
from damaged_run import small_runs
from fuzzing import SHARE_OF_RUNS, Subject, fuzz

# 100,000 once, see benchmarks/faults.py and docs/decisions/0004.
CASES = int(os.environ.get("RUMPUS_FUZZ", "600"))
FIRST = int(os.environ.get("RUMPUS_FUZZ_FROM", "0"))
RUNS = int(CASES * SHARE_OF_RUNS)


@pytest.mark.parametrize(
    ("files", "cases"),
    [(small_memories, range(RUNS, CASES)), (small_runs, range(RUNS))],
)
def test_nothing_that_happens_to_a_file_is_silent(
    files: Callable[[], AbstractContextManager[Subject]], cases: range
) -> None:
    with files() as subject:
        toll = fuzz(subject, range(FIRST + cases.start, FIRST + cases.stop))
    print(dict(toll.outcomes))
    assert not toll.failures, "\n".join(toll.failures[:20])
    assert min(toll.outcomes[outcome] for outcome in ("mended", "told")) >= len(cases) // 50
