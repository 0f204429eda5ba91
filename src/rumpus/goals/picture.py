"""A goal that comes from outside: a picture file, or a remembered moment by its number.

A picture tells what one camera should see. What the robot's other sensors should read is taken
from the remembered moment whose picture is nearest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from rumpus.errors import InputError
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Goal

MODES = {1: "L", 3: "RGB", 4: "RGBA"}  # Pillow's words for a picture of so many channels
CHUNK = 512  # remembered pictures compared at a time


@dataclass(frozen=True)
class Wish:
    """A goal, and what had to be done to make one of what was given.

    Attributes:
        goal: the wished readings.
        notices: sentences for the person, e.g. that the picture was resized.
    """

    goal: Goal
    notices: tuple[str, ...] = ()


def wish_for(text: str, spec: RobotSpec, lived: Mapping[str, Array]) -> Wish:
    """Make a goal of what a person gave.

    Args:
        text: a picture file, or "memory:NUMBER".
        spec: the robot.
        lived: everything remembered by sensor, (N, ...) each.

    Raises:
        InputError: when it is neither, or this robot cannot use it.
    """
    if text.startswith("memory:"):
        return Wish(_remembered(text, lived))
    return _pictured(Path(text), spec, lived)


def _remembered(text: str, lived: Mapping[str, Array]) -> Goal:
    number, count = text.removeprefix("memory:"), min(len(rows) for rows in lived.values())
    # Python reads no number of more than 4,300 digits.
    is_number = number.isascii() and number.isdigit() and len(number) < 20
    if not (is_number and int(number) < count):
        raise InputError(
            f"The goal '{text}' is no remembered moment; expected memory:0 to memory:{count - 1}."
        )
    index = int(number)
    return Goal({name: rows[index].copy() for name, rows in lived.items()}, "memory", text, index)


def _pictured(path: Path, spec: RobotSpec, lived: Mapping[str, Array]) -> Wish:
    cameras = [sensor for sensor in spec.sensors if sensor.is_picture]
    if not cameras:
        raise InputError(
            f"The robot {spec.name} has no picture sensor, so {path} means nothing to it; give a "
            "remembered moment as memory:NUMBER."
        )
    camera = cameras[0]
    picture, notices = load_picture(path, camera)
    sensors = {camera.name: picture}
    others = [sensor.name for sensor in spec.sensors if sensor != camera]
    if others:
        index = nearest(picture, lived[camera.name])
        sensors |= {name: lived[name][index].copy() for name in others}
        notices = (
            *notices,
            f"The picture says nothing of {', '.join(others)}: taken from the remembered moment "
            f"{index}, whose picture is nearest.",
        )
    return Wish(Goal(sensors, "picture", str(path)), notices)


def load_picture(path: Path, sensor: SensorSpec) -> tuple[Array, tuple[str, ...]]:
    """Read a picture file as a camera would have seen it: uint8 (h, w, c), and notices.

    Raises:
        InputError: when there is no such file or it is not a picture.
    """
    height, width, channels = sensor.shape
    if channels not in MODES:
        raise InputError(
            f"The sensor {sensor.name} has {channels} channels, and a picture file has 1, 3 or 4; "
            "give a remembered moment as memory:NUMBER."
        )
    try:
        with Image.open(path) as file:
            image = file.convert(MODES[channels])
    except UnidentifiedImageError as error:
        raise InputError(f"{path} is not a picture; expected a PNG or JPEG file.") from error
    except (OSError, ValueError, EOFError, SyntaxError, Image.DecompressionBombError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(
            f"The picture {path} cannot be read: {reason}; expected a PNG or JPEG file."
        ) from error
    notices: tuple[str, ...] = ()
    if image.size != (width, height):
        came = f"{image.width} x {image.height}"
        image = image.resize((width, height), Image.Resampling.BOX)
        notices = (f"{path} is {came} pixels and was resized to the robot's {width} x {height}.",)
    return np.asarray(image).reshape(height, width, channels).copy(), notices


def nearest(picture: Array, lived: Array) -> int:
    """Which of lived (N, h, w, c) differs least from a picture (h, w, c), in mean square."""
    apart = [
        np.square(lived[first : first + CHUNK].astype(np.float32) - picture).mean((1, 2, 3))
        for first in range(0, len(lived), CHUNK)
    ]
    return int(np.concatenate(apart).argmin())
