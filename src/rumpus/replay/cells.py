"""What a picture shows at a glance: the mean levels of a few cells, with nothing learned in it."""

import numpy as np

from rumpus.types import Array


def cells(pictures: Array, side: int) -> Array:
    """Mean levels of at most side x side cells: (..., h, w, c) to float32 (..., rows, columns, c).

    Args:
        pictures: uint8, of any size.
        side: cells in a row and in a column; fewer where a picture has fewer pixels.
    """
    edges = [np.linspace(0, n, min(side, n) + 1).astype(int) for n in pictures.shape[-3:-1]]
    rows = np.add.reduceat(pictures, edges[0][:-1], axis=-3, dtype=np.float32)
    sums = np.add.reduceat(rows, edges[1][:-1], axis=-2)
    area_px = np.outer(np.diff(edges[0]), np.diff(edges[1]))
    return np.asarray(sums / area_px[:, :, None].astype(np.float32))
