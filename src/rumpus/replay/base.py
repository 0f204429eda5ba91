"""What replay needs of whatever keeps the steps; a memory is one."""

from typing import Protocol

from rumpus.spec import RobotSpec
from rumpus.types import Array


class ReplayView(Protocol):
    """Every stored step as read-only arrays, newest last; rows of one episode are consecutive."""

    spec: RobotSpec

    @property
    def id(self) -> str:
        """The name of what keeps them, never given to another."""
        ...

    def __len__(self) -> int:
        """N, stored steps."""
        ...

    @property
    def episode_of(self) -> Array:
        """Episode id of each step, int64 (N,)."""
        ...

    @property
    def goal_index(self) -> Array:
        """The stored step commanded as goal at each step, int64 (N,), -1 for none."""
        ...

    @property
    def actions(self) -> Array:
        """What was asked for at each step, float32 (N, A)."""
        ...

    @property
    def intervention(self) -> Array:
        """Whether a person moved the robot, bool (N,)."""
        ...

    @property
    def executed_actions(self) -> Array:
        """What was done from each step, float32 (N, A)."""
        ...

    def frames(self, sensor: str) -> Array:
        """All readings of one sensor, uint8 (N, h, w, c) or float32 (N, k); zeros where absent."""
        ...

    def present(self, sensor: str) -> Array:
        """At which steps one sensor gave something, bool (N,)."""
        ...


class StoredSteps(ReplayView, Protocol):
    """Stored steps that can be asked for one by one, and made goals of."""

    @property
    def time_s(self) -> Array:
        """When each step was, on the robot's clock, float64 (N,)."""
        ...

    def readings(self, index: int) -> dict[str, Array]:
        """What the sensors said at one step; one that gave nothing is left out."""
        ...
