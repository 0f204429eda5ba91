"""One goal for people to look at: as a film strip, and as a film."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from rumpus.errors import writing
from rumpus.memory.side_by_side import side_by_side
from rumpus.play.do import Done
from rumpus.play.verdict import sentence
from rumpus.report.sheet import Tile, draw_sheet, write_sheet
from rumpus.types import Array

MOST_FRAMES = 300  # of a film; of what took longer, evenly spaced
FRAMES = 8  # of what was imagined, and of what happened


def sentences(done: Done) -> list[str]:
    """What became of a goal, in words: what was believed, and whether it got there."""
    return [
        f"It believed itself {done.believed_before:.1f} steps from the goal at the start, and "
        f"{done.believed_after:.1f} at the end.",
        _trust(done),
        sentence(done.verdict),
    ]


def _trust(done: Done) -> str:
    """How far what it imagined is to be trusted, in words."""
    doubted, steps = np.flatnonzero(~(done.doubt <= 1.0)), len(done.doubt)
    far = (f"from step {doubted[0] + 1} of {steps} on it is not to be trusted" if len(doubted)
           else f"it doubts none of the {steps} steps")  # fmt: skip
    return (f"What it imagined at first: {far}. Of what it did, it did not trust what it imagined "
            f"in {done.doubted_rate:.0%}.")  # fmt: skip


def write_strip(path: Path, done: Done) -> bool:
    """Write start and goal, some of what was imagined, and some of what happened, as one PNG.

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


def write_films(path: Path, done: Done, rate_hz: float) -> list[Path]:
    """Write goal, what happened and what was imagined beside it, step by step, as films.

    A WebP moves in every browser; an MP4 beside it, where PyAV is there to make it, plays in any
    player.

    Args:
        path: of the strip; the films lie beside it, under its name.
        done: what to show; something in it must be a picture.
        rate_hz: steps a second.

    Returns:
        the files.

    Raises:
        RunError: when the disk does not take one.
    """
    frames, film = list(_frames(done)), path.with_suffix(".webp")
    with writing("film", film):
        frames[0].save(
            film, save_all=True, append_images=frames[1:], duration=round(1000.0 / rate_hz), loop=0,
            lossless=True,
        )  # fmt: skip
    if importlib.util.find_spec("av") is None:
        return [film]
    from rumpus.exchange.mp4 import write_film

    movie = path.with_suffix(".mp4")
    with writing("film", movie):
        write_film(movie, (_even(np.asarray(frame)) for frame in frames), rate_hz)
    return [film, movie]


def _frames(done: Done) -> Iterator[Image.Image]:
    last = len(done.happened) - 1
    for k in np.unique(np.linspace(1, last, min(MOST_FRAMES, last)).astype(int)):
        readings = done.happened[k]
        imagined = {name: pictures[k - 1] for name, pictures in done.imagined.items()}
        yield draw_sheet([[
            Tile("goal", side_by_side(done.goal.readings)),
            Tile(f"happened {k:3}", side_by_side(readings)),
            Tile(f"imagined {k:3}", side_by_side(imagined)),
        ]])  # fmt: skip


def _even(picture: Array) -> Array:
    """With both sides even, as H.264 wants them."""
    height, width = picture.shape[:2]
    return np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
