"""A LeRobot dataset opened for reading: anybody's, as far as what it says of itself is proved."""

import re
from collections.abc import Iterator
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rumpus.errors import InputError
from rumpus.exchange import transfer
from rumpus.exchange.incoming import Dataset, IncomingRow, Limits, import_dataset, understood
from rumpus.exchange.lerobot import layout
from rumpus.exchange.lerobot.layout import OWN, Feature, values
from rumpus.exchange.lerobot.parquet import check_footer, columns_of
from rumpus.exchange.lerobot.videos import Places, pictures, places, reach
from rumpus.exchange.transfer import DAMAGES, MODES, Ours, Shape, Transfer, decoded, files, inside
from rumpus.memory.memory import Memory
from rumpus.spec import RobotSpec, SensorSpec, sensor_for
from rumpus.types import Array

ROWS_AT_ONCE = 16  # pictures of strangers can be large
NUMBERS_AT_ONCE = 2**20
UNEVEN = 0.1  # of a step: two timestamps that are further from one step apart are told

Rows = dict[str, Any]  # by feature: numbers (n,) or (n, k), or a list of n others; or one of each


def import_lerobot(folder: Path, memory: Memory) -> Transfer:
    """Take a LeRobot dataset v3.0 into a memory: rumpus's own, or anybody's; all of it, or none.

    Nothing outside its folder is read. An episode comes up to its first picture that cannot be
    read, and only where it is proved which pictures are its own, see videos.py; what is lost is
    told. An episode that is in the memory already does not come again.

    Args:
        folder: the dataset, left as it is.
        memory: open for writing, of a robot as `lerobot_spec` says it.

    Raises:
        InputError: when the dataset cannot be read, nothing of it can come in, or its robot is not
            the memory's; the memory is as it was.
        MemoryFault: when the disk does not take it.
    """
    with understood(folder):
        return import_dataset(LeRobotDataset(folder), memory)


def lerobot_spec(folder: Path) -> RobotSpec:
    """The robot of a LeRobot dataset, to create a memory for it.

    Raises:
        InputError: when the dataset cannot be read, or has neither a sensor nor an action that
            rumpus knows.
    """
    with understood(folder):
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
        self.info, ours = transfer.told(folder, layout.INFO, layout.Info), folder / layout.OURS
        about = transfer.told(folder, layout.OURS, Ours) if ours.exists() else None
        super().__init__(folder, about)
        self.announced = episodes, frames = self.info.total_episodes, self.info.total_frames
        self._features = self.info.features | {key: Feature(of) for key, of in OWN.items()}
        self._files = list(self._readable())
        if not self._files:
            raise InputError(
                f"Nothing of {folder} can be read, which should have {episodes:,} episodes with "
                f"{frames:,} frames; {next(iter(self.notes), 'look for a copy.')}"
            )
        self.keys = layout.keys_of(self.ours.spec) if self.ours else _senses(self._features)
        self.spec = self.ours.spec if self.ours else self._strangers_robot()
        columns = {name: layout.column_of(name) for name in transfer.kinds_of(self.spec)}
        self._columns = {name: key for name, key in columns.items() if key in self._features}
        self._lost = set[int]()  # episodes whose pictures are told to be lost
        self._films = [k for k in self.keys.values() if self._features[k].dtype == "video"]
        self.is_blurred = bool(self._films)
        known = {*self._columns.values(), *self.keys.values(), *OWN}
        if unknown := [key for key in self._features if key not in known]:
            self.note(f"Left out, rumpus has no place for them: {', '.join(unknown)}.")

    def rows(self) -> Iterator[IncomingRow]:
        """All there are, in the files' order."""
        keys = [key for key in (*self.keys.values(), *OWN) if key not in self._films]
        every: Iterator[Rows] = (
            {key: of[k] for key, of in rows.items()}
            for rows in self._rows([*keys, *self._columns.values()])
            for k in range(len(rows["index"]))
        )
        for number, rows in groupby(every, lambda row: int(row["episode_index"])):
            yield from self._whole(number, rows)

    def _whole(self, number: int, rows: Iterator[Rows]) -> Iterator[IncomingRow]:
        """An episode's rows, up to its first picture that cannot be read.

        Where that cuts it short, or nothing says how it ended, its last step is truncated; and
        where its frames do not go on, another episode begins.
        """
        cameras = [s for s in self.spec.sensors if self.keys[s.name] in self._films]
        films = {s.name: self._film(number, self.keys[s.name], s.shape) for s in cameras}
        ends = {} if "truncated" in self._columns else {"truncated": True}
        last: IncomingRow | None = None
        before = frame = 0
        for at, row in enumerate(rows):
            try:
                readings = {s.name: self._reading(s, row, films) for s in self.spec.sensors}
            except (StopIteration, *DAMAGES):
                if at or number not in self._lost:  # of those it is told, once
                    self.note(
                        f"Episode {number} has no picture for its frame {at} that can be read: its "
                        f"last {1 + sum(1 for _ in rows):,} frames are lost."
                    )
                ends = {"truncated": True}
                break
            goes_on = int(row["frame_index"]) == before + 1
            before, frame = int(row["frame_index"]), frame + 1 if last and goes_on else 0
            if last and not frame:
                last = last._replace(columns={**last.columns, **ends})
                self.note(
                    f"Episode {number} does not go on at its frame {at}, whose frame_index is "
                    f"{before}: what follows is an episode of its own."
                )
            if last:
                yield last
            columns = {name: row[key] for name, key in self._columns.items()}
            name = f"LeRobot {self.folder.name}, episode {number}: {self._episodes[number][1]}"
            last = IncomingRow(number, frame, name, columns, readings)
        if last:
            yield last._replace(columns={**last.columns, **ends})

    def _reading(self, sensor: SensorSpec, row: Rows, films: dict[str, Iterator[Array]]) -> Array:
        """What a sensor said; raises where that cannot be read."""
        if sensor.name in films:
            return next(films[sensor.name])
        key = self.keys[sensor.name]
        if not sensor.is_picture:
            return np.reshape(row[key], -1)
        return self._picture(row[key]["bytes"], row[key]["path"], key, sensor.shape)

    def _film(self, number: int, key: str, shape: Shape) -> Iterator[Array]:
        """The pictures of an episode: of a film, or those that were to become one."""
        frames, place = self._episodes[number][0], self._places[key].get(number)
        if place:
            yield from pictures(place[0], place[1] + frames, shape)
        for frame in frames.tolist() if reach(frames) and not place else ():
            path = f"{layout.stills(key, number)}/frame-{frame:06d}.png"
            yield self._picture(None, path, key, shape)

    def _picture(self, data: bytes | None, path: str, key: str, shape: Shape) -> Array:
        """A picture from its bytes, or from its file in the dataset."""
        data = data or inside(self.folder, self.folder / path).read_bytes()
        return decoded(data, shape, f"The feature {key} of {self.folder}")

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
        name, fps = self.info.robot_type or self.folder.name, float(self.info.fps)
        spec = RobotSpec(name, tuple(sensors), low.size, fps, self.motor_ranges(low.size))
        return transfer.check_robot(spec)

    def _ranges(self, keys: list[str]) -> dict[str, Limits]:
        """The least and greatest of each entry of features; of a picture, of any of its levels."""
        ranges = {key: (np.zeros(1), np.full(1, 255.0)) for key in keys}
        numbers = [key for key in keys if self._features[key].is_number]
        widest = max(self._features[key].size for key in numbers)
        found: dict[str, Limits] = {}
        for rows in self._rows(numbers, max(1, NUMBERS_AT_ONCE // widest)):
            for key in numbers:
                values = np.reshape(rows[key], (len(rows[key]), -1)).astype(np.float64)
                # What is infinite is no range; the step that has it is named later.
                every = np.vstack([np.where(np.isinf(values), np.nan, values), *found.get(key, ())])
                found[key] = np.fmin.reduce(every), np.fmax.reduce(every)
        return ranges | found

    @cached_property
    def _episodes(self) -> dict[int, tuple[Array, str]]:
        """Of each episode, in their order, its rows' frame_index and the sentences of its tasks.

        Raises:
            InputError: when an episode is there twice, or its rows are not in order.
        """
        sentences, found, worst_s = self._sentences(), dict[int, tuple[Array, str]](), 0.0
        parts = list(self._rows(list(OWN), NUMBERS_AT_ONCE))
        own = {key: np.concatenate([part[key] for part in parts]) for key in OWN}
        cuts = np.flatnonzero(np.diff(own["episode_index"])) + 1
        for span in np.split(np.arange(len(own["index"])), cuts):
            of = {key: column[span] for key, column in own.items()}
            number = int(of["episode_index"][0])
            if number in found or (np.diff(of["index"]) <= 0).any():
                raise InputError(
                    f"{self.folder} holds its episode {number} twice, or its rows out of order; "
                    "take away the file that is there too often, or number what was merged anew."
                )
            off = np.abs(np.diff(of["timestamp"].astype(np.float64)) - 1.0 / self.info.fps)
            worst_s = float(np.maximum(worst_s, off.max(initial=0.0)))
            said = [sentences.get(task, "") for task in dict.fromkeys(of["task_index"].tolist())]
            if sentences and not {*of["task_index"].tolist()} <= sentences.keys():
                self.note(f"{layout.TASKS} has no sentence for some of the tasks.")
            found[number] = of["frame_index"], ", then ".join(filter(None, said))
        if not worst_s <= UNEVEN / self.info.fps:
            self.note(
                f"Its timestamps are not {self.info.fps:g} a second: some are off by {worst_s:.3g} "
                "s from the one before; its steps are taken for even."
            )
        return found

    def _sentences(self) -> dict[int, str]:
        """Sentence by task_index; empty where their file cannot be read."""
        file = self.folder / layout.TASKS
        try:
            names = pq.read_schema(inside(self.folder, file)).names
            (words,) = (name for name in names if name != "task_index")
            index, words = columns_of(self.folder, file, ["task_index", words])
        except (OSError, pa.ArrowException, KeyError, ValueError):
            self.note(f"{layout.TASKS} cannot be read: the tasks' sentences are lost.")
            return {}
        return dict(zip(index, map(str, words), strict=True))

    @cached_property
    def _places(self) -> dict[str, Places]:
        """Where in each camera's films the episodes begin, as far as that is proved."""
        frames, every = {number: of for number, (of, _) in self._episodes.items()}, {}
        for key in self._films:
            every[key] = places(self.folder, key, frames, self.info.fps)
            lost = [n for n in frames if n not in every[key]]
            stills = {n for n in lost if (self.folder / layout.stills(key, n)).exists()}
            if lost := [n for n in lost if n not in stills or not reach(frames[n])]:
                self._lost.update(lost)
                self.note(
                    f"Lost: the pictures of {len(lost):,} episodes, the first is {lost[0]}, for "
                    f"nothing proves which they are in the films of {key}, or a film is not whole."
                )
        return every

    def _rows(self, keys: list[str], at_once: int = ROWS_AT_ONCE) -> Iterator[Rows]:
        """The dataset's rows in order, some at a time.

        Raises:
            InputError: when a file is damaged or lacks a column.
        """
        for file in self._files:
            try:
                with pq.ParquetFile(file, buffer_size=2**20) as opened:
                    for batch in opened.iter_batches(at_once, columns=keys):
                        yield {key: values(batch[key], self._features[key]) for key in keys}
            except (pa.ArrowException, OSError, KeyError, ValueError) as error:
                said = " ".join(str(error).split())[:300]
                raise InputError(
                    f"{file} is not what {layout.INFO} says ({said}); put back a copy of it."
                ) from error

    def _readable(self) -> Iterator[Path]:
        """The data files that can be read; of a killed recording, those that were closed."""
        for file in files(self.folder, "data"):
            try:
                check_footer(file, pq.read_metadata(file), self._features)
                yield file
            except (pa.ArrowException, OSError):
                self.note(f"Lost: {file}, damaged, or not closed as it was killed; find a copy.")


def _senses(features: dict[str, Feature]) -> dict[str, str]:
    """A stranger's features that are sensors, by the name that the sensor gets."""
    keys: dict[str, str] = {}
    for key, feature in features.items():
        is_vector = key.startswith("observation.") and feature.is_number
        if (feature.is_picture or is_vector) and feature.size and not feature.is_depth:
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
