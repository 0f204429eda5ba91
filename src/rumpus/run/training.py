"""When and where the mind of a playing robot learns: anything that a play loop can be told."""

from typing import Protocol

from rumpus.play.control import DurableKeeper
from rumpus.replay.measured import Measured
from rumpus.update_schedule import Tick, Trained


class Training(Protocol):
    """When and where a playing robot's mind learns."""

    @property
    def measured(self) -> Measured | None:
        """At the last train phase, for whoever watches; None before any."""
        ...

    def wake(self, tick: Tick) -> Trained | None:
        """What to play by from the beginning; None where nothing was learned yet."""
        ...

    def after_step(self, steps: int, keeper: DurableKeeper, tick: Tick) -> Trained | None:
        """Told between two steps that so many are kept; what to play by from now on, if new."""
        ...

    def save(self) -> None:
        """Play is over: keep what was learned."""
        ...
