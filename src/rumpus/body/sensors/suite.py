"""A robot's sensors, read together: a slow one repeats itself, a silent one is left out."""

from collections.abc import Sequence

from rumpus.body.sensors.base import Reading, Sensor
from rumpus.errors import WorldError
from rumpus.spec import SensorSpec
from rumpus.types import Observation

EARLY_S = 1e-6  # a reading is due so much before its time: clocks round


class SensorSuite:
    """Makes one observation of several sensors, each at its own rate.

    Args:
        sensors: at least one, each with a name of its own.
        owner: the robot, for messages.

    Raises:
        WorldError: when two sensors have the same name, or there is none.
    """

    def __init__(self, sensors: Sequence[Sensor], owner: str) -> None:
        names = [sensor.spec.name for sensor in sensors]
        if not names or len(set(names)) < len(names):
            raise WorldError(
                f"{owner} was given the sensors {names}, expected at least one, each with a name "
                "of its own; name them apart in their configs."
            )
        self._sensors = tuple(sensors)
        self._last: dict[str, Reading] = {}
        self._due_s: dict[str, float] = {}

    @property
    def specs(self) -> tuple[SensorSpec, ...]:
        """What the sensors give, in their order."""
        return tuple(sensor.spec for sensor in self._sensors)

    def observe(self, time_s: float) -> Observation:
        """What there is to sense now.

        Args:
            time_s: now, on the robot's clock.

        Returns:
            the readings; a sensor that gives none is left out, and a reading that was not taken
            right now has its own capture time.
        """
        found = {s.spec.name: self._reading(s, time_s) for s in self._sensors}
        given = {name: reading for name, reading in found.items() if reading is not None}
        return Observation(
            {name: reading.value for name, reading in given.items()},
            time_s,
            {n: r.captured_s for n, r in given.items() if r.captured_s != time_s},
        )

    def forget(self) -> None:
        """Repeat nothing from before: the robot was put elsewhere."""
        self._last.clear()
        self._due_s.clear()

    def _reading(self, sensor: Sensor, time_s: float) -> Reading | None:
        """A fresh reading where one is due, else the last one."""
        name, rate_hz = sensor.spec.name, sensor.spec.rate_hz
        due_s = self._due_s.get(name, time_s)
        if time_s < due_s - EARLY_S:
            return self._last[name]
        reading = sensor.read()
        if reading is not None and rate_hz > 0.0:
            self._last[name] = reading
            # From when it was due, so that the rate is kept; a late one starts the beat anew.
            next_s = due_s + 1.0 / rate_hz
            self._due_s[name] = next_s if next_s > time_s else time_s + 1.0 / rate_hz
        return reading
