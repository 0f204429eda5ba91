"""A wish: go for what a person showed pictures of, and play between the attempts.

Its goals are remembered steps that a classifier of success believes in, so they can be reached, and
whoever deceives the classifier is deceived alone. While there are none, it goes for the pictures
that were shown, and while there are none of those it plays. Play between two attempts undoes what
was done, so that it can be done again without a person (interview 20:01-23:16, 25:29).
"""

from dataclasses import dataclass, field

import numpy as np

from rumpus.goals.base import GoalSource, Situation
from rumpus.goals.skew_fit import SkewFit, SkewFitConfig
from rumpus.types import Array, Goal

NONE = np.zeros(0, np.int64)
CONSIDERED_N = 32  # believed steps, of which the nearest is gone for


@dataclass
class WishGoalSource:
    """The goal source of a wish.

    Attributes:
        play: what it goes for between two attempts at the wish.
        name: of the wish.
        believed: int64 (n,), steps that are believed to show it, in order.
        examples: int64 (n,), steps that a person showed.
        attempts_n: attempts at the wish that have ended.
    """

    play: GoalSource = field(default_factory=lambda: SkewFit(SkewFitConfig()))
    name: str = "wish"
    believed: Array = field(default_factory=lambda: NONE)
    examples: Array = field(default_factory=lambda: NONE)
    attempts_n: int = 0
    _played: bool = True

    def next_goal(self, situation: Situation) -> Goal | None:
        """The wish, when play was last."""
        self._played = not self._played
        return self.play.next_goal(situation) if self._played else self.wished(situation)

    def wished(self, situation: Situation) -> Goal | None:
        """The nearest of some steps that show the wish; None where nothing does."""
        stored, rng = situation.candidates, situation.rng
        known = self.believed[stored.rows(self.believed) >= 0] if len(stored.step) else NONE
        if len(known):
            some = rng.choice(known, min(CONSIDERED_N, len(known)), replace=False)
            apart = (stored.points[stored.rows(some)] - situation.point).norm(dim=1)
            reason = f"'{self.name}', as believed of {len(self.believed):,} remembered steps"
            return situation.goal_at(int(some[int(apart.argmin())]), "wish", reason)
        if len(self.examples):
            shown = int(rng.choice(self.examples))
            return situation.goal_at(shown, "wish", f"'{self.name}', as it was shown")
        return self.play.next_goal(situation)

    def record_attempt(self, goal: Goal, reached: bool) -> None:
        """See `GoalSource`; what became of the wish, a person may be asked."""
        if goal.source == "wish":
            self.attempts_n += 1
        else:
            self.play.record_attempt(goal, reached)
