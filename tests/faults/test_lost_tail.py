"""The last bytes of the log are lost: nothing before them is, and the view brings them back."""

import random
from pathlib import Path

from tails import FRAME_BYTES, cut_at, kill_writer


def test_a_log_cut_anywhere_in_its_last_records(tmp_path: Path) -> None:
    kill_writer(tmp_path / "m", 60)
    chance = random.Random(0)
    edges = [k * FRAME_BYTES + near for k in (1, 2, 3, 6) for near in (-24, -1, 0, 1)]
    offsets = [1, *edges, *(chance.randrange(1, 8 * FRAME_BYTES) for _ in range(30))]
    toll = cut_at(tmp_path / "m", offsets)
    assert toll.cuts == len(offsets)
    assert toll.missed > len(offsets)  # else nothing was at stake
    assert (toll.unopened, toll.wrong, toll.uncounted, toll.lost) == (0, 0, 0, 0)
