"""The control step: observe, choose, act, remember. There is no other in the program.

Play, a person's goal, an evaluation and an example differ only in who chooses the action and where
the step is kept. A step is kept after it was acted, with what the robot says that it did, and
nothing between an observation and its action waits for a disk.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rumpus.body.robot import Robot
from rumpus.replay.base import StoredSteps
from rumpus.types import Array, Goal, Observation, Step


@dataclass(frozen=True)
class Choice:
    """What to do next, and what for.

    Attributes:
        action: float32 (A,), before any limit.
        goal: what it goes for, or None.
    """

    action: Array
    goal: Goal | None = None


class Chooser(Protocol):
    """Chooses each action of a robot."""

    def choose(self, observation: Observation) -> Choice:
        """The next action, from what is sensed now."""
        ...

    def interrupt(self) -> Goal | None:
        """The episode ended: drop what was under way, without judging it; what that was."""
        ...


class Keeper(Protocol):
    """Where steps are kept: a memory, or nowhere."""

    def begin_episode(self, provenance: str) -> int:
        """Begin an unbroken stretch of steps; its id."""
        ...

    def append(self, step: Step) -> int:
        """Keep one step; its position."""
        ...


class DurableKeeper(Keeper, Protocol):
    """A keeper that can be asked to make everything durable."""

    def flush(self) -> None:
        """Wait until every step so far is durable."""
        ...


class OwnMemory(StoredSteps, DurableKeeper, Protocol):
    """A robot's memory, as play knows it: what is stored in it, and where new steps go."""


class Nowhere:
    """Keeps nothing: an evaluation is no part of a robot's life."""

    def begin_episode(self, provenance: str) -> int:
        """See `Keeper`."""
        return 0

    def append(self, step: Step) -> int:
        """See `Keeper`."""
        return 0


def control_step(robot: Robot, chooser: Chooser, keeper: Keeper) -> Step:
    """One control step of a robot; where its episode has ended, the last step and a new beginning.

    Args:
        robot: a `SafeRobot`, so that no limit depends on being remembered here.
        chooser: decides.
        keeper: where the step goes.

    Returns:
        the step as it was kept.
    """
    observation = robot.observe()
    terminated, truncated = robot.ended
    if terminated or truncated:
        step = last_step(robot, observation, chooser.interrupt(), terminated, truncated)
        keeper.append(step)
        robot.restart()
        keeper.begin_episode("after a restart")
        return step
    choice = chooser.choose(observation)
    executed = robot.act(choice.action)
    index, reason = (choice.goal.step, choice.goal.reason) if choice.goal else (-1, "")
    step = Step(
        observation, choice.action, executed.action, executed.reason, index, reason,
        outcome=executed.outcome,
    )  # fmt: skip
    keeper.append(step)
    return step


def last_step(
    robot: Robot, observation: Observation, goal: Goal | None, terminated: bool, truncated: bool
) -> Step:
    """The last step of an episode, from which nothing was done."""
    still = np.zeros(robot.spec.action_size, np.float32)
    index, reason = (goal.step, goal.reason) if goal else (-1, "")
    return Step(observation, still, still, "", index, reason, terminated, truncated)
