"""A stranger's objective."""

from collections.abc import Callable

from torch import Tensor

from rumpus.types import Array


class LastStep:
    """How unlike the goal the end of a course is, however it got there."""

    def score(self, goal: Tensor) -> Callable[[Tensor], Array]:
        def cost(imagined: Tensor) -> Array:
            apart: Array = (imagined[:, -1] - goal).norm(dim=-1).numpy()
            return apart

        return cost
