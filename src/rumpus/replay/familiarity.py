"""Does a picture look like anything that the robot has ever seen? Told by distance to memory.

A mind makes something of every picture, also of one that means nothing to it. So pictures are
compared as they are: small, level by level, with what is remembered; and how far is far is told by
remembered steps themselves, each compared with the rest of life but its own neighbourhood.
"""

from dataclasses import dataclass

import numpy as np

from rumpus.replay.base import ReplayView
from rumpus.replay.cells import cells
from rumpus.replay.window import lived
from rumpus.types import Array

SIDE_PX = 16  # pictures are compared at this size
KNOWN_STEPS, HELD_OUT_STEPS = 5000, 300  # at most, drawn from all of memory
NEIGHBOURS_STEPS = 50  # before and after a held-out step, which look like it anyway
RARE_SHARE = 0.01  # of held-out steps may lie as far away, where a picture is told unfamiliar


@dataclass(frozen=True)
class Familiarity:
    """How far a picture lies from all that is remembered.

    Attributes:
        distance: to the nearest remembered picture: root mean square of levels, 0 to 255.
        usual: what 99 of 100 held-out steps stay below.
        share: of held-out steps, those that lie as far away or further.
    """

    distance: float
    usual: float
    share: float

    @property
    def is_foreign(self) -> bool:
        """Whether hardly any remembered step lies as far from the rest of memory."""
        return self.share < RARE_SHARE


def familiarity(
    stored: ReplayView, sensor: str, picture: Array, rng: np.random.Generator
) -> Familiarity | None:
    """How familiar a picture of one camera is; None where too little is remembered to tell.

    Args:
        stored: what is remembered.
        sensor: the camera.
        picture: uint8 (h, w, c).
        rng: chooses what it is compared with.
    """
    # A picture that was shown is remembered as an episode of its own: it was asked for, not seen.
    steps = np.flatnonzero(stored.present(sensor))
    steps = steps[lived(stored.episode_of, steps)]
    if len(steps) < 4 * NEIGHBOURS_STEPS:
        return None
    frames = stored.frames(sensor)
    known = np.sort(rng.choice(steps, min(KNOWN_STEPS, len(steps)), replace=False))
    points = np.stack([cells(frames[k], SIDE_PX).reshape(-1) for k in known])
    held_out = rng.choice(known, min(HELD_OUT_STEPS, len(known)), replace=False)
    apart = np.abs(held_out[:, None] - known[None, :]) > NEIGHBOURS_STEPS
    usual = _nearest(points[np.searchsorted(known, held_out)], points, apart)
    (distance,) = _nearest(
        cells(picture, SIDE_PX).reshape(1, -1), points, np.ones((1, len(known)), bool)
    )
    share = float((usual >= distance).mean())
    return Familiarity(float(distance), float(np.quantile(usual, 1.0 - RARE_SHARE)), share)


def _nearest(wanted: Array, points: Array, allowed: Array) -> Array:
    """For each row the root mean square distance to the nearest allowed point."""
    squares = (wanted**2).sum(1)[:, None] + (points**2).sum(1)[None, :] - 2.0 * wanted @ points.T
    nearest = np.where(allowed, squares, np.inf).min(1)
    return np.asarray(np.sqrt(nearest.clip(0.0) / points.shape[1]))
