"""Surprising steps are gone over more often.

Every step keeps how wrongly the window that begins there was last imagined; some of the windows of
each batch are drawn in proportion. What was never gone over counts as most wrong. A robot
that touches its puck in one step of fifteen learns from that step more than once in fifteen.

Source: Curious Replay (Kauvar 2023, arXiv 2306.15934, section 3).

Differs from the paper:
    the error alone, without the visit count; a share of every batch stays uniform, as in "both
    halves" of prioritized sweeping, so that nothing is ever forgotten.
"""

import numpy as np

from rumpus.replay import window
from rumpus.types import Array

NEVER_SEEN = 10.0
LEAST = 1e-4
FRESH_DRAWS = 20  # at least, from one running sum
STEPS_PER_DRAW = 1000  # of memory: with them a draw costs the same in a life of any length


class Priorities:
    """How wrongly each step of the working set was imagined, and a way to draw by it."""

    def __init__(self, values: Array | None = None) -> None:
        """Begin with nothing gone over, or with the `values` that were kept."""
        self._values = np.zeros(0, np.float32) if values is None else values
        self._begins, self._total = np.zeros(0, np.int64), np.zeros(0)
        self._stale = self._steps = 0

    @property
    def values(self) -> Array:
        """How wrongly each step was imagined, float32 (N,), to be saved."""
        return self._values

    def starts(self, rng: np.random.Generator, count: int, episode_of: Array, length: int) -> Array:
        """Draw steps at which windows begin, in proportion to their error, int64 (count,).

        Args:
            rng: where chance comes from.
            count: how many; none come where no window fits.
            episode_of: (N,) episode of each step.
            length: T, steps in a window.
        """
        steps = len(episode_of)
        # Running sums cost more than a draw, the more the longer the life; old ones are as good.
        if self._stale == 0 or self._steps != steps:
            self._begins, self._steps = window.starts(episode_of, length), steps
            self._total = np.cumsum(self._values[self._begins], dtype=np.float64)
        self._stale = (self._stale + 1) % max(FRESH_DRAWS, steps // STEPS_PER_DRAW)
        if not len(self._begins):
            return self._begins
        drawn = np.searchsorted(self._total, rng.random(count) * self._total[-1])
        starts: Array = self._begins[np.minimum(drawn, len(self._begins) - 1)]
        return starts

    def reorder(self, before: Array) -> None:
        """Follow the working set: for each row now, the row it had before, -1 for a new step."""
        known = (before >= 0) & (before < len(self._values))
        values = np.full(len(before), NEVER_SEEN, np.float32)
        values[known] = self._values[before[known]]
        # The running sums begin anew, so that what was saved goes on as if never away.
        self._values, self._stale = values, 0

    def report(self, starts: Array, window_error: Array) -> None:
        """Keep how wrongly the windows that begin at these rows were imagined: (B,) and (B,)."""
        self._values[starts] = window_error + LEAST
