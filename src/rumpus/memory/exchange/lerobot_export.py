"""A memory becomes a LeRobot dataset v3.0; see lerobot_layout.py for its files."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rumpus.errors import InputError, MemoryFault
from rumpus.memory.durable import sync_folder
from rumpus.memory.episode import Episode
from rumpus.memory.exchange import lerobot_layout as layout
from rumpus.memory.exchange import lerobot_rows as rows
from rumpus.memory.exchange import lerobot_stats as stats
from rumpus.memory.exchange.lerobot import Exported
from rumpus.memory.exchange.lerobot_layout import Info, Origin
from rumpus.memory.exchange.transfer import sync
from rumpus.memory.memory import Memory
from rumpus.types import Array, Step

ROWS_AT_ONCE = 256  # a row group: what is in RAM
DATA_FILE_BYTES = 100 * 2**20
LONGEST_FILM_S = 2048.0  # float32 seconds are coarser than 0.1 ms from there on


def export(memory: Memory, folder: Path, video: bool) -> Exported:
    """See lerobot.export_lerobot."""
    _check(memory, folder, video)
    lived = [episode for episode in memory.episodes() if episode.length]
    with _appearing(folder) as new:
        writer = _Writer(new, memory, video)
        try:
            for episode in lived:
                writer.write(episode)
        finally:
            writer.close()
        writer.describe()
    frames = sum(episode.length for episode in lived)
    return Exported(folder, len(lived), frames, tuple(_lost(memory, lived, video)))


def _check(memory: Memory, folder: Path, video: bool) -> None:
    if folder.exists() or folder.is_symlink():
        raise InputError(f"{folder} exists already; name a new folder for the LeRobot dataset.")
    if not len(memory):
        raise InputError(f"The memory {memory.path} is empty; there is nothing to export.")
    channels = {3} if video else set(rows.MODES)
    for sensor in memory.spec.sensors:
        if sensor.is_picture and sensor.shape[2] not in channels:
            raise InputError(
                f"The pictures of '{sensor.name}' have {sensor.shape[2]} channels, but "
                + ("a video takes 3; export without video." if video else "PNG takes 1 to 4; "
                   "give the robot a sensor for each group of up to four channels.")
            )  # fmt: skip


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """A folder to write into that gets its name, durably, when everything in it is written."""
    new = folder.with_name(f"{folder.name}.new")
    try:
        if (new / layout.ORIGIN).exists():
            shutil.rmtree(new)  # of an export that was killed
        new.mkdir(parents=True)
        try:
            yield new
            sync(new)
            new.rename(folder)
        except BaseException:
            shutil.rmtree(new)
            raise
        sync_folder(folder.parent)
    except OSError as error:
        raise MemoryFault(
            f"The LeRobot dataset {folder} cannot be written: {error.strerror or error}, at "
            f"{error.filename or new}; make room there, or name another folder."
        ) from error


class _Writer:
    """Writes episodes one after the other; whatever happens, `close` ends the files rightly."""

    def __init__(self, folder: Path, memory: Memory, video: bool) -> None:
        self._folder, self._memory, self._video = folder, memory, video
        self._keys = layout.keys_of(memory.spec)
        self._features = layout.features_of(memory.spec, video)
        self._schema = rows.schema_for_datasets(self._features)
        self._tasks: dict[str, int] = {}
        self._records: list[dict[str, Any]] = []
        self._looked = {s.name: (np.zeros((s.shape[2], stats.LEVELS), np.int64), 0)
                        for s in memory.spec.sensors if s.is_picture}  # fmt: skip
        self._file_index = -1
        self._rows: pq.ParquetWriter | None = None
        origin = Origin(layout.ORIGIN_VERSION, memory.spec, self._keys)
        _write(folder / layout.ORIGIN, msgspec.json.format(msgspec.json.encode(origin)))

    def write(self, episode: Episode) -> None:
        """Write one episode: its rows, its films, and what is to be told of it."""
        number = len(self._records)
        record: dict[str, Any] = {
            "episode_index": number,
            "tasks": [episode.provenance],
            "length": episode.length,
            "dataset_from_index": episode.first,
            "dataset_to_index": episode.first + episode.length,
            "meta/episodes/chunk_index": 0,
            "meta/episodes/file_index": 0,
        }
        record |= self._write_rows(episode, number)
        if self._video:
            record |= self._films(episode, number)
        for key, told in self._stats(episode).items():
            record |= {f"stats/{key}/{name}": value for name, value in told.items()}
        self._records.append(record)

    def close(self) -> None:
        """End the open file of rows with its footer."""
        if self._rows is not None:
            self._rows.close()
            self._rows = None

    def describe(self) -> None:
        """Write what is known when all episodes are: everything in meta/."""
        length = self._records[-1]["dataset_to_index"]
        whole = replace(self._memory.episodes()[0], first=0, length=length)
        told = self._numbers(whole) | {
            self._keys[name]: stats.of_pictures(*looked) for name, looked in self._looked.items()
        }
        _write(self._folder / layout.STATS, json.dumps(told, indent=1).encode())
        _write_table(self._folder / layout.TASKS, rows.tasks_table(self._tasks))
        episodes = self._folder / layout.EPISODES.format(chunk_index=0, file_index=0)
        _write_table(episodes, pa.Table.from_pylist(self._records))
        info = msgspec.json.encode(self._info())
        _write(self._folder / layout.INFO, msgspec.json.format(info, indent=4))

    def _info(self) -> Info:
        rate = self._memory.spec.rate_hz
        return Info(
            layout.VERSION,
            int(rate) if rate == int(rate) else rate,
            self._features,
            total_episodes=len(self._records),
            total_frames=self._records[-1]["dataset_to_index"],
            total_tasks=len(self._tasks),
            robot_type=self._memory.spec.name,
            splits={"train": f"0:{len(self._records)}"},
            video_path=layout.VIDEO if self._video else None,
        )

    def _write_rows(self, episode: Episode, number: int) -> dict[str, int]:
        file = self._open_rows()
        task = self._tasks.setdefault(episode.provenance, len(self._tasks))
        for first in range(0, episode.length, ROWS_AT_ONCE):
            frames = np.arange(first, min(first + ROWS_AT_ONCE, episode.length))
            steps = [self._memory.step(int(index)) for index in episode.first + frames]
            file.write_table(self._table(episode, steps, frames, number, task))
        return _place("data", self._file_index)

    def _open_rows(self) -> pq.ParquetWriter:
        """The file for the next episode's rows; an episode lies in one file."""
        if self._rows is not None and self._data_file().stat().st_size < DATA_FILE_BYTES:
            return self._rows
        self.close()
        self._file_index += 1
        self._data_file().parent.mkdir(parents=True, exist_ok=True)
        self._rows = pq.ParquetWriter(self._data_file(), self._schema, compression="snappy")
        return self._rows

    def _data_file(self) -> Path:
        chunk, file = divmod(self._file_index, layout.FILES_IN_CHUNK)
        return self._folder / layout.DATA.format(chunk_index=chunk, file_index=file)

    def _table(
        self, episode: Episode, steps: Sequence[Step], frames: Array, number: int, task: int
    ) -> pa.Table:
        columns = rows.columns_of(self._memory.spec, self._keys, steps) | {
            "timestamp": frames / self._memory.spec.rate_hz,
            "frame_index": frames,
            "episode_index": np.full(len(frames), number),
            "index": episode.first + frames,
            "task_index": np.full(len(frames), task),
        }
        return rows.table(self._schema, columns)

    def _films(self, episode: Episode, number: int) -> dict[str, Any]:
        from rumpus.memory.exchange.lerobot_video import write_video  # av, for videos alone

        chunk, file = divmod(number, layout.FILES_IN_CHUNK)
        rate, places = self._memory.spec.rate_hz, dict[str, Any]()
        for name in self._looked:
            key = self._keys[name]
            path = layout.VIDEO.format(video_key=key, chunk_index=chunk, file_index=file)
            write_video(self._folder / path, _of(self._memory.frames(name), episode), rate)
            places |= _place(f"videos/{key}", number)
            places[f"videos/{key}/from_timestamp"] = 0.0
            places[f"videos/{key}/to_timestamp"] = episode.length / rate
        return places

    def _stats(self, episode: Episode) -> dict[str, stats.Stats]:
        told = self._numbers(episode)
        for name, (counts, looked) in self._looked.items():
            more = stats.histogram(_of(self._memory.frames(name), episode))
            self._looked[name] = (counts + more[0], looked + more[1])
            told[self._keys[name]] = stats.of_pictures(*more)
        return told

    def _numbers(self, episode: Episode) -> dict[str, stats.Stats]:
        columns = {
            self._keys[sensor.name]: self._memory.frames(sensor.name)
            for sensor in self._memory.spec.sensors
            if not sensor.is_picture
        }
        columns["action"] = self._memory.executed_actions
        columns["rumpus.action"] = self._memory.actions
        return {key: stats.of_numbers(_of(rows, episode)) for key, rows in columns.items()}


def _of(column: Array, episode: Episode) -> Array:
    return column[episode.first : episode.first + episode.length]


def _place(what: str, number: int) -> dict[str, int]:
    chunk, file = divmod(number, layout.FILES_IN_CHUNK)
    return {f"{what}/chunk_index": chunk, f"{what}/file_index": file}


def _write(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)


def _write_table(file: Path, table: pa.Table) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, file)


def _lost(memory: Memory, lived: Sequence[Episode], video: bool) -> Iterator[str]:
    """Sentences on what LeRobot's format, or its reader, cannot hold."""
    yield (
        "The hour at which each episode began has no place in LeRobot's format and is left out; "
        "episodes are numbered anew from 0, in the same order."
    )
    if empty := len(memory.episodes()) - len(lived):
        yield f"{empty} episodes without a step have no place in LeRobot's format."
    yield (
        "LeRobot's timestamp is the frame's number over the rate; when things were really sensed "
        "is in rumpus.time_s and rumpus.captured_s, which LeRobot's reader rounds to float32."
    )
    yield (
        "LeRobot's policies read none of the features that begin with rumpus.: wishes, times, "
        "goals, reasons, ends and interventions are kept for import alone."
    )
    for sensor in memory.spec.sensors:
        if sensor.is_picture and sensor.shape[2] != 3:
            yield (
                f"LeRobot loads the pictures of '{sensor.name}', but its tools that join or edit "
                f"datasets take 3 channels alone, not {sensor.shape[2]}."
            )
    if video:
        yield "The videos are lossy (H.264, yuv420p, crf 18); the memory keeps the pictures whole."
        longest_s = max(episode.length for episode in lived) / memory.spec.rate_hz
        if longest_s > LONGEST_FILM_S:
            yield (
                f"The longest episode takes {longest_s:,.0f} s; beyond {LONGEST_FILM_S:,.0f} s "
                "LeRobot's float32 timestamps are coarser than its video reader allows, and it "
                "refuses those frames; export without video."
            )
