"""The film strip of one goal: start and goal, what was imagined, what happened."""

from pathlib import Path

import numpy as np

from rumpus.memory.side_by_side import side_by_side
from rumpus.play.do import Done
from rumpus.report.sheet import Tile, write_sheet

FRAMES = 8  # of what was imagined, and of what happened


def write_strip(path: Path, done: Done) -> bool:
    """Write the strip as a PNG.

    Returns:
        whether there was anything to show.

    Raises:
        RunError: when the disk does not take it.
    """
    last = len(done.happened) - 1
    shown = np.unique(np.linspace(1, last, min(FRAMES, last)).astype(int))
    imagined = [
        Tile(f"imagined {k}", side_by_side({n: p[k - 1] for n, p in done.imagined.items()}))
        for k in shown
    ]
    happened = [Tile(f"happened {k}", side_by_side(done.happened[k])) for k in shown]
    ends = [
        Tile("start", side_by_side(done.happened[0])),
        Tile("goal", side_by_side(done.goal.readings)),
    ]
    return write_sheet(path, [ends, imagined, happened])
