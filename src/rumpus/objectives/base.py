"""How an imagined outcome is scored against a goal."""

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

from rumpus.types import Array


class Objective(Protocol):
    """Turns a goal into a score for plans."""

    def score(self, goal: Tensor) -> Callable[[Tensor], Array]:
        """A function from imagined latents (N, H, D) to costs (N,); lower is better.

        Args:
            goal: its latent, (D,).
        """
        ...
