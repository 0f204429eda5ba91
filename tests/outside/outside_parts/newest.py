"""A stranger's source of goals."""

from rumpus.goals.base import Situation
from rumpus.types import Goal


class Newest:
    """Goes for what happened last."""

    def next_goal(self, situation: Situation) -> Goal | None:
        newest = int(situation.candidates.step[-1])
        return situation.goal_at(newest, "newest", "it happened last")

    def record_attempt(self, goal: Goal, reached: bool) -> None:
        """What is newest stays so, reached or not."""
