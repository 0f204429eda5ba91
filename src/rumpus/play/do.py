"""Go for one goal, once: every step is remembered like play, and told to whoever asked."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rumpus.actor import Actor
from rumpus.body.robot import Robot
from rumpus.play.control import OwnMemory, control_step, last_step
from rumpus.play.goal_chooser import GoalChooser
from rumpus.play.progress import check_asked
from rumpus.play.verdict import Verdict, calibrate
from rumpus.spec import Readings
from rumpus.types import Array, Goal


@dataclass(frozen=True)
class Done:
    """What became of a goal.

    Attributes:
        goal: the goal.
        first_step: where in memory the attempt begins.
        believed_before: steps that the robot believed to lie between the start and the goal.
        believed_after: the same at the end.
        imagined: what it thought would happen, (steps, h, w, c) by picture sensor.
        doubt: of each step of that, (steps,); more than 1 is not to be trusted.
        doubted_rate: the share of its actions whose outcome it did not trust.
        happened: what its sensors read, from the start to the end.
        verdict: whether it got there, as it sees it; None where it cannot tell.
    """

    goal: Goal
    first_step: int
    believed_before: float
    believed_after: float
    imagined: dict[str, Array]
    doubt: Array
    doubted_rate: float
    happened: list[Readings]
    verdict: Verdict | None


def do(
    robot: Robot, memory: OwnMemory, actor: Actor, goal: Goal, steps: int,
    rng: np.random.Generator, tick: Callable[[int, int], None],
) -> Done:  # fmt: skip
    """Let the robot go for a goal, until its episode ends at the latest; all is remembered.

    Args:
        robot: within its limits.
        memory: where the steps go.
        actor: acts.
        goal: what to make true.
        steps: how many.
        rng: for planners.
        tick: told (steps done, steps in all), between whole steps.

    Raises:
        InputError: when there is no step to do.
    """
    check_asked(steps, "steps")
    if any(robot.ended):
        robot.restart()
    chooser = GoalChooser(actor, goal, rng)
    start = actor.encode(robot.observe().readings)
    believed, doubt = actor.imagine_policy(start, chooser.latent, steps, rng)
    imagined = actor.decode(believed)
    memory.begin_episode(f"do {goal.reason}")
    first_step, happened = len(memory), []
    for number in range(steps):
        tick(number, steps)
        happened.append(control_step(robot, chooser, memory).observation.readings)
        if any(robot.ended):  # some end where they arrive, and begin elsewhere
            break
    last, (terminated, _) = robot.observe(), robot.ended
    memory.append(last_step(robot, last, goal, terminated, truncated=not terminated))
    memory.flush()
    tick(steps, steps)
    before, after = (
        actor.predicted_steps(latent, chooser.latent)
        for latent in (start, actor.encode(last.readings))
    )
    worth = calibrate(actor, memory, list(goal.readings), np.random.default_rng(0))
    verdict = worth.verdict(after) if worth else None
    happened.append(last.readings)
    rate = chooser.doubted_rate
    return Done(goal, first_step, before, after, imagined, doubt, rate, happened, verdict)
