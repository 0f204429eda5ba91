"""Learns once, against what the robot saw before it tried: the classifier that is cheated.

Whatever the robot finds later that looks like success to it stays a success (interview 21:10).

Source: the baseline "naive classifier" of Singh 2019 (arXiv 1904.07854, section 6).

Differs from the paper:
    naive classifier: 400 gradient steps at ten times the rate instead of 10,000.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from msgspec import Meta

from rumpus.model.device import to_array
from rumpus.model.part import Part
from rumpus.success._nets import Logits, authors_loss, authors_net, learn, least
from rumpus.success.base import Evidence, Question
from rumpus.types import Array


@dataclass(frozen=True)
class NaiveConfig:
    """How it learns, once.

    Attributes:
        batch: pictures of success in each gradient step, and as many others.
        updates: gradient steps in all its life.
        learning_rate: of Adam.
    """

    batch: Annotated[int, Meta(ge=1, le=100_000)] = 128
    updates: Annotated[int, Meta(ge=1, le=1_000_000)] = 400
    learning_rate: Annotated[float, Meta(gt=0.0, le=1.0)] = 1e-3


class NaiveClassifier:
    """Examples of success against the robot's first pictures, once and for all."""

    asks: tuple[Question, ...] = ()

    def __init__(self, shape: tuple[int, ...], seed: int, config: NaiveConfig) -> None:
        """For pictures of that shape, (h, w, c)."""
        torch.manual_seed(seed)
        self.config, nets = config, Logits([authors_net(shape)])
        self.part = Part(nets, config.learning_rate)

    def learn(self, evidence: Evidence, updates: int, rng: np.random.Generator) -> float:
        """See `SuccessClassifier`; however many are asked for, it takes its own, the first time."""
        left = self.config.updates - int(self.part.learned.updates)
        first, batch = evidence.lived[: evidence.first_n], self.config.batch
        return learn(
            self.part, lambda nets: authors_loss(nets, evidence.successes, first, batch, rng), left
        )

    def belief(self, pictures: Array) -> Array:
        """See `SuccessClassifier`."""
        return to_array(least(self.part, pictures).sigmoid())
