"""The cross-entropy method: imagine many action sequences, keep the best, narrow, repeat.

Sources: Rubinstein 1999; iCEM (Pinneri 2020) for noise that is correlated in time (section 3.1),
for keeping elites from one iteration to the next (3.3) and for the mean as a candidate (3.4).
Interview 17:54.

Differs from the paper:
    iCEM: first-order autoregressive noise instead of a coloured spectrum; no shift of the
    last plan from step to step, so that a plan depends on the present alone; the population
    does not shrink; the mean is a candidate in every iteration, and the elites' mean is the
    plan instead of the best candidate.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta

from rumpus.errors import InputError
from rumpus.planning.base import Imagine, Imagined, Plan, Score
from rumpus.types import Array


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
    """

    horizon: Annotated[int, Meta(ge=1, le=1_000)] = 8
    candidates: Annotated[int, Meta(ge=1, le=100_000)] = 192
    elites: Annotated[int, Meta(ge=1, le=100_000)] = 20
    iterations: Annotated[int, Meta(ge=1, le=1_000)] = 3
    spread: Annotated[float, Meta(gt=0.0, le=10.0)] = 0.7
    persistence: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.6

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
        self, imagine: Imagine[Imagined], score: Score[Imagined], rng: np.random.Generator
    ) -> Plan:
        """Find a plan; see `planning.base.Planner`."""
        config = self.config
        shape = (config.horizon, self.action_size)
        mean, spread = np.zeros(shape, np.float32), np.full(shape, config.spread, np.float32)
        kept = np.zeros((1, *shape), np.float32)
        cost = np.inf
        for _ in range(config.iterations):
            noise = correlated_noise(rng, (config.candidates, *shape), config.persistence)
            tried = np.clip(np.concatenate([mean + spread * noise, mean[None], kept]), -1.0, 1.0)
            costs = score(imagine(tried)[0])
            best = np.argpartition(costs, config.elites)[: config.elites]
            kept = tried[best]
            mean, spread, cost = kept.mean(0), kept.std(0) + 0.02, float(costs[best].mean())
        return Plan(mean, cost)


def correlated_noise(
    rng: np.random.Generator, shape: tuple[int, int, int], persistence: float
) -> Array:
    """Unit normal noise (N, H, A) whose neighbours in time correlate by `persistence`."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    fresh = np.float32(np.sqrt(1.0 - persistence**2))
    for step in range(1, shape[1]):
        noise[:, step] = persistence * noise[:, step - 1] + fresh * noise[:, step]
    return noise
