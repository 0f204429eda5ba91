"""The last word before a motor: an action becomes what is executed, with the reason.

It is a wrapper and no call to remember: the control loop sees a robot only through it.
"""

import math
from dataclasses import dataclass

import numpy as np

from rumpus.body.robot import Robot
from rumpus.errors import InputError, WorldError
from rumpus.spec import RobotSpec
from rumpus.types import Array, Executed, Observation


@dataclass(frozen=True)
class Limits:
    """What a robot is allowed, beside the limits that it has itself.

    Attributes:
        reach: for each motor, the largest action either way, in (0, 1]; () allows all of it.
        largest_change: of each motor, of what the robot is asked for, counted from what it
            executed last, and from 0 at the beginning and after a rest; infinite where an action
            may be anything. The robot's own limits come after it.
    """

    reach: tuple[float, ...] = ()
    largest_change: float = math.inf

    def check(self, spec: RobotSpec) -> None:
        """Refuse limits that do not fit a robot.

        Raises:
            InputError: naming the robot and the limit.
        """
        if self.reach and len(self.reach) != spec.action_size:
            raise InputError(
                f"The limits of {spec.name} have {len(self.reach)} reaches, expected one for each "
                f"of its {spec.action_size} motors, or none."
            )
        if not all(0.0 < reach <= 1.0 for reach in self.reach) or not self.largest_change > 0.0:
            raise InputError(
                f"The limits of {spec.name} are {self}, expected every reach in (0, 1] and a "
                "largest change above 0."
            )


NO_LIMITS = Limits()


class SafeRobot(Robot):
    """A robot that is asked for nothing it must not do; everything else is the robot's own.

    Args:
        robot: the robot, not yet safe.
        limits: what it is allowed.

    Raises:
        InputError: when the limits do not fit the robot, or it is safe already.
    """

    def __init__(self, robot: Robot, limits: Limits = NO_LIMITS) -> None:
        if isinstance(robot, SafeRobot):
            raise InputError(f"{robot.spec.name} came as a SafeRobot, expected the robot itself.")
        limits.check(robot.spec)
        self.spec = robot.spec
        self._robot, self._change = robot, limits.largest_change
        self._reach = np.array(limits.reach or (1.0,) * self.spec.action_size, np.float32)
        self._last = np.zeros(self.spec.action_size, np.float32)

    def observe(self) -> Observation:
        """What the robot senses.

        Raises:
            WorldError: when a reading is of no declared sensor, or not as it was declared.
        """
        observation = self._robot.observe()
        check_readings(observation, self.spec)
        return observation

    def act(self, action: Array) -> Executed:
        """Carry out the nearest action that is allowed.

        Args:
            action: (A,) finite numbers.

        Returns:
            what was really executed, after these limits and the robot's own, with every reason.

        Raises:
            InputError: when the action is not A finite numbers; nothing is moved then.
            WorldError: when the robot does not say what it executed.
        """
        if action.shape != (self.spec.action_size,) or not np.isfinite(action).all():
            raise InputError(
                f"{self.spec.name} was given the action {action}; expected "
                f"{self.spec.action_size} finite numbers in [-1, 1]; nothing was moved."
            )
        allowed, reasons = self._allowed(action)
        executed = self._robot.act(allowed)
        check_executed(executed, self.spec)
        self._last = executed.action.copy()
        why = "; ".join(filter(None, [*reasons, executed.reason]))
        return Executed(executed.action, why, executed.outcome)

    def _allowed(self, action: Array) -> tuple[Array, list[str]]:
        """The nearest allowed action, float32 (A,), and why it is another one."""
        within = np.clip(action, -self._reach, self._reach)
        reasons = ["beyond [-1, 1]"] if (np.abs(action) > 1.0).any() else []
        if (within != np.clip(action, -1.0, 1.0)).any():
            reasons.append("beyond the motors' reach")
        near = np.clip(within, self._last - self._change, self._last + self._change)
        if (near != within).any():
            reasons.append(f"a change of more than {self._change:g} in a step")
        return near.astype(np.float32), reasons

    def rest(self) -> None:
        self._last = np.zeros_like(self._last)
        self._robot.rest()

    @property
    def ended(self) -> tuple[bool, bool]:
        return self._robot.ended

    def restart(self) -> None:
        self._last = np.zeros_like(self._last)
        self._robot.restart()

    def stop(self) -> None:
        self._robot.stop()


def check_readings(observation: Observation, spec: RobotSpec) -> None:
    """Refuse readings that were not declared so; a sensor that gave nothing is left out.

    Raises:
        WorldError: naming the robot, the sensor, what came and what was expected.
    """
    for name, reading in observation.readings.items():
        spec.sensor(name).check(reading, spec.name)


def check_executed(executed: Executed, spec: RobotSpec) -> None:
    """Refuse what a robot says that it executed, where that cannot be.

    Raises:
        WorldError: naming the robot, what came and what was expected.
    """
    if not isinstance(executed, Executed):
        raise WorldError(
            f"{spec.name}: act() gave {type(executed).__name__}, expected Executed with the action "
            "that was really carried out; return it from act()."
        )
    action = executed.action
    fits = action.shape == (spec.action_size,) and action.dtype == np.float32
    if not fits or not (np.abs(action) <= 1.0).all():
        raise WorldError(
            f"{spec.name}: act() says that it executed {action.dtype} {action.shape} {action}, "
            f"expected float32 ({spec.action_size},) in [-1, 1]; mend act()."
        )
