"""Stub until merged."""

from rumpus.body.robot import Robot
from rumpus.body.safety import limit
from rumpus.types import Array, Executed, Observation


class SafeRobot(Robot):
    """Stub."""

    def __init__(self, robot: Robot) -> None:
        self.robot, self.spec = robot, robot.spec

    def observe(self) -> Observation:
        return self.robot.observe()

    def act(self, action: Array) -> Executed:
        limited = limit(action, self.spec)
        self.robot.act(limited.action)
        return Executed(limited.action, limited.reason)

    @property
    def ended(self) -> tuple[bool, bool]:
        return self.robot.ended

    def restart(self) -> None:
        self.robot.restart()

    def stop(self) -> None:
        self.robot.stop()
