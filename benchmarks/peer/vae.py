"""A variational autoencoder of pictures, and how likely it holds a picture to be.

Source: Skew-Fit (Pong 2020, arXiv 1903.03698), eq. 6 and appendix, with the network, first weights
and rates of its authors' code (`torch/vae/conv_vae.py` and `vae_trainer.py` of rlkit).

beta is 20, as published, of a squared error that is SUMMED over a batch of 128 pictures and all
their pixels, while the divergence is the batch's mean. The authors' line asks for a mean of both,
which with beta = 20 would let every latent collapse; the PyTorch that they pinned gave the sum all
the same (pytorch issue 43228). Their figures come from the sum, and so do these: a picture's own
beta is 0.08 where its decoder has a variance of 1.

Differs from the paper, as their code does: log p(x) is the mean over the drawn latents of
log p(z) - log q(z|x) + log p(x|z) and not the log of the mean of what these are logs of; the
decoder's variance is e in it, and 1 in the loss; the encoder's variance is 0.001 at least. And
unlike their code the decoder's last layer, transposed, of 6 x 6 with a stride of 3, is written as
the convolution of 2 x 2 that gives the same, 5 times as fast, with a bias for each of 9 places.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PX, COLOURS = 48, 3
CHANNELS, INSIDE_PX = (16, 32, 64), 3  # the last picture of 64 channels is 3 x 3
GROWN_PX = 3  # how many pixels the last layer makes of one, each way
LAST = 1e-3  # bound of the first weights of the linear layers
LOG_LEAST_VARIANCE = math.log(1e-3)
DENSITY_VARIANCE = math.e


@dataclass(frozen=True)
class VaeConfig:
    """Sizes and rates, for the door.

    Attributes:
        latent_size: D; `representation_size`, 16 for door and pickup, 4 for the pusher.
        beta: weight of the divergence, see above.
        learning_rate: of Adam.
        batch: pictures a gradient step.
        drawn_latents: for the density of a picture; `num_latents_to_sample`.
    """

    latent_size: int = 16
    beta: float = 20.0
    learning_rate: float = 1e-3
    batch: int = 128
    drawn_latents: int = 10


class Vae(nn.Module):
    """Pictures float32 (N, 3, 48, 48) in [0, 1] to latents (N, D), and back."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        self.config = config
        first, second, third = CHANNELS
        inside, size = third * INSIDE_PX**2, config.latent_size
        self.encoder = nn.Sequential(
            nn.Conv2d(COLOURS, first, 5, 3), nn.ReLU(), nn.Conv2d(first, second, 3, 2), nn.ReLU(),
            nn.Conv2d(second, third, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(inside, inside),
        )  # fmt: skip
        self.mean, self.log_variance = nn.Linear(inside, size), nn.Linear(inside, size)
        self.decoder = nn.Sequential(
            nn.Linear(size, inside), nn.ReLU(), nn.Unflatten(1, (third, INSIDE_PX, INSIDE_PX)),
            nn.ConvTranspose2d(third, second, 3, 2), nn.ReLU(),
            nn.ConvTranspose2d(second, first, 3, 2), nn.ReLU(),
            nn.Conv2d(first, COLOURS * GROWN_PX**2, 2, padding=1), nn.PixelShuffle(GROWN_PX),
        )  # fmt: skip
        for module in self.modules():
            begin(module)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # for speed
        self._adam = torch.optim.Adam(self.parameters(), config.learning_rate, fused=True)

    def encode(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of what is believed of each picture's latent, (N, D) each."""
        found = self.encoder(pictures)
        return self.mean(found), LOG_LEAST_VARIANCE + self.log_variance(found).abs()

    def decode(self, latents: Tensor) -> Tensor:
        """The pictures of latents (N, D)."""
        decoded: Tensor = self.decoder(latents)
        return decoded.clamp(0.0, 1.0)

    def update(self, pictures: Tensor) -> float:
        """One gradient step on a batch; its squared error, summed."""
        mean, log_variance = self.encode(pictures)
        decoded = self.decode(drawn(mean, log_variance))
        error = F.mse_loss(decoded, pictures, reduction="sum")
        divergence = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(-1).mean()
        self._adam.zero_grad()
        (error + self.config.beta * divergence).backward()  # type: ignore[no-untyped-call]
        self._adam.step()
        return float(error.detach())

    @torch.inference_mode()
    def log_density(self, pictures: Tensor) -> Tensor:
        """Log p(x) of each picture, (N,), by latents that are drawn for it."""
        mean, log_variance = self.encode(pictures)
        std = (0.5 * log_variance).exp()
        found = torch.zeros(len(pictures))
        for _ in range(self.config.drawn_latents):
            latents = drawn(mean, log_variance)
            unit = (latents - mean) / std  # both normals have the same constant, left out here
            found += (0.5 * (unit**2 - latents**2) + std.log()).sum(-1)
            error = (self.decode(latents) - pictures).square().flatten(1).sum(-1)
            found -= 0.5 * error / DENSITY_VARIANCE
        constant = 0.5 * COLOURS * PX**2 * math.log(math.tau * DENSITY_VARIANCE)
        return found / self.config.drawn_latents - constant


def drawn(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Latents as they may be, (N, D)."""
    return mean + torch.randn_like(mean) * (0.5 * log_variance).exp()


def begin(module: nn.Module) -> None:
    """A layer's first weights, as the authors' code has them."""
    if isinstance(module, nn.Linear):
        nn.init.uniform_(module.weight, -LAST, LAST)
        nn.init.uniform_(module.bias, -LAST, LAST)
    elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        bound = module.weight[0].numel() ** -0.5
        nn.init.uniform_(module.weight, -bound, bound)
        assert module.bias is not None
        nn.init.zeros_(module.bias)
