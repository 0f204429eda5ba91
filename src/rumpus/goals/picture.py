"""A goal from outside: a picture file, which tells what one camera should see and nothing else."""

from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from rumpus.errors import InputError
from rumpus.spec import Readings, RobotSpec, SensorSpec
from rumpus.types import Array

MODES = {1: "L", 3: "RGB", 4: "RGBA"}  # Pillow's words for a picture of so many channels


def pictured(path: Path, spec: RobotSpec, camera: str = "") -> tuple[Readings, tuple[str, ...]]:
    """The readings that a picture asks for, and notices for the person.

    Args:
        path: a picture file.
        spec: the robot.
        camera: which of its picture sensors saw it; "" for the first.

    Raises:
        InputError: when it is no picture, or this robot has no such camera.
    """
    cameras = [sensor for sensor in spec.sensors if sensor.is_picture]
    if not cameras:
        raise InputError(
            f"The robot {spec.name} has no picture sensor, so {path} means nothing to it; give a "
            "stored step as memory:NUMBER."
        )
    names = [sensor.name for sensor in cameras]
    if camera and camera not in names:
        raise InputError(
            f"The robot {spec.name} has no camera '{camera}'; it has: {', '.join(names)}."
        )
    seen_by = cameras[names.index(camera) if camera else 0]
    picture, notices = load_picture(path, seen_by)
    others = [sensor.name for sensor in spec.sensors if sensor != seen_by]
    if others:
        told = f"The picture says nothing of {', '.join(others)}: what they read does not matter."
        notices = (*notices, told)
    return {seen_by.name: picture}, notices


def load_picture(path: Path, sensor: SensorSpec) -> tuple[Array, tuple[str, ...]]:
    """Read a picture file as a camera would have seen it: uint8 (h, w, c), and notices.

    Raises:
        InputError: when there is no such file or it is not a picture.
    """
    height, width, channels = sensor.shape
    if channels not in MODES:
        raise InputError(
            f"The sensor {sensor.name} has {channels} channels, and a picture file has 1, 3 or 4; "
            "give a stored step as memory:NUMBER."
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
