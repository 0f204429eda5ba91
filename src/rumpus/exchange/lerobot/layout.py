"""A LeRobot dataset v3.0 on disk: its files, and the names that a robot's senses have in them.

meta/info.json                        rate, features, totals
meta/stats.json                       ranges and means, see stats.py
meta/tasks.parquet                    task_index by sentence; a rumpus episode's provenance
meta/episodes/chunk-000/file-*.parquet   where each episode lies
meta/rumpus.json                      rumpus's own: robot and episodes; other readers pass it by
data/chunk-000/file-*.parquet         a row for every step; pictures as PNG, or
videos/KEY/chunk-000/file-*.mp4       pictures as video
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from rumpus.errors import InputError
from rumpus.exchange.columns import kinds_of
from rumpus.exchange.transfer import Ours
from rumpus.spec import RobotSpec, SensorSpec

VERSION = "v3.0"
INFO, STATS, TASKS = "meta/info.json", "meta/stats.json", "meta/tasks.parquet"
OURS = "meta/rumpus.json"
EPISODES = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
DATA = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
FILES_IN_CHUNK = 1000
OWN = {  # always there
    "timestamp": "float32", "frame_index": "int64", "episode_index": "int64", "index": "int64",
    "task_index": "int64",
}  # fmt: skip
RENAMED = {"executed_action": "action", "step_index": "index"}  # of a memory's columns
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
    shape: tuple[int, ...] = (1,)
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


def column_of(name: str) -> str:
    """The feature that holds one of a memory's columns."""
    return RENAMED.get(name, f"rumpus.{name}")


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
    features = {keys[sensor.name]: _sense(sensor, video) for sensor in spec.sensors}
    for name, (dtype, shape) in kinds_of(spec).items():
        kind = "string" if dtype.hasobject else str(dtype)
        features[column_of(name)] = Feature(kind, shape or (1,))
    actions = tuple(f"action_{k}" for k in range(spec.action_size))
    features["action"] = Feature("float32", (spec.action_size,), actions)
    return features | {name: Feature(dtype) for name, dtype in OWN.items()}


def _sense(sensor: SensorSpec, video: bool) -> Feature:
    if sensor.is_picture:
        dtype = "video" if video else "image"
        return Feature(dtype, sensor.shape, ("height", "width", "channels"))
    return Feature(
        "float32", sensor.shape, tuple(f"{sensor.name}_{k}" for k in range(*sensor.shape))
    )


def schema_of(features: dict[str, Feature]) -> pa.Schema:
    """The data files' schema; videos are no columns.

    With the note by which Hugging Face's viewer knows pictures from bytes.
    """
    columns = {key: feature for key, feature in features.items() if feature.dtype != "video"}
    note = {"info": {"features": {key: _kind(feature) for key, feature in columns.items()}}}
    types = [(key, _arrow_type(feature)) for key, feature in columns.items()]
    return pa.schema(types, {"huggingface": json.dumps(note)})


def _kind(feature: Feature) -> dict[str, Any]:
    if feature.dtype == "image":
        return {"_type": "Image"}
    value = {"dtype": feature.dtype, "_type": "Value"}
    if feature.shape in ((), (1,)):
        return value
    return {"feature": value, "length": feature.shape[0], "_type": "List"}


def _arrow_type(feature: Feature) -> pa.DataType:
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
        version = msgspec.json.decode(raw)["codebase_version"]
        info = msgspec.json.decode(raw, type=Info) if str(version).startswith("v3.") else None
    except OSError as error:
        raise InputError(
            f"{folder} is no LeRobot dataset: {INFO} cannot be read ({error.strerror}); "
            "give the folder that holds meta/ and data/."
        ) from error
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


def read_ours(folder: Path) -> Ours | None:
    """What rumpus wrote for itself; None for a dataset of somebody else.

    Raises:
        InputError: when it cannot be understood or is of a newer rumpus.
    """
    file = folder / OURS
    if not file.exists():
        return None
    try:
        ours = msgspec.json.decode(file.read_bytes(), type=Ours)
    except msgspec.DecodeError as error:
        raise InputError(f"{file} cannot be understood: {error}; remove it to import the dataset "
                         "as a stranger's, without the robot's ranges.") from error  # fmt: skip
    ours.check(file)
    return ours
