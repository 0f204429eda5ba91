"""Draws what the robot imagines: for a person to look at, and to teach the latent what matters.

Its loss is the share of the pictures' variance that it draws wrongly, so that one weight fits
every camera. Measured with and without, see docs/decisions/0003-experiments.md: a puck that seldom
moves is lost from the latent without it.
"""

import torch
from torch import Tensor, nn

from rumpus.spec import SensorSpec


class Decoder(nn.Module):
    """One latent to one picture of one sensor."""

    def __init__(self, spec: SensorSpec, latent_size: int) -> None:
        super().__init__()
        height, width, planes = spec.shape
        self.size = (height, width)
        self.grid = (-(-height // 8), -(-width // 8))
        self.seed = nn.Linear(latent_size, 32 * self.grid[0] * self.grid[1])
        self.net = nn.Sequential(
            nn.SiLU(), nn.ConvTranspose2d(32, 32, 4, 2, 1),
            nn.SiLU(), nn.ConvTranspose2d(32, 16, 4, 2, 1),
            nn.SiLU(), nn.ConvTranspose2d(16, planes, 4, 2, 1),
        )  # fmt: skip

    def forward(self, latent: Tensor) -> Tensor:
        """(B, D) to pictures (B, h, w, c) in [0, 1], not clamped."""
        maps: Tensor = self.net(self.seed(latent).reshape(-1, 32, *self.grid))
        return maps[..., : self.size[0], : self.size[1]].permute(0, 2, 3, 1) + 0.5

    def loss(self, latent: Tensor, pictures: Tensor) -> Tensor:
        """Share of variance drawn wrongly: (B, D) and uint8 (B, h, w, c) to a scalar."""
        wanted = pictures.float() / 255.0
        with torch.autocast(latent.device.type, torch.bfloat16):
            drawn: Tensor = self(latent)
        variance = (wanted - wanted.mean(0)).square().mean().clamp(min=1e-4)
        return (drawn.float() - wanted).square().mean() / variance

    @torch.no_grad()
    def draw(self, latent: Tensor) -> Tensor:
        """(B, D) to uint8 pictures (B, h, w, c)."""
        drawn: Tensor = self(latent)
        return (drawn.clamp(0.0, 1.0) * 255.0).to(torch.uint8)
