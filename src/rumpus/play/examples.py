"""Pictures of success: from files, from memory, from the camera; all are remembered before use."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rumpus.errors import InputError
from rumpus.goals.picture import load_picture
from rumpus.play.control import OwnMemory
from rumpus.play.stored_goal import STORED, remember_shown, stored_number
from rumpus.replay.familiarity import familiarity
from rumpus.spec import SensorSpec
from rumpus.types import Array, Observation

NOW = "now"
TOLD_N = 2  # notices of files that are told one by one


@dataclass(frozen=True)
class Examples:
    """Pictures of success.

    Attributes:
        steps: where they are remembered.
        notices: sentences for the person.
    """

    steps: tuple[int, ...]
    notices: tuple[str, ...] = ()


def load_examples(
    given: Sequence[str], sensor: SensorSpec, memory: OwnMemory, observe: Callable[[], Observation]
) -> Examples:
    """Take in pictures of success; nothing is remembered unless all can be.

    Args:
        given: each a picture file, a folder of them, "memory:NUMBER" for a stored step, or "now"
            for what the camera sees.
        sensor: the camera.
        memory: of the robot, open for writing.
        observe: what the robot senses now.

    Raises:
        InputError: naming what is no picture of success, and what would do.
    """
    steps, pictures, notices = list[int](), list[tuple[str, Array]](), list[str]()
    for text in given:
        if text.startswith(STORED):
            step = stored_number(text, len(memory))
            if not memory.present(sensor.name)[step]:
                raise InputError(f"The example {text} has no picture of '{sensor.name}'; expected "
                                 "a step at which that camera saw something.")  # fmt: skip
            steps.append(step)
        elif text == NOW:
            readings = observe().readings
            if sensor.name not in readings:
                raise InputError(f"'{sensor.name}' sees nothing now; show pictures of success.")
            pictures.append((text, readings[sensor.name]))
        else:
            found, told = _files(Path(text), sensor)
            pictures += found
            notices += told
    notices += _alike([picture for _, picture in pictures])
    notices += _unfamiliar([picture for _, picture in pictures], sensor, memory)
    for text, picture in pictures:
        steps.append(remember_shown(memory, {sensor.name: picture}, text))
    return Examples(tuple(steps), tuple(notices))


def _files(path: Path, sensor: SensorSpec) -> tuple[list[tuple[str, Array]], list[str]]:
    """The pictures in a file, or in those of a folder that are pictures; and notices."""
    if not path.is_dir():
        picture, notices = load_picture(path, sensor)
        return [(str(path), picture)], list(notices)
    pictures, refused, changed = list[tuple[str, Array]](), list[str](), list[str]()
    for file in sorted(file for file in path.iterdir() if file.is_file()):
        try:
            picture, notices = load_picture(file, sensor)
        except InputError as error:
            refused.append(str(error))
        else:
            pictures.append((str(file), picture))
            changed += notices
    if not pictures:
        why = f": {refused[0]}" if refused else "; expected PNG or JPEG files that show success."
        raise InputError(f"There is no picture in the folder {path}{why}")
    return pictures, [*_few(changed), *(f"Left out: {told}" for told in _few(refused))]


def _few(notices: Sequence[str]) -> Iterator[str]:
    yield from notices[:TOLD_N]
    if (more := len(notices) - TOLD_N) > 0:
        yield f"So it is with {more} more files."


def _alike(pictures: Sequence[Array]) -> Iterator[str]:
    """A sentence where one picture was given several times."""
    different = len({picture.tobytes() for picture in pictures})
    if different < len(pictures):
        yield (f"Of the {len(pictures)} pictures only {different} differ; show success in several "
               "ways, with the hand here and there.")  # fmt: skip


def _unfamiliar(
    pictures: Sequence[Array], sensor: SensorSpec, memory: OwnMemory
) -> Iterator[str]:  # fmt: skip
    """A sentence where pictures look like nothing that the camera ever saw."""
    found = [familiarity(memory, sensor.name, each, np.random.default_rng(0)) for each in pictures]
    foreign = sum(each is not None and each.is_foreign for each in found)
    if foreign:
        yield (f"{foreign} of the {len(pictures)} pictures look like nothing that '{sensor.name}' "
               "ever saw; show what that very camera sees.")  # fmt: skip
