"""Random shooting: imagine many courses by chance and take the best, nothing more.

The simplest search there is, and so what any other has to beat.

Source: Nagabandi 2018, "Neural Network Dynamics for Model-Based Deep Reinforcement Learning with
Model-Free Fine-Tuning", section IV-C.

Differs from the paper:
    the policy's own course and the last plan, or doing nothing, are candidates, too.
"""

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta

from rumpus.planning.base import Imagine, Imagined, Plan, Score, begin, cheapest


@dataclass(frozen=True)
class RandomShootingConfig:
    """Search effort.

    Attributes:
        horizon: H, planned steps; as far as rollouts look.
        candidates: N, courses by chance; as many as `mppi` imagines in its three rounds.
        proposals: candidates that the policy chooses; one, as any more would be the same.
    """

    horizon: Annotated[int, Meta(ge=1, le=1_000)] = 8
    candidates: Annotated[int, Meta(ge=1, le=100_000)] = 288
    proposals: Annotated[int, Meta(ge=0, le=1_000)] = 1


class RandomShooting:
    """Takes the best of many courses by chance."""

    def __init__(self, action_size: int, config: RandomShootingConfig) -> None:
        self.action_size, self.config = action_size, config

    def plan(
        self, imagine: Imagine[Imagined], score: Score[Imagined], rng: np.random.Generator, *,
        last: Plan | None = None, deadline_s: float = math.inf,
    ) -> Plan:  # fmt: skip
        """Find a plan; see `planning.base.Planner`.

        All is one round, which no deadline cuts short: who has less time sets fewer candidates.
        """
        shape = (self.config.horizon, self.action_size)
        shots = rng.uniform(-1.0, 1.0, (self.config.candidates, *shape)).astype(np.float32)
        begun = begin(last, self.config.proposals, shape)
        return cheapest(imagine, score, np.concatenate([shots, begun]))
