"""Soft actor-critic: a policy and two judges of its actions, with automatic entropy.

Source: Haarnoja 2018 (arXiv 1812.05905), with the sizes, rates and first weights of the Skew-Fit
authors' code (`torch/sac/sac.py` and `examples/skewfit/*.py` of rlkit).

Differs from the paper: the first hidden weights are uniform in +-1 / sqrt(outputs), not inputs, as
in that code.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LOG_STD_MIN, LOG_STD_MAX = -20.0, 2.0
JUDGE_LAST, POLICY_LAST = 3e-3, 1e-3  # bounds of the last layers' first weights


@dataclass(frozen=True)
class SacConfig:
    """Sizes and rates, all as `twin_sac_trainer_kwargs` and `qf_kwargs` have them.

    Attributes:
        hidden: widths of the hidden layers of every network.
        learning_rate: of Adam, for every network.
        discount: of what comes a step later.
        target_rate: share of the judges that their targets take over at each update.
    """

    hidden: tuple[int, ...] = (400, 300)
    learning_rate: float = 1e-3
    discount: float = 0.99
    target_rate: float = 1e-3


class Transitions(NamedTuple):
    """What is learned from at once; an observation has its goal behind it.

    Attributes:
        observation: (B, O).
        action: (B, A).
        reward: (B,).
        following: the observation a step later, with the same goal, (B, O).
    """

    observation: Tensor
    action: Tensor
    reward: Tensor
    following: Tensor


class Sac:
    """A policy that learns from transitions of whatever origin; no episode ever terminates.

    Args:
        observation_size: O, goal included.
        action_size: A.
        config: sizes and rates.
    """

    def __init__(
        self, observation_size: int, action_size: int, config: SacConfig | None = None
    ) -> None:
        self._config = config = config or SacConfig()
        self._policy = network([observation_size, *config.hidden, 2 * action_size], POLICY_LAST)
        sizes = [observation_size + action_size, *config.hidden, 1]
        self._judges = nn.ModuleList(network(sizes, JUDGE_LAST) for _ in range(2))
        self._targets = copy.deepcopy(self._judges).requires_grad_(False)
        self._log_weight = nn.Parameter(torch.zeros(()))  # of the entropy
        self._least_entropy = -float(action_size)
        self._weights = [  # of whatever learns, in the order of the losses
            [self._log_weight], list(self._policy.parameters()), list(self._judges.parameters()),
        ]  # fmt: skip
        self._optimisers = [torch.optim.Adam(weights, config.learning_rate, fused=True)
                            for weights in self._weights]  # fmt: skip

    def act(self, observation: Tensor, explore: bool) -> Tensor:
        """The action for one observation (O,), (A,) in [-1, 1]: drawn, or the middle one."""
        with torch.inference_mode():
            if explore:
                return self._drawn(observation[None])[0][0]
            middle: Tensor = self._policy(observation).chunk(2, -1)[0]
            return middle.tanh()

    def update(self, batch: Transitions) -> None:
        """One gradient step of everything, each loss by the weights of before."""
        losses = self._losses(batch)
        for loss, weights, optimiser in zip(losses, self._weights, self._optimisers, strict=True):
            optimiser.zero_grad()
            loss.backward(inputs=weights)  # type: ignore[no-untyped-call]
        for optimiser in self._optimisers:
            optimiser.step()
        with torch.no_grad():
            for target, judge in zip(
                self._targets.parameters(), self._judges.parameters(), strict=True
            ):
                target.lerp_(judge, self._config.target_rate)

    def _losses(self, batch: Transitions) -> tuple[Tensor, Tensor, Tensor]:
        """Of the entropy's weight, the policy and the judges."""
        action, log_density = self._drawn(batch.observation)
        lacks = (log_density + self._least_entropy).detach()
        weight = self._log_weight.exp().detach()
        worth = torch.minimum(*judged(self._judges, batch.observation, action))
        with torch.no_grad():
            then, log_density_then = self._drawn(batch.following)
            worth_then = torch.minimum(*judged(self._targets, batch.following, then))
            target = batch.reward + self._config.discount * (worth_then - weight * log_density_then)
        judges_loss = torch.stack([
            F.mse_loss(each, target)
            for each in judged(self._judges, batch.observation, batch.action)
        ]).sum()  # fmt: skip
        policy_loss = (weight * log_density - worth).mean()
        return -(self._log_weight * lacks).mean(), policy_loss, judges_loss

    def _drawn(self, observation: Tensor) -> tuple[Tensor, Tensor]:
        """Actions (B, A) drawn for observations (B, O), and the log of their density, (B,)."""
        middle, log_std = self._policy(observation).chunk(2, -1)
        log_std = log_std.clamp(LOG_STD_MIN, LOG_STD_MAX)
        unit = torch.randn_like(middle)
        drawn = middle + unit * log_std.exp()
        log_normal = -0.5 * (unit**2 + math.log(math.tau)) - log_std
        # The tanh's own density, log(1 - tanh(x)^2), where it does not round to log(0).
        narrowed = 2 * (math.log(2) - drawn - F.softplus(-2 * drawn))
        return drawn.tanh(), (log_normal - narrowed).sum(-1)


def judged(judges: nn.ModuleList, observation: Tensor, action: Tensor) -> list[Tensor]:
    """What each judge says of actions (B, A) at observations (B, O), (B,)."""
    return [judge(torch.cat([observation, action], -1))[:, 0] for judge in judges]


def network(sizes: Sequence[int], last: float) -> nn.Sequential:
    """Linear layers with ReLU between, the last one's weights drawn from +-`last` at first."""
    layers = list[nn.Module]()
    for given, wanted in pairwise(sizes):
        layer = nn.Linear(given, wanted)
        nn.init.uniform_(layer.weight, -(wanted**-0.5), wanted**-0.5)
        nn.init.zeros_(layer.bias)
        layers += [layer, nn.ReLU()]
    nn.init.uniform_(layer.weight, -last, last)
    return nn.Sequential(*layers[:-1])
