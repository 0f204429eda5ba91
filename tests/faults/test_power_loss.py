"""A step that was acknowledged is on the disk: losing all that was not synced does not lose it."""

import os
import shutil
from pathlib import Path

import pytest
from power_loss import LIVED, WRITTEN, runs_power, writers_power

LOSSES = int(os.environ.get("RUMPUS_POWER_LOSSES", "40"))
RUN_LOSSES = int(os.environ.get("RUMPUS_POWER_LOSSES", "12"))  # of a whole run, which takes longer
pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")


@pytest.mark.parametrize("durability", ["group", "step"])
def test_power_loss_takes_nothing_acknowledged(tmp_path: Path, durability: str) -> None:
    toll = writers_power(tmp_path, durability, LOSSES, seed=LOSSES)
    assert (toll.kills, toll.lost, toll.unopened) == (LOSSES, 0, 0)
    assert toll.acknowledged > WRITTEN // 2


@pytest.mark.parametrize("durability", ["group", "step"])
def test_a_run_goes_on_after_power_loss_with_its_mind_and_all_that_it_acknowledged(
    tmp_path: Path, durability: str, strangers: None
) -> None:
    toll = runs_power(tmp_path, durability, RUN_LOSSES, seed=RUN_LOSSES)
    assert (toll.kills, toll.lost, toll.unopened) == (RUN_LOSSES, 0, 0)
    assert toll.acknowledged > LIVED // 2
