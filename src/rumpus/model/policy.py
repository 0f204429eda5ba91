"""Looks at where it is and what it should look like, and acts at once, without planning.

Trained by value gradients through the learned model: imagine a few steps with the policy,
add up the temporal distances to the goal, and follow the gradient back through the dynamics.

Source: SVG(k) (Heess 2015, eq. 6), with the temporal distance as the value.

Differs from the paper:
    SVG: deterministic policy and dynamics; goal-conditioned; a fixed short horizon; the
    model starts from every remembered step.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from msgspec import Meta
from torch import Tensor, nn

from rumpus.model.dynamics import Dynamics
from rumpus.model.temporal_distance import TemporalDistance


@dataclass(frozen=True)
class PolicyConfig:
    """Sizes and the imagined horizon.

    Attributes:
        hidden: width of the perceptron; 400 was better than 256.
        imagined_steps: K, steps of imagination behind each gradient; 3 came nearer than 1 or 2.
    """

    hidden: Annotated[int, Meta(ge=1, le=8_192)] = 384
    imagined_steps: Annotated[int, Meta(ge=1, le=100)] = 3


class Policy(nn.Module):
    """pi(z, g) -> action in [-1, 1]."""

    def __init__(self, latent_size: int, action_size: int, config: PolicyConfig) -> None:
        super().__init__()
        self.config = config
        self.net = nn.Sequential(
            nn.Linear(2 * latent_size, config.hidden), nn.LayerNorm(config.hidden), nn.SiLU(),
            nn.Linear(config.hidden, config.hidden), nn.LayerNorm(config.hidden), nn.SiLU(),
            nn.Linear(config.hidden, action_size),
        )  # fmt: skip

    def forward(self, latent: Tensor, goal: Tensor) -> Tensor:
        """(..., D) and (..., D) to actions (..., A) in [-1, 1]."""
        return torch.tanh(self.net(torch.cat([latent, goal], -1)))

    def loss(
        self, latent: Tensor, goal: Tensor, dynamics: Dynamics, distance: TemporalDistance
    ) -> Tensor:
        """Mean imagined distance to the goal over the next K steps: (B, D), (B, D) to a scalar."""
        imagined = []
        for _ in range(self.config.imagined_steps):
            latent = dynamics(latent, self(latent, goal))
            imagined.append(latent)
        ahead: Tensor = distance(torch.stack(imagined), goal)  # at once: one large product
        return ahead.mean()
