"""How often what is stored is gone over: gradient steps for each step of play, and when."""

import math
from dataclasses import dataclass

from rumpus.errors import InputError


@dataclass(frozen=True)
class TrainConfig:
    """How much the mind learns.

    Attributes:
        train_every: steps between two train phases.
        updates_per_step: gradient steps of the world model for each step.
        policy_updates_per_step: gradient steps of distance and policy for each step.
    """

    train_every: int = 500
    updates_per_step: float = 0.2
    policy_updates_per_step: float = 0.5

    def __post_init__(self) -> None:
        if self.updates_per_step <= 0.0 or self.policy_updates_per_step < 0.0:
            raise InputError(
                f"{self.updates_per_step:g} world-model and {self.policy_updates_per_step:g} "
                "policy updates a step were asked for, expected more than 0, and 0 or more."
            )
        if self.train_every * self.updates_per_step < 1.0:
            raise InputError(
                f"A train phase every {self.train_every} steps was asked for, in which not one "
                f"update is due; expected {math.ceil(1.0 / self.updates_per_step)} or more."
            )

    def owed(self, steps: int, updates: int, policy_updates: int) -> tuple[int, int]:
        """(world-model updates, policy updates) still due for so many steps."""
        due = int(steps * self.updates_per_step), int(steps * self.policy_updates_per_step)
        return max(due[0] - updates, 0), max(due[1] - policy_updates, 0)
