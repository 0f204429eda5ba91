"""A stranger's sensor."""

import time

import numpy as np

from rumpus.body.sensors.base import Reading, Sensor
from rumpus.spec import SensorSpec


class Thermometer(Sensor):
    """How warm the motor is, which takes a moment to be known at first."""

    def __init__(self) -> None:
        self.spec = SensorSpec("warmth", (1,), 0.0, 100.0)
        self._reads = 0

    def read(self) -> Reading | None:
        self._reads += 1
        if self._reads == 1:
            return None
        return Reading(np.array([40.0 + self._reads % 3], np.float32), time.monotonic())
