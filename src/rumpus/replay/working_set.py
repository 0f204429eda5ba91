"""The steps that are gone over at present: all of a short life, a changing part of a long one.

The learner cycles through everything that was ever stored (interview 29:20), but keeps in RAM only
what belongs to a bounded working set, so that neither its memory nor the time between two actors
grows with the robot's life. The set is made of segments of consecutive steps: the newest are always
in it, and every time it is refreshed a tenth of the others gives way to segments drawn from all.
"""

from dataclasses import dataclass, field

import numpy as np

from rumpus.replay.base import ReplayView
from rumpus.types import Array

SEGMENT_STEPS = 500
TURNOVER = 10  # one segment in so many gives way at each refresh


def _none() -> Array:
    return np.zeros(0, np.int64)


@dataclass
class WorkingSet:
    """Which stored steps can be drawn with their tokens, row by row.

    Attributes:
        most: steps in it at most.
        steps: int64 (W,) their positions in memory, in order.
        episode_of: int64 (W,), the same for rows that follow each other without a cut.
        goal_rows: int64 (W,) the row of the goal commanded at each step, -1 for none.
        goals: int64 (G,) positions of commanded goals outside the set: rows W to W + G.
        segments: int64, the whole segments in it, where memory is longer than the set.
        known: whole segments that were in memory at the last refresh; later ones are new.
    """

    most: int
    steps: Array = field(default_factory=_none)
    episode_of: Array = field(default_factory=_none)
    goal_rows: Array = field(default_factory=_none)
    goals: Array = field(default_factory=_none)
    segments: Array = field(default_factory=_none)
    known: int = 0

    def refresh(self, stored: ReplayView, rng: np.random.Generator) -> Array:
        """Take in what is new, and let some of the rest give way.

        Returns:
            for each row the row that its step had before, -1 for a step that was not there.
        """
        count, before = len(stored), self.steps
        if count <= self.most:
            self.steps = np.arange(count)
        else:
            self.segments = self._redrawn(count // SEGMENT_STEPS, rng)
            whole = (self.segments[:, None] * SEGMENT_STEPS + np.arange(SEGMENT_STEPS)).ravel()
            newest = np.arange(count // SEGMENT_STEPS * SEGMENT_STEPS, count)
            self.steps = np.concatenate([whole, newest])
        episode = stored.episode_of[self.steps]
        cut = (np.diff(episode) != 0) | (np.diff(self.steps) != 1)
        self.episode_of = np.concatenate([[0], np.cumsum(cut)])[:count]
        self._find_goals(stored.goal_index[self.steps])
        return rows_of(self.steps, before)

    def _redrawn(self, whole: int, rng: np.random.Generator) -> Array:
        """The segments after a refresh, in order; `whole` are in memory."""
        places = self.most // SEGMENT_STEPS - 1  # one for the newest, which is not whole
        fresh = np.arange(max(self.known, whole - max(places // 2, 1)), whole)
        self.known = whole
        giving_way = max(places // TURNOVER, 1)
        kept = rng.permutation(self.segments)[: places - giving_way - len(fresh)]
        chosen = np.concatenate([kept, fresh])
        others = np.setdiff1d(np.arange(whole), chosen)
        drawn = rng.choice(others, min(places - len(chosen), len(others)), replace=False)
        return np.sort(np.concatenate([chosen, drawn]))

    def _find_goals(self, commanded: Array) -> None:
        outside = np.setdiff1d(commanded[commanded >= 0], self.steps)
        self.goals = outside
        rows = rows_of(commanded, self.steps)
        elsewhere = len(self.steps) + rows_of(commanded, outside)
        self.goal_rows = np.where((commanded >= 0) & (rows < 0), elsewhere, rows)


def rows_of(steps: Array, among: Array) -> Array:
    """At which places some steps (M,) stand in an ordered array: int64 (M,), -1 for nowhere."""
    if not len(among):
        return np.full(len(steps), -1)
    at = np.minimum(np.searchsorted(among, steps), len(among) - 1)
    return np.where(among[at] == steps, at, -1)
