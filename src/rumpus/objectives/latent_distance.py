"""Scores a plan by plain distance in the latent: what most latent planners do, for comparison."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from rumpus.types import Array


@dataclass(frozen=True)
class LatentDistanceObjective:
    """Sum of Euclidean latent distances to the goal."""

    def score(self, goal: Tensor) -> Callable[[Tensor], Array]:
        """See `objectives.base.Objective`."""

        def cost(imagined: Tensor) -> Array:
            distances: Array = (imagined - goal).norm(dim=-1).sum(-1).numpy()
            return distances

        return cost
