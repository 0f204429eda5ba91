"""Scores a course there and back by how far it ends from where it began."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from rumpus.model.device import to_array
from rumpus.model.temporal_distance import TemporalDistance
from rumpus.types import Array

GONE = 0.3  # what the way there counts beside what is left of it in the end


@dataclass(frozen=True)
class Irreversibility:
    """Less the steps that are left to the beginning, after the way back and, less, before it."""

    distance: TemporalDistance

    def score(self, goal: Tensor) -> Callable[[Tensor], Array]:
        """See `objectives.base.Objective`; the goal is the beginning; half the steps lead off."""

        def cost(imagined: Tensor) -> Array:
            there = self.distance(imagined[:, imagined.shape[1] // 2 - 1], goal)
            return to_array(-(self.distance(imagined[:, -1], goal) + GONE * there))

        return cost
