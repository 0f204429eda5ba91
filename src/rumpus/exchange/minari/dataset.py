"""A Minari dataset opened for reading: what robot it is of, and its steps as rows.

The same readings are taken as from a live Gymnasium environment, see `body/robots/gymnasium.py`;
this file needs no Gymnasium.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import msgspec
import numpy as np

from rumpus.errors import InputError
from rumpus.exchange.incoming import Dataset, IncomingRow, import_dataset
from rumpus.exchange.minari.layout import DATA, METADATA, key
from rumpus.exchange.transfer import (
    DAMAGES,
    Ours,
    Shape,
    Transfer,
    decoded,
    kinds_of,
    outcome_of,
    told,
)  # fmt: skip
from rumpus.memory.memory import Memory
from rumpus.spec import RobotSpec, SensorSpec, sensor_for
from rumpus.types import Array

UNNAMED_SENSOR = "observation"
USUAL_RATE_HZ = 10.0
BLOCK = 256  # pictures of one sensor in RAM at once
EPISODE = "episode_"
LATER = ("present", "outcome")  # what an older rumpus did not tell


def minari_spec(folder: Path, rate_hz: float = USUAL_RATE_HZ) -> RobotSpec:
    """The robot whose memory can take a Minari dataset: create a memory for it, then import.

    Args:
        folder: of the dataset.
        rate_hz: control steps a second, which Minari does not tell; where rumpus wrote the
            dataset, the robot's own rate is known and this one does not matter.

    Raises:
        InputError: when the folder holds no Minari dataset, or one of a robot that rumpus is not
            made for.
    """
    return MinariDataset(folder, rate_hz).spec


def import_minari(folder: Path, memory: Memory) -> Transfer:
    """Add all episodes of a Minari dataset to a memory, as new ones; all of them, or none.

    A dataset that rumpus wrote comes back as it was: also chosen actions, times, goals and reasons.
    In any other one the actions stand for the chosen and the executed ones, they are brought to
    [-1, 1], the last step of an episode has the action 0, and the clock ticks at the robot's rate.

    Raises:
        InputError: when the folder holds no such dataset, it is damaged, or it is of a robot with
            other sensors or another action.
        MemoryFault: when the disk does not take it.
    """
    try:
        return import_dataset(MinariDataset(folder, memory.spec.rate_hz), memory)
    except (OSError, RuntimeError, KeyError, IndexError, ValueError) as error:  # also HDF5's own
        said = " ".join(str(error).split())
        raise InputError(
            f"{folder / DATA} is no HDF5 file or is damaged ({said}); take another copy of it."
        ) from error


@dataclass(frozen=True)
class Space:
    """A space of Gymnasium, as Minari writes it in JSON; what a kind of space has not is empty."""

    type: str
    dtype: str = ""
    shape: Shape = ()
    low: Any = 0.0
    high: Any = 0.0
    subspaces: dict[str, "Space"] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.type} {self.dtype} {self.shape or ''}".strip()


@dataclass
class Metadata:
    """What metadata.json tells, as far as rumpus reads it.

    Attributes:
        limits: lowest and highest motor command, float64 of the action's shape each.
        sensors: a stranger's, by where in an episode their readings are.
    """

    dataset_id: str
    data_format: str
    observation_space: str
    action_space: str
    rumpus: Ours | None = None  # where it is there, infos hold the columns of a memory

    def __post_init__(self) -> None:
        """Understand the spaces.

        Raises:
            InputError: when rumpus has no robot for them.
        """
        self.limits = _action_limits(_space(self.action_space), self.dataset_id)
        space = _space(self.observation_space)
        self.sensors = {} if self.rumpus else _sensors(space, self.dataset_id)


class MinariDataset(Dataset):
    """A Minari dataset, as its metadata tells of it.

    Attributes:
        id: its name among Minari's, e.g. "door-v0".
        places: where each sensor's readings are in an episode, by sensor name.
    """

    def __init__(self, folder: Path, rate_hz: float) -> None:
        """Read the metadata; `rate_hz` counts where rumpus did not write it.

        Raises:
            InputError: when the folder holds none, the data is in another format, or rumpus has no
                robot for its spaces.
        """
        about = told(folder / METADATA, Metadata)
        super().__init__(folder, about.rumpus)
        self.id, self.limits = about.dataset_id, about.limits
        if about.data_format != "hdf5":
            raise InputError(
                f"The Minari dataset {folder} is in the format '{about.data_format}'; only "
                "'hdf5' can be imported, so let Minari write it again with data_format='hdf5'."
            )
        if self.ours:
            self.spec = self.ours.spec
            self.places = {s.name: f"observations/{key(s.name)}" for s in self.spec.sensors}
            return
        sensors, size = tuple(about.sensors.values()), self.limits[0].size
        self.spec = RobotSpec(self.id, sensors, size, rate_hz, self.motor_ranges(size))
        self.places = {sensor.name: place for place, sensor in about.sensors.items()}
        self.note("Minari tells no action at the last step of an episode; it is 0.")

    def rows(self) -> Iterator[IncomingRow]:
        """All there are, in the order of the episodes' numbers.

        Raises:
            InputError: when one is damaged or is not of this robot.
        """
        with h5py.File(self.folder / DATA, "r") as file:
            numbers = sorted(int(name[len(EPISODE) :]) for name in file if name.startswith(EPISODE))
            if not numbers:
                raise InputError(f"The Minari dataset {self.folder} holds no episode.")
            first = 0
            for number in numbers:
                group = file[f"{EPISODE}{number}"]
                n = len(group[next(iter(self.places.values()))])
                yield from self._rows(number, group, np.arange(first, first + n))
                first += n

    def _rows(self, number: int, group: Any, index: Array) -> Iterator[IncomingRow]:
        """An episode's N observations and the N - 1 moves between them."""
        n, name = len(index), f"minari {self.id} episode_{number}"
        columns = self._ours(group, n) if self.ours else self._theirs(group, index)
        for begin in range(0, n, BLOCK):
            rows = slice(begin, begin + BLOCK)
            block = {s.name: self._readings(group, s, n, rows) for s in self.spec.sensors}
            for k in range(begin, min(begin + BLOCK, n)):
                row = {name: column[k] for name, column in columns.items()}
                readings = {name: rows[k - begin] for name, rows in block.items()}
                yield IncomingRow(number, name, row, readings)

    def _ours(self, group: Any, n: int) -> dict[str, Array]:
        """What rumpus told; an older one told neither `present`, for all was, nor `outcome`."""
        found: dict[str, Array] = {}
        for name, (dtype, shape) in kinds_of(self.spec).items():
            if name not in LATER or f"infos/{name}" in group:
                part = _part(group, f"infos/{name}", (n, *shape))
                found[name] = part.asstr()[()] if dtype.hasobject else np.asarray(part[()], dtype)
        return found

    def _theirs(self, group: Any, index: Array) -> dict[str, Array]:
        """What Minari tells, in the columns of rumpus; of the last step no action is known."""
        unknown = [f"infos/{name}" for name in sorted(group.get("infos", ()))]
        if unknown:
            self.note(f"Left out, rumpus has no place for them: {', '.join(unknown)}.")
        moves, none = len(index) - 1, (self.limits[0] + self.limits[1]) / 2.0
        rewards = np.reshape(_part(group, "rewards", (moves,))[()], -1)
        actions = _part(group, "actions", (moves, *none.shape))[()]
        return {
            "executed_action": np.concatenate([actions, [none]]),
            "step_index": index,
            "terminated": np.append(False, _part(group, "terminations", (moves,))[()]),
            "truncated": np.append(False, _part(group, "truncations", (moves,))[()]),
            "outcome": np.array([*map(outcome_of, rewards.tolist()), ""], np.object_),
        }

    def _readings(self, group: Any, sensor: SensorSpec, n: int, rows: slice) -> Any:
        place = self.places[sensor.name]
        if sensor.is_picture and group[place].ndim <= len(_squeezed(sensor.shape)):
            self.note(f"Pictures of '{sensor.name}' were JPEG: not exactly what was seen.")
            try:
                return [decoded(bytes(file), sensor.shape[2]) for file in group[place][rows]]
            except DAMAGES as error:
                raise ValueError(f"{group.name}/{place}: {error}") from error
        return np.reshape(_part(group, place, (n, *sensor.shape))[rows], (-1, *sensor.shape))


def _part(group: Any, name: str, shape: Shape) -> Any:
    """An array of an episode, of a shape in which sides of 1 do not matter.

    Raises:
        ValueError: when there is none.
    """
    came = getattr(group.get(name), "shape", None)
    if came is None or _squeezed(came) != _squeezed(shape):
        raise ValueError(f"{group.name}/{name} is {came or 'missing'}, expected {shape}")
    return group[name]


def _squeezed(shape: Shape) -> Shape:
    return tuple(side for side in shape if side != 1)


def _space(text: str) -> Space:
    return msgspec.convert(json.loads(text), Space)


def _sensors(space: Space, owner: str) -> dict[str, SensorSpec]:
    if space.type != "Dict":
        return {"observations": _sensor(UNNAMED_SENSOR, space, owner)}
    parts = space.subspaces.items()
    return {f"observations/{name}": _sensor(name, part, owner) for name, part in parts}


def _sensor(name: str, space: Space, owner: str) -> SensorSpec:
    sensor = sensor_for(name, space.shape, space.dtype, space.low, space.high)
    if space.type != "Box" or sensor is None:
        raise InputError(
            f"{owner}: its observation '{name}' is {space}, expected a picture (Box, uint8, "
            "(h, w, c) with at most 4 channels, channels last), a vector (Box, (k,)) or a flat "
            "Dict of them; it cannot be imported."
        )
    return sensor


def _action_limits(space: Space, owner: str) -> tuple[Array, Array]:
    if space.type != "Box" or not space.dtype.startswith("float"):
        raise InputError(
            f"{owner}: its action is {space}, expected a Box of floats; it cannot be imported."
        )
    low, high = (np.asarray(end, np.float64) for end in (space.low, space.high))
    if not np.isfinite([low, high]).all():
        raise InputError(
            f"{owner}: its action has no limits, expected a finite low and high for every motor; "
            "write them into the action_space of its metadata.json."
        )
    return low, high
