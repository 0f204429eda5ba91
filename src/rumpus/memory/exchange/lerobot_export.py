"""A memory becomes a LeRobot dataset v3.0; see lerobot_layout.py for its files."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rumpus.errors import InputError
from rumpus.memory.episode import Episode
from rumpus.memory.exchange import lerobot_layout as layout
from rumpus.memory.exchange import lerobot_rows as rows
from rumpus.memory.exchange import lerobot_stats as stats
from rumpus.memory.exchange.column import columns_of
from rumpus.memory.exchange.film import write_film
from rumpus.memory.exchange.transfer import Ours, Transfer, appearing, chosen
from rumpus.memory.memory import Memory
from rumpus.spec import RobotSpec

ROWS_AT_ONCE = 256  # a row group: what is in RAM
DATA_FILE_BYTES = 100 * 2**20
LONGEST_FILM_S = 2048.0  # float32 seconds are coarser than 0.1 ms from there on
QUICK = {"g": "2", "bf": "0"}  # a key frame at every other one: quick random access, as LeRobot's


def export(memory: Memory, folder: Path, video: bool) -> Transfer:
    """See lerobot.export_lerobot."""
    _check(memory.spec, video)
    lived = chosen(memory, None)
    with appearing(folder) as new, closing(_Writer(new, memory, video)) as writer:
        for number, episode in enumerate(lived):
            writer.write(number, episode)
        writer.close()
        writer.describe(lived)
    return Transfer(folder, len(lived), len(memory), tuple(_lost(memory, lived, video)))


def _check(spec: RobotSpec, video: bool) -> None:
    for sensor in spec.sensors:
        if not sensor.is_picture:
            continue
        height, width, channels = sensor.shape
        if channels not in ({3} if video else set(rows.MODES)):
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

    def write(self, number: int, episode: Episode) -> None:
        """Write one episode: its rows, its films, and what is to be told of it."""
        lived = slice(episode.first, episode.first + episode.length)
        record: dict[str, Any] = {
            "episode_index": number,
            "tasks": [episode.provenance],
            "length": episode.length,
            "dataset_from_index": lived.start,
            "dataset_to_index": lived.stop,
            "meta/episodes/chunk_index": 0,
            "meta/episodes/file_index": 0,
        }
        record |= self._write_rows(number, episode)
        if self._video:
            record |= self._films(number, lived)
        told = self._numbers(lived)
        for name, (counts, looked) in self._looked.items():
            more = stats.histogram(self._memory.frames(name)[lived])
            self._looked[name] = (counts + more[0], looked + more[1])
            told[self._keys[name]] = stats.of_pictures(*more)
        for key, of in told.items():
            record |= {f"stats/{key}/{name}": value for name, value in of.items()}
        self._records.append(record)

    def close(self) -> None:
        """End the open file of rows with its footer."""
        if self._rows is not None:
            self._rows.close()
            self._rows = None

    def describe(self, lived: Sequence[Episode]) -> None:
        """Write what is known when all episodes are: everything in meta/."""
        spec = self._memory.spec
        told = self._numbers(slice(None)) | {
            self._keys[name]: stats.of_pictures(*looked) for name, looked in self._looked.items()
        }
        episodes = layout.EPISODES.format(chunk_index=0, file_index=0)
        pq.write_table(pa.Table.from_pylist(self._records), self._file(episodes))
        pq.write_table(rows.tasks_table(self._tasks), self._file(layout.TASKS))
        info = layout.Info(
            layout.VERSION,
            int(spec.rate_hz) if spec.rate_hz == int(spec.rate_hz) else spec.rate_hz,
            self._features,
            total_episodes=len(lived),
            total_frames=self._records[-1]["dataset_to_index"],
            total_tasks=len(self._tasks),
            robot_type=spec.name,
            splits={"train": f"0:{len(lived)}"},
            video_path=layout.VIDEO if self._video else None,
        )
        self._file(layout.STATS).write_text(json.dumps(told, indent=1))
        for name, about in ((layout.INFO, info), (layout.OURS, Ours(spec, tuple(lived)))):
            self._file(name).write_bytes(msgspec.json.format(msgspec.json.encode(about), indent=4))

    def _file(self, name: str) -> Path:
        file = self._folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    def _write_rows(self, number: int, episode: Episode) -> dict[str, int]:
        """An episode lies in one file; the next begins another where that is large."""
        if self._rows is None or self._data_file().stat().st_size >= DATA_FILE_BYTES:
            self.close()
            self._file_index += 1
            self._rows = pq.ParquetWriter(self._data_file(), self._schema, compression="snappy")
        task = self._tasks.setdefault(episode.provenance, len(self._tasks))
        for first in range(0, episode.length, ROWS_AT_ONCE):
            frames = np.arange(first, min(first + ROWS_AT_ONCE, episode.length))
            columns = self._columns(episode.first + first, len(frames)) | {
                "timestamp": frames / self._memory.spec.rate_hz,
                "frame_index": frames,
                "episode_index": np.full(len(frames), number),
                "task_index": np.full(len(frames), task),
            }
            self._rows.write_table(rows.table(self._schema, columns))
        return _place("data", self._file_index)

    def _data_file(self) -> Path:
        chunk, file = divmod(self._file_index, layout.FILES_IN_CHUNK)
        return self._file(layout.DATA.format(chunk_index=chunk, file_index=file))

    def _columns(self, first: int, count: int) -> dict[str, Any]:
        steps = [step for _, step in self._memory.steps(first, first + count)]
        told = columns_of(self._memory.spec, first, steps)
        senses = {
            key: [step.observation.sensors[name] for step in steps]
            for name, key in self._keys.items()
        }
        return senses | {layout.column_of(name): column for name, column in told.items()}

    def _films(self, number: int, lived: slice) -> dict[str, Any]:
        chunk, file = divmod(number, layout.FILES_IN_CHUNK)
        rate_hz, places = self._memory.spec.rate_hz, dict[str, Any]()
        for sensor in filter(lambda sensor: sensor.is_picture, self._memory.spec.sensors):
            key, pictures = self._keys[sensor.name], self._memory.frames(sensor.name)[lived]
            path = layout.VIDEO.format(video_key=key, chunk_index=chunk, file_index=file)
            height, width = sensor.shape[:2]
            write_film(self._file(path), pictures, rate_hz, (width, height), **QUICK)
            places |= _place(f"videos/{key}", number)
            places[f"videos/{key}/from_timestamp"] = 0.0
            places[f"videos/{key}/to_timestamp"] = (lived.stop - lived.start) / rate_hz
        return places

    def _numbers(self, lived: slice) -> dict[str, stats.Stats]:
        columns = {
            self._keys[sensor.name]: self._memory.frames(sensor.name)
            for sensor in self._memory.spec.sensors
            if not sensor.is_picture
        }
        columns["action"] = self._memory.executed_actions
        columns["rumpus.action"] = self._memory.actions
        return {key: stats.of_numbers(rows[lived]) for key, rows in columns.items()}


def _place(what: str, number: int) -> dict[str, int]:
    chunk, file = divmod(number, layout.FILES_IN_CHUNK)
    return {f"{what}/chunk_index": chunk, f"{what}/file_index": file}


def _lost(memory: Memory, lived: Sequence[Episode], video: bool) -> Iterator[str]:
    """Sentences on what LeRobot's format, or its reader, cannot hold."""
    yield (
        "Episodes are numbered anew from 0, in the same order; when and where each was lived is in "
        f"{layout.OURS}, which rumpus alone reads."
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
