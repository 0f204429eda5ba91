"""Predicts the next latent from this latent and an action."""

import torch
from torch import Tensor, nn


class Dynamics(nn.Module):
    """A residual perceptron: z' = z + f(z, a)."""

    def __init__(self, latent_size: int, action_size: int, hidden: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(latent_size + action_size, hidden), nn.LayerNorm(hidden), nn.SiLU(),
            nn.Linear(hidden, hidden), nn.LayerNorm(hidden), nn.SiLU(),
            nn.Linear(hidden, latent_size),
        )  # fmt: skip

    def forward(self, latent: Tensor, action: Tensor) -> Tensor:
        """(..., D) and (..., A) to the next latent (..., D)."""
        change: Tensor = self.net(torch.cat([latent, action], -1))
        return latent + change

    def imagine(self, latent: Tensor, actions: Tensor) -> Tensor:
        """Imagine many steps: (..., D) and (..., H, A) to (..., H, D)."""
        latents = []
        for action in actions.unbind(-2):
            latent = self(latent, action)
            latents.append(latent)
        return torch.stack(latents, -2)
