"""How many steps from here to there, learned from nothing but stored steps.

d(z, g) is a perceptron of both latents, between 0 and the distance of what cannot be reached. It is
trained as goal-conditioned value learning with V = -d: one step costs one, and of the step that was
taken, the step that the policy would take now and a few tried ones, both as imagined, the best one
counts. What is left after a step is discounted, so that n steps have the distance
(1 - 0.98^n) / 0.02: 10 steps 9, 40 steps 28, and what cannot be reached at all 50.

No triangle inequality is built in. A small difference of what is moved may be far in steps, as the
hand has to go round it first, and a metric of smooth embeddings flattens that into places at which
no step seems to help: rows 65 to 67 of docs/decisions/0003-the-mind.md.

Sources: HILP (Park 2024, eq. 4) for the temporal distance as a value; UVFA (Schaul 2015, section 3)
for the perceptron of state and goal together; imagined steps in the target as in model-based value
expansion (Feinberg 2018, eq. 3, H = 1).

Differs from the paper:
    HILP: a minimum over the stored and the imagined steps instead of an expectile over stored
    ones; a perceptron instead of a distance between embeddings; it takes latents, not pictures.
    UVFA: one perceptron instead of one each and a product.
"""

import math
from dataclasses import dataclass
from typing import Annotated

import torch
from msgspec import Meta
from torch import Tensor, nn

from rumpus.model.average import averaged_copy, move_average

NEAR_AT_FIRST = (
    -2.0
)  # all seems near at first, 6 of 50: what is far is learned faster than what is near


@dataclass(frozen=True)
class TemporalDistanceConfig:
    """Sizes and the value-learning constants.

    Attributes:
        hidden: width of the perceptron; 768 was no better (row 66).
        discount: of the distance that is left after a step; bounds distances at 1 / (1 - discount),
            so that what cannot be reached has one, too.
        target_rate: how fast the slow copy, which gives the targets, follows; at 0.01 a step of
            distance takes three times as long to spread.
    """

    hidden: Annotated[int, Meta(ge=1, le=8_192)] = 384
    discount: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.98
    target_rate: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.03


class DistanceNet(nn.Module):
    """d(z, g), from 0 to the distance of what cannot be reached."""

    def __init__(self, latent_size: int, config: TemporalDistanceConfig) -> None:
        super().__init__()
        self.farthest = 1.0 / (1.0 - config.discount)
        self.hidden = nn.Sequential(
            nn.Linear(2 * latent_size, config.hidden), nn.LayerNorm(config.hidden), nn.SiLU(),
            nn.Linear(config.hidden, config.hidden), nn.LayerNorm(config.hidden), nn.SiLU(),
        )  # fmt: skip
        self.last = nn.Linear(config.hidden, 1)
        nn.init.constant_(self.last.bias, NEAR_AT_FIRST)

    def forward(self, latent: Tensor, goal: Tensor) -> Tensor:
        """Discounted steps from latent (..., D) to goal (..., D), broadcast: (...)."""
        both = torch.broadcast_tensors(latent, goal)  # type: ignore[no-untyped-call]
        pair = torch.cat(both, -1)
        # bf16 uses the processor's matrix units; the last layer stays float32, because what
        # counts is the small difference of two distances.
        with torch.autocast(latent.device.type, torch.bfloat16):
            hidden = self.hidden(pair)
        with torch.autocast(latent.device.type, enabled=False):
            distance: Tensor = self.farthest * self.last(hidden.float())[..., 0].sigmoid()
        return distance


class TemporalDistance(nn.Module):
    """The distance, its slow copy for targets, and the loss."""

    def __init__(self, latent_size: int, config: TemporalDistanceConfig) -> None:
        super().__init__()
        self.config = config
        self.net = DistanceNet(latent_size, config)
        self.target = averaged_copy(self.net)

    def forward(self, latent: Tensor, goal: Tensor) -> Tensor:
        """Discounted steps from latent (..., D) to goal (..., D): (...)."""
        distance: Tensor = self.net(latent, goal)
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
        error: Tensor = wanted - self.net(latent, goal)
        return error.square().mean()

    def steps(self, distance: float) -> float:
        """Discounted steps as steps, a person's measure; it cannot tell more than 228 apart."""
        left = max(1.0 - (1.0 - self.config.discount) * distance, 0.01)
        return math.log(left) / math.log(self.config.discount)

    def move_target(self) -> None:
        """Move the slow copy a little towards the learned one."""
        move_average(self.target, self.net, self.config.target_rate)
