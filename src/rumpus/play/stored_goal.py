"""What was asked, as a goal that is stored: a step of memory, a picture, or numbers by name.

What a person shows is remembered before it is gone for, so that nothing a person ever asked is lost
and hindsight can use it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rumpus.errors import InputError
from rumpus.goals.picture import pictured
from rumpus.play.control import OwnMemory
from rumpus.play.named_goal import named_readings
from rumpus.replay.base import StoredSteps
from rumpus.replay.familiarity import familiarity
from rumpus.replay.movable import movable
from rumpus.spec import Readings
from rumpus.types import Goal, GoalReference, Observation, Step
from rumpus.worlds.base import World

STORED = "memory:"


def goal_at(memory: StoredSteps) -> Callable[[int, str, str], Goal]:
    """Makes goals of a memory's steps, of all the sensors that gave something there and move."""
    moves = dict(zip((s.name for s in memory.spec.sensors), movable(memory), strict=True))

    def goal(step: int, source: str, reason: str) -> Goal:
        reference = GoalReference(memory.id, int(memory.episode_of[step]), step)
        given = memory.readings(step)
        if not given:
            raise InputError(f"Step {step} of the memory is lost for good; name another one.")
        moving = {name: reading for name, reading in given.items() if moves[name]}
        return Goal(moving or given, source, reason, reference)

    return goal


def check_goal(text: str) -> None:
    """Refuse at once what can be no goal of any robot, before one is woken.

    Raises:
        InputError: when it names a picture, and there is no such file.
    """
    if not text.startswith(STORED) and "=" not in text and not Path(text).exists():
        raise InputError(
            f"The goal '{text}' is not there; expected a picture (PNG or JPEG), a stored step as "
            "memory:NUMBER, or numbers as name=number,..."
        )


@dataclass(frozen=True)
class Wanted:
    """What a person asked for.

    Attributes:
        goal: as it is stored.
        notices: sentences for the person.
        is_foreign: whether it is a picture like nothing that the robot ever saw.
    """

    goal: Goal
    notices: tuple[str, ...] = ()
    is_foreign: bool = False


def load_goal(
    text: str, camera: str, memory: OwnMemory, world: World, elsewhere: Callable[[], World]
) -> Wanted:
    """The goal that a person gives.

    Args:
        text: a picture file, "memory:NUMBER" for a stored step, or "name=number,...".
        camera: which camera the picture is of, "" for the first.
        memory: of the robot, open for writing: what was asked is appended to it.
        world: where the robot is.
        elsewhere: makes that world again, for numbers that it alone knows.

    Raises:
        InputError: when it is neither, or this robot cannot use it.
    """
    is_stored, is_named = text.startswith(STORED), "=" in text and not Path(text).exists()
    if camera and (is_stored or is_named):
        raise InputError(f"--camera {camera} was given with the goal {text}, which is no picture; "
                         "leave it out.")  # fmt: skip
    if is_stored:
        return Wanted(goal_at(memory)(stored_number(text, len(memory)), "memory", text))
    foreign: tuple[str, ...] = ()
    if is_named:
        readings, notices = named_readings(text, world, elsewhere)
    else:
        readings, notices = pictured(Path(text), memory.spec, camera)
        foreign = tuple(_unfamiliar(readings, memory))
    shown = remember_shown(memory, readings, text)
    source = "numbers" if is_named else "picture"
    goal = goal_at(memory)(shown, source, f"{source} {text}")
    return Wanted(goal, (*notices, *foreign), bool(foreign))


def remember_shown(memory: OwnMemory, readings: Readings, what: str) -> int:
    """Keep what a person showed as an episode of its own; its position in memory."""
    still = np.zeros(memory.spec.action_size, np.float32)
    memory.begin_episode(f"shown {what}")
    time_s = float(memory.time_s[-1]) if len(memory) else 0.0
    return memory.append(Step(Observation(readings, time_s), still, still, truncated=True))


def _unfamiliar(readings: Readings, memory: StoredSteps) -> Iterator[str]:
    """A sentence for a picture that looks like nothing the robot has ever seen."""
    for sensor, picture in readings.items():
        found = familiarity(memory, sensor, picture, np.random.default_rng(0))
        if found and found.is_foreign:
            yield (
                f"The picture looks like nothing that '{sensor}' ever saw: the nearest is "
                f"{found.distance:.0f} levels off, where 99 of 100 remembered pictures have one "
                f"within {found.usual:.0f}; what the robot makes of it may mean nothing."
            )


def stored_number(text: str, count: int) -> int:
    """The position that "memory:NUMBER" names, of so many stored steps.

    Raises:
        InputError: when there is no such step.
    """
    number = text.removeprefix(STORED)
    # Python reads no number of more than 4,300 digits.
    is_number = number.isascii() and number.isdigit() and len(number) < 20
    if not (is_number and int(number) < count):
        raise InputError(f"'{text}' is no stored step; expected memory:0 to memory:{count - 1}.")
    return int(number)
