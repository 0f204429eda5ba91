"""The ranges, means and quantiles that LeRobot's policies scale their inputs by.

Differs from LeRobot 0.4.4: quantiles of numbers and of the pixels that are looked at are exact, not
estimated; numbers are rumpus's and LeRobot's own (times, indices) have none.
"""

from typing import Any

import numpy as np

from rumpus.types import Array

Stats = dict[str, Any]
QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
PIXELS = 2_000_000  # of all pictures, at most, beside one of each


def of_numbers(values: Array, rows: Array | slice = slice(None)) -> Stats:
    """Statistics of each entry of some vectors of (n, k); lists of k."""
    values = values[rows]
    figures = {
        "min": values.min(0),
        "max": values.max(0),
        "mean": values.mean(0, dtype=np.float64),
        "std": values.std(0, dtype=np.float64),
    }
    quantiles = np.quantile(values, list(QUANTILES.values()), axis=0)
    figures |= dict(zip(QUANTILES, quantiles, strict=True))
    return {name: array.tolist() for name, array in figures.items()} | {"count": [len(values)]}


def of_pictures(pictures: Array, rows: Array) -> Stats:
    """Statistics of each channel of some pictures of (n, h, w, c), of levels scaled to [0, 1].

    Nested lists of shape (c, 1, 1). As many pictures are looked at as LeRobot would, and where
    those are large not at every pixel.
    """
    n = len(rows)
    looked = max(min(100, n), min(int(n**0.75), 10_000))
    height, width, channels = pictures.shape[1:]
    stride = int(np.ceil(np.sqrt(looked * height * width / PIXELS)))
    seen = pictures[rows[np.linspace(0, n - 1, looked).round().astype(int)], ::stride, ::stride]
    stats = of_numbers(seen.reshape(-1, channels) / np.float32(255.0))
    return {name: np.reshape(of, (-1, 1, 1)).tolist() for name, of in stats.items()} | {
        "count": [looked]
    }
