"""How long play lasts, and how far it is: what whoever asks for it says and is told."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from rumpus.errors import InputError


@dataclass(frozen=True)
class Progress:
    """Where a run is, for whoever watches.

    Attributes:
        steps: in memory.
        phase: "exploring", "reaching", a phase of training (see play/train.py), "filming" (old
            pictures) or "saved".
        done: gradient steps of this train phase, or steps encoded; 0 outside of it.
        owed: how many there are in all.
        goal_reason: why the present goal was chosen, or "".
    """

    steps: int
    phase: str
    done: int = 0
    owed: int = 0
    goal_reason: str = ""


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
