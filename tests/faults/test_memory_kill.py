"""A writer killed at any moment loses no acknowledged step, and the next one goes on."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from killing import Toll, kill_writers
from killing_others import kill_imports, kill_merges, kill_savers

KILLS = int(os.environ.get("RUMPUS_KILLS", "60"))  # a thousand in `make learn`, see benchmarks too


def test_kill_at_random_moments_loses_nothing_acknowledged(tmp_path: Path) -> None:
    toll = kill_writers(tmp_path, KILLS, random.Random(os.getpid()))
    assert (toll.kills, toll.lost, toll.unopened) == (KILLS, 0, 0)
    # Else hardly a writer came to write, and little was shown.
    assert toll.unborn < KILLS // 5
    assert toll.acknowledged > KILLS


@pytest.mark.parametrize("kill", [kill_imports, kill_merges, kill_savers])
def test_what_takes_over_or_saves_is_killed_and_nothing_is_lost_or_doubled(
    tmp_path: Path, kill: Callable[[Path, int, random.Random], Toll]
) -> None:
    toll = kill(tmp_path, KILLS // 6, random.Random(os.getpid()))
    assert (toll.kills, toll.lost, toll.unopened) == (KILLS // 6, 0, 0)
