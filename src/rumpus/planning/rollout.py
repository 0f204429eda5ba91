"""Begin in many ways, go on as the policy would, begin like what ends best: all in imagination.

A policy learned through imagination settles where no small change of an action helps: the hand has
arrived and the puck is a little off. To begin quite differently, around the puck and behind it, and
to go on by the policy from there costs little to imagine.

Source: rollout, one step of policy improvement by simulation (Tesauro and Galperin 1996; Bertsekas,
Tsitsiklis and Wu 1997, section 2), with the learned model as the simulator.

Differs from the paper:
    rollout: actions are continuous, so a few are tried at random; each is held for a random number
    of steps before the policy takes over; one course stands for each, because model and policy
    are deterministic; the courses are cut at a fixed horizon.
"""

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta

from rumpus.planning.base import Imagine, Imagined, Plan, Score, begin, cheapest


@dataclass(frozen=True)
class RolloutConfig:
    """Search effort.

    Attributes:
        horizon: H, imagined steps; 8 came nearest of 5, 8, 12 and 16.
        candidates: N, beginnings tried; the first is the policy's own; 64 and 192 were no better.
        longest_hold: steps for which a beginning is held at most; enough to get round a puck.
    """

    horizon: Annotated[int, Meta(ge=1, le=1_000)] = 8
    candidates: Annotated[int, Meta(ge=1, le=100_000)] = 32
    longest_hold: Annotated[int, Meta(ge=1, le=1_000)] = 6


class Rollout:
    """Improves on a policy by trying other beginnings in imagination."""

    def __init__(self, action_size: int, config: RolloutConfig) -> None:
        self.action_size, self.config = action_size, config

    def plan(
        self, imagine: Imagine[Imagined], score: Score[Imagined], rng: np.random.Generator, *,
        last: Plan | None = None, deadline_s: float = math.inf,
    ) -> Plan:  # fmt: skip
        """Find a beginning whose course scores no worse than the policy's own.

        See `planning.base.Planner`. All is one round, which no deadline cuts short. The last plan
        is one more candidate.
        """
        count, horizon = self.config.candidates, self.config.horizon
        beginnings = rng.uniform(-1.0, 1.0, (count, 1, self.action_size)).astype(np.float32)
        held = rng.integers(1, self.config.longest_hold, count, endpoint=True)
        held[0] = 0  # the policy's own course
        holding = np.arange(horizon)[None, :, None] < held[:, None, None]
        courses = np.where(holding, beginnings, np.float32(np.nan))
        if last is not None:
            courses = np.concatenate([courses, begin(last, 0, courses.shape[1:])])
        return cheapest(imagine, score, courses)
