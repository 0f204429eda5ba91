"""A LeRobot dataset opened for reading: anybody's, and repaired where its recording was killed."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rumpus.errors import InputError
from rumpus.exchange.lerobot import layout
from rumpus.exchange.lerobot.footer import has_footer, repair
from rumpus.exchange.lerobot.layout import Feature
from rumpus.exchange.lerobot.rows import MODES, numbers
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array

ROWS_AT_ONCE = 64  # pictures of strangers can be large
READ_BYTES = 2**20

Rows = dict[str, Any]  # by feature: numbers (n,) or (n, k), or a list of n strings or PNG files


@contextmanager
def opened(folder: Path) -> Iterator["Source"]:
    """A dataset; files without a footer are repaired in a copy, for as long as it is open.

    Raises:
        InputError: when it is no LeRobot dataset v3.0 or nothing of it can be read.
    """
    with tempfile.TemporaryDirectory(prefix="rumpus-") as scratch:
        yield Source(folder, Path(scratch))


class Source:
    """The files of one dataset; see `opened`.

    Attributes:
        folder: where it is.
        info: what it says of itself.
        ours: what rumpus said, where rumpus wrote the dataset.
        notes: sentences on what was repaired or lost.
    """

    def __init__(self, folder: Path, scratch: Path) -> None:
        """Open it."""
        self.folder = folder
        self.info = layout.read_info(folder)
        self.ours = layout.read_ours(folder)
        self.notes: list[str] = []
        self._files = self._open(scratch)

    def note(self, sentence: str) -> None:
        """Say something once, however often it is found."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    @cached_property
    def keys(self) -> dict[str, str]:
        """Feature by sensor name."""
        if self.ours is not None:
            return layout.keys_of(self.ours.spec)
        keys: dict[str, str] = {}
        for key, feature in self.info.features.items():
            if feature.is_picture or (key.startswith("observation.") and feature.is_number):
                name = re.sub(r"^observation\.(images\.)?", "", key)
                keys[key if name in keys else name] = key
        return keys

    @cached_property
    def spec(self) -> RobotSpec:
        """The robot: as rumpus knew it, else as features and data tell.

        Raises:
            InputError: when there is no sensor, or no action.
        """
        if self.ours is not None:
            return self.ours.spec
        features = self.info.features
        if "action" not in features or not self.keys:
            raise InputError(
                f"{self.folder} has the features {', '.join(features)}; rumpus needs an "
                "action and at least one observation; export the dataset with both."
            )
        sensors = tuple(
            _eye(name, features[key]) if features[key].is_picture
            else SensorSpec(name, (int(np.prod(features[key].shape)),),
                            float(self.ranges[key][0].min()), float(self.ranges[key][1].max()))
            for name, key in self.keys.items()
        )  # fmt: skip
        size = int(np.prod(features["action"].shape))
        name = self.info.robot_type or self.folder.name
        return RobotSpec(name, sensors, size, float(self.info.fps))

    @cached_property
    def ranges(self) -> dict[str, tuple[Array, Array]]:
        """The least and greatest of each entry of the action and of the sensors that are vectors.

        Raises:
            InputError: naming the feature that is not finite.
        """
        ranges: dict[str, tuple[Array, Array]] = {}
        keys = [k for k in ("action", *self.keys.values()) if self.info.features[k].is_number]
        for rows in self.rows(keys, 8192):
            for key in keys:
                values = rows[key].reshape(len(rows[key]), -1)
                low, high = ranges.get(key, (values[0], values[0]))
                ranges[key] = np.minimum(low, values.min(0)), np.maximum(high, values.max(0))
                if not np.isfinite(ranges[key]).all():
                    raise InputError(f"{self.folder}: the feature {key} has values that are not "
                                     "finite; mend or remove those episodes.")  # fmt: skip
        return ranges

    @cached_property
    def tasks(self) -> dict[int, str]:
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
    def lengths(self) -> dict[int, int]:
        """Rows of each episode, in the files' order."""
        lengths: dict[int, int] = {}
        for rows in self.rows(["episode_index"], 2**16):
            episodes, counts = np.unique(rows["episode_index"], return_counts=True)
            for episode, count in zip(episodes.tolist(), counts.tolist(), strict=True):
                lengths[episode] = lengths.get(episode, 0) + count
        return lengths

    def rows(self, keys: list[str], at_once: int = ROWS_AT_ONCE) -> Iterator[Rows]:
        """The dataset's rows in order, some at a time.

        Raises:
            InputError: when a file is damaged or lacks a column.
        """
        for file in self._files:
            try:
                with pq.ParquetFile(file, buffer_size=READ_BYTES) as opened:
                    for batch in opened.iter_batches(at_once, columns=keys):
                        yield {key: self._column(key, batch[key]) for key in keys}
            except (pa.ArrowException, OSError, KeyError, ValueError) as error:
                said = " ".join(str(error).split())
                raise InputError(
                    f"{self.folder}: {file.name} is not what {layout.INFO} says ({said}); "
                    "put back a copy of that file."
                ) from error

    def _column(self, key: str, column: pa.Array) -> Any:
        feature = self.info.features[key]
        if not feature.is_number:
            return column.to_pylist()
        found = numbers(column)
        return found[:, 0] if feature.shape in ((), (1,)) else found

    def _open(self, scratch: Path) -> list[Path]:
        """The data files that can be read; of a killed recording, repaired copies."""
        files = sorted(self.folder.glob("data/*/*.parquet"))
        schema = layout.schema_of(self.info.features)
        readable = []
        for number, file in enumerate(files):
            repaired = scratch / f"{number}.parquet"
            if has_footer(file):
                readable.append(file)
            elif rows := repair(file, repaired, schema):
                readable.append(repaired)
                self.note(
                    f"{file.relative_to(self.folder)} has no footer, its recording was killed; "
                    f"{rows:,} frames of it were found again."
                )
        if not readable:
            raise InputError(
                f"Nothing of {self.folder} can be read: {layout.INFO} tells of "
                f"{self.info.total_episodes:,} episodes with {self.info.total_frames:,} frames, "
                f"but its {len(files)} data files hold none that is whole; look for a copy."
            )
        return readable


def _eye(name: str, feature: Feature) -> SensorSpec:
    """A camera, whose channels may come first."""
    names = [str(n) for n in feature.names or ()]
    shape = feature.shape
    if len(shape) == 3 and (names[:1] in (["channels"], ["channel"]) or shape[2] not in MODES):
        shape = (*shape[1:], shape[0])
    if len(shape) != 3 or shape[2] not in MODES:
        raise InputError(f"The feature {name} is a picture of shape {feature.shape}, expected "
                         "height, width and 1 to 4 channels.")  # fmt: skip
    return SensorSpec(name, shape)
