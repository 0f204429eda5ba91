"""A writer killed at any moment loses no acknowledged step, and the next one goes on."""

import os
import random
from pathlib import Path

from killing import kill_writers

KILLS = int(os.environ.get("RUMPUS_KILLS", "60"))  # a thousand in `make learn`, see benchmarks too


def test_kill_at_random_moments_loses_nothing_acknowledged(tmp_path: Path) -> None:
    toll = kill_writers(tmp_path, KILLS, random.Random(os.getpid()))
    assert (toll.kills, toll.lost, toll.unopened) == (KILLS, 0, 0)
    # Else hardly a writer came to write, and little was shown.
    assert toll.unborn < KILLS // 5
    assert toll.acknowledged > KILLS
