"""A robot is a few verbs: observe, act, rest, stop."""

from abc import ABC, abstractmethod

import numpy as np

from rumpus.errors import InputError
from rumpus.spec import RobotSpec
from rumpus.types import Array, Executed, Observation


class Robot(ABC):
    """Anything with sensors and motors: a simulated world, a Gymnasium environment, an arm.

    A control loop never asks it directly, but through `SafeRobot`.

    Attributes:
        spec: what it senses and how it moves.
    """

    spec: RobotSpec

    @abstractmethod
    def observe(self) -> Observation:
        """Read every sensor once, as `spec` says; a sensor that gives nothing is left out."""

    @abstractmethod
    def act(self, action: Array) -> Executed:
        """Carry out one action for one control step (1 / rate_hz).

        Args:
            action: float32 (A,) in [-1, 1]; `SafeRobot` asks for nothing else.

        Returns:
            what was really carried out, after the robot's own limits, and why it is not `action`.
        """

    def rest(self) -> None:  # noqa: B027  (most robots stay as they are)
        """Do what a body does while nobody decides for it; most do nothing."""

    @property
    def ended(self) -> tuple[bool, bool]:
        """(terminated, truncated) after the last act; a reset-free robot never ends."""
        return False, False

    def restart(self) -> None:  # noqa: B027  (most robots have nothing to restart)
        """Begin the next episode after one ended; a reset-free robot does nothing."""

    @abstractmethod
    def stop(self) -> None:
        """Come to rest and let go of the hardware; may be called twice."""


def check_action(action: Array, spec: RobotSpec) -> None:
    """Refuse an action that would have to be changed before a motor could take it.

    Raises:
        InputError: when it is not A numbers in [-1, 1].
    """
    if action.shape != (spec.action_size,) or not (np.abs(action) <= 1.0).all():
        raise InputError(
            f"{spec.name} was given the action {action}, but expects {spec.action_size} finite "
            "numbers in [-1, 1]; ask a SafeRobot, which limits actions; nothing was moved."
        )
