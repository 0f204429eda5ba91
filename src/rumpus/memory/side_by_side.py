"""One step as one picture for people: what all cameras saw, side by side."""

import numpy as np

from rumpus.spec import Readings
from rumpus.types import Array


def side_by_side(readings: Readings) -> Array | None:
    """All picture sensors of one step side by side, uint8 (h, w, 3); None without any."""
    pictures = [_coloured(reading) for reading in readings.values() if reading.ndim == 3]
    height = max(map(len, pictures), default=0)
    as_high = [np.pad(p, ((0, height - len(p)), (0, 0), (0, 0))) for p in pictures]
    return np.concatenate(as_high, axis=1) if as_high else None


def _coloured(picture: Array) -> Array:
    """Any uint8 (h, w, c) as uint8 (h, w, 3)."""
    return picture[..., :3] if picture.shape[2] >= 3 else picture[..., :1].repeat(3, axis=2)
