"""The cross-entropy method: imagine many action sequences, keep the best, narrow, repeat.

Sources: Rubinstein 1999; iCEM (Pinneri 2020) for noise that is correlated in time (section 3.1),
for keeping elites from one iteration to the next (3.3) and for the mean as a candidate (3.4).
Interview 17:54.

Differs from the paper:
    iCEM (`planning/icem.py` is all of it): first-order autoregressive noise instead of a coloured
    spectrum; the population does not shrink; the mean is a candidate in every iteration, and the
    elites' mean is the plan instead of the best candidate, unless the policy's own course, where it
    was proposed, costs less.
"""

import math
import time
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta

from rumpus.errors import InputError
from rumpus.planning.base import Imagine, Imagined, Plan, Score, begin, cheapest, correlated_noise


@dataclass(frozen=True)
class CemConfig:
    """Search effort.

    Attributes:
        horizon: H, planned steps; as far as rollouts look.
        candidates: N, sequences imagined in each iteration; more find more and cost more.
        elites: sequences kept in each iteration; a tenth, as is usual.
        iterations: rounds of narrowing; not compared with others.
        spread: standard deviation of the first round's actions; most lie in [-1, 1] then.
        persistence: correlation of noise from one step to the next, so that hands get somewhere.
        proposals: candidates that the policy chooses; none, as this is the search from nothing.
    """

    horizon: Annotated[int, Meta(ge=1, le=1_000)] = 8
    candidates: Annotated[int, Meta(ge=1, le=100_000)] = 192
    elites: Annotated[int, Meta(ge=1, le=100_000)] = 20
    iterations: Annotated[int, Meta(ge=1, le=1_000)] = 3
    spread: Annotated[float, Meta(gt=0.0, le=10.0)] = 0.7
    persistence: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.6
    proposals: Annotated[int, Meta(ge=0, le=1_000)] = 0

    def __post_init__(self) -> None:
        if self.elites > self.candidates:
            raise InputError(
                f"{self.elites} elites of {self.candidates} candidates were to be kept; expected "
                "not more than there are."
            )


class Cem:
    """The cross-entropy planner."""

    def __init__(self, action_size: int, config: CemConfig) -> None:
        self.action_size, self.config = action_size, config

    def plan(
        self, imagine: Imagine[Imagined], score: Score[Imagined], rng: np.random.Generator, *,
        last: Plan | None = None, deadline_s: float = math.inf,
    ) -> Plan:  # fmt: skip
        """Find a plan; see `planning.base.Planner`."""
        config = self.config
        shape = (config.horizon, self.action_size)
        begun = begin(last, config.proposals, shape)
        mean, kept = begun[0], begun
        spread = np.full(shape, config.spread, np.float32)
        for _ in range(config.iterations):
            noise = correlated_noise(rng, (config.candidates, *shape), config.persistence)
            tried = np.clip(np.concatenate([mean + spread * noise, mean[None], kept]), -1.0, 1.0)
            imagined, tried = imagine(tried)
            costs = score(imagined)
            kept = tried[np.argpartition(costs, config.elites)[: config.elites]]
            mean, spread = kept.mean(0), kept.std(0) + 0.02
            if time.monotonic() >= deadline_s:
                break
        return cheapest(imagine, score, np.concatenate([mean[None], begun[1:]]))
