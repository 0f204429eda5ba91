"""A goal from outside: a picture file, which tells what one camera should see and nothing else."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from rumpus.errors import InputError
from rumpus.spec import Readings, RobotSpec, SensorSpec
from rumpus.types import Array

MOST_CHANNELS = 4
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
    seen_by = camera_of(spec, camera)
    picture, notices = load_picture(path, seen_by)
    others = [sensor.name for sensor in spec.sensors if sensor != seen_by]
    if others:
        told = f"The picture says nothing of {', '.join(others)}: what they read does not matter."
        notices = (*notices, told)
    return {seen_by.name: picture}, notices


def camera_of(spec: RobotSpec, name: str = "") -> SensorSpec:
    """A robot's camera of that name; the first where none is named.

    Raises:
        InputError: when it has no such camera.
    """
    cameras = {sensor.name: sensor for sensor in spec.sensors if sensor.is_picture}
    if not cameras:
        raise InputError(
            f"The robot {spec.name} has no picture sensor, so a picture means nothing to it; give "
            "a stored step as memory:NUMBER."
        )
    if name and name not in cameras:
        raise InputError(
            f"The robot {spec.name} has no camera '{name}'; it has: {', '.join(cameras)}."
        )
    return cameras[name or next(iter(cameras))]


def load_picture(path: Path, sensor: SensorSpec) -> tuple[Array, tuple[str, ...]]:
    """Read a picture file as a camera would have seen it: uint8 (h, w, c), and notices.

    It is turned as a photograph says that it was held, more than 8 bits a channel are scaled to 8,
    transparent parts are put on white, and what is wider or higher than the camera sees is cut off
    evenly instead of squashed.

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
            image = ImageOps.exif_transpose(file)
            image.load()
    except UnidentifiedImageError as error:
        raise InputError(f"{path} is not a picture; expected a PNG or JPEG file.") from error
    except (OSError, ValueError, EOFError, SyntaxError, Image.DecompressionBombError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(
            f"The picture {path} cannot be read: {reason}; expected a PNG or JPEG file."
        ) from error
    done = []
    if image.mode[0] in "IF":
        image, deep = _in_8_bits(image, path)
        done += [f"its levels up to {deep:g} were scaled to 255"]
    if image.has_transparency_data and channels < MOST_CHANNELS:
        ground, image = Image.new("RGBA", image.size, "white"), image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            done += ["what is transparent in it was put on white"]
        image = Image.alpha_composite(ground, image)
    image = image.convert(MODES[channels])
    if image.size != (width, height):
        came, scale = image.size, min(image.width / width, image.height / height)
        seen = round(width * scale), round(height * scale)
        done += [f"it is {came[0]} x {came[1]} pixels and was resized to the robot's "
                 f"{width} x {height}"]  # fmt: skip
        if seen != came:
            done += [f"its edges were cut off to {seen[0]} x {seen[1]} before"]
        image = ImageOps.fit(image, (width, height), Image.Resampling.BOX)
    notices = (f"Of {path}: {'; '.join(done)}.",) if done else ()
    return np.asarray(image).reshape(height, width, channels).copy(), notices


def _in_8_bits(image: Image.Image, path: Path) -> tuple[Image.Image, float]:
    """A picture of deeper levels as one of 8 bits, and which level became 255."""
    levels = np.asarray(image, np.float64)
    most = float(levels.max(initial=0.0))
    if not (levels >= 0.0).all() or most == np.inf:
        raise InputError(f"The picture {path} has levels that are no brightness, below 0 or not "
                         "finite; expected a photograph, as a PNG or JPEG file.")  # fmt: skip
    usual = (65535.0,) if image.mode.startswith("I;16") else (1.0, 255.0, 65535.0)
    top = next((t for t in usual if most <= t), most)
    return Image.fromarray(np.rint(levels * (255.0 / top)).astype(np.uint8)), top
