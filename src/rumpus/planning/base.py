"""What every planner takes and gives: a plan is found by imagining and scoring, nothing else."""

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
    """Searches for the actions whose imagined outcome scores lowest."""

    def plan(
        self, imagine: Imagine[Imagined], score: Score[Imagined], rng: np.random.Generator
    ) -> Plan:
        """Find a plan.

        Args:
            imagine: candidate actions (N, H, A) to whatever `score` understands, and actions.
            score: imagined outcomes to costs (N,); lower is better.
            rng: the only source of chance.
        """
        ...
