"""A LeRobot dataset opened for reading: anybody's, and recovered where its recording was killed."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from itertools import chain, groupby, islice, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rumpus.errors import InputError
from rumpus.exchange.columns import kinds_of
from rumpus.exchange.incoming import Block, Dataset, IncomingEpisode, Limits, Readings
from rumpus.exchange.lerobot import layout
from rumpus.exchange.lerobot.footer import recovered
from rumpus.exchange.lerobot.layout import Feature
from rumpus.exchange.lerobot.rows import values
from rumpus.exchange.lerobot.videos import Places, counted, film, recorded
from rumpus.exchange.picture import DAMAGES, MODES, decoded
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array

ROWS_AT_ONCE = 64  # pictures of strangers can be large
READ_BYTES = 2**20

Rows = dict[str, Any]  # by feature: numbers (n,) or (n, k), or a list of n texts or pictures


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
        self.info = layout.read_info(folder)
        super().__init__(folder, layout.read_ours(folder))
        self.announced = self.info.total_episodes, self.info.total_frames
        self._files = dict(self._readable())
        if not self._files:
            raise InputError(
                f"Nothing of {folder} can be read: {layout.INFO} tells of "
                f"{self.info.total_episodes:,} episodes with {self.info.total_frames:,} frames, "
                "but no data file holds one that is whole; look for a copy."
            )
        features = self.info.features
        self.keys = layout.keys_of(self.ours.spec) if self.ours else _senses(features)
        self.spec = self.ours.spec if self.ours else self._strangers_robot()
        self._columns = {
            name: key for name in kinds_of(self.spec) if (key := layout.column_of(name)) in features
        }
        self._films = [key for key in self.keys.values() if features[key].dtype == "video"]
        self.is_blurred = bool(self._films)
        known = {*self._columns.values(), *self.keys.values(), *layout.OWN}
        if unknown := [key for key in features if key not in known]:
            self.note(f"Left out, rumpus has no place for them: {', '.join(unknown)}.")
        if left := len(list(folder.glob("images/*/*/*.png"))):
            self.note(
                f"{left:,} pictures of an episode that was being recorded lie in images/; its "
                "actions were never written, so it is lost."
            )

    def episodes(self) -> Iterator[IncomingEpisode]:
        """All there are, in the files' order."""
        for number, parts in groupby(self._parts(), key=itemgetter(0)):
            rows = map(itemgetter(1), parts)
            first: Rows = next(rows)
            task = self._tasks.get(int(first["task_index"][0]), "")
            name = f"LeRobot {self.folder.name}, episode {number}: {task}"
            yield IncomingEpisode(number, name, self._blocks(number, chain([first], rows)))

    def _parts(self) -> Iterator[tuple[int, Rows]]:
        """All rows, some of one episode at a time, and its number."""
        sensors = [key for key in self.keys.values() if key not in self._films]
        for rows in self._rows([*sensors, *self._columns.values(), "episode_index", "task_index"]):
            numbers = rows["episode_index"]
            bounds = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
            for begin, end in pairwise(bounds):
                yield int(numbers[begin]), {key: of[begin:end] for key, of in rows.items()}

    def _blocks(self, number: int, parts: Iterator[Rows]) -> Iterator[Block]:
        """An episode's rows, up to its first picture that cannot be read.

        Where that cuts it short, or nothing says how it ended, its last step is truncated.
        """
        films = {
            key: film(*self._places[number, key], self.info.fps)
            for key in self._films
            if (number, key) in self._places
        }
        is_told, frames = "truncated" in self._columns, 0
        last: Block | None = None
        for rows in parts:
            readings = {s.name: self._readings(s, rows, films) for s in self.spec.sensors}
            given, n = len(rows["index"]), min(map(len, readings.values()))
            if n < given:
                lost = given - n + sum(len(left["index"]) for left in parts)
                self.note(
                    f"Episode {number} has no picture for its frame {frames + n} that can be read: "
                    f"its last {lost:,} frames are lost."
                )
                is_told = False
            if n:
                if last is not None:
                    yield last
                last = {name: rows[key][:n] for name, key in self._columns.items()}, readings
                frames += n
        if last is not None:
            if not is_told:
                is_last = np.arange(len(last[0]["step_index"]))[::-1] == 0
                last[0]["truncated"] = last[0].get("truncated", is_last) | is_last
            yield last

    def _readings(
        self, sensor: SensorSpec, rows: Rows, films: dict[str, Iterator[Array]]
    ) -> Readings:
        """What a sensor said in some rows, up to the first that cannot be read."""
        key = self.keys[sensor.name]
        if key in self._films:
            return list(islice(films.get(key, iter(())), len(rows["index"])))
        if not sensor.is_picture:
            return np.reshape(rows[key], (len(rows[key]), -1))
        pictures = []
        with suppress(*DAMAGES):
            for cell in rows[key]:
                file = cell["bytes"] or (self.folder / cell["path"]).read_bytes()
                pictures.append(decoded(file, sensor.shape[2]))
        return pictures

    def _strangers_robot(self) -> RobotSpec:
        """The robot as features and data tell of it; its limits are the actions' own range."""
        features = self.info.features
        if "action" not in features or not self.keys:
            raise InputError(
                f"{self.folder} has the features {', '.join(features)}; rumpus needs an "
                "action and at least one observation; export the dataset with both."
            )
        ranges = self._ranges(["action", *self.keys.values()])
        if min(ranges["action"][0]) < -1.0 or max(ranges["action"][1]) > 1.0:
            self.limits = ranges["action"]
        sensors = []
        for name, key in self.keys.items():
            if features[key].is_picture:
                sensors.append(_eye(name, features[key]))
                continue
            low, high = ranges[key]
            sensors.append(SensorSpec(name, low.shape, float(low.min()), float(high.max())))
            if len(shape := features[key].shape) > 1:
                self.note(f"{key} has the shape {shape}; it comes in as a row of numbers.")
        name = self.info.robot_type or self.folder.name
        return RobotSpec(name, tuple(sensors), ranges["action"][0].size, float(self.info.fps))

    def _ranges(self, keys: list[str]) -> dict[str, Limits]:
        """The least and greatest of each entry of the features that are numbers."""
        ranges: dict[str, Limits] = {}
        numbers = [key for key in keys if self.info.features[key].is_number]
        for rows in self._rows(numbers, 8192):
            for key in numbers:
                found = np.reshape(rows[key], (len(rows[key]), -1))
                every = np.vstack([found, *ranges.get(key, ())])
                ranges[key] = every.min(0), every.max(0)
                if not np.isfinite(ranges[key]).all():
                    raise InputError(
                        f"{self.folder}: the feature {key} has values that are not finite; mend or "
                        "remove those episodes."
                    )
        return ranges

    @cached_property
    def _tasks(self) -> dict[int, str]:
        """Sentence by task_index; empty where their file cannot be read."""
        try:
            table = pq.read_table(self.folder / layout.TASKS)
        except (OSError, pa.ArrowException):
            self.note(f"{layout.TASKS} cannot be read: the tasks' sentences are lost.")
            return {}
        (words,) = [n for n in table.column_names if n != "task_index"][:1] or ["task_index"]
        pairs = zip(table["task_index"].to_pylist(), table[words].to_pylist(), strict=True)
        return {index: str(sentence) for index, sentence in pairs}

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
                self.note(
                    f"Where the episodes lie in the videos of {key} was lost with meta/episodes; "
                    "it was counted anew from the videos' frames."
                )
                places |= counted(self.folder, self.info.fps, key, lengths)
        return places

    def _rows(self, keys: list[str], at_once: int = ROWS_AT_ONCE) -> Iterator[Rows]:
        """The dataset's rows in order, some at a time.

        Raises:
            InputError: when a file is damaged or lacks a column.
        """
        for file, footer in self._files.items():
            try:
                with pq.ParquetFile(file, metadata=footer, buffer_size=READ_BYTES) as opened:
                    for batch in opened.iter_batches(at_once, columns=keys):
                        yield {key: values(batch[key], self.info.features[key]) for key in keys}
            except (pa.ArrowException, OSError, KeyError, ValueError) as error:
                said = " ".join(str(error).split())
                raise InputError(
                    f"{self.folder}: {file.name} is not what {layout.INFO} says ({said}); "
                    "put back a copy of that file."
                ) from error

    def _readable(self) -> Iterator[tuple[Path, pq.FileMetaData]]:
        """The data files that can be read, with their footers; of a killed recording, new ones."""
        schema = layout.schema_of(self.info.features)
        for file in sorted(self.folder.glob("data/*/*.parquet")):
            try:
                yield file, pq.read_metadata(file)
            except (pa.ArrowException, OSError):
                if footer := recovered(file, schema):
                    self.note(
                        f"{file.relative_to(self.folder)} has no footer, its recording was killed; "
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


def _eye(name: str, feature: Feature) -> SensorSpec:
    """A camera, whose channels may come first."""
    names = [str(n) for n in feature.names or ()]
    shape = feature.shape
    if len(shape) == 3 and (names[:1] in (["channels"], ["channel"]) or shape[2] not in MODES):
        shape = (*shape[1:], shape[0])
    if len(shape) != 3 or shape[2] not in MODES:
        raise InputError(
            f"The feature {name} is a picture of shape {feature.shape}, expected height, width and "
            "1 to 4 channels."
        )
    return SensorSpec(name, shape)
