"""Learns to predict what the sensors will read if the robot acts.

Joint-embedding prediction: imagined latents are to equal the latents of what then was seen. Three
terms keep the latent from collapsing to a constant: inverse dynamics, variance, covariance. The
learner adds a fourth that decodes what was sensed (decoder.py), so that small things that seldom
move count too.

Sources: multi-step latent prediction as in JEPA-WMs (arXiv 2512.24497); variance and covariance,
VICReg (Bardes 2022, eqs. 1 to 4); inverse dynamics as in PLDM (arXiv 2502.14819). Interview 15:26.

Differs from the paper:
    VICReg: no invariance term; prediction over time takes its place.
    PLDM: no time-similarity term; one perceptron instead of a recurrent predictor.
"""

from dataclasses import dataclass, field
from typing import Annotated

import torch
from msgspec import Meta
from torch import Tensor, nn

from rumpus.model.dynamics import Dynamics
from rumpus.model.encoder import Encoder, EncoderConfig
from rumpus.spec import RobotSpec


@dataclass(frozen=True)
class WorldModelConfig:
    """Sizes and loss weights, the same for every sensor and world.

    Attributes:
        encoder: turns readings into latents.
        hidden: width of dynamics and inverse dynamics; 256 predicted pushes less well.
        inverse_weight: of telling the action from two latents; keeps in the latent what the robot
            can change.
        variance_weight: of every dimension's spread; 0 lets the latent collapse.
        covariance_weight: of dimensions that say the same; stronger (0.5 to 2) predicted worse.
        decoder_weight: of the share of the pictures' variance that is decoded wrongly; with it
            small things that seldom move are in the latent, and 10 is no better.
    """

    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    hidden: Annotated[int, Meta(ge=1, le=8_192)] = 384
    inverse_weight: Annotated[float, Meta(ge=0.0, le=1000.0)] = 1.0
    variance_weight: Annotated[float, Meta(ge=0.0, le=1000.0)] = 1.0
    covariance_weight: Annotated[float, Meta(ge=0.0, le=1000.0)] = 0.04
    decoder_weight: Annotated[float, Meta(ge=0.0, le=1000.0)] = 3.0


@dataclass(frozen=True)
class WorldModelLoss:
    """How wrongly one batch of windows was imagined.

    Attributes:
        loss: scalar, with gradient.
        parts: its terms by name, without.
        window_error: (B,) how wrongly each window was imagined.
    """

    loss: Tensor
    parts: dict[str, Tensor]
    window_error: Tensor


class WorldModel(nn.Module):
    """Encoder, dynamics and inverse dynamics with one loss."""

    def __init__(self, spec: RobotSpec, config: WorldModelConfig) -> None:
        super().__init__()
        size = config.encoder.latent_size
        self.config = config
        self.encoder = Encoder(spec, config.encoder)
        self.dynamics = Dynamics(size, spec.action_size, config.hidden)
        self.inverse = nn.Sequential(
            nn.Linear(2 * size, config.hidden), nn.LayerNorm(config.hidden), nn.SiLU(),
            nn.Linear(config.hidden, spec.action_size),
        )  # fmt: skip

    def loss(self, latents: Tensor, actions: Tensor) -> WorldModelLoss:
        """Imagine one batch of windows and compare with what was sensed.

        Args:
            latents: (B, T, D), encoded with gradient.
            actions: (B, T, A); the last of each window is not used.
        """
        imagined = self.dynamics.imagine(latents[:, 0], actions[:, :-1])
        error = (imagined - latents[:, 1:]).square()
        pairs = torch.cat([latents[:, :-1], latents[:, 1:]], -1)
        inverse = (self.inverse(pairs) - actions[:, :-1]).square().mean()
        flat = latents.flatten(0, 1)
        parts = {
            "prediction": error.mean(),
            "inverse": inverse,
            "variance": variance_loss(flat),
            "covariance": covariance_loss(flat),
        }
        config = self.config
        loss = (
            parts["prediction"]
            + config.inverse_weight * parts["inverse"]
            + config.variance_weight * parts["variance"]
            + config.covariance_weight * parts["covariance"]
        )
        return WorldModelLoss(
            loss,
            {name: part.detach() for name, part in parts.items()},
            error.detach().mean((1, 2)),
        )


def variance_loss(latents: Tensor) -> Tensor:
    """Hinge on every dimension's spread: (B, D) to a scalar. VICReg eq. 1."""
    return torch.relu(1.0 - (latents.var(0) + 1e-4).sqrt()).mean()


def covariance_loss(latents: Tensor) -> Tensor:
    """Squared off-diagonal covariance, per dimension: (B, D) to a scalar. VICReg eq. 4."""
    centred = latents - latents.mean(0)
    covariance = centred.T @ centred / (len(latents) - 1)  # eq. 3
    off_diagonal = covariance - torch.diag(torch.diagonal(covariance))
    return off_diagonal.square().sum() / latents.shape[1]
