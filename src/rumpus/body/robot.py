"""A robot is three verbs: observe, act, stop."""

from abc import ABC, abstractmethod

from rumpus.spec import RobotSpec
from rumpus.types import Array, Executed, Observation


class Robot(ABC):
    """Anything with sensors and motors: a simulated world, a Gymnasium environment, an arm.

    Attributes:
        spec: what it senses and how it moves.
    """

    spec: RobotSpec

    @abstractmethod
    def observe(self) -> Observation:
        """Read every sensor once; the readings keep `spec`."""

    @abstractmethod
    def act(self, action: Array) -> Executed:
        """Carry out one action, float32 (A,) in [-1, 1], for one control step (1 / rate_hz)."""

    @property
    def ended(self) -> tuple[bool, bool]:
        """(terminated, truncated) after the last act; a reset-free robot never ends."""
        return False, False

    def restart(self) -> None:  # noqa: B027  (most robots have nothing to restart)
        """Begin the next episode after one ended; a reset-free robot does nothing."""

    @abstractmethod
    def stop(self) -> None:
        """Come to rest and let go of the hardware; may be called twice."""
