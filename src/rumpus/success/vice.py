"""Whatever the robot did is a failure: it has to look like the examples, whatever else it tries.

A classifier of examples against everything that was lived, learned on while the robot lives. Where
the robot does what the examples show, both are alike, and it believes them half (interview 22:05).
Which also says that a success that was lived is called a failure: with few examples and much
success it forgets what success is.

Source: VICE (Fu 2018, arXiv 1805.11686, eq. 4 and algorithm 1), as in the code of Singh 2019.

Differs from the paper:
    VICE: the policy's density in the discriminator is that of an even choice of actions, as an
    actor that plans has none; so the logit is what the paper calls f, less a constant.
    In their code: 10 gradient steps of 1e-4 for 1,000 steps of a robot; here of 1e-3, and how
    many, the caller says.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from msgspec import Meta

from rumpus.model.device import to_array
from rumpus.model.part import Part
from rumpus.success._nets import Logits, authors_loss, authors_net, learn, logits
from rumpus.success.base import Evidence, Question
from rumpus.types import Array


@dataclass(frozen=True)
class ViceConfig:
    """How it learns.

    Attributes:
        batch: pictures of success in each gradient step, and as many of what was lived.
        learning_rate: of Adam.
    """

    batch: Annotated[int, Meta(ge=1, le=100_000)] = 128
    learning_rate: Annotated[float, Meta(gt=0.0, le=1.0)] = 1e-3


class Vice:
    """Examples of success against everything that was lived."""

    asks: tuple[Question, ...] = ()

    def __init__(self, shape: tuple[int, ...], seed: int, config: ViceConfig) -> None:
        """For pictures of that shape, (h, w, c)."""
        torch.manual_seed(seed)
        self.config, nets = config, Logits([authors_net(shape)])
        self.part = Part(nets, config.learning_rate)

    def learn(self, evidence: Evidence, updates: int, rng: np.random.Generator) -> float:
        """See `SuccessClassifier`."""
        shown, lived, batch = evidence.successes, evidence.lived, self.config.batch
        return learn(self.part, lambda nets: authors_loss(nets, shown, lived, batch, rng), updates)

    def belief(self, pictures: Array) -> Array:
        """See `SuccessClassifier`."""
        return to_array(logits(self.part, pictures).amin(0).sigmoid())

    def judged(self, evidence: Evidence) -> Array:
        """See `SuccessClassifier`; no answer changes what it believes of other pictures."""
        return self.belief(evidence.lived)
