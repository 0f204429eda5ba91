"""A LeRobot dataset v3.0 on disk: its files, and the names that a robot's senses have in them.

meta/info.json                        rate, features, totals
meta/stats.json                       ranges and means, see export.py
meta/tasks.parquet                    task_index by sentence; a rumpus episode's provenance
meta/episodes/chunk-000/file-*.parquet   where each episode lies
meta/rumpus.json                      rumpus's own: robot and episodes; other readers pass it by
data/chunk-000/file-*.parquet         a row for every step; pictures as PNG, or
videos/KEY/chunk-000/file-*.mp4       pictures as video
"""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from msgspec import Meta

from rumpus.errors import InputError
from rumpus.exchange.transfer import LARGEST_READING, Shape, kinds_of, png
from rumpus.spec import RobotSpec

VERSION = "v3.0"
INFO, STATS, TASKS = "meta/info.json", "meta/stats.json", "meta/tasks.parquet"
OURS = "meta/rumpus.json"
EPISODES = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
DATA = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
FILES_IN_CHUNK = 1000
_INTEGERS = ("frame_index", "episode_index", "index", "task_index")
OWN = {"timestamp": "float32"} | dict.fromkeys(_INTEGERS, "int64")  # always there
RENAMED = {"executed_action": "action", "step_index": "index"}  # of a memory's columns
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


Count = Annotated[int, Meta(ge=0, le=2**48)]


@dataclass(frozen=True)
class Feature:
    """One column of a dataset, as info.json declares it.

    Attributes:
        dtype: "image", "video", "string", or numpy's name of a number.
        shape: of one row; (h, w, c) for pictures.
        names: of its axes or entries, in whatever form its writer liked.
        info: more of a film, such as that it shows depths.
    """

    dtype: str
    shape: tuple[Count, ...] = (1,)
    names: Any = None
    info: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.size > LARGEST_READING:
            raise ValueError(f"a row of {self.size:,} numbers is none of a robot's")

    @property
    def size(self) -> int:
        """How many numbers a row has."""
        return math.prod(self.shape)

    @property
    def is_depth(self) -> bool:
        """Whether it is a camera of distances, which have no place among pictures of 8 bits."""
        return any(key.endswith("is_depth_map") and it for key, it in (self.info or {}).items())

    @property
    def is_picture(self) -> bool:
        """Whether it is a camera, in whichever way it is stored."""
        return self.dtype in ("image", "video")

    @property
    def is_single(self) -> bool:
        """Whether a row is one number or text, and no list."""
        return self.shape in ((), (1,))

    @property
    def is_number(self) -> bool:
        """Whether rows are numbers that float32 can stand for."""
        return self.dtype.startswith(("float", "int", "uint", "bool"))


@dataclass(frozen=True)
class Info:
    """info.json, as far as rumpus reads and writes it."""

    codebase_version: str
    fps: int | float = 0
    features: dict[str, Feature] = field(default_factory=dict)
    total_episodes: Count = 0
    total_frames: Count = 0
    total_tasks: Count = 0
    robot_type: str | None = None
    chunks_size: int = FILES_IN_CHUNK
    data_files_size_in_mb: float = 100
    video_files_size_in_mb: float = 200
    splits: dict[str, str] = field(default_factory=dict)
    data_path: str = DATA
    video_path: str | None = VIDEO

    def __post_init__(self) -> None:
        """Refuse what rumpus does not read.

        Raises:
            InputError: when it is of another version, or no dataset's.
        """
        if not self.codebase_version.startswith("v3."):
            raise InputError(
                f"It is a LeRobot dataset {self.codebase_version}, and rumpus reads {VERSION}; "
                "convert it with LeRobot's own converters, from version to version."
            )
        if missing := [key for key in OWN if key not in self.features]:
            raise InputError(f"{INFO} declares no {', '.join(missing)}; mend what wrote it.")
        others = {self.data_path, self.video_path or VIDEO} - {DATA, VIDEO}
        if others:
            raise InputError(
                f"{INFO} lays its files out as {min(others)[:200]}, not as {VERSION} does; convert "
                "it with LeRobot's convert_dataset_v21_to_v30."
            )


def stills(key: str, number: int) -> str:
    """The folder of an episode's pictures, until they are a film."""
    return f"images/{key}/episode-{number:06d}"


def column_of(name: str) -> str:
    """The feature that holds one of a memory's columns."""
    return RENAMED.get(name, f"rumpus.{name}")


def place(number: int) -> dict[str, int]:
    """Where the file of one episode, or of them all, lies among its like."""
    chunk, file = divmod(number, FILES_IN_CHUNK)
    return {"chunk_index": chunk, "file_index": file}


def keys_of(spec: RobotSpec) -> dict[str, str]:
    """Feature by sensor name; LeRobot takes no "/", and a key is a folder's name."""
    keys: dict[str, str] = {}
    for sensor in spec.sensors:
        stem = "observation.images." if sensor.is_picture else "observation."
        stem += _UNSAFE.sub("_", sensor.name)
        names = chain([stem], (f"{stem}_{k}" for k in count(2)))
        keys[sensor.name] = next(name for name in names if name not in keys.values())
    return keys


def features_of(spec: RobotSpec) -> dict[str, Feature]:
    """All columns of a memory's dataset, LeRobot's own five at the end."""
    keys, features = keys_of(spec), dict[str, Feature]()
    for sensor in spec.sensors:
        feature = _feature(sensor.name, sensor.dtype, sensor.shape)
        if sensor.is_picture:
            axes = ("height", "width", "channels")
            feature = Feature("image", sensor.shape, axes)
        features[keys[sensor.name]] = feature
    for name, (dtype, shape) in kinds_of(spec).items():
        features[column_of(name)] = _feature(column_of(name), dtype, shape)
    return features | {name: Feature(dtype) for name, dtype in OWN.items()}


def _feature(name: str, dtype: np.dtype[Any], shape: Shape) -> Feature:
    """A column of numbers or texts, its entries numbered."""
    kind = "string" if dtype.hasobject else str(dtype)
    return Feature(kind, shape or (1,), [f"{name}_{k}" for k in range(sum(shape))] or None)


def schema_of(features: dict[str, Feature]) -> pa.Schema:
    """The data files' schema.

    With the note by which Hugging Face's viewer knows pictures from bytes.
    """
    types = {key: _types(feature) for key, feature in features.items()}
    note = {"info": {"features": {key: kind for key, (_, kind) in types.items()}}}
    fields = [(key, type_) for key, (type_, _) in types.items()]
    return pa.schema(fields, {"huggingface": json.dumps(note)})


def _types(feature: Feature) -> tuple[pa.DataType, dict[str, Any]]:
    """How a column lies in Parquet, one number plain, more of them in lists; and for the note."""
    if feature.dtype == "image":
        return pa.struct([("bytes", pa.binary()), ("path", pa.string())]), {"_type": "Image"}
    type_ = pa.type_for_alias(feature.dtype)
    kind: dict[str, Any] = {"dtype": feature.dtype, "_type": "Value"}
    for size in () if feature.is_single else reversed(feature.shape):
        type_ = pa.list_(type_, size)
        kind = {"feature": kind, "length": size, "_type": "List"}
    return type_, kind


def table(schema: pa.Schema, columns: dict[str, Any]) -> pa.Table:
    """The columns of a schema; pictures become PNG."""
    return pa.table({f.name: _cells(columns[f.name], f.type) for f in schema}, schema=schema)


def _cells(rows: Sequence[Any], type_: pa.DataType) -> Any:
    if pa.types.is_struct(type_):
        return [{"bytes": png(picture), "path": None} for picture in rows]
    return list(rows) if pa.types.is_fixed_size_list(type_) else np.ravel(rows)


def values(column: pa.Array, feature: Feature) -> Any:
    """A column as numbers, (n,) or (n, k) however deep its lists are, or as a list of n others.

    Raises:
        ValueError: when a row has another number of them, or they are none.
    """
    if not feature.is_number:
        return column.to_pylist()
    rows = len(column)
    while isinstance(column, pa.ListArray | pa.LargeListArray | pa.FixedSizeListArray):
        if len(column.value_lengths().unique()) > 1:
            raise ValueError(f"rows of {column.type} are of different lengths")
        column = column.flatten()
    numbers = np.asarray(column.to_numpy(zero_copy_only=False))
    if numbers.dtype.kind not in "fiub" or len(numbers) != rows * feature.size:
        raise ValueError(f"{len(numbers):,} of {column.type} are not {rows:,} x {feature.size:,}")
    return numbers if feature.is_single else numbers.reshape(rows, -1)


def tasks_table(tasks: dict[str, int]) -> pa.Table:
    """task_index by sentence, in the form that pandas reads as a frame with the sentences as index.

    LeRobot looks tasks up in that index.
    """
    words = {
        "name": "task", "field_name": "task", "pandas_type": "unicode", "numpy_type": "object",
        "metadata": None,
    }  # fmt: skip
    note = {"index_columns": ["task"], "column_indexes": [], "columns": [words]}
    rows = pa.table({"task_index": list(tasks.values()), "task": list(tasks)})
    return rows.replace_schema_metadata({"pandas": json.dumps(note)})
