"""How much of what is imagined is not to be trusted: small models that disagree with the dynamics.

Each member learns, from the same lived steps as the dynamics, what comes of one action. Where much
was lived they agree with the dynamics and with each other; where nothing was, each goes its own
way. The measure is doubt: 1 is what 99 of 100 lived steps stay below, so that more than that is no
longer like what was lived.

Sources: ensembles of learned dynamics (Chua 2018, "PETS", arXiv 1805.12114, section 4); their
disagreement in a latent (Sekar 2020, "Plan2Explore", arXiv 2005.05960, section 2.2).

Differs from the paper:
    PETS: deterministic members, which differ in how they began and not in what they learned from;
    they do not imagine, the dynamics do.
    Plan2Explore: the members' difference from the dynamics that plan, not their own variance; it
    keeps plans away from where they disagree instead of drawing play there.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import torch
from msgspec import Meta
from torch import Tensor, nn

LIVED = 0.99  # share of lived steps that are doubted less than 1


@dataclass(frozen=True)
class EnsembleConfig:
    """Sizes; what it doubts costs plans.

    Attributes:
        members: how many small models.
        hidden: width of each, a third of that of the dynamics.
        limit_rate: how fast the limit follows what lived steps are doubted.
        weight: discounted steps that an imagined step costs for each 1 that it is doubted beyond 1.
    """

    members: Annotated[int, Meta(ge=1, le=100)] = 3
    hidden: Annotated[int, Meta(ge=1, le=8_192)] = 128
    limit_rate: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.01
    weight: Annotated[float, Meta(ge=0.0, le=1000.0)] = 1.0


class Ensemble(nn.Module):
    """Small residual models of one step, side by side in one product of matrices."""

    def __init__(self, latent_size: int, action_size: int, config: EnsembleConfig) -> None:
        super().__init__()
        self.config = config
        sizes = (latent_size + action_size, config.hidden, config.hidden, latent_size)
        self.weights = nn.ParameterList(
            torch.randn(config.members, there, here) / there**0.5 for there, here in pairwise(sizes)
        )
        self.biases = nn.ParameterList(torch.zeros(config.members, 1, size) for size in sizes[1:])
        self.limit: Tensor
        self.register_buffer("limit", torch.ones(()))

    def forward(self, latent: Tensor, action: Tensor) -> Tensor:
        """(B, D) and (B, A) to what each member says comes next, (E, B, D)."""
        told = torch.cat([latent, action], -1).expand(self.config.members, -1, -1)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            told = nn.functional.silu(torch.baddbmm(bias, told, weight))
        return latent + torch.baddbmm(self.biases[-1], told, self.weights[-1])

    def loss(self, latent: Tensor, action: Tensor, following: Tensor) -> Tensor:
        """How wrong its members are about lived steps: (B, D), (B, A), (B, D) to a scalar."""
        error: Tensor = self(latent, action) - following
        return error.square().mean()

    @torch.no_grad()
    def doubt(self, latent: Tensor, action: Tensor, imagined: Tensor) -> Tensor:
        """How much the dynamics' step is doubted: (..., D), (..., A), (..., D) to (...)."""
        return self._apart(latent, action, imagined) / self.limit

    @torch.no_grad()
    def follow(self, latent: Tensor, action: Tensor, imagined: Tensor) -> None:
        """Move the limit towards what `LIVED` of these lived steps, (B, ...) each, stay below."""
        lived = self._apart(latent, action, imagined).quantile(LIVED)
        self.limit.lerp_(lived, self.config.limit_rate)

    def _apart(self, latent: Tensor, action: Tensor, imagined: Tensor) -> Tensor:
        """Root mean square over members of their distance from the dynamics' step."""
        told = self(latent.flatten(0, -2), action.flatten(0, -2))
        error: Tensor = told - imagined.flatten(0, -2)
        return error.square().sum(-1).mean(0).sqrt().reshape(imagined.shape[:-1])
