"""Model-predictive path integral control: the mean of many courses, the better the heavier.

Where the cross-entropy method keeps the best and forgets the others, here every course counts,
weighted by how little it costs.

Sources: Williams 2017, "Information Theoretic MPC for Model-Based Reinforcement Learning", for the
weights, exp(-(S - min S) / temperature) over their sum; PDDM (Nagabandi 2019), section "Online
Planning", for noise that is filtered in time and for weighting actions instead of noise.

Differs from the papers:
    temperature is a share of the costs' own spread, as a distance to a goal shrinks on the way to
    it; there is no price on control; several rounds for each step, so that a plan can come from
    nothing; noise is of unit variance at every step; the mean and the policy's own course are
    candidates, and the mean is the plan unless the policy's course costs less.
"""

import math
import time
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta

from rumpus.planning.base import Imagine, Imagined, Plan, Score, begin, cheapest, correlated_noise
from rumpus.types import Array


@dataclass(frozen=True)
class MppiConfig:
    """Search effort.

    Attributes:
        horizon: H, planned steps; as far as rollouts look.
        candidates: N, courses imagined in each round; a core can plan 40 times a second then.
        iterations: rounds; as many as the cross-entropy method's.
        spread: standard deviation of the actions about their mean; as the cross-entropy method's.
        persistence: correlation of noise from one step to the next; as there.
        temperature: in standard deviations of a round's costs: what a course may cost more than the
            best and still count a third; with 0.05 and 0.1 more was found on a small walk than with
            0.02, 0.2 and more, and a few courses count then.
        proposals: candidates that the policy chooses; one, as any more would be the same.
    """

    horizon: Annotated[int, Meta(ge=1, le=1_000)] = 8
    candidates: Annotated[int, Meta(ge=1, le=100_000)] = 96
    iterations: Annotated[int, Meta(ge=1, le=1_000)] = 3
    spread: Annotated[float, Meta(gt=0.0, le=10.0)] = 0.7
    persistence: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.6
    temperature: Annotated[float, Meta(gt=0.0, le=1_000.0)] = 0.1
    proposals: Annotated[int, Meta(ge=0, le=1_000)] = 1


class Mppi:
    """The path integral planner."""

    def __init__(self, action_size: int, config: MppiConfig) -> None:
        self.action_size, self.config = action_size, config

    def plan(
        self, imagine: Imagine[Imagined], score: Score[Imagined], rng: np.random.Generator, *,
        last: Plan | None = None, deadline_s: float = math.inf,
    ) -> Plan:  # fmt: skip
        """Find a plan; see `planning.base.Planner`."""
        config = self.config
        shape = (config.horizon, self.action_size)
        begun = begin(last, config.proposals, shape)  # the mean, and what the policy chooses
        for _ in range(config.iterations):
            noise = correlated_noise(rng, (config.candidates, *shape), config.persistence)
            tried = np.concatenate([begun[0] + np.float32(config.spread) * noise, begun])
            imagined, actions = imagine(np.clip(tried, -1.0, 1.0))
            begun[0] = np.tensordot(weights(score(imagined), config.temperature), actions, 1)
            if time.monotonic() >= deadline_s:
                break
        return cheapest(imagine, score, begun)


def weights(costs: Array, temperature: float) -> Array:
    """How much each course counts, by its cost (N,): (N,), 1 together."""
    weight = np.exp(-(costs - costs.min()) / (temperature * costs.std() + 1e-9))
    shares: Array = weight / weight.sum()
    return shares
