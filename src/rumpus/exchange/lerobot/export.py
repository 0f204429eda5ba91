"""A memory becomes a LeRobot dataset v3.0; see layout.py for its files."""

import json
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rumpus.errors import InputError
from rumpus.exchange.h264 import write_film
from rumpus.exchange.lerobot import layout, rows, stats
from rumpus.exchange.outgoing import absences, blocks_of, chosen, ours_of
from rumpus.exchange.picture import MODES
from rumpus.exchange.transfer import Transfer, appearing
from rumpus.memory.episode import Episode
from rumpus.memory.memory import Memory
from rumpus.spec import RobotSpec

DATA_FILE_BYTES = 100 * 2**20
LONGEST_FILM_S = 2048.0  # float32 seconds are coarser than 0.1 ms from there on
QUICK = {"g": "2", "bf": "0"}  # a key frame at every other one: quick random access, as LeRobot's


def export(memory: Memory, folder: Path, video: bool) -> Transfer:
    """See lerobot.export_lerobot."""
    _check(memory.spec, video)
    stored = chosen(memory, None)
    with appearing(folder) as new:
        _Writer(new, memory, video).write(stored)
    return Transfer(folder, len(stored), len(memory), tuple(_lost(memory, stored, video)))


def _check(spec: RobotSpec, video: bool) -> None:
    for sensor in spec.sensors:
        if not sensor.is_picture:
            continue
        height, width, channels = sensor.shape
        if channels not in ({3} if video else set(MODES)):
            raise InputError(
                f"The pictures of '{sensor.name}' have {channels} channels, but "
                + ("a video takes 3; export without video." if video else "PNG takes 1 to 4; "
                   "give the robot a sensor for each group of up to four channels.")
            )  # fmt: skip
        if video and (height % 2 or width % 2):
            raise InputError(
                f"Pictures of {height}x{width} px cannot become a video, whose sides are even; "
                "export without video, as PNG."
            )


class _Writer:
    """Writes all files of a dataset."""

    def __init__(self, folder: Path, memory: Memory, video: bool) -> None:
        self._folder, self._memory, self._video = folder, memory, video
        self._keys = layout.keys_of(memory.spec)
        self._features = layout.features_of(memory.spec, video)
        self._schema = layout.schema_of(self._features)

    def write(self, stored: Sequence[Episode]) -> None:
        """Rows and films first, then everything in meta/."""
        words = dict.fromkeys(episode.provenance for episode in stored)
        tasks = {provenance: number for number, provenance in enumerate(words)}
        places = list(self._data(stored, tasks))
        records = [self._record(*of) for of in zip(stored, range(len(stored)), places, strict=True)]
        pq.write_table(rows.tasks_table(tasks), self._file(layout.TASKS))
        pq.write_table(pa.Table.from_pylist(records), self._file(layout.EPISODES, 0))
        self._file(layout.STATS).write_text(json.dumps(self._stats(slice(None)), indent=1))
        spec = self._memory.spec
        info = layout.Info(
            layout.VERSION,
            int(spec.rate_hz) if spec.rate_hz == int(spec.rate_hz) else spec.rate_hz,
            self._features,
            total_episodes=len(stored),
            total_frames=records[-1]["dataset_to_index"],
            total_tasks=len(tasks),
            robot_type=spec.name,
            splits={"train": f"0:{len(stored)}"},
            video_path=layout.VIDEO if self._video else None,
        )
        for name, about in ((layout.INFO, info), (layout.OURS, ours_of(self._memory, stored))):
            self._file(name).write_bytes(msgspec.json.format(msgspec.json.encode(about), indent=4))

    def _file(self, name: str, number: int = 0, key: str = "") -> Path:
        chunk, index = divmod(number, layout.FILES_IN_CHUNK)
        file = self._folder / name.format(chunk_index=chunk, file_index=index, video_key=key)
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    def _data(self, stored: Sequence[Episode], tasks: dict[str, int]) -> Iterator[int]:
        """Write the rows of one episode after the other; gives the number of each one's file.

        An episode lies in one file; the next begins another where that is large.
        """
        left, number = deque(enumerate(stored)), 0
        while left:
            path, written = self._file(layout.DATA, number), 0
            with pq.ParquetWriter(path, self._schema, compression="snappy") as file:
                while left and written < DATA_FILE_BYTES:
                    index, episode = left.popleft()
                    for table in self._tables(episode, index, tasks[episode.provenance]):
                        file.write_table(table)
                    written = path.stat().st_size
                    yield number
            number += 1

    def _tables(self, episode: Episode, index: int, task: int) -> Iterator[pa.Table]:
        for known, readings in blocks_of(self._memory, episode):
            frames = known["step_index"] - episode.first
            columns: dict[str, Any] = {layout.column_of(name): known[name] for name in known}
            columns |= {self._keys[name]: readings[name] for name in readings}
            yield rows.table(self._schema, columns | {
                "timestamp": frames / self._memory.spec.rate_hz,
                "frame_index": frames,
                "episode_index": np.full(len(frames), index),
                "task_index": np.full(len(frames), task),
            })  # fmt: skip

    def _record(self, episode: Episode, index: int, file: int) -> dict[str, Any]:
        """The record of one episode; writes its films."""
        stored = slice(episode.first, episode.first + episode.length)
        record: dict[str, Any] = {
            "episode_index": index,
            "tasks": [episode.provenance],
            "length": episode.length,
            "dataset_from_index": stored.start,
            "dataset_to_index": stored.stop,
            **_place("meta/episodes", 0),
            **_place("data", file),
        }
        if self._video:
            record |= self._films(episode, index, stored)
        for key, of in self._stats(stored).items():
            record |= {f"stats/{key}/{name}": value for name, value in of.items()}
        return record

    def _films(self, episode: Episode, index: int, stored: slice) -> dict[str, Any]:
        spec, places = self._memory.spec, dict[str, Any]()
        for sensor in spec.sensors:
            if sensor.is_picture:
                key, pictures = self._keys[sensor.name], self._memory.frames(sensor.name)[stored]
                size = (sensor.shape[1], sensor.shape[0])
                file = self._file(layout.VIDEO, index, key)
                write_film(file, pictures, spec.rate_hz, size, **QUICK)
                places |= _place(f"videos/{key}", index)
                places[f"videos/{key}/from_timestamp"] = 0.0
                places[f"videos/{key}/to_timestamp"] = episode.length / spec.rate_hz
        return places

    def _stats(self, stored: slice) -> dict[str, stats.Stats]:
        memory = self._memory
        figures = {
            "action": stats.of_numbers(memory.executed_actions[stored]),
            "rumpus.action": stats.of_numbers(memory.actions[stored]),
        }
        for sensor in memory.spec.sensors:
            of = stats.of_pictures if sensor.is_picture else stats.of_numbers
            readings = memory.frames(sensor.name)[stored]
            there = np.flatnonzero(memory.present(sensor.name)[stored])
            figures[self._keys[sensor.name]] = of(
                readings, there if len(there) else np.arange(len(readings))
            )
        return figures


def _place(what: str, number: int) -> dict[str, int]:
    chunk, file = divmod(number, layout.FILES_IN_CHUNK)
    return {f"{what}/chunk_index": chunk, f"{what}/file_index": file}


def _lost(memory: Memory, stored: Sequence[Episode], video: bool) -> Iterator[str]:
    """Sentences on what LeRobot's format, or its reader, cannot hold."""
    yield (
        "Episodes are numbered anew from 0, in the same order; when and where each was recorded is "
        f"in {layout.OURS}, which rumpus alone reads."
    )
    if empty := len(memory.episodes()) - len(stored):
        yield f"{empty} episodes without a step have no place in LeRobot's format."
    yield (
        "LeRobot's timestamp is the frame's number over the rate; when things were really sensed "
        "is in rumpus.time_s and rumpus.captured_s, which LeRobot's reader rounds to float32."
    )
    yield (
        "LeRobot's policies read none of the features that begin with rumpus.: chosen actions, "
        "times, goals, reasons, ends and interventions are kept for import alone."
    )
    for sensor in memory.spec.sensors:
        if sensor.is_picture and sensor.shape[2] != 3:
            yield (
                f"LeRobot loads the pictures of '{sensor.name}', but its tools that join or edit "
                f"datasets take 3 channels alone, not {sensor.shape[2]}."
            )
    yield from absences(memory, stored, "it is 0 there, and rumpus.present says where.")
    if video:
        yield "The videos are lossy (H.264, yuv420p, crf 18); the memory keeps the pictures whole."
        longest_s = max(episode.length for episode in stored) / memory.spec.rate_hz
        if longest_s > LONGEST_FILM_S:
            yield (
                f"The longest episode takes {longest_s:,.0f} s; beyond {LONGEST_FILM_S:,.0f} s "
                "LeRobot's float32 timestamps are coarser than its video reader allows, and it "
                "refuses those frames; export without video."
            )
