"""How play is spent, how long it lasts and how far it is: what who asks for it says and is told."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from rumpus.errors import InputError
from rumpus.replay.measured import Measured

SEEDS = 2**32  # what every source of chance takes
MOST_ASKED = 10_000  # steps, goals or pictures at once: more are a slip, which would take hours


def check_asked(count: int, what: str) -> None:
    """Refuse to do something less than once, or more often than anybody would wait for.

    Raises:
        InputError: naming the number and what would do.
    """
    if not 1 <= count <= MOST_ASKED:
        raise InputError(f"{count} {what} were asked for, expected 1 to {MOST_ASKED:,}.")


def check_seed(seed: int) -> None:
    """Refuse a seed that not every source of chance takes.

    Raises:
        InputError: naming it and what would do.
    """
    if not 0 <= seed < SEEDS:
        raise InputError(f"The seed is {seed}, expected a whole number from 0 to {SEEDS - 1}.")


@dataclass(frozen=True)
class PlayConfig:
    """How the robot spends its play.

    Attributes:
        random_steps: of smoothed random motion before the first goal; few, as a robot that goes
            for goals touches things four times as often as one that moves at random.
        goal_steps: at most, towards one goal; long, for the same reason.
        explore_steps: after each goal; what is new lies next to what is rare.
        explores_by: after a goal, courses that cannot be undone (planning/_irreversible.py), which
            find a thing that random motion seldom touches, or random motion.
        reached_steps: a goal this near, in discounted steps, is reached; not compared with others.
    """

    random_steps: Annotated[int, Meta(ge=0, le=1_000_000_000)] = 2000
    goal_steps: Annotated[int, Meta(ge=1, le=1_000_000)] = 40
    explore_steps: Annotated[int, Meta(ge=0, le=1_000_000)] = 20
    explores_by: Literal["irreversible", "random"] = "irreversible"
    reached_steps: Annotated[float, Meta(gt=0.0, le=1000.0)] = 2.5


@dataclass(frozen=True)
class Progress:
    """Where a run is, for whoever watches.

    Attributes:
        steps: in memory.
        phase: "exploring", "reaching", a phase of training (see update_schedule.py), "filming" (old
            pictures) or "saved".
        done: gradient steps of this train phase, or steps encoded; 0 outside of it.
        owed: how many there are in all.
        goal_reason: why the present goal was chosen, or "".
        measured: at the last train phase of this call; None before any.
    """

    steps: int
    phase: str
    done: int = 0
    owed: int = 0
    goal_reason: str = ""
    measured: Measured | None = None


@dataclass(frozen=True)
class Until:
    """When to stop: at so many steps in all, or after so many minutes of this call, or never."""

    steps: int | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        if self.steps is not None and self.minutes is not None:
            raise InputError("Both --steps and --minutes were given; give one of them.")
        for name, limit in (("steps", self.steps), ("minutes", self.minutes)):
            if limit is not None and not 0 < limit < math.inf:
                raise InputError(f"Play was to last {limit:g} {name}, expected more than 0.")

    @property
    def seconds(self) -> float | None:
        """How long this call may last."""
        return None if self.minutes is None else 60.0 * self.minutes


Watch = Callable[[Progress], None]
