"""What a robot senses and how it moves, declared once and checked at the door."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rumpus.errors import WorldError

WIDEST = float(np.finfo(np.float32).max)  # stands for "no limit": infinity has no place in JSON
Readings = Mapping[str, np.ndarray[Any, np.dtype[Any]]]


@dataclass(frozen=True)
class SensorSpec:
    """One sensor: pictures are uint8 (h, w, c), everything else is float32 (k,).

    Attributes:
        name: the sensor's name, unique on its robot.
        shape: (h, w, c) in pixels for a picture, (k,) for a vector.
        low: the smallest reading; 0 for pictures.
        high: the largest reading; 255 for pictures.
        rate_hz: readings a second, or 0 for one at every control step. A slower sensor repeats its
            last reading meanwhile, see `Observation.captured_s`.
    """

    name: str
    shape: tuple[int, ...]
    low: float = 0.0
    high: float = 255.0
    rate_hz: float = 0.0

    @property
    def is_picture(self) -> bool:
        """Whether readings are pictures, (h, w, c) uint8."""
        return len(self.shape) == 3

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8 for pictures, float32 for vectors."""
        return np.dtype(np.uint8 if self.is_picture else np.float32)

    def __str__(self) -> str:
        """As people are told: its name, its size, what it reads and how often."""
        of = "pixels" if self.is_picture else "numbers"
        of += f" from {self.low:g} to {self.high:g}" * (not self.is_picture and self.high < WIDEST)
        of += f" at {self.rate_hz:g} Hz" * bool(self.rate_hz)
        return f"'{self.name}' ({' x '.join(map(str, self.shape))} {of})"

    def check(self, reading: np.ndarray[Any, np.dtype[Any]], owner: str) -> None:
        """Refuse a reading that is not what was declared.

        Raises:
            WorldError: naming the owner, the sensor, and both shapes and dtypes.
        """
        if reading.shape != self.shape or reading.dtype != self.dtype:
            raise WorldError(
                f"{owner}: sensor '{self.name}' gave {reading.dtype} {reading.shape}, "
                f"but its spec says {self.dtype} {self.shape}; mend the sensor or its spec."
            )
        if not self.is_picture and not np.isfinite(reading).all():
            raise WorldError(
                f"{owner}: sensor '{self.name}' gave a reading that is not finite; "
                "check the cable or the simulation."
            )


def sensor_for(
    name: str, shape: tuple[int, ...], dtype: str, low: Any, high: Any
) -> SensorSpec | None:
    """The sensor that a Gymnasium Box is, a picture or a vector; None where it is neither."""
    if dtype == "uint8" and len(shape) == 2:
        return SensorSpec(name, (*shape, 1))
    if dtype == "uint8" and len(shape) == 3 and shape[2] <= 4:
        return SensorSpec(name, shape)
    if len(shape) < 2:
        least, most = max(float(np.min(low)), -WIDEST), min(float(np.max(high)), WIDEST)
        return SensorSpec(name, (int(np.prod(shape)),), least, most)
    return None


@dataclass(frozen=True)
class RobotSpec:
    """One robot: its sensors, the size of its action, its rate.

    Attributes:
        name: the robot's or world's name.
        sensors: at least one.
        action_size: A; actions are float32 (A,) in [-1, 1].
        rate_hz: control steps a second.
        motor_ranges: what -1 and 1 are to each motor, in the robot's own units; empty where it
            does not say.
    """

    name: str
    sensors: tuple[SensorSpec, ...]
    action_size: int
    rate_hz: float
    motor_ranges: tuple[tuple[float, float], ...] = ()

    def __str__(self) -> str:
        """As people are told: its name, what it senses, how it moves."""
        moved = f"{self.motors}, {self.rate_hz:g} Hz"
        return f"{self.name} (senses {', '.join(map(str, self.sensors))}; {moved})"

    @property
    def motors(self) -> str:
        """As people are told: how many motors it has, and how far each goes."""
        ranges = dict.fromkeys(f"{low:g} to {high:g}" for low, high in self.motor_ranges)
        return f"{self.action_size} motors" + f" from {', '.join(ranges)}" * bool(ranges)

    def moves_like(self, other: "RobotSpec") -> bool:
        """Whether an action is the same to both, as far as both say what -1 and 1 are."""
        one, two = self.motor_ranges, other.motor_ranges
        return self.action_size == other.action_size and (not one or not two or one == two)

    def is_like(self, other: "RobotSpec") -> bool:
        """Whether they are one robot: name, sensors and rate alike, and actions the same."""
        return self.moves_like(other) and self == replace(other, motor_ranges=self.motor_ranges)

    def sensor(self, name: str) -> SensorSpec:
        """The sensor of that name.

        Raises:
            WorldError: when the robot has none of that name.
        """
        for sensor in self.sensors:
            if sensor.name == name:
                return sensor
        names = ", ".join(s.name for s in self.sensors)
        raise WorldError(f"{self.name} has no sensor '{name}'; it has: {names}.")

    def check(self, readings: Readings, partial: bool = False) -> None:
        """Refuse readings that are not exactly the declared sensors.

        Args:
            readings: by sensor name.
            partial: whether sensors may be left out, for they gave nothing; never all of them.

        Raises:
            WorldError: naming the missing, unknown or misshapen sensor.
        """
        declared, came = {s.name for s in self.sensors}, set(readings)
        if not (came and came <= declared if partial else came == declared):
            wanted = "at least one of" if partial else "exactly"
            raise WorldError(
                f"{self.name} gave sensors {sorted(readings)}, but its spec says {wanted} "
                f"{sorted(declared)}; mend observe() or the spec."
            )
        for sensor in self.sensors:
            if sensor.name in readings:
                sensor.check(readings[sensor.name], self.name)
