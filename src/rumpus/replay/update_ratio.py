"""How often what is stored is gone over: gradient steps for each step of play, and when."""

import math
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from rumpus.errors import InputError

EARLY_STEPS = 2000  # for which early_times holds: as many as play begins with at random


@dataclass(frozen=True)
class TrainConfig:
    """How much the mind learns.

    Attributes:
        train_every: steps between two train phases; each encodes memory anew, so seldom is cheap.
        updates_per_step: gradient steps of the world model for each step; few, so that two
            cores can pay for them while a robot plays.
        early_times: times as many of those for the first 2,000 steps: until the mind sees its hand
            well, play can bring it nowhere (row 95 of docs/decisions/0003).
        policy_updates_per_step: gradient steps of distance and policy for each step; more come a
            little nearer and take longer.
        dynamics_ratio: gradient steps of the dynamics for each of the policy's; they cost little,
            and three leave a third less of the error than one.
    """

    train_every: Annotated[int, Meta(ge=1, le=1_000_000_000)] = 500
    updates_per_step: Annotated[float, Meta(ge=1e-6, le=1000.0)] = 0.2
    early_times: Annotated[float, Meta(ge=1.0, le=1000.0)] = 3.0
    policy_updates_per_step: Annotated[float, Meta(ge=1e-6, le=1000.0)] = 0.5
    dynamics_ratio: Annotated[float, Meta(ge=0.0, le=1000.0)] = 3.0

    def __post_init__(self) -> None:
        if self.train_every * self.updates_per_step < 1.0:
            raise InputError(
                f"A train phase every {self.train_every} steps was asked for, in which not one "
                f"update is due; expected {math.ceil(1.0 / self.updates_per_step)} or more."
            )

    def paid_for(self, updates: int) -> int:
        """How many steps so many world-model updates are for.

        Rounded up: `train_every` steps more than that always owe an update more.
        """
        steps = updates / self.updates_per_step
        beyond = (self.early_times - 1.0) * EARLY_STEPS
        return math.ceil(max(steps / self.early_times, steps - beyond))

    def owed(self, steps: int, updates: int, policy_updates: int) -> tuple[int, int]:
        """(world-model updates, policy updates) still due for so many steps."""
        counted = steps + (self.early_times - 1.0) * min(steps, EARLY_STEPS)
        due = int(counted * self.updates_per_step), int(steps * self.policy_updates_per_step)
        return max(due[0] - updates, 0), max(due[1] - policy_updates, 0)
