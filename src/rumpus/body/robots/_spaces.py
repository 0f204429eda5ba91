"""Gymnasium's spaces as sensors and motors: what fits, what is adapted, what is left out.

Every adaptation is told in a sentence, so that nobody wonders what the robot senses. The leading
underscore says that this file is not a robot.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from textwrap import shorten
from typing import Any

import numpy as np
from gymnasium import spaces

from rumpus.errors import WorldError
from rumpus.spec import SensorSpec, sensor_for
from rumpus.types import Array

UNNAMED_SENSOR = "observation"
DESIRED, ACHIEVED = "desired_goal", "achieved_goal"  # of a goal environment
MOST_CHANNELS = 4
MOST_CHOICES = 256  # of a sensor that says one of so many: more are a number
MOST_NUMBERS = 4096  # of one sensor: more are no numbers but a picture of some kind
FEWEST_PIXELS = 16  # of a side, where numbers that are no bytes are to be a picture
WIDE = 2**24  # from here on float32 does not tell whole numbers apart
UNBOUNDED = 1e6  # a motor that may go further has no limits, whatever its space says
Space = spaces.Space[Any]
Read = Callable[[Array], Array]


@dataclass(frozen=True)
class SpaceSensor:
    """One sensor in an observation.

    Attributes:
        path: keys that lead to it.
        spec: how it is declared.
        read: makes a reading of what is there.
        notice: how it was adapted, or "".
    """

    path: tuple[Any, ...]
    spec: SensorSpec
    read: Read
    notice: str = ""

    def reading(self, observation: Any) -> Array:
        """What it says; copied, for environments write into their own arrays."""
        for key in self.path:
            observation = observation[key]
        return self.read(np.asarray(observation)).copy()


@dataclass(frozen=True)
class Motors:
    """What moves an environment.

    Attributes:
        size: A, entries of an action.
        command: of an action in [-1, 1]: what the environment takes, and what that is as an action.
        reason: why what is executed is not what was asked for, where it is not.
        ranges: what -1 and 1 are to each; none where they choose.
    """

    size: int
    command: Callable[[Array], tuple[Any, Array]]
    reason: str = ""
    ranges: tuple[tuple[float, float], ...] = ()


def sensors_of(space: Space, owner: str) -> tuple[list[SpaceSensor], list[str]]:
    """The sensors of an observation, and a sentence for each part that is adapted or left out.

    Raises:
        WorldError: when nothing of it can be sensed, or two parts have one name.
    """
    found: list[SpaceSensor] = []
    notices: list[str] = []
    for path, leaf in _leaves(space, ()):
        name = ".".join(map(str, path)) or UNNAMED_SENSOR
        if path and path[-1] == DESIRED and ACHIEVED in getattr(space, "spaces", {}):
            notices.append(f"'{DESIRED}' is what the environment wants, and no sensor.")
        elif sensor := _sensor(name, path, leaf):
            found.append(sensor)
            notices += [f"'{name}' {sensor.notice}."] if sensor.notice else []
        else:
            notices.append(f"'{name}' is left out: {shorten(str(leaf), 60)} is no sensor's.")
    names = [sensor.spec.name for sensor in found]
    if not names or len(set(names)) < len(names):
        raise WorldError(
            f"{owner}: its observation is {shorten(str(space), 60)}, expected pictures or vectors, "
            "each with a name of its own; wrap the environment so that it gives at least one."
        )
    return found, notices


def motors_of(space: Space, owner: str) -> Motors:
    """What moves an environment; choices become one entry each, of which the greatest counts.

    Raises:
        WorldError: when it has no limits, or is of a kind that rumpus does not move.
    """
    if isinstance(space, spaces.Box) and np.issubdtype(space.dtype, np.floating):
        return _continuous(space, owner)
    if isinstance(space, spaces.Discrete):
        least = int(space.start)
        return _choosing([int(space.n)], lambda chosen: least + int(chosen[0]))
    if isinstance(space, spaces.MultiDiscrete):
        start, shape = space.start.reshape(-1), space.shape
        return _choosing(
            space.nvec.reshape(-1).tolist(),
            lambda chosen: (chosen + start).reshape(shape).astype(space.dtype),
        )
    raise WorldError(
        f"{owner}: its action is {shorten(str(space), 60)}, expected a Box of floats, Discrete or "
        "MultiDiscrete; wrap the environment so that it takes one of these."
    )


def _continuous(space: spaces.Box, owner: str) -> Motors:
    low, high = (np.asarray(b, np.float64).reshape(-1) for b in (space.low, space.high))
    if not (np.abs(low) < UNBOUNDED).all() or not (np.abs(high) < UNBOUNDED).all():
        raise WorldError(
            f"{owner}: its action has no limits, expected a finite low and high for every motor, "
            f"of which it has {low.size}; give it some in a subclass or wrapper, for example "
            f"self.action_space = gymnasium.spaces.Box(-1, 1, {space.shape})."
        )

    def command(action: Array) -> tuple[Any, Array]:
        motor = low + (action + 1.0) / 2.0 * (high - low)
        return motor.reshape(space.shape).astype(space.dtype), action.astype(np.float32)

    return Motors(low.size, command, ranges=tuple(zip(low.tolist(), high.tolist(), strict=True)))


def _choosing(counts: list[int], made: Callable[[Array], Any]) -> Motors:
    ends = np.cumsum(counts)[:-1]

    def command(action: Array) -> tuple[Any, Array]:
        chosen = np.array([int(part.argmax()) for part in np.split(action, ends)])
        executed = np.concatenate([_one_hot(k, n) for k, n in zip(chosen, counts, strict=True)])
        return made(chosen), 2.0 * executed - 1.0

    return Motors(sum(counts), command, "one of its choices")


def _leaves(space: Space, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Space]]:
    """The parts of nested observations."""
    if isinstance(space, spaces.Dict | spaces.Tuple):
        parts = space.spaces.items() if isinstance(space, spaces.Dict) else enumerate(space.spaces)
        for key, part in parts:
            yield from _leaves(part, (*path, key))
    else:
        yield path, space


def _sensor(name: str, path: tuple[Any, ...], space: Space) -> SpaceSensor | None:
    """The sensor that one part is; None where it is none."""
    if isinstance(space, spaces.Box):
        return _picture(name, path, space) or _numbers(name, path, space)
    if isinstance(space, spaces.Discrete):
        counts, start = [int(space.n)], np.array([space.start])
    elif isinstance(space, spaces.MultiDiscrete):
        counts, start = space.nvec.reshape(-1).tolist(), space.start.reshape(-1)
    else:
        return None
    if sum(counts) > MOST_CHOICES:
        spec = SensorSpec(name, (len(counts),), 0.0, float(max(counts)))
        return SpaceSensor(path, spec, lambda v: _vector(v) - start.astype(np.float32))
    return SpaceSensor(
        path, SensorSpec(name, (sum(counts),), 0.0, 1.0),
        lambda value: np.concatenate([
            _one_hot(int(k), n) for k, n in zip(value.reshape(-1) - start, counts, strict=True)
        ]),
        f"says one of {' x '.join(map(str, counts))}: a number for each",
    )  # fmt: skip


def _numbers(name: str, path: tuple[Any, ...], space: spaces.Box) -> SpaceSensor | None:
    """A row of float32; None where there is no number, or far too many."""
    size = int(np.prod(space.shape))
    if not 0 < size <= MOST_NUMBERS:
        return None
    spec = sensor_for(name, (size,), str(space.dtype), space.low, space.high)
    assert spec is not None
    wide = not np.issubdtype(space.dtype, np.floating) and float(np.max(space.high)) > WIDE
    notice = f"is {space.dtype}, of which float32 keeps about seven digits" if wide else ""
    return SpaceSensor(path, spec, _vector, notice)


def _picture(name: str, path: tuple[Any, ...], space: spaces.Box) -> SpaceSensor | None:
    """A picture, uint8 (h, w, c), however its axes and numbers lie; None where it is none."""
    shape, top = space.shape, float(np.max(space.high, initial=0.0))
    in_bytes = space.dtype == np.uint8
    if not in_bytes and not (float(np.min(space.low, initial=0.0)) == 0.0 and top in (1.0, 255.0)):
        return None
    told = [] if in_bytes else [f"came as {space.dtype} up to {top:g}"]
    newest = len(shape) == 4
    if newest:
        told.append(f"is the newest of {shape[0]}")
        shape = shape[1:]
    if len(shape) == 2:
        shape = (*shape, 1)
    if len(shape) != 3:
        return None
    axis = 2 if shape[2] <= shape[0] or shape[2] <= MOST_CHANNELS else 0
    channels, sides = shape[axis], [side for k, side in enumerate(shape) if k != axis]
    if axis == 0:
        told.append("had its channels first")
    kept = channels
    if channels > MOST_CHANNELS:
        kept = 3 if channels % 3 == 0 else 1
        told.append(f"shows the newest {kept} of {channels} stacked channels")
    if not in_bytes and min(sides) < FEWEST_PIXELS:
        return None

    def read(value: Array) -> Array:
        value = value[-1] if newest else value
        value = np.moveaxis(value.reshape(shape), axis, 2)[:, :, -kept:]
        return value if in_bytes else np.rint(value * (255.0 / top)).clip(0, 255).astype(np.uint8)

    return SpaceSensor(path, SensorSpec(name, (sides[0], sides[1], kept)), read, ", ".join(told))


def _vector(value: Array) -> Array:
    return value.astype(np.float32).reshape(-1)


def _one_hot(index: int, count: int) -> Array:
    if not 0 <= index < count:
        raise ValueError(f"it says {index}, of choices from 0 to {count - 1}")
    row = np.zeros(count, np.float32)
    row[index] = 1.0
    return row
