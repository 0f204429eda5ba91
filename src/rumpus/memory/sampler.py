"""The sampler draws windows of past life, every moment equally likely, never across a cut.

Windows are drawn by rejection: a start is drawn anywhere, and kept when its window begins and
ends in one episode. This is exactly uniform over all windows, and its cost does not grow with
the number of steps or episodes.
"""

import numpy as np

from rumpus.errors import InputError
from rumpus.types import Array

_ROUNDS = 8  # of rejection, before all windows are listed


def starts(episode_of: Array, length: int) -> Array:
    """Every step at which a window of `length` steps can begin, in order.

    Args:
        episode_of: (N,) episode of each step; the steps of an episode are consecutive.
        length: T >= 1, steps in the window.

    Returns:
        int64 (M,), M <= N - T + 1.
    """
    span = _span(episode_of, length)
    return np.flatnonzero(episode_of[:span] == episode_of[length - 1 : length - 1 + span])


def draw(
    rng: np.random.Generator, episode_of: Array, batch: int, length: int,
    preferred: Array | None = None,
) -> Array:  # fmt: skip
    """Draw `batch` windows, uniformly over all that exist, with replacement.

    Args:
        rng: where chance comes from; the same state draws the same windows.
        episode_of: (N,) episode of each step.
        batch: B, windows to draw.
        length: T >= 1, steps in each.
        preferred: (P,) steps at which the first windows begin, those that fit.

    Returns:
        int64 (B, T), positions in memory.

    Raises:
        InputError: when no episode is `length` steps long yet.
    """
    first = _reject(rng, episode_of, batch, length)
    if preferred is not None:
        last = np.minimum(preferred + length - 1, len(episode_of) - 1)
        fits = (last - preferred == length - 1) & (episode_of[preferred] == episode_of[last])
        first = np.concatenate([preferred[fits], first])[:batch]
    if len(first) < batch:
        every = starts(episode_of, length)
        if not len(every):
            raise InputError(
                f"A window of {length} steps was asked of a memory of {len(episode_of)} steps "
                "in which no episode is that long; ask for a shorter one, or play on."
            )
        first = rng.choice(every, batch)
    return first[:, None] + np.arange(length)


def _reject(rng: np.random.Generator, episode_of: Array, batch: int, length: int) -> Array:
    kept = np.empty(0, np.int64)
    span = _span(episode_of, length)
    for _ in range(_ROUNDS if span else 0):
        tried = rng.integers(span, size=batch)
        fits = episode_of[tried] == episode_of[tried + length - 1]
        kept = np.concatenate([kept, tried[fits]])
        if len(kept) >= batch:
            return kept[:batch]
    return kept


def _span(episode_of: Array, length: int) -> int:
    if length < 1:
        raise InputError(f"A window of {length} steps was asked; it must be at least 1.")
    return max(0, len(episode_of) - length + 1)
