"""A stranger's source of goals."""

import numpy as np

from rumpus.goals.base import Choice, Lived


class Newest:
    """Wishes for what happened last."""

    def choose(self, lived: Lived, rng: np.random.Generator) -> Choice:
        return Choice(len(lived.points) - 1, "it happened last")

    def report(self, index: int, reached: bool) -> None:
        """What is newest stays so, reached or not."""
