"""A LeRobot dataset v3.0 on disk: its files, and the names that a robot's senses have in them.

meta/info.json                        rate, features, totals
meta/stats.json                       ranges and means, see lerobot_stats.py
meta/tasks.parquet                    task_index by sentence; a rumpus episode's provenance
meta/episodes/chunk-000/file-*.parquet   where each episode lies
meta/rumpus.json                      rumpus's own: the robot's spec; other readers pass it by
data/chunk-000/file-*.parquet         a row for every step; pictures as PNG, or
videos/KEY/chunk-000/file-*.mp4       pictures as video
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from rumpus.errors import InputError
from rumpus.spec import RobotSpec, SensorSpec

VERSION = "v3.0"
INFO, STATS, TASKS = "meta/info.json", "meta/stats.json", "meta/tasks.parquet"
ORIGIN = "meta/rumpus.json"
EPISODES = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
DATA = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
FILES_IN_CHUNK = 1000
OWN = ("timestamp", "frame_index", "episode_index", "index", "task_index")  # always there
ORIGIN_VERSION = 1
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True)
class Feature:
    """One column of a dataset, as info.json declares it.

    Attributes:
        dtype: "image", "video", "string", or numpy's name of a number.
        shape: of one row; (h, w, c) for pictures.
        names: of its axes or entries, in whatever form its writer liked.
    """

    dtype: str
    shape: tuple[int, ...]
    names: Any = None

    @property
    def is_picture(self) -> bool:
        """Whether it is a camera, in whichever way it is stored."""
        return self.dtype in ("image", "video")

    @property
    def is_number(self) -> bool:
        """Whether rows are numbers that float32 can stand for."""
        return self.dtype.startswith(("float", "int", "uint", "bool"))


@dataclass(frozen=True)
class Info:
    """info.json, as far as rumpus reads and writes it."""

    codebase_version: str
    fps: int | float
    features: dict[str, Feature]
    total_episodes: int
    total_frames: int
    total_tasks: int = 0
    robot_type: str | None = None
    chunks_size: int = FILES_IN_CHUNK
    data_files_size_in_mb: float = 100
    video_files_size_in_mb: float = 200
    splits: dict[str, str] = field(default_factory=dict)
    data_path: str = DATA
    video_path: str | None = VIDEO


@dataclass(frozen=True)
class Origin:
    """rumpus.json: what a dataset that rumpus wrote says of the robot.

    Attributes:
        version: of this file.
        spec: the robot.
        keys: feature by sensor name.
    """

    version: int
    spec: RobotSpec
    keys: dict[str, str]


def keys_of(spec: RobotSpec) -> dict[str, str]:
    """Feature by sensor name; LeRobot takes no "/", and a key is a folder's name."""
    keys: dict[str, str] = {}
    for sensor in spec.sensors:
        stem = "observation.images." if sensor.is_picture else "observation."
        key = stem = stem + _UNSAFE.sub("_", sensor.name)
        count = 1
        while key in keys.values():
            count += 1
            key = f"{stem}_{count}"
        keys[sensor.name] = key
    return keys


def features_of(spec: RobotSpec, video: bool) -> dict[str, Feature]:
    """All columns of a memory's dataset, LeRobot's own five at the end."""
    keys = keys_of(spec)
    actions = tuple(f"action_{k}" for k in range(spec.action_size))
    senses = {keys[sensor.name]: _sense(sensor, video) for sensor in spec.sensors}
    return senses | {
        "action": Feature("float32", (spec.action_size,), actions),
        "rumpus.action": Feature("float32", (spec.action_size,), actions),
        "rumpus.time_s": Feature("float64", (1,)),
        "rumpus.captured_s": Feature("float64", (len(keys),), tuple(keys)),
        "rumpus.goal_index": Feature("int64", (1,)),
        "rumpus.terminated": Feature("bool", (1,)),
        "rumpus.truncated": Feature("bool", (1,)),
        "rumpus.intervention": Feature("bool", (1,)),
        "rumpus.clip_reason": Feature("string", (1,)),
        "rumpus.goal_reason": Feature("string", (1,)),
        "timestamp": Feature("float32", (1,)),
        "frame_index": Feature("int64", (1,)),
        "episode_index": Feature("int64", (1,)),
        "index": Feature("int64", (1,)),
        "task_index": Feature("int64", (1,)),
    }


def _sense(sensor: SensorSpec, video: bool) -> Feature:
    if sensor.is_picture:
        dtype = "video" if video else "image"
        return Feature(dtype, sensor.shape, ("height", "width", "channels"))
    return Feature(
        "float32", sensor.shape, tuple(f"{sensor.name}_{k}" for k in range(*sensor.shape))
    )


def schema_of(features: dict[str, Feature]) -> pa.Schema:
    """The data files' schema; videos are no columns."""
    return pa.schema([(key, arrow_type(f)) for key, f in features.items() if f.dtype != "video"])


def arrow_type(feature: Feature) -> pa.DataType:
    """How a column lies in Parquet: one number plain, more of them in lists of fixed length."""
    if feature.dtype == "image":
        return pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    type_ = pa.type_for_alias(feature.dtype)
    if feature.shape in ((), (1,)):
        return type_
    for size in reversed(feature.shape):
        type_ = pa.list_(type_, size)
    return type_


def read_info(folder: Path) -> Info:
    """What a dataset says of itself.

    Raises:
        InputError: when there is none, it cannot be understood, or it is of another version.
    """
    try:
        raw = (folder / INFO).read_bytes()
    except OSError as error:
        raise InputError(
            f"{folder} is no LeRobot dataset: {INFO} cannot be read ({error.strerror}); "
            "give the folder that holds meta/ and data/."
        ) from error
    try:
        version = msgspec.json.decode(raw)["codebase_version"]
        info = msgspec.json.decode(raw, type=Info) if str(version).startswith("v3.") else None
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder / INFO} cannot be understood ({error}), and without it nothing says what the "
            "data is; put back a copy of that file."
        ) from error
    if info is None:
        raise InputError(
            f"{folder} is a LeRobot dataset {version}, but rumpus reads {VERSION}; "
            "convert it with LeRobot's convert_dataset_v21_to_v30 first."
        )
    if missing := [key for key in OWN if key not in info.features]:
        raise InputError(f"{folder / INFO} declares no {', '.join(missing)}, which every LeRobot "
                         "dataset has; mend the program that wrote it.")  # fmt: skip
    return info


def read_origin(folder: Path) -> Origin | None:
    """What rumpus wrote of the robot; None for a dataset of somebody else.

    Raises:
        InputError: when it cannot be understood or is of a newer rumpus.
    """
    file = folder / ORIGIN
    if not file.exists():
        return None
    try:
        origin = msgspec.json.decode(file.read_bytes(), type=Origin)
    except msgspec.DecodeError as error:
        raise InputError(f"{file} cannot be understood: {error}; remove it to import the dataset "
                         "as a stranger's, without the robot's ranges.") from error  # fmt: skip
    if origin.version > ORIGIN_VERSION:
        raise InputError(f"{file} has version {origin.version}, but this rumpus knows "
                         f"{ORIGIN_VERSION}; use a newer rumpus.")  # fmt: skip
    return origin
