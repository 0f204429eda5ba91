"""A LeRobot dataset opened for reading: anybody's, and mended where its recording was killed."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rumpus.errors import InputError
from rumpus.memory.exchange import lerobot_layout as layout
from rumpus.memory.exchange.lerobot_layout import Feature
from rumpus.memory.exchange.lerobot_repair import has_footer, mend
from rumpus.memory.exchange.lerobot_rows import MODES, numbers
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array

ROWS_AT_ONCE = 64  # pictures of strangers can be large
READ_BYTES = 2**20

Rows = dict[str, Any]  # by feature: numbers (n, k), or a list of n strings or PNG files


class Source:
    """One dataset; a context manager.

    Attributes:
        folder: where it is.
        info: what it says of itself.
        origin: what rumpus said of the robot, where rumpus wrote the dataset.
        told: sentences on what was mended or lost.
    """

    def __init__(self, folder: Path) -> None:
        """Open it; files without a footer are mended in a copy.

        Raises:
            InputError: when it is no LeRobot dataset v3.0 or nothing of it can be read.
        """
        self.folder = folder
        self.info = layout.read_info(folder)
        self.origin = layout.read_origin(folder)
        self.told: list[str] = []
        with ExitStack() as stack:
            scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="rumpus-"))
            self._files = self._open(Path(scratch))
            self._resources = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._resources.close()

    @cached_property
    def keys(self) -> dict[str, str]:
        """Feature by sensor name."""
        if self.origin is not None:
            return self.origin.keys
        keys: dict[str, str] = {}
        for key, feature in self.info.features.items():
            if feature.is_picture or (key.startswith("observation.") and feature.is_number):
                name = re.sub(r"^observation\.(images\.)?", "", key)
                keys[key if name in keys else name] = key
        return keys

    @property
    def video_keys(self) -> list[str]:
        """Features that are read from videos."""
        return [key for key in self.keys.values() if self.info.features[key].dtype == "video"]

    @cached_property
    def spec(self) -> RobotSpec:
        """The robot: as rumpus knew it, else as features and data tell.

        Raises:
            InputError: when there is no sensor, or no action.
        """
        if self.origin is not None:
            return self.origin.spec
        if "action" not in self.info.features or not self.keys:
            raise InputError(
                f"{self.folder} has the features {', '.join(self.info.features)}; rumpus needs an "
                "action and at least one observation; export the dataset with both."
            )
        ranges = self.ranges
        sensors = tuple(_sensor(name, self.info.features[key], ranges.get(key))
                        for name, key in self.keys.items())  # fmt: skip
        size = int(np.prod(self.info.features["action"].shape))
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
                low, high = rows[key].min(0), rows[key].max(0)
                if not np.isfinite([low, high]).all():
                    raise InputError(f"{self.folder}: the feature {key} has values that are not "
                                     "finite; mend or remove those episodes.")  # fmt: skip
                if key in ranges:
                    low, high = np.minimum(low, ranges[key][0]), np.maximum(high, ranges[key][1])
                ranges[key] = (low, high)
        return ranges

    @cached_property
    def tasks(self) -> dict[int, str]:
        """Sentence by task_index; empty where their file cannot be read."""
        try:
            table = pq.read_table(self.folder / layout.TASKS)
        except (OSError, pa.ArrowException):
            self.told.append(f"{layout.TASKS} cannot be read: the tasks' sentences are lost.")
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
            except (pa.ArrowException, KeyError, ValueError) as error:
                raise InputError(
                    f"{self.folder}: {file.name} is not what {layout.INFO} says ({error}); "
                    "put back a copy of that file."
                ) from error

    def _column(self, key: str, column: pa.Array) -> Any:
        feature = self.info.features[key]
        return numbers(column) if feature.is_number else column.to_pylist()

    def _open(self, scratch: Path) -> list[Path]:
        """The data files that can be read; of a killed recording, mended copies."""
        files = sorted(self.folder.glob("data/*/*.parquet"))
        schema = layout.schema_of(self.info.features)
        readable = []
        for number, file in enumerate(files):
            mended = scratch / f"{number}.parquet"
            if has_footer(file):
                readable.append(file)
            elif rows := mend(file, mended, schema):
                readable.append(mended)
                self.told.append(
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


def _sensor(name: str, feature: Feature, range_: tuple[Array, Array] | None) -> SensorSpec:
    if not feature.is_picture:
        assert range_ is not None
        low, high = float(range_[0].min()), float(range_[1].max())
        return SensorSpec(name, (int(np.prod(feature.shape)),), low, high)
    names = [str(n) for n in feature.names or ()]
    shape = feature.shape
    if len(shape) == 3 and (names[:1] in (["channels"], ["channel"]) or shape[2] not in MODES):
        shape = (*shape[1:], shape[0])
    if len(shape) != 3 or shape[2] not in MODES:
        raise InputError(f"The feature {name} is a picture of shape {feature.shape}, expected "
                         "height, width and 1 to 4 channels.")  # fmt: skip
    return SensorSpec(name, shape)
