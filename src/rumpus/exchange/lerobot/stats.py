"""The ranges, means and quantiles that LeRobot's policies scale their inputs by.

Differs from LeRobot 0.4.4: quantiles of numbers and of sampled pictures are exact, not estimated;
numbers are rumpus's and LeRobot's own (times, indices) have none.
"""

from typing import Any

import numpy as np

from rumpus.types import Array

Stats = dict[str, Any]
QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
LEVELS = 256


def of_numbers(values: Array, rows: Array | None = None) -> Stats:
    """Statistics of each entry of vectors (n, k); lists of k.

    Only of some rows, where any are named: those at which a sensor gave something.
    """
    values = values if rows is None or not len(rows) else values[rows]
    figures = {
        "min": values.min(0),
        "max": values.max(0),
        "mean": values.mean(0, dtype=np.float64),
        "std": values.std(0, dtype=np.float64),
    }
    figures |= dict(
        zip(QUANTILES, np.quantile(values, list(QUANTILES.values()), axis=0), strict=True)
    )
    return {name: array.tolist() for name, array in figures.items()} | {"count": [len(values)]}


def of_pictures(pictures: Array, rows: Array) -> Stats:
    """Statistics of each channel of pictures (n, h, w, c), of levels scaled to [0, 1].

    Nested lists of shape (c, 1, 1); pictures are sampled as LeRobot samples them, among the rows
    that are named, or among all where none is.
    """
    rows = rows if len(rows) else np.arange(len(pictures))
    n = len(rows)
    looked = max(min(100, n), min(int(n**0.75), 10_000))
    counts = np.zeros((pictures.shape[3], LEVELS), np.int64)
    for k in rows[np.linspace(0, n - 1, looked).round().astype(int)]:
        for channel, row in enumerate(counts):
            row += np.bincount(pictures[k, :, :, channel].reshape(-1), minlength=LEVELS)
    levels = np.arange(LEVELS) / (LEVELS - 1)
    share = counts / counts.sum(1, keepdims=True)
    mean = share @ levels
    figures = {
        "min": levels[(counts > 0).argmax(1)],
        "max": levels[LEVELS - 1 - (counts > 0)[:, ::-1].argmax(1)],
        "mean": mean,
        "std": np.sqrt(np.maximum(share @ levels**2 - mean**2, 0.0)),
    }
    below = share.cumsum(1)
    figures |= {name: levels[(below >= q).argmax(1)] for name, q in QUANTILES.items()}
    return {name: a.reshape(-1, 1, 1).tolist() for name, a in figures.items()} | {"count": [looked]}
