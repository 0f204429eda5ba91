"""A map of time: points that lie about as far apart as their steps do in discounted steps.

The temporal distance tells how far two steps are apart, a pair at a time. To say how rare each of
thousands of steps is, or which lie near each other, takes points in a space: they are learned to
keep the temporal distances, of which there and back are one here.

Source: multi-dimensional scaling by a net, its loss the raw stress (Kruskal 1964).

Differs from the paper:
    multi-dimensional scaling: a net from latents to points, so that new steps have points, too.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from msgspec import Meta
from torch import Tensor, nn


@dataclass(frozen=True)
class TimeMapConfig:
    """Sizes.

    Attributes:
        points: P, dimensions of the map; as many as latents have, not compared with others.
        hidden: width of the perceptron, as of the distance; not compared with others.
    """

    points: Annotated[int, Meta(ge=1, le=4_096)] = 64
    hidden: Annotated[int, Meta(ge=1, le=8_192)] = 384


class TimeMap(nn.Module):
    """Latents to points."""

    def __init__(self, latent_size: int, config: TimeMapConfig) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(latent_size, config.hidden), nn.LayerNorm(config.hidden), nn.SiLU(),
            nn.Linear(config.hidden, config.hidden), nn.LayerNorm(config.hidden), nn.SiLU(),
            nn.Linear(config.hidden, config.points),
        )  # fmt: skip

    def forward(self, latent: Tensor) -> Tensor:
        """Latents (..., D) to points (..., P)."""
        points: Tensor = self.net(latent)
        return points

    def loss(self, latent: Tensor, goal: Tensor, distance: Tensor) -> Tensor:
        """Stress of pairs (B, D), (B, D) that lie (B,) discounted steps apart: a scalar."""
        with torch.autocast(latent.device.type, torch.bfloat16):
            here, there = self(latent), self(goal)
        # The last summand: a root has no slope at zero.
        straight = ((here.float() - there.float()).square().sum(-1) + 1e-6).sqrt()
        stress: Tensor = (straight - distance).square().mean()
        return stress
