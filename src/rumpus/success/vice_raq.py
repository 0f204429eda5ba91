"""VICE that asks: of the picture it is surest of a person says whether it shows success.

What was answered with yes is an example from then on; a no is thrown away, as lived pictures count
as failures already (interview 22:50).

Source: VICE-RAQ (Singh 2019, arXiv 1904.07854, algorithm 2).

Differs from the paper:
    as `vice.py`.
"""

import numpy as np

from rumpus.success.base import Evidence, Question
from rumpus.success.vice import Vice, ViceConfig
from rumpus.types import Array


class ViceRaq:
    """Examples and what was answered with yes against everything that was lived."""

    asks: tuple[Question, ...] = ("surest",)

    def __init__(self, shape: tuple[int, ...], seed: int, config: ViceConfig) -> None:
        """For pictures of that shape, (h, w, c)."""
        self._vice = Vice(shape, seed, config)
        self.part = self._vice.part

    def learn(self, evidence: Evidence, updates: int, rng: np.random.Generator) -> float:
        """See `SuccessClassifier`."""
        return self._vice.learn(evidence, updates, rng)

    def belief(self, pictures: Array) -> Array:
        """See `SuccessClassifier`."""
        return self._vice.belief(pictures)
