"""Datasets that want to do harm, made from a number: to read elsewhere, to fill the RAM, to hang.

Each begins as a small good one, of LeRobot's kind or of Minari's, and one thing in it is made
wrong. Files outside of it hold a secret; whatever leads to them leads out of the dataset.
"""

import json
import os
import random
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tests.exchange import strangers
from tests.exchange.strangers import (
    FILM,
    HDF5,
    INFO,
    KEY,
    META,
    PLACES,
    ROWS,
    change,
    flat,
    minari,
    png,
    put,
)  # fmt: skip

SECRET = 77  # the grey level, and the number, of all that lies outside
PLACE = f"{PLACES}/file-000.parquet"
TASKS = "meta/tasks.parquet"
LEROBOT_FILES = (INFO, ROWS, TASKS, PLACE, FILM)
PICTURES = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
STRANGE: list[Any] = [
    None, -1, 0, 2**31, 10**30, 1e308, "", "x", "../../outside", [], {}, [[]], True, -0.5,
    {"a": {}}, [2**20, 2**20], "\u0000\u001b[31m\n", "9" * 5000,
]  # fmt: skip


def secrets(outside: Path) -> None:
    """Everything that a dataset has, with the secret in it, outside of any dataset."""
    for good in (strangers.lerobot(outside / "lerobot"), minari(outside / "minari")):
        shutil.copytree(good, outside, dirs_exist_ok=True)
    strangers.write_film(outside / "film.mp4", [SECRET] * 9)
    (outside / "picture.png").write_bytes(png(flat(SECRET)))
    (outside / "raw").write_bytes(bytes([SECRET]) * 10_000)
    with h5py.File(outside / "elsewhere.hdf5", "w") as file:
        file["eye"] = np.full((5, 8, 8, 3), SECRET, np.uint8)


def links(folder: Path, outside: Path, rng: random.Random, files: tuple[str, ...]) -> None:
    """A file, or a folder on its way, is a link, a pipe, a device or a folder."""
    name = rng.choice(files)
    part = rng.choice([Path(name), *list(Path(name).parents)[:-1]])
    target = folder / part
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    way = rng.choice(["link", "up", "pipe", "zero", "loop", "folder"])
    if way == "link":
        target.symlink_to(outside / part)
    elif way == "up":
        up = os.path.relpath(outside / part, target.parent)
        target.symlink_to(up)
    elif way == "pipe":
        os.mkfifo(target)
    elif way == "folder":
        target.mkdir()
    else:
        target.symlink_to("/dev/zero" if way == "zero" else target)


def numbers(of: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value in what JSON holds."""
    inside = of.items() if isinstance(of, dict) else enumerate(of) if isinstance(of, list) else ()
    return [path] * bool(path) + [way for k, v in inside for way in numbers(v, (*path, k))]


def malformed(file: Path, rng: random.Random) -> None:
    """One value of a JSON is another one, or all of it is."""
    whole = file.read_text()
    if rng.random() < 0.2:
        texts = ["[" * 100_000, "", "nul", "[1", '{"a":NaN}', "\x00", whole[:-1], "[]"]
        file.write_text(rng.choice(texts))
        return
    about = json.loads(whole)
    *way, last = rng.choice(numbers(about))
    at = about
    for key in way:
        at = at[key]
    inner = at[last]
    if isinstance(inner, str) and inner.startswith("{") and rng.random() < 0.9:
        space = json.loads(inner)
        *way, key = rng.choice(numbers(space))
        place = space
        for part in way:
            place = place[part]
        place[key] = rng.choice(STRANGE)
        at[last] = json.dumps(space)
    else:
        at[last] = rng.choice(STRANGE)
    file.write_text(json.dumps(about))


def spoilt(file: Path, rng: random.Random) -> None:
    """Some bytes are others, or the end is gone."""
    raw = bytearray(file.read_bytes())
    if rng.random() < 0.4:
        raw = raw[: rng.randrange(len(raw))]
    for _ in range(rng.choice([1, 8, 64]) if raw else 0):
        raw[rng.randrange(len(raw))] = rng.randrange(256)
    file.write_bytes(raw)


def lead_out(folder: Path, outside: Path, rng: random.Random) -> None:
    """A picture's path, a film's place, a layout or a name leads to the secret."""
    up = os.path.relpath(outside, folder)
    way = rng.choice(["path", "layout", "key", "playlist", "concat"])
    if way == "path":
        path = rng.choice([f"{up}/picture.png", str(outside / "picture.png"), "/dev/zero", "\0"])
        change(folder, lambda about: about["features"][KEY].update(dtype="image"))
        put(folder, KEY, [{"bytes": None, "path": path}] * 9, PICTURES)
    elif way == "layout":
        paths = [f"{up}/film.mp4", "{chunk_index:9999999999d}", "{video_key.__class__}", "/{0}"]
        change(folder, lambda about: about.update(video_path=rng.choice(paths)))
    elif way == "key":
        odd = [f"../{up}/videos/{KEY}", "observation.images.**", "/" + KEY, ".", KEY * 50]
        key = rng.choice(odd)
        change(folder, lambda a: a["features"].update({key: a["features"].pop(KEY)}))
        names = ["episode_index", *(f"videos/{key}/{n}" for n in ("chunk_index", "file_index",
                 "from_timestamp", "to_timestamp")), "length"]  # fmt: skip
        pq.write_table(pq.read_table(folder / PLACE).rename_columns(names), folder / PLACE)
    else:
        film = f"{outside}/film.mp4"
        playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{film}\n#EXT-X-ENDLIST\n"
        concat = f"ffconcat version 1.0\nfile {film}\n"
        (folder / FILM).write_text(playlist if way == "playlist" else concat)


def bomb(folder: Path, outside: Path, rng: random.Random) -> None:
    """Little on the disk claims to be much, or is."""
    way = rng.choice(["rows", "zeros", "wide", "header", "black", "rates", "film"])
    if way == "rows":  # a hundred million of them in some kilobytes
        alike = pa.DictionaryArray.from_arrays(pa.array(np.zeros(10**7, np.int8)), [0])
        many = pa.chunked_array([alike.cast(pa.int64())] * 10)
        columns = dict.fromkeys((*strangers.OWN, "observation.state", "action"), many)
        pq.write_table(pa.table(columns), folder / ROWS, compression="zstd")
    elif way == "zeros":  # half a gigabyte of zeros
        change(folder, lambda about: about["features"][KEY].update(dtype="image"))
        cells = [{"bytes": bytes(2**26), "path": None}] * 9
        put(folder, KEY, cells, PICTURES)
        table = pq.read_table(folder / ROWS)
        pq.write_table(table, folder / ROWS, compression="zstd", use_dictionary=False)
    elif way == "wide":
        size = rng.choice([2**24, 2**40])
        change(folder, lambda about: about["features"]["action"].update(shape=[size]))
        if size == 2**24:
            zeros = pa.array(np.zeros(9 * 10**7, np.float32))
            wide = pa.ListArray.from_arrays(np.arange(10) * 10**7, zeros)
            table = pq.read_table(folder / ROWS).drop_columns("action")
            pq.write_table(table.append_column("action", wide), folder / ROWS, compression="zstd")
    elif way in ("header", "black"):
        side = 30_000 if way == "header" else 9_000
        change(folder, lambda a: a["features"][KEY].update(dtype="image", shape=[side, side, 3]))
        rows = bytes(1 + 3 * side) * (1 if way == "header" else side)
        head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        parts = [(b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
        made = b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in parts
        )
        put(folder, KEY, [{"bytes": b"\x89PNG\r\n\x1a\n" + made, "path": None}] * 9, PICTURES)
    elif way == "rates":
        odd = [0, -10, 1e-300, 1e300, 10**300]
        change(folder, lambda about: about.update(fps=rng.choice(odd)))
    else:
        change(folder, lambda about: about["features"][KEY].update(shape=[2, 2, 3]))


def columns(folder: Path, outside: Path, rng: random.Random) -> None:
    """A column is of another type, empty, ragged, or its numbers lie where there are none."""
    name = rng.choice(["index", "episode_index", "frame_index", "task_index", "timestamp", "action",
                       "observation.state"])  # fmt: skip
    every: list[tuple[list[Any], Any]] = [
        ([None] * 9, pa.null()), (["x"] * 9, pa.string()), ([[1.0]] * 8 + [None], None),
        ([float("nan")] * 9, pa.float64()), ([2**62] * 9, pa.int64()), ([-5] * 9, pa.int64()),
        ([[]] * 9, pa.list_(pa.float32())), ([[0.0] * k for k in range(9)], pa.list_(pa.float32())),
        ([float("inf")] * 9, pa.float64()), ([[1e39]] * 9, pa.list_(pa.float64())),
        ([b"\xff"] * 9, pa.binary()), ([{"a": 1}] * 9, pa.struct([("a", pa.int8())])),
        ([2**64 - 1] * 9, pa.uint64()), ([8 - k for k in range(9)], pa.int64()),
    ]  # fmt: skip
    cells, type_ = rng.choice(every)
    put(folder, name, cells, type_ or pa.list_(pa.float32()))


def films(folder: Path, outside: Path, rng: random.Random) -> None:
    """Episodes are told to lie where they cannot."""
    odd = [None, float("nan"), float("inf"), -1.0, 1e300, 0.05, -1e-9, 10.0**18]
    told = [(0, 0, 0.0, 0.5), (1, 0, 0.5, 0.9)]
    spoil: list[list[Any]] = [list(row) for row in told]
    spoil[rng.randrange(2)][rng.choice([2, 3])] = rng.choice(odd)
    if rng.random() < 0.3:
        spoil = [[k, 10**17 * (k % 2), *row[2:]] for k, row in enumerate(spoil)]
    strangers.tell(folder, [tuple(row) for row in spoil])


def hdf5(folder: Path, outside: Path, rng: random.Random) -> None:
    """An array lies in another file, in none, or claims more than there is."""
    name = rng.choice(
        ["observations/eye", "observations/arm", "actions", "rewards", "terminations"]
    )
    way = rng.choice(["external", "storage", "virtual", "soft", "empty", "gzip", "chunk", "cycle",
                      "type", "infos", "episode", "scalar"])  # fmt: skip
    with h5py.File(folder / HDF5, "a") as file:
        group = file["episode_0"]
        shape, kind = group[name].shape, group[name].dtype
        del group[name]
        if way == "external":
            group[name] = h5py.ExternalLink(str(outside / HDF5), f"episode_0/{name}")
        elif way == "storage":
            group.create_dataset(name, shape, kind, external=[(str(outside / "raw"), 0, 9_000)])
        elif way == "virtual":
            layout = h5py.VirtualLayout(shape, kind)
            layout[...] = h5py.VirtualSource(str(outside / HDF5), f"episode_0/{name}", shape)
            group.create_virtual_dataset(name, layout)
        elif way == "soft":
            group[name] = h5py.SoftLink(f"/episode_1/{name}")
        elif way == "empty":
            huge = {"maxshape": (None, *shape[1:]), "chunks": (1000, *shape[1:])}
            group.create_dataset(name, (10 ** rng.choice([6, 9, 12]), *shape[1:]), kind, **huge)
        elif way == "gzip":  # half a gigabyte of zeros
            data = np.zeros((2**29 // max(1, int(np.prod(shape[1:]))), *shape[1:]), np.uint8)
            chunks = (2**18, *data.shape[1:])
            group.create_dataset(name, data=data, compression="gzip", chunks=chunks)
        elif way == "chunk":
            data = np.zeros(2**28, np.uint8)
            group.create_dataset(name, data=data, chunks=data.shape, compression="gzip")
        elif way == "cycle":
            group[name] = file["/"]
        elif way == "type":
            odd = [h5py.string_dtype(), h5py.ref_dtype, np.dtype([("a", "i4")]), np.dtype("c16")]
            group.create_dataset(name, shape, rng.choice(odd))
        elif way == "infos":
            group[name] = np.zeros(shape, kind)
            group["infos"] = h5py.ExternalLink(str(outside / HDF5), "episode_0")
        elif way == "episode":
            file[f"episode_{rng.choice(['x', '-1', '9' * 50, '0x1'])}"] = h5py.SoftLink("/")
        else:
            group[name] = 5


def about(folder: Path, outside: Path, rng: random.Random) -> None:
    malformed(folder / (META if (folder / META).exists() else INFO), rng)


def linked(folder: Path, outside: Path, rng: random.Random) -> None:
    links(folder, outside, rng, (META, HDF5) if (folder / META).exists() else LEROBOT_FILES)


def bytes_changed(folder: Path, outside: Path, rng: random.Random) -> None:
    files = (META, HDF5) if (folder / META).exists() else LEROBOT_FILES
    spoilt(folder / rng.choice(files), rng)


def ours(folder: Path, outside: Path, rng: random.Random) -> None:
    """What only rumpus writes is another's."""
    sensor = {"name": "top", "shape": list(flat(0).shape)}
    spec = {"name": "arm", "sensors": [sensor], "action_size": 1, "rate_hz": 10.0}
    way: tuple[str, Any] = rng.choice([
        ("action_size", 10**12), ("action_size", -1), ("action_size", 2), ("rate_hz", 0.0),
        ("rate_hz", -1.0), ("sensors", []), ("sensors", [sensor | {"shape": [-2, -3, 1]}]),
        ("sensors", [sensor | {"shape": [10**6, 10**6, 3]}]), ("sensors", [sensor, sensor]),
        ("sensors", [sensor | {"shape": []}]), ("motor_ranges", [[1.0, -1.0]] * 3), ("name", "\n"),
    ])  # fmt: skip
    told = {"spec": spec | dict([way]), "episodes": [], "version": rng.choice([3, 3, 3, -1, 99])}
    (folder / "meta/rumpus.json").write_text(json.dumps(told))


LEROBOT: list[Callable[[Path, Path, random.Random], None]] = [
    linked, lead_out, about, bomb, columns, films, bytes_changed, ours,
]  # fmt: skip
MINARI: list[Callable[[Path, Path, random.Random], None]] = [
    linked, hdf5, about, hdf5, bytes_changed,
]  # fmt: skip


def make(folder: Path, outside: Path, seed: int) -> str:
    """Make the dataset of a number; its format."""
    rng = random.Random(seed)
    kinds = [("lerobot", spoil) for spoil in LEROBOT] + [("minari", spoil) for spoil in MINARI]
    format, spoil = kinds[seed % len(kinds)]
    kind = rng.choice(["video", "image"]) if spoil in (about, columns, bytes_changed) else "video"
    strangers.lerobot(folder, kind=kind) if format == "lerobot" else minari(folder)
    if format == "lerobot" and kind == "image":
        strangers.tell(folder, [])
        (folder / FILM).parent.mkdir(parents=True)
        (folder / FILM).write_bytes(b"no film")
    spoil(folder, outside, rng)
    return format
