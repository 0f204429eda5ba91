"""Reading a Minari dataset: what robot it is of, and its episodes as steps."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from PIL import Image

from rumpus.errors import InputError
from rumpus.exchange.columns import kinds_of, scaled, step_of
from rumpus.exchange.incoming import IncomingEpisode, import_dataset
from rumpus.exchange.minari import layout
from rumpus.exchange.transfer import Ours, Transfer
from rumpus.memory.memory import Memory
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Step

USUAL_RATE_HZ = 10.0
BLOCK = 256  # pictures of one sensor in RAM at once
EPISODE = re.compile(r"episode_([0-9]+)")
Shape = tuple[int, ...]


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


class MinariDataset:
    """A Minari dataset, as its metadata tells of it.

    Attributes:
        folder: where it is.
        id: its name among Minari's, e.g. "door-v0".
        ours: what rumpus tells, where rumpus wrote it.
        spec: the robot it is of.
        places: where each sensor's readings are in an episode, by sensor name.
        limits: lowest and highest motor command, float64 (A,) each.
    """

    def __init__(self, folder: Path, metadata: dict[str, Any], rate_hz: float) -> None:
        """Understand the metadata; `rate_hz` counts where rumpus did not write it."""
        self.folder = folder
        self.id = str(metadata["dataset_id"])
        self.limits = layout.action_limits(json.loads(metadata["action_space"]), self.id)
        self.ours: Ours | None = None
        self._notes: dict[str, None] = {}  # sentences, each once
        if layout.OURS in metadata:
            self.ours = msgspec.convert(metadata[layout.OURS], Ours)
            self.ours.check(folder / layout.METADATA)
            self.spec = self.ours.spec
            self.places = {s.name: f"observations/{layout.key(s.name)}" for s in self.spec.sensors}
            return
        sensors = layout.sensors_of(json.loads(metadata["observation_space"]), self.id)
        self.spec = RobotSpec(self.id, tuple(sensors.values()), self.limits[0].size, rate_hz)
        self.places = {sensor.name: place for place, sensor in sensors.items()}

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
                episode = _Episode(self, file[f"episode_{number}"], self._notes)
                stored = self.ours.episode(number) if self.ours else None
                provenance = stored.provenance if stored else f"minari {self.id} episode_{number}"
                yield IncomingEpisode(provenance, episode.steps(first), stored)
                first += episode.length

    def lost(self, episodes: int, steps: int) -> Iterator[str]:
        """Sentences on what a memory does not keep of it."""
        if self.ours is None:
            yield f"The clock ticks {self.spec.rate_hz:g} times a second: Minari keeps no times."
            yield (
                "Minari keeps one action for the chosen and the executed one; they are equal, in "
                "[-1, 1], and 0 at the last step of an episode."
            )
        yield from self._notes


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


class _Episode:
    """One episode of a Minari dataset: N observations and the N - 1 moves between them."""

    def __init__(self, dataset: MinariDataset, group: Any, notes: dict[str, None]) -> None:
        self._dataset, self._group, self._notes = dataset, group, notes
        self._name = group.name.strip("/")
        self.length: int = len(self._part(next(iter(dataset.places.values()))))

    def steps(self, first: int) -> Iterator[tuple[int, Step]]:
        """Each step with its index, which where Minari tells none begins at `first`."""
        spec = self._dataset.spec
        columns = self._ours() if self._dataset.ours else self._theirs(first)
        readable = {sensor: self._readable(sensor) for sensor in spec.sensors}
        for begin in range(0, self.length, BLOCK):
            block = {s.name: self._readings(s, part, begin) for s, part in readable.items()}
            for k in range(begin, min(begin + BLOCK, self.length)):
                readings = {name: rows[k - begin] for name, rows in block.items()}
                row = {name: rows[k] for name, rows in columns.items()}
                yield int(row["step_index"]), step_of(spec, readings, row)

    def _ours(self) -> dict[str, Array]:
        found: dict[str, Array] = {}
        for name, (dtype, shape) in kinds_of(self._dataset.spec).items():
            if name == "present" and f"infos/{name}" not in self._group:
                continue  # an older rumpus wrote it, when sensors could not be left out
            part = self._part(f"infos/{name}", self.length, shape)
            found[name] = part.asstr()[()] if dtype.hasobject else np.asarray(part[()], dtype)
        return found

    def _theirs(self, first: int) -> dict[str, Array]:
        """What Minari tells, in the columns of rumpus; of the last step no action is known."""
        if np.any(self._part("rewards")[()]):
            self._notes["Rewards are not kept: a robot that plays has none."] = None
        if infos := ", ".join(sorted(self._group.get("infos", ()))):
            self._notes[f"Infos are not kept: {infos}."] = None
        moves, (low, high) = self.length - 1, self._dataset.limits
        actions = self._part("actions", moves)[()].reshape(moves, -1)
        if actions.shape[1] != low.size:
            raise self._unlike("actions", f"{actions.shape[1]} wide", f"{low.size}")
        done = np.append(scaled(actions, low, high), np.zeros((1, low.size), np.float32), axis=0)
        index = first + np.arange(self.length)
        return {
            "action": done,
            "executed_action": done,
            "time_s": index / self._dataset.spec.rate_hz,
            "step_index": index,
            "terminated": np.append(False, self._part("terminations", moves)[()]),
            "truncated": np.append(False, self._part("truncations", moves)[()]),
        }

    def _readable(self, sensor: SensorSpec) -> Any:
        """Where a sensor's readings are, of the right shape."""
        part = self._part(self._dataset.places[sensor.name], self.length)
        if _is_jpeg(part, sensor):
            self._notes[f"Pictures of '{sensor.name}' were JPEG: not exactly what was seen."] = None
        elif _squeezed(part.shape[1:]) != _squeezed(sensor.shape):
            raise self._unlike(part.name, f"rows of {part.shape[1:]}", f"{sensor.shape}")
        elif part.dtype != sensor.dtype:
            note = f"Readings of '{sensor.name}' were {part.dtype}, and are float32 now."
            self._notes[note] = None
        return part

    def _readings(self, sensor: SensorSpec, part: Any, first: int) -> Array:
        values = part[first : first + BLOCK]
        if _is_jpeg(part, sensor):
            values = np.stack([self._decoded(data, sensor) for data in values])
        return np.asarray(values, sensor.dtype).reshape(-1, *sensor.shape)

    def _decoded(self, data: Array, sensor: SensorSpec) -> Array:
        try:
            return np.asarray(Image.open(io.BytesIO(data.tobytes()))).reshape(sensor.shape)
        except (OSError, ValueError) as error:
            raise self._unlike(sensor.name, str(error), f"JPEG of {sensor.shape}") from error

    def _part(self, name: str, rows: int | None = None, shape: Shape | None = None) -> Any:
        import h5py

        part = self._group.get(name)
        if not isinstance(part, h5py.Dataset) or not part.shape:
            raise self._unlike(name, "missing", "an array")
        if rows is not None and len(part) != rows:
            raise self._unlike(name, f"{len(part)} long", f"{rows}")
        if shape is not None and part.shape[1:] != shape:
            raise self._unlike(name, f"rows of {part.shape[1:]}", f"{shape}")
        return part

    def _unlike(self, part: str, came: str, expected: str) -> InputError:
        return InputError(
            f"The Minari dataset {self._dataset.folder} is damaged: in {self._name}, {part} is "
            f"{came}, expected {expected}; take another copy of it."
        )


def _is_jpeg(part: Any, sensor: SensorSpec) -> bool:
    """Whether each row is the bytes of a file instead of a picture's pixels."""
    return sensor.is_picture and len(part.shape) < len(_squeezed(sensor.shape)) + 1


def _squeezed(shape: Shape) -> Shape:
    return tuple(side for side in shape if side != 1)
