"""Turns readings of any sensors into one latent vector: the only scaling on the way in.

A sensor's front end is chosen by its shape alone: pictures go through strided convolutions,
vectors through a small perceptron. The tokens are added up and normalised into one joint latent.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from rumpus.errors import WorldError
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array

FARTHEST = 10.0  # spreads from the mean; a reading further off, a loose cable say, counts as this
WILDEST = 1e15  # beyond this, the spread of a batch is no float32 any more


@dataclass(frozen=True)
class EncoderConfig:
    """Sizes of the encoder.

    Attributes:
        latent_size: D.
        channels: of the convolutions, first to last; later layers repeat the last.
        hidden: width of the perceptron for vector sensors.
    """

    latent_size: int = 64
    channels: tuple[int, ...] = (16, 32, 64)
    hidden: int = 128


class PictureFront(nn.Module):
    """One picture sensor to one token: convolutions shrink it to 4 pixels or less."""

    def __init__(self, spec: SensorSpec, config: EncoderConfig) -> None:
        super().__init__()
        height, width, planes = spec.shape
        layers: list[nn.Module] = []
        side, depth = max(height, width), 0
        while side > 4:
            first = depth == 0 and side >= 24
            kernel, stride = (5, 3) if first else (3, 2)
            channels = config.channels[min(depth, len(config.channels) - 1)]
            layers += [nn.Conv2d(planes, channels, kernel, stride, kernel // 2), nn.ReLU()]
            height, width = -(-height // stride), -(-width // stride)
            planes, side, depth = channels, max(height, width), depth + 1
        self.convolutions = nn.Sequential(*layers).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.token = nn.Linear(planes * height * width, config.latent_size)

    def forward(self, pictures: Tensor) -> Tensor:
        """Uint8 (B, h, w, c) to (B, D)."""
        scaled = pictures.permute(0, 3, 1, 2).to(torch.bfloat16) / 127.5 - 1.0
        # bf16 uses the processor's matrix units; the token itself stays float32,
        # because half a radian of door is a small difference between two pictures.
        with torch.autocast(pictures.device.type, torch.bfloat16):
            maps = self.convolutions(scaled)
        token: Tensor = self.token(maps.float().flatten(1))
        return token


class VectorFront(nn.Module):
    """One vector sensor to one token, readings scaled by running mean and spread."""

    mean: Tensor
    spread: Tensor
    seen: Tensor

    def __init__(self, spec: SensorSpec, config: EncoderConfig) -> None:
        super().__init__()
        size = spec.shape[0]
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("spread", torch.ones(size))
        self.register_buffer("seen", torch.zeros(()))
        self.net = nn.Sequential(
            nn.Linear(size, config.hidden), nn.SiLU(),
            nn.Linear(config.hidden, config.hidden), nn.SiLU(),
            nn.Linear(config.hidden, config.latent_size),
        )  # fmt: skip

    def forward(self, readings: Tensor) -> Tensor:
        """Float32 (B, k) to (B, D)."""
        readings = readings.clamp(-WILDEST, WILDEST)
        if self.training:
            self.observe_statistics(readings)
        scaled = ((readings - self.mean) / self.spread).clamp(-FARTHEST, FARTHEST)
        token: Tensor = self.net(scaled)
        return token

    @torch.no_grad()
    def observe_statistics(self, readings: Tensor) -> None:
        """Move the running mean and spread towards this batch, ever more slowly."""
        self.seen += 1
        rate = torch.clamp(1.0 / self.seen, min=1e-3)
        self.mean.lerp_(readings.mean(0), rate)
        self.spread.lerp_(readings.std(0).clamp(min=1e-3), rate)


class Encoder(nn.Module):
    """All of a robot's sensors to one latent z of size D.

    Raises:
        WorldError: when a sensor's name is one that torch keeps for itself or has a dot in it.
    """

    def __init__(self, spec: RobotSpec, config: EncoderConfig) -> None:
        super().__init__()
        self.spec = spec
        fronts = {
            s.name: PictureFront(s, config) if s.is_picture else VectorFront(s, config)
            for s in spec.sensors
        }
        try:
            self.fronts = nn.ModuleDict(fronts)
        except KeyError as error:
            raise WorldError(
                f"{spec.name} has a sensor whose name torch does not take ({error.args[0]}); give "
                "it another name, without a dot."
            ) from error
        self.norm = nn.LayerNorm(config.latent_size)

    def forward(self, sensors: Mapping[str, Tensor]) -> Tensor:
        """Readings, each (..., *shape), to latents (..., D)."""
        first = self.spec.sensors[0]
        lead = sensors[first.name].shape[: -len(first.shape)]
        tokens = [
            self.fronts[s.name](sensors[s.name].reshape(-1, *s.shape)) for s in self.spec.sensors
        ]
        latent: Tensor = self.norm(torch.stack(tokens).sum(0))
        return latent.reshape(*lead, -1)


def to_tensors(sensors: Mapping[str, Array], device: torch.device) -> dict[str, Tensor]:
    """Readings from memory as tensors on the learner's device, dtype unchanged."""
    # Memory hands out read-only rows, and torch takes only writable ones: those are copied.
    own = {name: np.require(reading, requirements=["C", "W"]) for name, reading in sensors.items()}
    return {name: torch.from_numpy(reading).to(device) for name, reading in own.items()}
