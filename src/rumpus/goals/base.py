"""Where goals come from: anything that can pick a moment worth living again."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from torch import Tensor

from rumpus.types import Array


@dataclass(frozen=True)
class Lived:
    """What a goal source may choose from: all of memory as the mind sees it.

    Attributes:
        points: (N, P), about as far apart as the moments are, in discounted steps.
        time_s: (N,) when, in seconds of the robot's life.
    """

    points: Tensor
    time_s: Array


@dataclass(frozen=True)
class Choice:
    """A remembered moment chosen as the next goal.

    Attributes:
        index: its position in memory.
        reason: why, in one line for a person.
    """

    index: int
    reason: str


class GoalSource(Protocol):
    """Chooses goals and learns from how they went."""

    def choose(self, lived: Lived, rng: np.random.Generator) -> Choice:
        """Pick the next goal from what was lived."""
        ...

    def report(self, index: int, reached: bool) -> None:
        """Say how the attempt at the goal lived at `index` ended."""
        ...
