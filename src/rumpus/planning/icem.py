"""The improved cross-entropy method: fewer candidates, smoother ones, and the best is acted.

Source: iCEM (Pinneri 2020, "Sample-efficient Cross-Entropy Method for Real-time Planning"),
Algorithm 1; noise after Timmer and König 1995.

Differs from the paper:
    of the elites of the step before, only the best is there, as the last plan, shifted; the mean
    begins there, too. Without a last plan, doing nothing is a candidate of the first round. The
    policy's own course is one as well.
"""

import math
import time
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta

from rumpus.planning.base import Imagine, Imagined, Plan, Score, begin
from rumpus.types import Array


@dataclass(frozen=True)
class IcemConfig:
    """Search effort.

    Attributes:
        horizon: H, planned steps; as far as rollouts look.
        candidates: N, courses imagined in the first round; a core can plan 40 times a second then.
        elites: courses that the next round's mean and spread are of; the paper's.
        kept: the best of the elites, candidates of the next round again; the paper's share.
        iterations: rounds of narrowing; as many as the cross-entropy method's.
        shrinking: by which each round has fewer candidates than the one before; the paper's.
        spread: standard deviation of the first round's actions; the paper's.
        exponent: of the noise, whose power falls with frequency to this; 0 is white, 2 wanders. The
            paper's are 0.25 to 4, by task; with 2, hands get somewhere.
        momentum: share of the last round's mean and spread in the next; the paper's.
        proposals: candidates that the policy chooses; one, as any more would be the same.
    """

    horizon: Annotated[int, Meta(ge=1, le=1_000)] = 8
    candidates: Annotated[int, Meta(ge=1, le=100_000)] = 128
    elites: Annotated[int, Meta(ge=1, le=100_000)] = 10
    kept: Annotated[int, Meta(ge=1, le=100_000)] = 3
    iterations: Annotated[int, Meta(ge=1, le=1_000)] = 3
    shrinking: Annotated[float, Meta(ge=1.0, le=10.0)] = 1.25
    spread: Annotated[float, Meta(gt=0.0, le=10.0)] = 0.5
    exponent: Annotated[float, Meta(ge=0.0, le=10.0)] = 2.0
    momentum: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.1
    proposals: Annotated[int, Meta(ge=0, le=1_000)] = 1


class Icem:
    """The improved cross-entropy planner."""

    def __init__(self, action_size: int, config: IcemConfig) -> None:
        self.action_size, self.config = action_size, config

    def plan(
        self, imagine: Imagine[Imagined], score: Score[Imagined], rng: np.random.Generator, *,
        last: Plan | None = None, deadline_s: float = math.inf,
    ) -> Plan:  # fmt: skip
        """Find a plan; see `planning.base.Planner`."""
        config = self.config
        shape = (config.horizon, self.action_size)
        kept = begin(last, config.proposals, shape)
        mean, spread = kept[0], np.full(shape, config.spread, np.float32)
        for number in range(config.iterations):
            count = max(int(config.candidates / config.shrinking**number), 2 * config.elites)
            tried = [mean + spread * coloured_noise(rng, (count, *shape), config.exponent), kept]
            if number == config.iterations - 1:
                tried.append(mean[None])
            imagined, actions = imagine(np.clip(np.concatenate(tried), -1.0, 1.0))
            costs = score(imagined)
            best = np.argsort(costs)[: config.elites]
            elites, kept = actions[best], actions[best[: config.kept]]
            mean = config.momentum * mean + (1.0 - config.momentum) * elites.mean(0)
            spread = config.momentum * spread + (1.0 - config.momentum) * elites.std(0)
            if time.monotonic() >= deadline_s:
                break
        return Plan(kept[0], float(costs[best[0]]))


def coloured_noise(rng: np.random.Generator, shape: tuple[int, int, int], exponent: float) -> Array:
    """Unit normal noise (N, H, A) whose power over time falls with frequency to the exponent.

    What does not change at all is as strong as the slowest change that fits into H steps.
    """
    frequency = np.maximum(np.abs(np.fft.fftfreq(shape[1])), 1.0 / shape[1])
    strength = frequency ** (-exponent / 2.0)
    strength /= np.sqrt(np.mean(strength**2))
    spectrum = np.fft.fft(rng.standard_normal(shape), axis=1) * strength[:, None]
    noise: Array = np.fft.ifft(spectrum, axis=1).real.astype(np.float32)
    return noise
