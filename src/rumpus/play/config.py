"""How a robot spends its play, and how much its mind learns from it."""

import math
from dataclasses import dataclass

from rumpus.errors import InputError


@dataclass(frozen=True)
class PlayConfig:
    """How the robot spends its play.

    Attributes:
        random_steps: of smoothed random motion before the first goal.
        goal_steps: at most, towards one goal.
        explore_steps: of random motion after each goal.
        reached_steps: a goal this near, in discounted steps, is reached.
    """

    random_steps: int = 2000
    goal_steps: int = 40
    explore_steps: int = 10
    reached_steps: float = 2.5

    def __post_init__(self) -> None:
        least = {"random_steps": 0, "goal_steps": 1, "explore_steps": 0}
        for name, limit in least.items():
            if (steps := getattr(self, name)) < limit:
                words = name.replace("_", " ")
                raise InputError(f"{steps} {words} were asked for, expected {limit} or more.")


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
