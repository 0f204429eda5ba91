"""A memory becomes a LeRobot dataset v3.0; see layout.py for its files.

With the ranges, means and quantiles that LeRobot's policies scale their inputs by.

Differs from LeRobot 0.4.4: quantiles of numbers and of the pixels that are looked at are exact, not
estimated; numbers are rumpus's and LeRobot's own (times, indices) have none.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rumpus.errors import InputError
from rumpus.exchange.lerobot import layout
from rumpus.exchange.transfer import MODES, Ours, Transfer, absences, appearing, blocks_of, chosen
from rumpus.memory.episode import Episode
from rumpus.memory.memory import Memory
from rumpus.spec import RobotSpec
from rumpus.types import Array

DATA_FILE_BYTES = 100 * 2**20  # of readings, before they are packed
QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
PIXELS = 2_000_000  # of all pictures, at most, beside one of each


def export_lerobot(memory: Memory, folder: Path) -> Transfer:
    """Write a whole memory as a LeRobot dataset v3.0, which LeRobot's own reader loads.

    The dataset appears under its name only when it is whole. `action` is the executed one, as
    LeRobot's users expect; the chosen one is `rumpus.action`.

    Args:
        memory: may still be written to by another program; its durable steps are taken.
        folder: where to; must not exist.

    Raises:
        InputError: when the folder exists, the memory is empty, or a picture does not fit.
        MemoryFault: when the disk does not take it, or a step is damaged.
    """
    _check(memory.spec)
    stored = chosen(memory, None)
    with appearing(folder) as new:
        _Writer(new, memory).write(stored)
    return Transfer(folder, len(stored), len(memory), tuple(_lost(memory, stored)))


def _check(spec: RobotSpec) -> None:
    for sensor in spec.sensors:
        if sensor.is_picture and sensor.shape[2] not in MODES:
            raise InputError(
                f"The pictures of '{sensor.name}' have {sensor.shape[2]} channels, but PNG takes 1 "
                "to 4; give the robot a sensor for each group of up to four."
            )


class _Writer:
    """Writes all files of a dataset, those of each episode by themselves."""

    def __init__(self, folder: Path, memory: Memory) -> None:
        self._folder, self._memory = folder, memory
        self._keys = layout.keys_of(memory.spec)
        self._features = layout.features_of(memory.spec)
        self._schema = layout.schema_of(self._features)

    def write(self, stored: Sequence[Episode]) -> None:
        """Rows first, then everything in meta/."""
        spec = self._memory.spec
        words = dict.fromkeys(episode.provenance for episode in stored)
        tasks = {provenance: number for number, provenance in enumerate(words)}
        records = []
        for number, (_, group) in enumerate(groupby(enumerate(stored), self._data_file)):
            path = self._file(layout.DATA, number)
            with pq.ParquetWriter(path, self._schema, compression="snappy") as file:
                for index, episode in group:
                    for table in self._tables(episode, index, tasks[episode.provenance]):
                        file.write_table(table)
                    records.append(self._record(episode, index, number))
        pq.write_table(layout.tasks_table(tasks), self._file(layout.TASKS))
        pq.write_table(pa.Table.from_pylist(records), self._file(layout.EPISODES, 0))
        info = layout.Info(
            layout.VERSION,
            int(spec.rate_hz) if spec.rate_hz == int(spec.rate_hz) else spec.rate_hz,
            self._features,
            total_episodes=len(stored),
            total_frames=records[-1]["dataset_to_index"],
            total_tasks=len(tasks),
            robot_type=spec.name,
            splits={"train": f"0:{len(stored)}"},
            video_path=None,
        )
        about = {
            layout.INFO: info,
            layout.OURS: Ours(spec, tuple(stored)),
            layout.STATS: self._stats(slice(None)),
        }
        for name, told in about.items():
            self._file(name).write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=4))

    def _file(self, name: str, number: int = 0) -> Path:
        file = self._folder / name.format(**layout.place(number))
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    def _data_file(self, of: tuple[int, Episode]) -> int:
        """The same number for episodes that share a file: by the size of what lies before them."""
        step_bytes = sum(s.dtype.itemsize * math.prod(s.shape) for s in self._memory.spec.sensors)
        return of[1].first * step_bytes // DATA_FILE_BYTES

    def _tables(self, episode: Episode, index: int, task: int) -> Iterator[pa.Table]:
        for known, readings in blocks_of(self._memory, episode):
            frames = known["step_index"] - episode.first
            columns: dict[str, Any] = {layout.column_of(name): known[name] for name in known}
            columns |= {self._keys[name]: readings[name] for name in readings}
            columns |= {
                "timestamp": frames / self._memory.spec.rate_hz,
                "frame_index": frames,
                "episode_index": np.full(len(frames), index),
                "task_index": np.full(len(frames), task),
            }
            yield layout.table(self._schema, columns)

    def _record(self, episode: Episode, index: int, data_file: int) -> dict[str, Any]:
        """The record of one episode."""
        stored = slice(episode.first, episode.first + episode.length)
        record: dict[str, Any] = {
            "episode_index": index,
            "tasks": [episode.provenance],
            "length": episode.length,
            "dataset_from_index": stored.start,
            "dataset_to_index": stored.stop,
        }
        files = {"meta/episodes": 0, "data": data_file}
        for what, number in files.items():
            record |= {f"{what}/{name}": at for name, at in layout.place(number).items()}
        for key, of in self._stats(stored).items():
            record |= {f"stats/{key}/{name}": value for name, value in of.items()}
        return record

    def _stats(self, stored: slice) -> dict[str, dict[str, Any]]:
        memory = self._memory
        figures = {"action": _of_numbers(memory.executed_actions[stored])}
        for sensor in memory.spec.sensors:
            readings = memory.frames(sensor.name)[stored]
            there = np.flatnonzero(memory.present(sensor.name)[stored])
            rows = there if len(there) else np.arange(len(readings))
            of = _of_pictures if sensor.is_picture else _of_numbers
            figures[self._keys[sensor.name]] = of(readings, rows)
        return figures


def _lost(memory: Memory, stored: Sequence[Episode]) -> Iterator[str]:
    """Sentences on what LeRobot's format, or its reader, cannot hold."""
    yield f"Episodes are numbered anew from 0; when and where each was is in {layout.OURS}."
    if empty := len(memory.episodes()) - len(stored):
        yield f"{empty} episodes without a step have no place in LeRobot's format."
    yield (
        "Times, chosen actions, goals, reasons, ends and interventions are in features that begin "
        "with 'rumpus.', which LeRobot's policies do not read, and its reader rounds to float32."
    )
    for sensor in memory.spec.sensors:
        if sensor.is_picture and sensor.shape[2] != 3:
            yield f"'{sensor.name}' has not 3 channels: LeRobot loads it, but cannot edit it."
    yield from absences(memory, stored, "it is 0 there, and rumpus.present says where.")


def _of_numbers(values: Array, rows: Array | slice = slice(None)) -> dict[str, Any]:
    """Statistics of each entry of some vectors of (n, k); lists of k."""
    some = values[rows].astype(np.float64)
    figures = {name: getattr(some, name)(axis=0) for name in ("min", "max", "mean", "std")}
    quantiles = np.quantile(some, list(QUANTILES.values()), axis=0)
    figures |= dict(zip(QUANTILES, quantiles, strict=True))
    return {name: array.tolist() for name, array in figures.items()} | {"count": [len(some)]}


def _of_pictures(pictures: Array, rows: Array) -> dict[str, Any]:
    """Statistics of each channel of some pictures of (n, h, w, c), of levels scaled to [0, 1].

    Nested lists of shape (c, 1, 1). As many pictures are looked at as LeRobot would, and where
    those are large not at every pixel.
    """
    n = len(rows)
    looked = max(min(100, n), min(int(n**0.75), 10_000))
    height, width, channels = pictures.shape[1:]
    stride = int(np.ceil(np.sqrt(looked * height * width / PIXELS)))
    seen = pictures[rows[np.linspace(0, n - 1, looked).round().astype(int)], ::stride, ::stride]
    stats = _of_numbers(seen.reshape(-1, channels) / 255.0)
    shaped = {name: np.reshape(of, (-1, 1, 1)).tolist() for name, of in stats.items()}
    return shaped | {"count": [looked]}
