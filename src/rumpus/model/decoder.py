"""Decodes latents into pictures: for a person to look at, and to teach the latent what matters.

Its loss is the share of the pictures' variance that it decodes wrongly, so that one weight fits
every camera. With it the latent tells almost twice as closely where a puck lies that seldom moves:
row 7 of docs/decisions/0003-the-mind.md.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from rumpus.model.encoder import module_name
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array


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
        seeds = self.seed(latent).reshape(-1, 32, *self.grid)
        maps: Tensor = self.net(seeds.contiguous(memory_format=torch.channels_last))
        return maps[..., : self.size[0], : self.size[1]].permute(0, 2, 3, 1) + 0.5

    def loss(self, latent: Tensor, pictures: Tensor) -> Tensor:
        """Share of variance decoded wrongly: (B, D) and uint8 (B, h, w, c) to a scalar."""
        wanted = pictures.float() / 255.0
        with torch.autocast(latent.device.type, torch.bfloat16):
            decoded: Tensor = self(latent)
        variance = (wanted - wanted.mean(0)).square().mean().clamp(min=1e-4)
        return (decoded.float() - wanted).square().mean() / variance

    @torch.no_grad()
    def decode(self, latent: Tensor) -> Tensor:
        """(B, D) to uint8 pictures (B, h, w, c)."""
        decoded: Tensor = self(latent)
        return (decoded.clamp(0.0, 1.0) * 255.0).to(torch.uint8)


class Decoders(nn.ModuleDict):
    """A decoder for every picture sensor of a robot; none where it has no camera."""

    def __init__(self, spec: RobotSpec, latent_size: int) -> None:
        super().__init__({
            module_name(s.name): Decoder(s, latent_size) for s in spec.sensors if s.is_picture
        })  # fmt: skip
        self.names = {module_name(sensor.name): sensor.name for sensor in spec.sensors}
        self.places = {sensor.name: place for place, sensor in enumerate(spec.sensors)}

    def loss(
        self, sensed: Tensor, readings: Mapping[str, Tensor], present: Tensor | None,
        chance: torch.Generator,
    ) -> Tensor:  # fmt: skip
        """How wrongly one step of each window is decoded, summed over sensors.

        Args:
            sensed: latents (B, T, D).
            readings: what was seen, uint8 (B, T, h, w, c) by picture sensor.
            present: bool (B, T, S), by which the latents are told: what is hidden from one cannot
                be asked of it; all where it is None.
            chance: which steps.
        """
        window = torch.arange(len(sensed))
        step = torch.randint(sensed.shape[1], (len(window),), generator=chance)
        latents, losses = sensed[window, step], []
        for name, decoder in self.each():
            pictures = readings[name][window, step]
            if present is None:
                losses.append(decoder.loss(latents, pictures))
            elif (there := present[window, step, self.places[name]]).any():
                losses.append(decoder.loss(latents[there], pictures[there]))
        return torch.stack(losses).sum() if losses else sensed.new_zeros(())

    def decode(self, latents: Tensor) -> dict[str, Array]:
        """Latents (B, D) as pictures, uint8 (B, h, w, c) by picture sensor."""
        return {name: decoder.decode(latents).cpu().numpy() for name, decoder in self.each()}

    def each(self) -> list[tuple[str, Decoder]]:
        """The decoders by sensor name; torch itself knows them as modules of any kind."""
        return [(self.names[k], part) for k, part in self.items() if isinstance(part, Decoder)]
