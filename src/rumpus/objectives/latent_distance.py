"""Scores a plan by how unlike the goal its imagined steps are, added up along the way.

It needs nothing learned but the model, and takes what looks alike for near: around a corner that is
wrong.

Source: DINO-WM (Zhou 2024, arXiv 2411.04983), whose planner scores by distance in the latent.

Differs from the paper:
    DINO-WM: the distance, not its square, of every imagined step, not of the last alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from rumpus.model.device import to_array
from rumpus.types import Array


@dataclass(frozen=True)
class LatentDistanceObjective:
    """Sum of Euclidean distances to the goal's latent."""

    def score(self, goal: Tensor) -> Callable[[Tensor], Array]:
        """See `objectives.base.Objective`."""

        def cost(imagined: Tensor) -> Array:
            return to_array((imagined - goal).norm(dim=-1).sum(-1))

        return cost
