"""Explores by what cannot be undone: of courses by chance, the one that the policy undoes least.

Moving a hand is undone by moving it back. Pushing a thing is not: whoever wants it back has to go
round it first. So a robot that looks for what its policy cannot undo, all in imagination, comes
upon the things that it can move, which random motion seldom touches on a wide table.

Source: the degree of reversibility of an action (Grinsztajn 2021, "There Is No Turning Back",
section 4), interview 30:52.

Differs from the paper:
    there, what cannot be undone is avoided, and learned from the order of observations; here it is
    sought, and found by imagining the policy's way back, scored by the temporal distance.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta

from rumpus.errors import InputError
from rumpus.planning.base import Imagine, Imagined, Plan, Score, cheapest


@dataclass(frozen=True)
class IrreversibleConfig:
    """Search effort.

    Attributes:
        horizon: H, imagined steps there, and as many back; as far as rollouts look.
        candidates: N, courses tried; not compared with others.
        begun: steps of the best course that are acted before another is looked for; with one,
            what was begun was seldom ended.
    """

    horizon: Annotated[int, Meta(ge=2, le=1_000)] = 8
    candidates: Annotated[int, Meta(ge=1, le=100_000)] = 32
    begun: Annotated[int, Meta(ge=1, le=1_000)] = 5

    def __post_init__(self) -> None:
        if self.begun > self.horizon:
            raise InputError(
                f"{self.begun} steps of courses of {self.horizon} were to be begun; expected not "
                "more than lead there: those after them lead back."
            )


class Irreversible:
    """Begins the course that is undone least."""

    def __init__(self, action_size: int, config: IrreversibleConfig) -> None:
        self.action_size, self.config = action_size, config

    def plan(
        self, imagine: Imagine[Imagined], score: Score[Imagined], rng: np.random.Generator
    ) -> Plan:
        """Find a course: one action held, then another; the way back is the policy's.

        Args:
            imagine: see `planning.base.Imagine`.
            score: costs a course there and back, (N, 2 H, D).
            rng: the only source of chance.
        """
        count, horizon = self.config.candidates, self.config.horizon
        first, then = rng.uniform(-1.0, 1.0, (2, count, 1, self.action_size))
        turn = rng.integers(2, horizon, count, endpoint=True)
        there = np.where(np.arange(horizon)[None, :, None] < turn[:, None, None], first, then)
        courses = np.concatenate([there, np.full_like(there, np.nan)], 1).astype(np.float32)
        best = cheapest(imagine, score, courses)
        return Plan(best.actions[: self.config.begun], best.cost)
