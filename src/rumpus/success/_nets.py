"""What the classifiers of success share: small nets over one picture, and how they learn.

The leading underscore says that this file is not a classifier.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from rumpus.errors import InputError
from rumpus.model.part import Part
from rumpus.types import Array

CHUNK = 512  # pictures looked at in one go
Look = Callable[[Any, Tensor], Tensor]
DECAY = 1e-3  # of the authors' kernels, as a share of their squares


class Logits(nn.Module):
    """Nets that differ by chance alone, each of one picture to one logit.

    Attributes:
        updates: gradient steps so far.
    """

    updates: Tensor

    def __init__(self, nets: Iterable[nn.Module]) -> None:
        super().__init__()
        self.nets = nn.ModuleList(nets)
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, c, h, w) from -1 to 1, to logits (E, B) of E nets."""
        return torch.stack([net(pictures)[:, 0] for net in self.nets])


def authors_net(shape: tuple[int, ...]) -> nn.Module:
    """The net of VICE-RAQ's authors: two layers of eight 5 x 5 filters, two of 256."""
    height, width, planes = shape
    return nn.Sequential(
        nn.Conv2d(planes, 8, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(8 * (height // 4) * (width // 4), 256), nn.ReLU(),
        nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 1),
    )  # fmt: skip


def learn(part: Part[Logits], loss: Callable[[Logits], Tensor], updates: int) -> float:
    """So many gradient steps on a loss that is drawn anew each time; the mean of it."""
    told = list[float]()
    for _ in range(updates):
        part.clear_gradient()
        now = loss(part.learned)
        now.backward()  # type: ignore[no-untyped-call]
        part.descend()
        part.learned.updates += 1
        told.append(float(now.detach()))
    return float(np.mean(told)) if told else 0.0


@torch.no_grad()
def looked_at(part: Part[Logits], pictures: Array, look: Look) -> Tensor:
    """What every one of E nets makes of each picture (B, h, w, c): (E, B) and more.

    Args:
        part: the nets.
        pictures: uint8.
        look: what is meant, of a net and pictures (B, c, h, w).
    """
    chunks = [pictures[at : at + CHUNK] for at in range(0, max(1, len(pictures)), CHUNK)]
    nets = part.average.nets
    return torch.cat([torch.stack([look(net, as_input(c)) for net in nets]) for c in chunks], 1)


def logits(part: Part[Logits], pictures: Array) -> Tensor:
    """Of each picture (B, h, w, c) what every one of E nets says, (E, B)."""
    return looked_at(part, pictures, lambda net, seen: net(seen))[..., 0]


def as_input(pictures: Array) -> Tensor:
    """Uint8 (B, h, w, c) to float32 (B, c, h, w) from -1 to 1."""
    copied = torch.tensor(pictures)  # memory's own pictures cannot be written, which torch minds
    return copied.permute(0, 3, 1, 2).float() / 127.5 - 1.0


def drawn(pictures: Array, count: int, rng: np.random.Generator) -> Tensor:
    """So many pictures at random, as a net takes them; see `places`."""
    return as_input(pictures[places(pictures, count, rng)])


def places(pictures: Array, count: int, rng: np.random.Generator) -> Array:
    """Where so many pictures at random are, int64 (count,).

    Raises:
        InputError: when there are none.
    """
    if not len(pictures):
        raise InputError(
            "A classifier of success was to learn from no pictures; expected some that show "
            "success, and some that the robot saw: show examples, and let it play first."
        )
    return rng.integers(len(pictures), size=count)


def authors_loss(
    nets: Logits, successes: Array, others: Array, batch: int, rng: np.random.Generator
) -> Tensor:
    """Pictures of success against others, half of each, mixed: as VICE-RAQ's authors have it.

    Mixup (Zhang 2018, eq. 1, alpha = 1): each picture and its label with another's.
    """
    pictures = torch.cat([drawn(successes, batch, rng), drawn(others, batch, rng)])
    labels = (torch.arange(2 * batch) < batch).float()
    share = torch.from_numpy(rng.uniform(size=2 * batch).astype(np.float32))
    other = torch.from_numpy(rng.permutation(2 * batch))
    pictures = torch.lerp(pictures[other], pictures, share[:, None, None, None])
    labels = torch.lerp(labels[other], labels, share)
    logits = nets(pictures)
    wrong = binary_cross_entropy_with_logits(logits, labels.expand_as(logits))
    weights = [weight for weight in nets.parameters() if weight.ndim > 1]
    return wrong + DECAY * torch.stack([weight.square().sum() for weight in weights]).sum()
