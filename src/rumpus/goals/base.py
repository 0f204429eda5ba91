"""Where goals come from: anything that, told where the robot is, can say what to go for next."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from rumpus.types import Array, Goal

# A stored step as a goal: (position in memory, source, reason) to the goal.
GoalAt = Callable[[int, str, str], Goal]


@dataclass(frozen=True)
class Candidates:
    """Stored steps that can be goals, as the mind of today judges them.

    Attributes:
        points: (N, P), about as far apart as the steps are, in discounted steps.
        step: int64 (N,), their positions in memory, in order.
    """

    points: Tensor
    step: Array

    def rows(self, steps: Array) -> Array:
        """In which rows the steps at some positions (M,) stand: (M,), -1 where they do not."""
        at = np.minimum(np.searchsorted(self.step, steps), len(self.step) - 1)
        return np.where(self.step[at] == steps, at, -1)

    def spread(self, count: int) -> Array:
        """The positions (count,) of steps as far from each other as can be, in order.

        Each next one is the farthest from those before (Gonzalez 1985); the first is the newest.
        """
        chosen = [len(self.step) - 1]
        nearest = torch.cdist(self.points, self.points[chosen])[:, 0]
        while len(chosen) < min(count, len(self.step)):
            chosen.append(int(nearest.argmax()))
            further = torch.cdist(self.points, self.points[chosen[-1:]])[:, 0]
            nearest = torch.minimum(nearest, further)
        return np.sort(self.step[chosen])


@dataclass(frozen=True)
class Situation:
    """Where the robot is when it wants a goal.

    Attributes:
        latent: (D,) of what it senses now.
        point: (P,) of the same, among those of the candidates.
        candidates: stored steps to choose from.
        rate_hz: control steps a second.
        goal_at: makes a goal of a stored step.
        rng: where chance comes from.
    """

    latent: Tensor
    point: Tensor
    candidates: Candidates
    rate_hz: float
    goal_at: GoalAt
    rng: np.random.Generator


class GoalSource(Protocol):
    """Chooses goals and learns from how they went: play, a picture, a job, a sub-goal."""

    def next_goal(self, situation: Situation) -> Goal | None:
        """What to go for next, or None where there is nothing at present."""
        ...

    def record_attempt(self, goal: Goal, reached: bool) -> None:
        """Be told how the attempt at a goal ended."""
        ...
