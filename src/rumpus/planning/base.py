"""What every planner takes and gives: a plan is found by imagining and scoring, nothing else."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from rumpus.types import Array

Imagined = TypeVar("Imagined")
# Candidate actions (N, H, A) to what would come of them, and to the actions that would be taken:
# where a candidate is NaN, the policy chooses. Without any NaN they are the candidates.
Imagine = Callable[[Array], tuple[Imagined, Array]]
Score = Callable[[Imagined], Array]  # what would come of them to costs (N,); lower is better


@dataclass(frozen=True)
class Plan:
    """What the robot is going to do.

    Attributes:
        actions: float32 (H, A) in [-1, 1], the first is due now.
        cost: what the search scored about these actions; lower is better.
    """

    actions: Array
    cost: float


class Planner(Protocol):
    """Searches for the actions whose imagined outcome scores lowest.

    It keeps nothing from one plan to the next: what it finds depends on what it is given alone.
    """

    def plan(
        self, imagine: Imagine[Imagined], score: Score[Imagined], rng: np.random.Generator, *,
        last: Plan | None = None, deadline_s: float = math.inf,
    ) -> Plan:  # fmt: skip
        """Find a plan.

        Args:
            imagine: candidate actions (N, H, A) to whatever `score` understands, and actions.
            score: imagined outcomes to costs (N,); lower is better.
            rng: the only source of chance.
            last: the plan whose first action has just been done, where the search is to begin
                there; it begins from nothing where it is left out.
            deadline_s: by the clock of `time.monotonic`; after it no other round is begun, and
                the best so far is the plan. There is always one round.
        """
        ...


def begin(last: Plan | None, proposals: int, shape: tuple[int, int]) -> Array:
    """Candidates (1 + proposals, H, A) that a search begins with.

    The first is the last plan, a step on, its last action repeated; without one, doing nothing.
    The others are NaN: the policy's own course.
    """
    candidates = np.full((1 + proposals, *shape), np.nan, np.float32)
    steps = np.arange(1, shape[0] + 1)
    candidates[0] = 0.0 if last is None else last.actions[np.minimum(steps, len(last.actions) - 1)]
    return candidates


def cheapest(imagine: Imagine[Imagined], score: Score[Imagined], candidates: Array) -> Plan:
    """The one of some candidates (N, H, A) that scores lowest, as it would be carried out."""
    imagined, actions = imagine(candidates)
    costs = score(imagined)
    best = int(np.argmin(costs))
    return Plan(actions[best], float(costs[best]))


def correlated_noise(
    rng: np.random.Generator, shape: tuple[int, int, int], persistence: float
) -> Array:
    """Unit normal noise (N, H, A) whose neighbours in time correlate by `persistence`."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    fresh = np.float32(np.sqrt(1.0 - persistence**2))
    for step in range(1, shape[1]):
        noise[:, step] = persistence * noise[:, step - 1] + fresh * noise[:, step]
    return noise
