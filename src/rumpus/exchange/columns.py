"""What a memory knows of its steps, as columns and as the bytes of picture files, and back."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from rumpus.memory.schema import FIELDS, Schema
from rumpus.spec import Readings, RobotSpec
from rumpus.types import Array, Step

Shape = tuple[int, ...]
Columns = dict[str, Array]

DAMAGES = (OSError, SyntaxError, TypeError, ValueError, EOFError, Image.DecompressionBombError)
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}  # of PNG, by channels


def columns_of(spec: RobotSpec, steps: Sequence[Step]) -> Columns:
    """Steps, one row each; a sensor that tells no time has the step's."""
    schema = Schema(spec)
    values = [schema.values(schema.row(0, 0, step)) for step in steps]
    return {
        name: np.array([value[name] for value in values], field.dtype)
        for name, field in FIELDS.items()
    }


def kinds_of(spec: RobotSpec) -> dict[str, tuple[np.dtype[Any], Shape]]:
    """Type and shape of a row of each column; texts are objects."""
    sizes: dict[str, Shape] = {
        "": (), "action": (spec.action_size,), "sensor": (len(spec.sensors),)
    }  # fmt: skip
    kinds = {name: (field.dtype, sizes[field.per]) for name, field in FIELDS.items()}
    return kinds | {"step_index": (np.dtype(np.int64), ())}


def readings_of(spec: RobotSpec, steps: Sequence[Step]) -> Columns:
    """The readings of steps by sensor name, one row each; zeros where a sensor gave nothing."""
    nothing = {sensor.name: np.zeros(sensor.shape, sensor.dtype) for sensor in spec.sensors}
    seen = [{**nothing, **step.observation.readings} for step in steps]
    return {name: np.stack([readings[name] for readings in seen]) for name in nothing}


def step_of(spec: RobotSpec, readings: Readings, row: Mapping[str, Any]) -> Step:
    """A step from its readings and its row; columns that a stranger has not are left out."""
    times = np.reshape(row.get("captured_s", ()), -1)
    present = np.broadcast_to(np.reshape(row.get("present", True), -1), len(spec.sensors))
    values = {**row, "captured_s": np.where(times == row["time_s"], np.nan, times)}
    there = [s.name for s, is_there in zip(spec.sensors, present, strict=True) if is_there]
    return Schema(spec).step_of(values, {name: readings[name] for name in there})


def scaled(action: Array, low: Array, high: Array) -> Array:
    """A motor command in [low, high] as float32 (A,) in [-1, 1]; a motor without room is at 0."""
    command = np.reshape(action, -1)
    middle, reach = (low + high) / 2.0, (high - low) / 2.0
    inside = np.divide(command - middle, reach, out=np.zeros(command.shape), where=reach > 0)
    return inside.astype(np.float32)


def png(picture: Array) -> bytes:
    """A picture, uint8 (h, w, c), as a PNG that loses nothing."""
    out = io.BytesIO()
    flat = picture[:, :, 0] if picture.shape[2] == 1 else picture
    Image.fromarray(flat).save(out, format="PNG")
    return out.getvalue()


def decoded(file: bytes, channels: int) -> Array:
    """A picture file's bytes as uint8 (h, w, channels).

    Raises:
        DAMAGES: when the bytes are no picture.
    """
    with Image.open(io.BytesIO(file)) as image:
        pixels = np.array(image.convert(MODES[channels]))
    return pixels.reshape(*pixels.shape[:2], channels)
