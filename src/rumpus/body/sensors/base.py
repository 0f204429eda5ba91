"""What every sensor gives: a reading and when it was taken, or nothing."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from rumpus.spec import SensorSpec
from rumpus.types import Array


@dataclass(frozen=True)
class Reading:
    """What one sensor read.

    Attributes:
        value: uint8 (h, w, c) or float32 (k,), nobody else's array.
        captured_s: when it was taken, on the robot's clock.
    """

    value: Array
    captured_s: float


class Sensor(ABC):
    """One sensor of a robot: a camera, a gauge, the joints.

    Attributes:
        spec: what it gives, and how often.
    """

    spec: SensorSpec

    @abstractmethod
    def read(self) -> Reading | None:
        """Take a reading, or None where there is none to be had just now; none is made up."""
