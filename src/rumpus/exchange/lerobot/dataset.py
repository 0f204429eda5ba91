"""A LeRobot dataset opened for reading: anybody's, and recovered where its recording was killed."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rumpus.errors import InputError
from rumpus.exchange.incoming import Dataset, IncomingRow, Limits, import_dataset
from rumpus.exchange.lerobot import layout
from rumpus.exchange.lerobot.footer import recovered
from rumpus.exchange.lerobot.layout import Feature, values
from rumpus.exchange.lerobot.videos import Places, counted, film, recorded
from rumpus.exchange.transfer import DAMAGES, MODES, Ours, Transfer, decoded, kinds_of, told
from rumpus.memory.memory import Memory
from rumpus.spec import RobotSpec, SensorSpec, sensor_for
from rumpus.types import Array

ROWS_AT_ONCE = 64  # pictures of strangers can be large

Rows = dict[str, Any]  # by feature: numbers (n,) or (n, k), or a list of n others; or one of each


def import_lerobot(folder: Path, memory: Memory) -> Transfer:
    """Take a LeRobot dataset v3.0 into a memory: rumpus's own, or anybody's.

    A dataset whose recording was killed lacks the footers of its files, and of a video the end;
    what is whole comes in, every episode up to its first lack, and what is lost is told.

    Args:
        folder: the dataset, left as it is.
        memory: open for writing, of a robot as `lerobot_spec` says it.

    Raises:
        InputError: when the dataset cannot be read, nothing of it survives, or its robot is not
            the memory's; the memory is as it was.
        MemoryFault: when the disk does not take it.
    """
    return import_dataset(LeRobotDataset(folder), memory)


def lerobot_spec(folder: Path) -> RobotSpec:
    """The robot of a LeRobot dataset, to create a memory for it.

    Raises:
        InputError: when the dataset cannot be read, or has neither a sensor nor an action that
            rumpus knows.
    """
    return LeRobotDataset(folder).spec


class LeRobotDataset(Dataset):
    """The episodes of a dataset, each up to its first picture that cannot be read.

    Attributes:
        info: what it says of itself.
        keys: feature by sensor name.
    """

    def __init__(self, folder: Path) -> None:
        """Open it, and find out of what robot it is.

        Raises:
            InputError: when it is no LeRobot dataset v3.0, nothing of it can be read, or it has
                neither a sensor nor an action that rumpus knows.
        """
        self.info, ours = told(folder / layout.INFO, layout.Info), folder / layout.OURS
        super().__init__(folder, told(ours, Ours) if ours.exists() else None)
        self.announced = episodes, frames = self.info.total_episodes, self.info.total_frames
        self._features = self.info.features
        self._files = dict(self._readable())
        if not self._files:
            raise InputError(
                f"Nothing of {folder} can be read, which should have {episodes:,} episodes with "
                f"{frames:,} frames; look for a copy."
            )
        self.keys = layout.keys_of(self.ours.spec) if self.ours else _senses(self._features)
        self.spec = self.ours.spec if self.ours else self._strangers_robot()
        columns = {name: layout.column_of(name) for name in kinds_of(self.spec)}
        self._columns = {name: key for name, key in columns.items() if key in self._features}
        self._films = [k for k in self.keys.values() if self._features[k].dtype == "video"]
        self.is_blurred = bool(self._films)
        known = {*self._columns.values(), *self.keys.values(), *layout.OWN}
        if unknown := [key for key in self._features if key not in known]:
            self.note(f"Left out, rumpus has no place for them: {', '.join(unknown)}.")
        if left := len(list(folder.glob("images/*/*/*.png"))):
            self.note(f"Lost: an episode that was being recorded; {left:,} pictures in images/.")

    def rows(self) -> Iterator[IncomingRow]:
        """All there are, in the files' order."""
        keys = [key for key in (*self.keys.values(), *layout.OWN) if key not in self._films]
        every: Iterator[Rows] = (
            {key: of[k] for key, of in rows.items()}
            for rows in self._rows([*keys, *self._columns.values()])
            for k in range(len(rows["index"]))
        )
        for number, rows in groupby(every, lambda row: int(row["episode_index"])):
            yield from self._whole(number, rows)

    def _whole(self, number: int, rows: Iterator[Rows]) -> Iterator[IncomingRow]:
        """An episode's rows, up to its first picture that cannot be read.

        Where that cuts it short, or nothing says how it ended, its last step is truncated.
        """
        films = {
            key: film(*self._places[number, key], self.info.fps)
            for key in self._films
            if (number, key) in self._places
        }
        is_told = "truncated" in self._columns
        last: IncomingRow | None = None
        for frame, row in enumerate(rows):
            try:
                readings = {s.name: self._reading(s, row, films) for s in self.spec.sensors}
            except (KeyError, StopIteration, *DAMAGES):
                self.note(
                    f"Episode {number} has no picture for its frame {frame} that can be read: its "
                    f"last {1 + sum(1 for _ in rows):,} frames are lost."
                )
                is_told = False
                break
            if last is not None:
                yield last
            task = self._tasks.get(int(row["task_index"]), "")
            name = f"LeRobot {self.folder.name}, episode {number}: {task}"
            columns = {name: row[key] for name, key in self._columns.items()}
            last = IncomingRow(number, name, columns, readings)
        if last is not None:
            yield last if is_told else last._replace(columns={**last.columns, "truncated": True})

    def _reading(self, sensor: SensorSpec, row: Rows, films: dict[str, Iterator[Array]]) -> Array:
        """What a sensor said; raises where that cannot be read."""
        key = self.keys[sensor.name]
        if key in self._films:
            return next(films[key])
        if not sensor.is_picture:
            return np.reshape(row[key], -1)
        file = row[key]["bytes"] or (self.folder / row[key]["path"]).read_bytes()
        return decoded(file, sensor.shape[2])

    def _strangers_robot(self) -> RobotSpec:
        """The robot as features and data tell of it; its limits are the actions' own range."""
        features = self._features
        if "action" not in features or not self.keys:
            raise InputError(
                f"{self.folder} has the features {', '.join(features)}; give one with an action "
                "and an observation."
            )
        ranges = self._ranges(["action", *self.keys.values()])
        low, high = ranges["action"]
        if low.min() < -1.0 or high.max() > 1.0:
            self.limits = low, high
        sensors = [_sensor(name, features[key], *ranges[key]) for name, key in self.keys.items()]
        for key in self.keys.values():
            if features[key].is_number and len(features[key].shape) > 1:
                self.note(f"{key} is {features[key].shape}; it comes in as a row of numbers.")
        name = self.info.robot_type or self.folder.name
        motors = self.motor_ranges(low.size)
        return RobotSpec(name, tuple(sensors), low.size, float(self.info.fps), motors)

    def _ranges(self, keys: list[str]) -> dict[str, Limits]:
        """The least and greatest of each entry of features; of a picture, of any of its levels."""
        ranges = {key: (np.zeros(1), np.full(1, 255.0)) for key in keys}
        numbers = [key for key in keys if self._features[key].is_number]
        found: dict[str, Limits] = {}
        for rows in self._rows(numbers, 8192):
            for key in numbers:
                values = np.reshape(rows[key], (len(rows[key]), -1))
                every = np.vstack([values, *found.get(key, ())])
                found[key] = np.fmin.reduce(every), np.fmax.reduce(every)
        return ranges | found

    @cached_property
    def _tasks(self) -> dict[int, str]:
        """Sentence by task_index; empty where their file cannot be read."""
        try:
            table = pq.read_table(self.folder / layout.TASKS)
        except (OSError, pa.ArrowException):
            self.note(f"{layout.TASKS} cannot be read: the tasks' sentences are lost.")
            return {}
        index = table["task_index"].to_pylist()
        words = table.drop_columns("task_index").column(0).to_pylist()
        return dict(zip(index, map(str, words), strict=True))

    @cached_property
    def _places(self) -> Places:
        """Where in the videos the episodes lie; those whose video is lost are left out."""
        places = recorded(self.folder, str(self.info.video_path), self._films)
        lengths = Counter[int]()
        if self._films:
            for rows in self._rows(["episode_index"], 2**16):
                lengths.update(rows["episode_index"].tolist())
        for key in self._films:
            if any((episode, key) not in places for episode in lengths):
                self.note(f"Lost: where the films of {key} begin; it was counted anew.")
                places |= counted(self.folder, self.info.fps, key, lengths)
        return places

    def _rows(self, keys: list[str], at_once: int = ROWS_AT_ONCE) -> Iterator[Rows]:
        """The dataset's rows in order, some at a time.

        Raises:
            InputError: when a file is damaged or lacks a column.
        """
        for file, footer in self._files.items():
            try:
                with pq.ParquetFile(file, metadata=footer, buffer_size=2**20) as opened:
                    for batch in opened.iter_batches(at_once, columns=keys):
                        yield {key: values(batch[key], self._features[key]) for key in keys}
            except (pa.ArrowException, OSError, KeyError, ValueError) as error:
                said = " ".join(str(error).split())
                raise InputError(
                    f"{file} is not what {layout.INFO} says ({said}); put back a copy of it."
                ) from error

    def _readable(self) -> Iterator[tuple[Path, pq.FileMetaData]]:
        """The data files that can be read, with their footers; of a killed recording, new ones."""
        for file in sorted(self.folder.glob("data/*/*.parquet")):
            try:
                yield file, pq.read_metadata(file)
            except (pa.ArrowException, OSError):
                if footer := recovered(file, self._features):
                    self.note(
                        f"{file.relative_to(self.folder)} was not closed whole; "
                        f"{footer.num_rows:,} frames of it were found again."
                    )
                    yield file, footer


def _senses(features: dict[str, Feature]) -> dict[str, str]:
    """A stranger's features that are sensors, by the name that the sensor gets."""
    keys: dict[str, str] = {}
    for key, feature in features.items():
        if feature.is_picture or (key.startswith("observation.") and feature.is_number):
            name = re.sub(r"^observation\.(images\.)?", "", key)
            keys[key if name in keys else name] = key
    return keys


def _sensor(name: str, feature: Feature, low: Array, high: Array) -> SensorSpec:
    """A row of numbers, or a camera, whose channels may come first."""
    shape, dtype = feature.shape, "uint8"
    if feature.is_number:
        shape, dtype = low.shape, "float32"
    elif len(shape) == 3 and shape[2] not in MODES:
        shape = (*shape[1:], shape[0])
    sensor = sensor_for(name, shape, dtype, low, high)
    if sensor is None:
        raise InputError(
            f"The feature {name} is a picture of shape {shape}, expected (h, w, 1 to 4 channels)."
        )
    return sensor
