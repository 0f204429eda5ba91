"""A Minari dataset opened for reading: what robot it is of, and its steps as rows.

The same readings are taken as from a live Gymnasium environment, see `body/robots/gymnasium.py`;
this file needs no Gymnasium.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import msgspec
import numpy as np

from rumpus.errors import InputError
from rumpus.exchange import transfer
from rumpus.exchange.incoming import Dataset, IncomingRow, import_dataset, understood
from rumpus.exchange.minari.layout import DATA, METADATA, key
from rumpus.exchange.transfer import DAMAGES, LARGEST_RATIO, LARGEST_READING, Ours, Shape, Transfer
from rumpus.memory.memory import Memory
from rumpus.spec import RobotSpec, SensorSpec, sensor_for
from rumpus.types import Array

UNNAMED_SENSOR = "observation"
USUAL_RATE_HZ = 10.0
BLOCK = 256  # steps in RAM at once, where they are small
EPISODE = "episode_"
LARGEST_CHUNK = 2**27  # bytes that HDF5 has in RAM at once
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
    with understood(folder):
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
    with understood(folder):
        return import_dataset(MinariDataset(folder, memory.spec.rate_hz), memory)


@dataclass(frozen=True)
class Space:
    """A space of Gymnasium, as Minari writes it in JSON; what a kind of space has not is empty."""

    type: str
    dtype: str = ""
    shape: Shape = ()
    low: Any = 0.0
    high: Any = 0.0
    subspaces: Any = None

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
        about = transfer.told(folder, METADATA, Metadata)
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
        spec = RobotSpec(self.id, sensors, size, rate_hz, self.motor_ranges(size))
        self.spec = transfer.check_robot(spec)
        self.places = {sensor.name: place for place, sensor in about.sensors.items()}
        self.note("Minari tells no action at the last step of an episode; it is 0.")

    def rows(self) -> Iterator[IncomingRow]:
        """All there are, in the order of the episodes' numbers.

        Raises:
            InputError: when one is damaged or is not of this robot.
        """
        real = transfer.inside(self.folder, self.folder / DATA)
        most, size = real.stat().st_size, sum(math.prod(s.shape) for s in self.spec.sensors)
        block = max(1, min(BLOCK, LARGEST_READING // size))
        with h5py.File(real, "r") as file:
            names = (name for name in file if name.startswith(EPISODE))
            for number in sorted(int(name[len(EPISODE) :]) for name in names):
                group = _member(file, f"{EPISODE}{number}")
                n = len(_member(group, next(iter(self.places.values()))))
                if n > most:
                    raise ValueError(f"{group.name} claims {n:,} steps in {most:,} bytes")
                for begin in range(0, n, block):
                    yield from self._rows(number, group, n, range(begin, min(begin + block, n)))

    def _rows(self, number: int, group: Any, n: int, steps: range) -> Iterator[IncomingRow]:
        """Some of an episode's N observations and of the N - 1 moves between them."""
        columns = (self._ours if self.ours else self._theirs)(group, n, steps)
        readings = {s.name: self._readings(group, s, n, steps) for s in self.spec.sensors}
        name = f"minari {self.id} episode_{number}"
        for k, step in enumerate(steps):
            row = {column: values[k] for column, values in columns.items()}
            yield IncomingRow(number, step, name, row, {s: of[k] for s, of in readings.items()})

    def _ours(self, group: Any, n: int, steps: range) -> dict[str, Array]:
        """What rumpus told; an older one told neither `present`, for all was, nor `outcome`."""
        found: dict[str, Array] = {}
        for name, (dtype, shape) in transfer.kinds_of(self.spec).items():
            if name not in LATER or name in list(_member(group, "infos")):
                part = _part(group, f"infos/{name}", (n, *shape))
                part = part.asstr() if dtype.hasobject else part
                found[name] = np.asarray(part[steps.start : steps.stop], dtype)
        return found

    def _theirs(self, group: Any, n: int, steps: range) -> dict[str, Array]:
        """What Minari tells, in the columns of rumpus; of the last step no action is known."""
        if unknown := sorted(_member(group, "infos")) if "infos" in list(group) else []:
            names = ", ".join(f"infos/{name}" for name in unknown)
            self.note(f"Left out, rumpus has no place for them: {names}.")
        moves, none = n - 1, (self.limits[0] + self.limits[1]) / 2.0
        here = slice(steps.start, steps.stop)
        came = slice(max(steps.start - 1, 0), steps.stop - 1)  # the moves that led here
        first, last = [False] * (steps.start == 0), steps.stop == n
        actions = _part(group, "actions", (moves, *none.shape))[here]
        rewards = np.reshape(_part(group, "rewards", (moves,))[here], -1)
        if not np.isfinite(rewards).all():
            self.note("Left out: rewards that are no finite number.")
        outcomes = [*map(transfer.outcome_of, rewards.tolist()), *[""] * last]
        return {
            "executed_action": np.concatenate([actions, [none]]) if last else actions,
            "step_index": np.arange(steps.start, steps.stop),
            "terminated": np.append(first, _part(group, "terminations", (moves,))[came]),
            "truncated": np.append(first, _part(group, "truncations", (moves,))[came]),
            "outcome": np.array(outcomes, np.object_),
        }

    def _readings(self, group: Any, sensor: SensorSpec, n: int, steps: range) -> Any:
        place, rows = self.places[sensor.name], slice(steps.start, steps.stop)
        if sensor.is_picture and _member(group, place).ndim <= len(_squeezed(sensor.shape)):
            self.note(f"Pictures of '{sensor.name}' were JPEG: not exactly what was seen.")
            files, owner = _part(group, place, ())[rows], f"{group.name}/{place}"
            try:
                return [transfer.decoded(bytes(file), sensor.shape, owner) for file in files]
            except DAMAGES as error:
                raise ValueError(f"{owner}: {error}") from error
        return np.reshape(_part(group, place, (n, *sensor.shape))[rows], (-1, *sensor.shape))


def _member(group: Any, name: str) -> Any:
    """What a group holds under a path; nothing outside of its file.

    Raises:
        ValueError: when there is none, or it leads out of the file.
    """
    for part in name.split("/"):
        if not isinstance(group.get(part, getlink=True), h5py.HardLink):
            raise ValueError(f"{group.name}/{part} is missing, or lies in another file")
        group = group[part]
    return group


def _part(group: Any, name: str, shape: Shape) -> Any:
    """An array of an episode, of a shape in which sides of 1 do not matter; () for any.

    Raises:
        ValueError: when there is none, it lies in other files, or claims more than it has.
    """
    part = _member(group, name)
    came = getattr(part, "shape", None)
    if came is None or (shape and _squeezed(came) != _squeezed(shape)):
        raise ValueError(f"{group.name}/{name} is {came or 'no array'}, expected {shape}")
    chunk = math.prod(part.chunks or (0,)) * part.dtype.itemsize
    held = LARGEST_RATIO * part.id.get_storage_size()
    if part.is_virtual or part.external or part.nbytes > held or chunk > LARGEST_CHUNK:
        raise ValueError(f"{group.name}/{name} claims {part.nbytes:,} bytes that are not in it")
    return part


def _squeezed(shape: Shape) -> Shape:
    return tuple(side for side in shape if side != 1)


def _space(text: str) -> Space:
    return msgspec.convert(json.loads(text), Space)


def _sensors(space: Space, owner: str) -> dict[str, SensorSpec]:
    if space.type != "Dict":
        return {"observations": _sensor(UNNAMED_SENSOR, space, owner)}
    parts = msgspec.convert(space.subspaces, dict[str, Space]).items()
    return {
        f"observations/{name}": _sensor(name, part, owner)
        for name, part in parts
        if 0 not in part.shape  # that is no sensor: it says nothing
    }


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
