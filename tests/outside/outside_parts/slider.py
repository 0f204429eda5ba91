"""A stranger's robot."""

import numpy as np

from rumpus.body.robot import Robot
from rumpus.body.sensors.base import Reading, Sensor
from rumpus.body.sensors.suite import SensorSuite
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Executed, Observation

RAIL_M, STEP_M, RATE_HZ = 0.5, 0.1, 20.0


class Slider(Robot):
    """A cart on a rail of 1 m that it does not leave."""

    def __init__(self) -> None:
        self.x_m, self.steps = 0.0, 0
        self._sensors = SensorSuite([Ruler(self)], "slider")
        self.spec = RobotSpec("slider", self._sensors.specs, action_size=1, rate_hz=RATE_HZ)

    def observe(self) -> Observation:
        return self._sensors.observe(self.time_s)

    def act(self, action: Array) -> Executed:
        self.steps += 1
        before, there_m = self.x_m, self.x_m + STEP_M * float(action[0])
        self.x_m = float(np.clip(there_m, -RAIL_M, RAIL_M))
        if self.x_m == there_m:
            return Executed(action)
        done = np.array([(self.x_m - before) / STEP_M], np.float32)
        return Executed(done, "at the end of the rail")

    def stop(self) -> None:
        """Nothing moves between actions."""

    @property
    def time_s(self) -> float:
        return self.steps / RATE_HZ


class Ruler(Sensor):
    """Where the cart is."""

    def __init__(self, slider: Slider) -> None:
        self.spec = SensorSpec("place", (1,), -RAIL_M, RAIL_M)
        self._slider = slider

    def read(self) -> Reading:
        return Reading(np.array([self._slider.x_m], np.float32), self._slider.time_s)
