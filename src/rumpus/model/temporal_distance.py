"""How many steps from here to there, learned from nothing but lived steps.

d(z, g) is a quasimetric: the length of a learned embedding's difference plus a one-way part,
because a puck is pushed from behind and not from the front. It is trained as goal-conditioned
value learning with V = -d: one step costs one, and of the step that was lived, the step that the
policy would take now and a few tried ones, both as imagined, the best one counts.

Sources: HILP (Park 2024, eq. 4) for the temporal distance as a value; MRN (Liu 2023, eq. 5) for
the quasimetric form; imagined steps in the target as in model-based value expansion (Feinberg
2018, eq. 3, H = 1).

Differs from the paper:
    HILP: a minimum over the lived and the imagined steps instead of an expectile over lived
    ones; the one-way part of MRN is added; embeddings take latents, not pictures.
    MRN: moments without actions on both sides; one perceptron gives both parts.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rumpus.model.average import follow, slow_copy


@dataclass(frozen=True)
class TemporalDistanceConfig:
    """Sizes and the value-learning constants.

    Attributes:
        embedding: dimensions of the part that is the same both ways.
        one_way: dimensions of the one-way part.
        hidden: width of the perceptron.
        discount: of the distance that is left after a step; bounds distances at 1 / (1 - discount).
        target_rate: how fast the slow copy, which gives the targets, follows.
    """

    embedding: int = 32
    one_way: int = 16
    hidden: int = 384
    discount: float = 0.98
    target_rate: float = 0.01


class Quasimetric(nn.Module):
    """d(z, g) > 0, 0.001 for z = g, triangle inequality by construction, not symmetric."""

    def __init__(self, latent_size: int, config: TemporalDistanceConfig) -> None:
        super().__init__()
        self.split = config.embedding
        self.embed = nn.Sequential(
            nn.Linear(latent_size, config.hidden), nn.LayerNorm(config.hidden), nn.SiLU(),
            nn.Linear(config.hidden, config.hidden), nn.LayerNorm(config.hidden), nn.SiLU(),
            # Distances are differences: a bias would cancel.
            nn.Linear(config.hidden, config.embedding + config.one_way, bias=False),
        )  # fmt: skip

    def forward(self, latent: Tensor, goal: Tensor) -> Tensor:
        """Steps from latent (..., D) to goal (..., D), broadcast: (...)."""
        return self.between(self.embed(latent), self.embed(goal))

    def between(self, here: Tensor, there: Tensor) -> Tensor:
        """The distance of two embeddings, (..., E) each: (...)."""
        difference = here - there
        # The last summand: a root has no slope at zero.
        both_ways = (difference[..., : self.split].square().sum(-1) + 1e-6).sqrt()
        one_way = torch.relu(difference[..., self.split :]).amax(-1)
        return both_ways + one_way


class TemporalDistance(nn.Module):
    """The quasimetric, its slow copy for targets, and the loss."""

    def __init__(self, latent_size: int, config: TemporalDistanceConfig) -> None:
        super().__init__()
        self.config = config
        self.metric = Quasimetric(latent_size, config)
        self.slow = slow_copy(self.metric)

    def forward(self, latent: Tensor, goal: Tensor) -> Tensor:
        """Steps from latent (..., D) to goal (..., D): (...)."""
        distance: Tensor = self.metric(latent, goal)
        return distance

    def loss(self, latent: Tensor, following: Tensor, goal: Tensor, arrived: Tensor) -> Tensor:
        """Temporal-difference loss.

        Args:
            latent: (B, D) at step t.
            following: (K, B, D) possible moments after one step; the one nearest the goal counts.
            goal: (B, D).
            arrived: (B,) bool, the goal is step t itself.
        """
        with torch.no_grad():
            # V = -d, so V <- -1 + discount * V' off the goal and 0 on it (HILP eq. 4).
            ahead = 1.0 + self.config.discount * self.slow(following, goal).amin(0)
            target = torch.where(arrived, 0.0, ahead)
        error: Tensor = target - self.metric(latent, goal)
        return error.square().mean()

    def follow(self) -> None:
        """Move the slow copy a little towards the learned one."""
        follow(self.slow, self.metric, self.config.target_rate)
