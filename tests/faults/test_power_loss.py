"""A step that was acknowledged is on the disk: losing all that was not synced does not lose it."""

import os
import random
import shutil
from pathlib import Path

import pytest
from power import lose_power, write_under_strace

LOSSES = int(os.environ.get("RUMPUS_POWER_LOSSES", "40"))


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace, to see every write")
@pytest.mark.parametrize("durability", ["group", "step"])
def test_power_loss_takes_nothing_acknowledged(tmp_path: Path, durability: str) -> None:
    log = tmp_path / "calls"
    write_under_strace(tmp_path / "life", log, 1500, durability)
    with log.open() as calls:
        toll = lose_power(tmp_path / "life", calls, tmp_path, LOSSES, random.Random(durability))
    assert (toll.kills, toll.lost, toll.unopened) == (LOSSES, 0, 0)
    assert toll.acknowledged > 1000
