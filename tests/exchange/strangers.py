"""Datasets as strangers write them, by hand: a picture's grey level tells which row it is of."""

import io
import json
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from rumpus.exchange.lerobot.dataset import import_lerobot, lerobot_spec
from rumpus.exchange.transfer import Transfer
from rumpus.memory import Memory
from rumpus.types import Array

KEY = "observation.images.top"
ROWS, INFO, PLACES = "data/chunk-000/file-000.parquet", "meta/info.json", "meta/episodes/chunk-000"
FILM = f"videos/{KEY}/chunk-000/file-000.mp4"
META, HDF5 = "data/metadata.json", "data/main_data.hdf5"  # of Minari
SIDES = (64, 96, 3)  # x265 breaks on smaller ones
OWN = {"timestamp": pa.float32()} | dict.fromkeys(
    ("frame_index", "episode_index", "index", "task_index"), pa.int64()
)


def level(row: int) -> int:
    return 10 + 4 * row


def flat(grey: int, shape: Sequence[int] = SIDES, dtype: Any = np.uint8) -> Array:
    return np.full(shape, grey, dtype)


def png(picture: Array) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.squeeze(picture)).save(out, "PNG")
    return out.getvalue()


def write_film(
    file: Path,
    levels: Sequence[int],
    codec: str = "libx264",
    pixels: str = "yuv420p",
    options: dict[str, str] | None = None,
    fps: int = 10,
    shift: int = 0,
) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(file), "w") as container:
        stream: Any = container.add_stream(codec, rate=fps)
        stream.height, stream.width, stream.pix_fmt = 64, 96, pixels
        stream.options = {"crf": "4", "g": "2", **(options or {})}
        for k, grey in enumerate(levels):
            frame = av.VideoFrame.from_ndarray(flat(grey), format="rgb24")
            frame.pts, frame.time_base = k + shift, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def lerobot(
    folder: Path, lengths: Sequence[int] = (5, 4), kind: str = "video", action: str = "float32",
) -> Path:  # fmt: skip
    """A LeRobot dataset v3.0 of episodes of some lengths; `kind` says how its pictures lie."""
    n = sum(lengths)
    frames = [k for length in lengths for k in range(length)]
    action_type = pa.list_(pa.type_for_alias(action), 1)
    columns: dict[str, tuple[list[Any], pa.DataType]] = {
        "timestamp": ([k / 10 for k in frames], OWN["timestamp"]),
        "frame_index": (frames, OWN["index"]),
        "episode_index": ([e for e, m in enumerate(lengths) for _ in range(m)], OWN["index"]),
        "index": (list(range(n)), OWN["index"]),
        "task_index": ([0] * n, OWN["index"]),
        "observation.state": ([[level(k) / 255] for k in range(n)], pa.list_(pa.float32(), 1)),
        "action": ([[k % 2] for k in range(n)], action_type),
    }
    features = {name: {"dtype": str(type_), "shape": [1]} for name, type_ in OWN.items()}
    features["timestamp"]["dtype"] = "float32"
    features["observation.state"] = {"dtype": "float32", "shape": [1]}
    features["action"] = {"dtype": action, "shape": [1]}
    if kind != "none":
        features[KEY] = {"dtype": kind, "shape": list(SIDES)}
    if kind == "image":
        type_ = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        cells = [{"bytes": png(flat(level(k))), "path": None} for k in range(n)]
        columns[KEY] = cells, type_
    (folder / ROWS).parent.mkdir(parents=True)
    (folder / PLACES).mkdir(parents=True)
    pq.write_table(pa.table({k: pa.array(*of) for k, of in columns.items()}), folder / ROWS)
    tasks = {"task_index": [0, 1], "task": ["open the drawer", "put the cup in"]}
    pq.write_table(pa.table(tasks), folder / "meta/tasks.parquet")
    about = {
        "codebase_version": "v3.0", "fps": 10, "robot_type": "arm", "features": features,
        "total_episodes": len(lengths), "total_frames": n,
    }  # fmt: skip
    (folder / INFO).write_text(json.dumps(about))
    if kind == "video":
        write_film(folder / FILM, [level(k) for k in range(n)])
        begins = np.cumsum([0, *lengths]) / 10
        tell(folder, [(e, 0, begins[e], begins[e + 1]) for e in range(len(lengths))])
    return folder


def minari(folder: Path) -> Path:
    """A Minari dataset of two episodes."""
    (folder / "data").mkdir(parents=True)
    box = {"type": "Box", "dtype": "float32", "low": [-1.0], "high": [1.0], "shape": [1]}
    eye = {"type": "Box", "dtype": "uint8", "shape": [8, 8, 3], "low": 0, "high": 255}
    about = {
        "dataset_id": "toy-v0", "data_format": "hdf5", "action_space": json.dumps(box),
        "observation_space": json.dumps({"type": "Dict", "subspaces": {"eye": eye, "arm": box}}),
    }  # fmt: skip
    (folder / META).write_text(json.dumps(about))
    with h5py.File(folder / HDF5, "w") as file:
        for k, n in enumerate((5, 4)):
            group = file.create_group(f"episode_{k}")
            group["observations/eye"] = np.full((n, 8, 8, 3), k, np.uint8)
            group["observations/arm"] = np.zeros((n, 1), np.float32)
            group["actions"] = np.zeros((n - 1, 1), np.float32)
            group["rewards"] = np.zeros(n - 1)
            for end in ("terminations", "truncations"):
                group[end] = np.zeros(n - 1, bool)
    return folder


def tell(folder: Path, places: Sequence[tuple[Any, ...]]) -> None:
    """Write where episodes lie: the episode, its film's number, from and to in seconds."""
    at = f"videos/{KEY}"
    rows = [
        {
            "episode_index": episode, f"{at}/chunk_index": None if film is None else film * 0,
            f"{at}/file_index": film, f"{at}/from_timestamp": begin, f"{at}/to_timestamp": end,
            "length": round(float(np.nan_to_num((end or 0.0) - (begin or 0.0)).clip(0, 999)) * 10),
        }
        for episode, film, begin, end in places
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), folder / PLACES / "file-000.parquet")


def change(folder: Path, edit: Callable[[Any], None]) -> None:
    """Change what info.json says."""
    about = json.loads((folder / INFO).read_text())
    edit(about)
    (folder / INFO).write_text(json.dumps(about))


def put(folder: Path, name: str, cells: Sequence[Any], type_: pa.DataType | None = None) -> None:
    """Write another column, or one in place of what is there."""
    table = pq.read_table(folder / ROWS)
    type_ = type_ or table.schema.field(name).type
    if name in table.column_names:
        table = table.drop_columns(name)
    pq.write_table(table.append_column(name, pa.array(cells, type_)), folder / ROWS)


def taken(folder: Path, into: Path) -> tuple[Memory, Transfer]:
    """A new memory of what came, and what was told."""
    memory = Memory.create(into, lerobot_spec(folder))
    return memory, import_lerobot(folder, memory)


def assert_agree(memory: Memory) -> None:
    """Every picture shows what the row beside it says."""
    shown = memory.frames("top").reshape(len(memory), -1).mean(1)
    np.testing.assert_allclose(shown, memory.frames("state")[:, 0] * 255, atol=2.01)
