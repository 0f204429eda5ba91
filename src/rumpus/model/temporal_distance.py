"""How many steps from here to there, learned from nothing but stored steps.

d(z, g) is a quasimetric: the length of a learned embedding's difference plus a one-way part,
because a puck is pushed from behind and not from the front; the mean over several such pairs,
because the way of the hand and the way of what it moves add up. It is trained as goal-conditioned
value learning with V = -d: one step costs one, and of the step that was taken, the step that the
policy would take now and a few tried ones, both as imagined, the best one counts. What is left
after a step is discounted, so that n steps have the distance (1 - 0.98^n) / 0.02: 10 steps 9, 40
steps 28, and what cannot be reached at all 50.

Sources: HILP (Park 2024, eq. 4) for the temporal distance as a value; MRN (Liu 2023, eq. 5) for
the quasimetric form, and the mean over components as in CMD (Myers 2024, arXiv 2406.17098);
imagined steps in the target as in model-based value expansion (Feinberg 2018, eq. 3, H = 1).

Differs from the paper:
    HILP: a minimum over the stored and the imagined steps instead of an expectile over stored
    ones; the one-way part of MRN is added; embeddings take latents, not pictures.
    MRN: states without actions on both sides; one perceptron gives both parts.
"""

import math
from dataclasses import dataclass
from typing import Annotated

import torch
from msgspec import Meta
from torch import Tensor, nn

from rumpus.model.average import averaged_copy, move_average


@dataclass(frozen=True)
class TemporalDistanceConfig:
    """Sizes and the value-learning constants.

    Attributes:
        components: C, quasimetrics of which the distance is the mean; one large one was worse, 16
            hardly better.
        both_ways: dimensions of each one's part that is the same both ways; 4 were too few.
        one_way: dimensions of each one's one-way part; 4 were too few.
        hidden: width of the perceptron; 400 was better than 256.
        discount: of the distance that is left after a step; bounds distances at 1 / (1 - discount),
            so that what cannot be reached has one, too.
        target_rate: how fast the slow copy, which gives the targets, follows; at 0.01 a step of
            distance takes three times as long to spread.
    """

    components: Annotated[int, Meta(ge=1, le=1_024)] = 8
    both_ways: Annotated[int, Meta(ge=1, le=1_024)] = 8
    one_way: Annotated[int, Meta(ge=1, le=1_024)] = 8
    hidden: Annotated[int, Meta(ge=1, le=8_192)] = 384
    discount: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.98
    target_rate: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.03


class Quasimetric(nn.Module):
    """d(z, g) > 0, 0.001 for z = g, triangle inequality by construction, not symmetric."""

    def __init__(self, latent_size: int, config: TemporalDistanceConfig) -> None:
        super().__init__()
        self.parts = config.components, config.both_ways + config.one_way
        self.both_ways = config.both_ways
        self.hidden = nn.Sequential(
            nn.Linear(latent_size, config.hidden), nn.LayerNorm(config.hidden), nn.SiLU(),
            nn.Linear(config.hidden, config.hidden), nn.LayerNorm(config.hidden), nn.SiLU(),
        )  # fmt: skip
        # Distances are differences: a bias would cancel.
        self.last = nn.Linear(config.hidden, math.prod(self.parts), bias=False)

    def forward(self, latent: Tensor, goal: Tensor) -> Tensor:
        """Discounted steps from latent (..., D) to goal (..., D), broadcast: (...)."""
        # As `between` of two `embed`, but the last layer, which has no bias, is passed once.
        with torch.autocast(latent.device.type, torch.bfloat16):
            here, there = self.hidden(latent), self.hidden(goal)
        return self._length(self._last(here.float() - there.float()))

    def embed(self, latent: Tensor) -> Tensor:
        """Latents (..., D) to embeddings (..., E)."""
        # bf16 uses the processor's matrix units; the last layer stays float32, because
        # what counts is the small difference of two embeddings.
        with torch.autocast(latent.device.type, torch.bfloat16):
            hidden = self.hidden(latent)
        return self._last(hidden.float())

    def between(self, here: Tensor, there: Tensor) -> Tensor:
        """The distance of two embeddings, (..., E) each: (...)."""
        return self._length(here - there)

    def _last(self, hidden: Tensor) -> Tensor:
        with torch.autocast(hidden.device.type, enabled=False):
            embedded: Tensor = self.last(hidden)
        return embedded

    def _length(self, difference: Tensor) -> Tensor:
        """Of a difference of embeddings (..., E): (...)."""
        difference = difference.unflatten(-1, self.parts)  # type: ignore[no-untyped-call]
        # The last summand: a root has no slope at zero.
        both_ways = (difference[..., : self.both_ways].square().sum(-1) + 1e-6).sqrt()
        one_way = torch.relu(difference[..., self.both_ways :]).amax(-1)
        distance: Tensor = (both_ways + one_way).mean(-1)
        return distance

    def points(self, latent: Tensor) -> Tensor:
        """Points (..., P), straight about as far apart as the latents (..., D) are both ways."""
        embedded: Tensor = self.embed(latent).unflatten(-1, self.parts)  # type: ignore[no-untyped-call]
        # The root mean square of the components' lengths stands for their mean.
        points: Tensor = embedded[..., : self.both_ways].flatten(-2) / math.sqrt(self.parts[0])
        return points


class TemporalDistance(nn.Module):
    """The quasimetric, its slow copy for targets, and the loss."""

    def __init__(self, latent_size: int, config: TemporalDistanceConfig) -> None:
        super().__init__()
        self.config = config
        self.metric = Quasimetric(latent_size, config)
        self.target = averaged_copy(self.metric)

    def forward(self, latent: Tensor, goal: Tensor) -> Tensor:
        """Discounted steps from latent (..., D) to goal (..., D): (...)."""
        distance: Tensor = self.metric(latent, goal)
        return distance

    def loss(self, latent: Tensor, following: Tensor, goal: Tensor, arrived: Tensor) -> Tensor:
        """Temporal-difference loss.

        Args:
            latent: (B, D) at step t.
            following: (K, B, D) where one step may lead; the one nearest the goal counts.
            goal: (B, D).
            arrived: (B,) bool, the goal is step t itself.
        """
        with torch.no_grad():
            # V = -d, so V <- -1 + discount * V' off the goal and 0 on it (HILP eq. 4).
            ahead = 1.0 + self.config.discount * self.target(following, goal).amin(0)
            wanted = torch.where(arrived, 0.0, ahead)
        error: Tensor = wanted - self.metric(latent, goal)
        return error.square().mean()

    def steps(self, distance: float) -> float:
        """Discounted steps as steps, a person's measure; it cannot tell more than 228 apart."""
        left = max(1.0 - (1.0 - self.config.discount) * distance, 0.01)
        return math.log(left) / math.log(self.config.discount)

    def move_target(self) -> None:
        """Move the slow copy a little towards the learned one."""
        move_average(self.target, self.metric, self.config.target_rate)
