"""A Minari dataset opened for reading: what robot it is of, and its episodes as columns."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from rumpus.errors import InputError
from rumpus.exchange.columns import Columns, Shape, kinds_of
from rumpus.exchange.incoming import (
    Block,
    Dataset,
    IncomingEpisode,
    Readings,
    import_dataset,
)
from rumpus.exchange.minari import layout
from rumpus.exchange.picture import DAMAGES, decoded
from rumpus.exchange.transfer import Ours, Transfer
from rumpus.memory.memory import Memory
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array

USUAL_RATE_HZ = 10.0
BLOCK = 256  # pictures of one sensor in RAM at once
EPISODE = re.compile(r"episode_([0-9]+)")


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
    return open_dataset(folder, rate_hz).spec


def import_minari(folder: Path, memory: Memory) -> Transfer:
    """Add all episodes of a Minari dataset to a memory, as new ones; all of them, or none.

    A dataset that rumpus wrote comes back as it was: also chosen actions, times, goals and reasons.
    In any other one the actions stand for the chosen and the executed ones, they are brought to
    [-1, 1], the last step of an episode has the action 0, and the clock ticks at the robot's rate.

    Raises:
        InputError: when the folder holds no such dataset, it is damaged, or it is of a robot with
            other sensors or another action.
        MemoryFault: when the disk does not take it.
        ModuleNotFoundError: when h5py is missing.
    """
    try:
        return import_dataset(open_dataset(folder, memory.spec.rate_hz), memory)
    except (OSError, RuntimeError, KeyError, ValueError) as error:  # HDF5's own complaints
        said = " ".join(str(error).split())
        raise InputError(
            f"{folder / layout.DATA} is no HDF5 file or is damaged ({said}); "
            "take another copy of the dataset."
        ) from error


class MinariDataset(Dataset):
    """A Minari dataset, as its metadata tells of it.

    Attributes:
        id: its name among Minari's, e.g. "door-v0".
        places: where each sensor's readings are in an episode, by sensor name.
    """

    def __init__(self, folder: Path, metadata: dict[str, Any], rate_hz: float) -> None:
        """Understand the metadata; `rate_hz` counts where rumpus did not write it."""
        told = metadata.get(layout.OURS)
        super().__init__(folder, None if told is None else msgspec.convert(told, Ours))
        self.id = str(metadata["dataset_id"])
        self.limits = layout.action_limits(json.loads(metadata["action_space"]), self.id)
        if self.ours is not None:
            self.ours.check(folder / layout.METADATA)
            self.spec = self.ours.spec
            self.places = {s.name: f"observations/{layout.key(s.name)}" for s in self.spec.sensors}
            return
        sensors = layout.sensors_of(json.loads(metadata["observation_space"]), self.id)
        self.spec = RobotSpec(self.id, tuple(sensors.values()), self.limits[0].size, rate_hz)
        self.places = {sensor.name: place for place, sensor in sensors.items()}
        self.note("Minari tells no action at the last step of an episode; it is 0.")

    def episodes(self) -> Iterator[IncomingEpisode]:
        """All episodes, in the order of their numbers.

        Raises:
            InputError: when one is damaged or is not of this robot.
        """
        import h5py  # an extra: pip install 'rumpus[exchange]'

        with h5py.File(self.folder / layout.DATA, "r") as file:
            numbers = sorted(int(found[1]) for name in file if (found := EPISODE.fullmatch(name)))
            if not numbers:
                raise InputError(f"The Minari dataset {self.folder} holds no episode.")
            first = 0
            for number in numbers:
                name = f"episode_{number}"
                length = len(self._part(file[name], next(iter(self.places.values()))))
                blocks = self._blocks(file[name], np.arange(first, first + length))
                yield IncomingEpisode(number, f"minari {self.id} {name}", blocks)
                first += length

    def _blocks(self, group: Any, index: Array) -> Iterator[Block]:
        """An episode's N observations and the N - 1 moves between them."""
        n = len(index)
        columns = self._ours(group, n) if self.ours else self._theirs(group, index)
        for begin in range(0, n, BLOCK):
            rows = slice(begin, begin + BLOCK)
            readings = {s.name: self._readings(group, s, n, rows) for s in self.spec.sensors}
            yield {name: column[rows] for name, column in columns.items()}, readings

    def _ours(self, group: Any, n: int) -> Columns:
        found: Columns = {}
        for name, (dtype, shape) in kinds_of(self.spec).items():
            if name == "present" and f"infos/{name}" not in group:
                continue  # an older rumpus wrote it, when sensors could not be left out
            part = self._part(group, f"infos/{name}", n, shape)
            found[name] = part.asstr()[()] if dtype.hasobject else np.asarray(part[()], dtype)
        return found

    def _theirs(self, group: Any, index: Array) -> Columns:
        """What Minari tells, in the columns of rumpus; of the last step no action is known."""
        unknown = ["rewards"] if np.any(self._part(group, "rewards")[()]) else []
        if unknown := [*unknown, *(f"infos/{name}" for name in sorted(group.get("infos", ())))]:
            self.note(f"Left out, rumpus has no place for them: {', '.join(unknown)}.")
        moves, (low, high) = len(index) - 1, self.limits
        actions = self._part(group, "actions", moves)[()]
        if actions.size != moves * low.size:
            raise self._unlike(group, "actions", f"rows of {actions.shape[1:]}", f"({low.size},)")
        none = (low + high) / 2.0
        return {
            "executed_action": np.append(actions.reshape(moves, low.size), [none], axis=0),
            "step_index": index,
            "terminated": np.append(False, self._part(group, "terminations", moves)[()]),
            "truncated": np.append(False, self._part(group, "truncations", moves)[()]),
        }

    def _readings(self, group: Any, sensor: SensorSpec, n: int, rows: slice) -> Readings:
        part = self._part(group, self.places[sensor.name], n)
        if sensor.is_picture and part.ndim <= len(_squeezed(sensor.shape)):  # each a file's bytes
            self.note(f"Pictures of '{sensor.name}' were JPEG: not exactly what was seen.")
            try:
                return [decoded(bytes(file), sensor.shape[2]) for file in part[rows]]
            except DAMAGES as error:
                raise self._unlike(group, part.name, str(error), "JPEG") from error
        if _squeezed(part.shape[1:]) != _squeezed(sensor.shape):
            raise self._unlike(group, part.name, f"rows of {part.shape[1:]}", f"{sensor.shape}")
        return np.reshape(part[rows], (-1, *sensor.shape))

    def _part(
        self, group: Any, name: str, rows: int | None = None, shape: Shape | None = None
    ) -> Any:
        import h5py

        part = group.get(name)
        if not isinstance(part, h5py.Dataset) or not part.shape:
            raise self._unlike(group, name, "missing", "an array")
        if rows is not None and len(part) != rows:
            raise self._unlike(group, name, f"{len(part)} long", f"{rows}")
        if shape is not None and part.shape[1:] != shape:
            raise self._unlike(group, name, f"rows of {part.shape[1:]}", f"{shape}")
        return part

    def _unlike(self, group: Any, part: str, came: str, expected: str) -> InputError:
        return InputError(
            f"The Minari dataset {self.folder} is damaged: in {group.name.strip('/')}, {part} is "
            f"{came}, expected {expected}; take another copy of it."
        )


def open_dataset(folder: Path, rate_hz: float) -> MinariDataset:
    """Read what the metadata of a Minari dataset says.

    Raises:
        InputError: when the folder holds none, it is in another format, or rumpus has no robot
            for its spaces.
    """
    file = folder / layout.METADATA
    if not file.is_file():
        raise InputError(
            f"{folder} holds no Minari dataset: {layout.METADATA} is not in it; "
            "give the folder that holds 'data'."
        )
    try:
        metadata = json.loads(file.read_text(encoding="utf-8"))
        if metadata["data_format"] != "hdf5":
            raise InputError(
                f"The Minari dataset {folder} is in the format '{metadata['data_format']}'; only "
                "'hdf5' can be imported, so let Minari write it again with data_format='hdf5'."
            )
        return MinariDataset(folder, metadata, rate_hz)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{file} is not as Minari writes it ({type(error).__name__}: {error}); "
            "a dataset with its spaces in it was expected."
        ) from error


def _squeezed(shape: Shape) -> Shape:
    return tuple(side for side in shape if side != 1)
