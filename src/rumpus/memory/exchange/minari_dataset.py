"""Reading a Minari dataset: what robot it is of, and its episodes as steps, checked beforehand."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from rumpus.errors import InputError
from rumpus.memory.exchange.minari_layout import (
    DATA,
    METADATA,
    OURS,
    action_limits,
    columns,
    key,
    parts,
    sensor_spec,
)
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Observation, Step

BLOCK = 256  # pictures of one sensor in RAM at once
EPISODE = re.compile(r"episode_([0-9]+)")
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Dataset:
    """What the metadata of a Minari dataset says.

    Attributes:
        folder: where it is.
        id: its name among Minari's, e.g. "door-v0".
        spec: the robot it is of.
        ours: whether rumpus wrote it; its infos then hold `columns`.
        places: where each sensor's readings are in an episode, by sensor name.
        limits: lowest and highest motor command, float64 (A,) each.
    """

    folder: Path
    id: str
    spec: RobotSpec
    ours: bool
    places: Mapping[str, str]
    limits: tuple[Array, Array]

    @contextmanager
    def episodes(self) -> Iterator[list["DatasetEpisode"]]:
        """Open all episodes, in order; all but their pictures was looked at.

        Raises:
            InputError: when one is damaged or is not of this robot.
        """
        import h5py  # an extra: pip install 'rumpus[exchange]'

        try:
            with h5py.File(self.folder / DATA, "r") as file:
                yield self._found(file)
        except (OSError, RuntimeError, KeyError, ValueError) as error:  # HDF5's own complaints
            said = " ".join(str(error).split())
            raise InputError(
                f"{self.folder / DATA} is no HDF5 file or is damaged ({said}); "
                "take another copy of the dataset."
            ) from error

    def _found(self, file: Any) -> list["DatasetEpisode"]:
        numbers = sorted(int(found[1]) for name in file if (found := EPISODE.fullmatch(name)))
        episodes: list[DatasetEpisode] = []
        first = 0
        for number in numbers:
            episodes.append(DatasetEpisode(self, file[f"episode_{number}"], first))
            first += episodes[-1].length
        if not episodes:
            raise InputError(f"The Minari dataset {self.folder} holds no episode.")
        return episodes


def open_dataset(folder: Path, rate_hz: float) -> Dataset:
    """Read what the metadata of a Minari dataset says.

    Raises:
        InputError: when the folder holds none, it is in another format, or rumpus has no robot
            for its spaces.
    """
    if not (folder / METADATA).is_file():
        raise InputError(
            f"{folder} holds no Minari dataset: {METADATA} is not in it; "
            "give the folder that holds 'data'."
        )
    try:
        metadata = json.loads((folder / METADATA).read_text(encoding="utf-8"))
        if metadata["data_format"] != "hdf5":
            raise InputError(
                f"The Minari dataset {folder} is in the format '{metadata['data_format']}'; only "
                "'hdf5' can be imported, so let Minari write it again with data_format='hdf5'."
            )
        return _dataset(folder, metadata, rate_hz)
    except (ValueError, KeyError, TypeError, AttributeError, msgspec.ValidationError) as error:
        raise InputError(
            f"{folder / METADATA} is not as Minari writes it ({type(error).__name__}: {error}); "
            "a dataset with its spaces in it was expected."
        ) from error


def _dataset(folder: Path, metadata: dict[str, Any], rate_hz: float) -> Dataset:
    id_ = str(metadata["dataset_id"])
    limits = action_limits(json.loads(metadata["action_space"]), id_)
    if OURS in metadata:
        spec = msgspec.convert(metadata[OURS]["spec"], RobotSpec)
        places = {s.name: f"observations/{key(s.name)}" for s in spec.sensors}
        return Dataset(folder, id_, spec, True, places, limits)
    space = json.loads(metadata["observation_space"])
    sensors = tuple(sensor_spec(name, part, id_) for name, part in parts(space).items())
    unnamed = space["type"] != "Dict"
    places = {s.name: "observations" if unnamed else f"observations/{s.name}" for s in sensors}
    spec = RobotSpec(id_, sensors, limits[0].size, rate_hz)
    return Dataset(folder, id_, spec, False, places, limits)


class DatasetEpisode:
    """One episode of a Minari dataset: N observations and the N - 1 moves between them.

    Attributes:
        length: N.
        provenance: where it comes from.
    """

    def __init__(self, dataset: Dataset, group: Any, first: int) -> None:
        """Look at all but the pictures; `first` is how many steps of the dataset come before.

        Raises:
            InputError: when something is missing, of another shape, or not finite.
        """
        self._dataset, self._group = dataset, group
        self._name = group.name.strip("/")
        self.length: int = len(self._part(next(iter(dataset.places.values()))))
        for sensor in dataset.spec.sensors:
            self._check(sensor)
        self._columns = self._ours() if dataset.ours else self._theirs(first)
        self.provenance = str(group.attrs.get("provenance", f"minari {dataset.id} {self._name}"))

    def columns(self) -> dict[str, Array]:
        """All but the readings, one row a step, see `minari_layout.columns`."""
        return dict(self._columns)

    def steps(self, told: Mapping[str, Array]) -> Iterator[Step]:
        """The episode as steps of a memory, with all but the readings as told in columns."""
        sensors = self._dataset.spec.sensors
        for first in range(0, self.length, BLOCK):
            block = {s.name: self._readings(s, slice(first, first + BLOCK)) for s in sensors}
            for k in range(first, min(first + BLOCK, self.length)):
                readings = {name: rows[k - first] for name, rows in block.items()}
                yield _step(readings, {name: values[k] for name, values in told.items()})

    def lost(self) -> Iterator[str]:
        """One sentence for each thing in it that a memory does not keep."""
        if self._dataset.ours:
            return
        if np.any(self._part("rewards")[()]):
            yield "Rewards are not kept: a robot that plays has none."
        if infos := ", ".join(sorted(self._group.get("infos", ()))):
            yield f"Infos are not kept: {infos}."
        for sensor in self._dataset.spec.sensors:
            part = self._readable(sensor)
            if _is_jpeg(part, sensor):
                yield f"Pictures of '{sensor.name}' were JPEG: not exactly what was seen."
            elif part.dtype not in (np.uint8, np.float32):
                yield f"Readings of '{sensor.name}' were {part.dtype}, and are float32 now."

    def _ours(self) -> dict[str, Array]:
        found: dict[str, Array] = {}
        for name, (dtype, shape) in columns(self._dataset.spec).items():
            part = self._part(f"infos/{name}", self.length, shape)
            found[name] = part.asstr()[()] if dtype is str else np.asarray(part[()], dtype)
        for name in ("action", "executed_action", "time_s"):
            self._check_finite(f"infos/{name}", found[name])
        return found

    def _theirs(self, first: int) -> dict[str, Array]:
        """What Minari tells, in the columns of rumpus; of the last step no deed is known."""
        moves, (low, high) = self.length - 1, self._dataset.limits
        actions = self._part("actions", moves)[()].reshape(moves, -1)
        if actions.shape[1] != low.size:
            raise self._unlike("actions", f"{actions.shape[1]} wide", f"{low.size}")
        self._check_finite("actions", actions)
        deeds = np.zeros((self.length, low.size), np.float32)
        deeds[:-1] = _scaled(actions, low, high)
        index = first + np.arange(self.length)
        return {
            "action": deeds,
            "executed_action": deeds,
            "time_s": index / self._dataset.spec.rate_hz,
            "step_index": index,
            "goal_index": np.full(self.length, -1),
            "goal_reason": np.full(self.length, ""),
            "clip_reason": np.full(self.length, ""),
            "terminated": np.append(False, self._part("terminations", moves)[()]),
            "truncated": np.append(False, self._part("truncations", moves)[()]),
            "intervention": np.zeros(self.length, np.bool_),
        }

    def _readings(self, sensor: SensorSpec, block: slice) -> Array:
        part = self._readable(sensor)
        values = part[block]
        if _is_jpeg(part, sensor):
            values = np.stack([self._decoded(data, sensor) for data in values])
        return np.asarray(values, sensor.dtype).reshape(-1, *sensor.shape)

    def _decoded(self, data: Array, sensor: SensorSpec) -> Array:
        from PIL import Image

        try:
            picture = np.asarray(Image.open(io.BytesIO(data.tobytes())))
            return picture.reshape(sensor.shape)
        except (OSError, ValueError) as error:
            raise self._unlike(sensor.name, str(error), f"JPEG of {sensor.shape}") from error

    def _check(self, sensor: SensorSpec) -> None:
        part = self._readable(sensor)
        if not _is_jpeg(part, sensor) and _squeezed(part.shape[1:]) != _squeezed(sensor.shape):
            raise self._unlike(part.name, f"rows of {part.shape[1:]}", f"{sensor.shape}")
        if not sensor.is_picture:
            self._check_finite(part.name, part[()])

    def _check_finite(self, name: str, values: Array) -> None:
        if not np.isfinite(values).all():
            raise self._unlike(name, "not finite", "finite numbers")

    def _readable(self, sensor: SensorSpec) -> Any:
        return self._part(self._dataset.places[sensor.name], self.length)

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


def _scaled(actions: Array, low: Array, high: Array) -> Array:
    """Motor commands as float32 in [-1, 1]; a motor without room to move is at 0."""
    if (low == -1).all() and (high == 1).all():
        return np.asarray(actions, np.float32)
    middle, reach = (low + high) / 2.0, (high - low) / 2.0
    scaled = np.divide(actions - middle, reach, out=np.zeros(actions.shape), where=reach > 0)
    return scaled.astype(np.float32)


def _step(readings: dict[str, Array], row: Mapping[str, Any]) -> Step:
    captured = {n: float(row[c]) for n in readings if (c := f"captured_s/{key(n)}") in row}
    return Step(
        Observation(readings, float(row["time_s"]), captured),
        action=row["action"],
        executed_action=row["executed_action"],
        clip_reason=str(row["clip_reason"]),
        goal_index=int(row["goal_index"]),
        goal_reason=str(row["goal_reason"]),
        terminated=bool(row["terminated"]),
        truncated=bool(row["truncated"]),
        intervention=bool(row["intervention"]),
    )
