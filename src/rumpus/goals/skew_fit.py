"""Skew-Fit: go for what has happened, and rather for what has happened rarely.

Goals are drawn from stored steps S with weights p(S)^alpha, alpha in [-1, 0): the rarer, the
likelier. alpha = 0 is RIG: goals as often as they happened. Interview 29:52-32:13.

Source: Skew-Fit (Pong 2020, arXiv 1903.03698), eqs. 5-7 and algorithm 1.

Differs from the paper:
    the density is nearest-neighbour in steps (temporal distance) instead of a VAE's likelihood,
    so that rare means far in time from everything usual, not odd in its pixels;
    no generative model is refitted to the skewed samples: goals are stored pictures, as in the
    authors' code for the door;
    a goal that was commanded and not reached loses weight (reachability, as in MEGA,
    Pitis 2020, section 4.2), and weights are clipped so that no few steps take over.
"""

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
import torch
from msgspec import Meta

from rumpus.goals.base import Candidates, Situation
from rumpus.model.density import Density, NearestNeighbourDensity
from rumpus.model.device import to_array
from rumpus.types import Array, Goal


@dataclass(frozen=True)
class SkewFitConfig:
    """How strongly play leans to the rare.

    Attributes:
        skew_exponent: alpha; 0 goes for things as often as they happened (RIG), -1 for all
            equally, which covered a door that shuts itself more evenly in every seed.
        candidates: stored steps weighed for each choice; rare ones are among so many.
        sample: stored steps that stand for all of memory in the density; a choice then takes
            milliseconds.
        near_steps: two steps this close, in discounted steps, count as the same; reachability
            looks twice as far; not compared with others.
        remembered_attempts: how many attempts reachability looks back on; what was out of reach
            long ago may not be by now.
    """

    skew_exponent: Annotated[float, Meta(ge=-1.0, le=0.0)] = -1.0
    candidates: Annotated[int, Meta(ge=1, le=1_000_000)] = 1000
    sample: Annotated[int, Meta(ge=1, le=1_000_000)] = 2000
    near_steps: Annotated[float, Meta(gt=0.0, le=1000.0)] = 1.5
    remembered_attempts: Annotated[int, Meta(ge=1, le=100_000)] = 200


@dataclass
class SkewFit:
    """The goal source of play, with its memory of what was reachable.

    Attributes:
        config: how it leans.
        density: how usual a step is.
        attempts: (position in memory, whether it was reached) of the last goals.
    """

    config: SkewFitConfig
    density: Density = field(default_factory=NearestNeighbourDensity)
    attempts: list[tuple[int, bool]] = field(default_factory=list)

    def next_goal(self, situation: Situation) -> Goal:
        """Pick a stored step, rather a rare and reachable one."""
        config, stored = self.config, situation.candidates
        # No step is both: it would be its own nearest neighbour.
        size = min(config.candidates + config.sample, len(stored.points))
        drawn = situation.rng.choice(len(stored.points), size, replace=False)
        split = size * config.candidates // (config.candidates + config.sample)
        weighed = drawn[: max(split, 1)]
        points, usual = stored.points[weighed], stored.points[drawn[split:]]
        log_p = to_array(self.density.log_density(points, usual))
        weight = skew(log_p, config.skew_exponent) * self.reachability(points, stored)
        row = int(weighed[situation.rng.choice(len(weighed), p=weight / weight.sum())])
        return situation.goal_at(int(stored.step[row]), "skew", self.reason(row, situation))

    def record_attempt(self, goal: Goal, reached: bool) -> None:
        """Remember how the attempt ended; only the last few hundred count."""
        self.attempts = [*self.attempts, (goal.step, reached)][-self.config.remembered_attempts :]

    def reachability(self, points: torch.Tensor, stored: Candidates) -> Array:
        """Smoothed share of attempts near each point that arrived: (N, P) to (N,) in (0, 1]."""
        rows = stored.rows(np.array([step for step, _ in self.attempts], np.int64))
        arrived = np.array([reached for _, reached in self.attempts], float)[rows >= 0]
        if not len(arrived):
            return np.ones(len(points))
        goals = stored.points[rows[rows >= 0]]
        near = to_array(torch.cdist(points, goals) < 2.0 * self.config.near_steps)
        reach: Array = (near @ arrived + 1.0) / (near.sum(1) + 1.0)
        return reach

    def reason(self, row: int, situation: Situation) -> str:
        """Why this one, in words: how often something like it was seen, and when last."""
        stored = situation.candidates
        distance = (stored.points - stored.points[row]).norm(dim=1)
        seen = np.flatnonzero(to_array(distance) < self.config.near_steps)
        # Ages are counted in steps: a robot's clock may begin anew with every start.
        ago_s = float(stored.step[-1] - stored.step[seen].max()) / situation.rate_hz
        times = "once" if len(seen) <= 1 else f"{len(seen)} times"
        return f"seen {times} in {len(stored.points):,} steps, last {ago(ago_s)} ago"


def skew(log_density: Array, skew_exponent: float) -> Array:
    """Weights p(S)^alpha, normalised: (N,) to (N,). Skew-Fit eq. 6."""
    log_weight = skew_exponent * log_density  # eq. 6, in logs
    log_weight = np.minimum(log_weight, np.quantile(log_weight, 0.99))
    weight: Array = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()  # eq. 7
    return weight


def ago(seconds: float) -> str:
    """A span of time as a person would say it: "5 s", "12 min", "2.0 h"."""
    if seconds < 120.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 7200.0 else f"{seconds / 3600.0:.1f} h"
