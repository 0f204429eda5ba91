"""Turns readings of any sensors into one latent vector: the only scaling on the way in.

A sensor's front end is chosen by its shape alone: in pictures keypoints are found by convolutions,
vectors go through a small perceptron. The tokens of the sensors that are there are added up and
normalised into one latent, so that any subset of the sensors has a latent, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import torch
from msgspec import Meta
from torch import Tensor, nn

from rumpus.errors import WorldError
from rumpus.spec import RobotSpec, SensorSpec

FARTHEST = 10.0  # spreads from the mean; a reading further off, a loose cable say, counts as this
FINEST = 24  # positions along the longer side of a map, at most: a camera of 48 pixels has 16
SHARPNESS = 5.0  # of a keypoint's softmax when it begins to learn
WILDEST = 1e15  # beyond this, the spread of a batch is no float32 any more


@dataclass(frozen=True)
class EncoderConfig:
    """Sizes of the encoder.

    Attributes:
        latent_size: D; with 64 the faces of a die are told by touch less well (row 108).
        channels: of the convolutions before the keypoints, first to last; a large picture needs
            more of them, which repeat the last.
        keypoints: places that are looked for in each picture.
        hidden: width of the perceptron for vector sensors, which are small.
    """

    latent_size: Annotated[int, Meta(ge=2, le=4_096)] = 128
    channels: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=4_096)], ...], Meta(min_length=1, max_length=8)
    ] = (16,)
    keypoints: Annotated[int, Meta(ge=1, le=4_096)] = 16
    hidden: Annotated[int, Meta(ge=1, le=8_192)] = 128


class PictureFront(nn.Module):
    """One picture sensor to one token: where in the picture its keypoints are.

    A spatial soft-argmax (Levine et al. 2016, "End-to-End Training of Deep Visuomotor Policies",
    section 5.1): convolutions make one map for each keypoint, a softmax over its positions makes
    it say "here", and the mean position is what goes on. So what is learned of a thing in one
    place holds where it never was, which with a flat layer after the maps it did not
    (docs/decisions/0003, rows 86 to 88).

    Different from the paper:

    * each map's softmax has a sharpness of its own, which is learned;
    * how strong each map is at its keypoint goes on, too: how deep an imprint is, say.
    """

    grid: Tensor

    def __init__(self, spec: SensorSpec, config: EncoderConfig) -> None:
        super().__init__()
        height, width, planes = spec.shape
        layers: list[nn.Module] = []
        side = max(height, width)
        depth = 0
        while depth < len(config.channels) or side > FINEST:
            channels = config.channels[min(depth, len(config.channels) - 1)]
            kernel, stride = (5, 3) if side >= 48 else (3, 2 if side > FINEST else 1)
            layers += [nn.Conv2d(planes, channels, kernel, stride, kernel // 2), nn.ReLU()]
            height, width = -(-height // stride), -(-width // stride)
            planes, side, depth = channels, max(height, width), depth + 1
        layers.append(nn.Conv2d(planes, config.keypoints, 3, 1, 1))
        self.convolutions = nn.Sequential(*layers)
        self.sharpness = nn.Parameter(torch.full((config.keypoints, 1), SHARPNESS))
        y, x = torch.linspace(-1, 1, height), torch.linspace(-1, 1, width)
        self.register_buffer("grid", torch.cartesian_prod(y, x))
        self.token = nn.Linear(3 * config.keypoints, config.latent_size)

    def forward(self, pictures: Tensor) -> Tensor:
        """Uint8 (B, h, w, c) to (B, D)."""
        # In place: the pictures of a batch are the largest thing here, and new memory is slow.
        scaled = pictures.permute(0, 3, 1, 2).to(torch.bfloat16).div_(127.5).sub_(1.0)
        # bf16 uses the processor's matrix units; places stay float32,
        # because half a radian of door is a small difference between two pictures.
        with torch.autocast(pictures.device.type, torch.bfloat16):
            maps = self.convolutions(scaled)
        # One map after the other: as the convolutions leave them, all that follows is slower.
        maps = maps.contiguous().flatten(2).float()
        here = (maps * self.sharpness).softmax(-1)
        strength = (here * maps).sum(-1)
        token: Tensor = self.token(torch.cat([(here @ self.grid).flatten(1), strength], 1))
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
        scaled = ((readings.clamp(-WILDEST, WILDEST) - self.mean) / self.spread).clamp(
            -FARTHEST, FARTHEST
        )
        token: Tensor = self.net(scaled)
        return token

    @torch.no_grad()
    def observe_statistics(self, readings: Tensor) -> None:
        """Move the running mean and spread towards this batch (B, k), ever more slowly."""
        readings = readings.clamp(-WILDEST, WILDEST)
        self.seen += 1
        rate = torch.clamp(1.0 / self.seen, min=1e-3)
        self.mean.lerp_(readings.mean(0), rate)
        self.spread.lerp_(readings.std(0).clamp(min=1e-3), rate)


def module_name(sensor: str) -> str:
    """A sensor's name as torch takes it: without a dot, and no word that torch keeps for itself."""
    is_free = sensor and "." not in sensor and not hasattr(nn.ModuleDict(), sensor)
    return sensor if is_free else f"sensor {sensor.replace('.', '·')}"


class Encoder(nn.Module):
    """All of a robot's sensors to one latent z of size D."""

    def __init__(self, spec: RobotSpec, config: EncoderConfig) -> None:
        super().__init__()
        self.spec, self.size = spec, config.latent_size
        self.fronts = nn.ModuleDict({
            module_name(s.name): (PictureFront if s.is_picture else VectorFront)(s, config)
            for s in spec.sensors
        })  # fmt: skip
        self.norm = nn.LayerNorm(config.latent_size)

    def forward(self, readings: Mapping[str, Tensor]) -> Tensor:
        """Readings of some or all sensors, each (..., *shape), to latents (..., D)."""
        tokens = self.tokens(readings)
        if len(readings) == len(self.spec.sensors):
            return self.combine(tokens)
        there = [sensor.name in readings for sensor in self.spec.sensors]
        return self.combine(tokens, torch.tensor(there, device=tokens.device))

    def tokens(self, readings: Mapping[str, Tensor], present: Tensor | None = None) -> Tensor:
        """What each sensor says on its own.

        Args:
            readings: of some or all sensors, each (..., *shape); those left out give zeros.
            present: bool (..., S), which rows are really there; all where it is None.

        Returns:
            (..., S, D).

        Raises:
            WorldError: when there are none, or one is no sensor of this robot.
        """
        known = [sensor for sensor in self.spec.sensors if sensor.name in readings]
        if not known or len(known) < len(readings):
            names = ", ".join(sensor.name for sensor in self.spec.sensors)
            raise WorldError(
                f"{self.spec.name} was to see by {sorted(readings) or 'nothing'}; it has the "
                f"sensors {names}: give readings of one of them at least, and of no other."
            )
        lead = readings[known[0].name].shape[: -len(known[0].shape)]
        tokens = []
        for place, sensor in enumerate(self.spec.sensors):
            if sensor.name not in readings:
                tokens.append(self.norm.weight.new_zeros((*lead, self.size)))
                continue
            rows = readings[sensor.name].reshape(-1, *sensor.shape)
            front = self.fronts[module_name(sensor.name)]
            if self.training and isinstance(front, VectorFront):
                there = rows if present is None else rows[present[..., place].reshape(-1)]
                if len(there) > 1:
                    front.observe_statistics(there)
            tokens.append(front(rows).reshape(*lead, -1))
        return torch.stack(tokens, -2)

    def combine(self, tokens: Tensor, present: Tensor | None = None) -> Tensor:
        """Tokens (..., S, D), of which bool (..., S) count, to latents (..., D)."""
        if present is not None:
            tokens = tokens * present[..., None]
        latent: Tensor = self.norm(tokens.sum(-2))
        return latent
