"""Scores a plan by the steps that would be left to the goal, added up along the way.

The sum over the plan beats its last step alone: EB-JEPA's ablation, 97 against 89 % success.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from rumpus.model.device import to_array
from rumpus.model.temporal_distance import TemporalDistance
from rumpus.types import Array


@dataclass(frozen=True)
class TemporalDistanceObjective:
    """Sum of learned temporal distances to the goal."""

    distance: TemporalDistance

    def score(self, goal: Tensor) -> Callable[[Tensor], Array]:
        """See `objectives.base.Objective`."""

        def cost(imagined: Tensor) -> Array:
            return to_array(self.distance(imagined, goal).sum(-1))

        return cost
