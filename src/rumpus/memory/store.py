"""The store makes a step durable: SQLite in WAL mode holds every reading, deed and time.

The store is the truth; the training view beside it can be deleted and is made again.
Steps are written in groups, one transaction each. A step is acknowledged when its transaction
is on the disk (synchronous=FULL): from then on neither kill -9 nor power loss takes it away,
and a transaction cut short leaves no trace. Nothing is ever overwritten.
"""

import fcntl
import json
import os
import sqlite3
import time
import uuid
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np

from rumpus.errors import MemoryFault
from rumpus.memory import witness
from rumpus.memory.episode import Episode
from rumpus.spec import RobotSpec
from rumpus.types import Array, Observation, Step

SCHEMA_VERSION = 1
FILE_NAME = "memory.sqlite"

_SCHEMA = """
CREATE TABLE about (id TEXT NOT NULL, spec TEXT NOT NULL);
CREATE TABLE episode (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    first INTEGER NOT NULL,
    provenance TEXT NOT NULL,
    begun_unix_s REAL NOT NULL
);
CREATE TABLE step (
    step INTEGER PRIMARY KEY,
    episode INTEGER NOT NULL,
    time_s REAL NOT NULL,
    goal_index INTEGER NOT NULL,
    terminated INTEGER NOT NULL,
    truncated INTEGER NOT NULL,
    clip_reason TEXT NOT NULL,
    goal_reason TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    action BLOB NOT NULL,
    executed_action BLOB NOT NULL,
    {sensors}
);
-- A million steps are counted by this index in a blink; by their rows, pictures and all, a minute.
CREATE INDEX step_number ON step (step);
PRAGMA user_version = {version};
"""
_MISSING = """
SELECT max(
    ?,
    (SELECT coalesce(max(step) + 1, 0) FROM step),
    (SELECT coalesce(max(first), 0) FROM episode)
) - (SELECT count(*) FROM step)
"""
_SCALARS = 8  # columns of `step` before its checksum; blobs follow it


def lock(folder: Path) -> IO[bytes]:
    """Take the folder's only right to write; the kernel gives it back when the holder dies.

    Raises:
        MemoryFault: when another writer has it.
    """
    file = (folder / "lock").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise MemoryFault(
            f"The memory {folder} is being written by another rumpus; "
            "stop that one, or open this memory for reading only."
        ) from error
    return file


def create(folder: Path, spec: RobotSpec) -> None:
    """Lay out an empty store; it appears under its name only when it is whole."""
    new = folder / f"{FILE_NAME}.new"
    new.unlink(missing_ok=True)
    sensors = ", ".join(f"sensor_{k} BLOB NOT NULL" for k in range(len(spec.sensors)))
    connection = sqlite3.connect(new, isolation_level=None)
    try:
        # Bigger pages: a 48x48 picture (6,912 bytes) fits one instead of a chain of three.
        connection.execute("PRAGMA page_size = 16384")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(
            "BEGIN;" + _SCHEMA.format(sensors=sensors, version=SCHEMA_VERSION) + "COMMIT;"
        )
        about = (uuid.uuid4().hex, msgspec.json.encode(spec).decode())
        connection.execute("INSERT INTO about VALUES (?, ?)", about)
    finally:
        connection.close()
    new.rename(folder / FILE_NAME)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; a file's own fsync does not cover its name."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Store:
    """The durable record of all steps: append, commit, read back.

    Attributes:
        id: of this memory, given at its creation.
        spec: of the robot that lives in it.
        count: steps appended, the open transaction included.
        acknowledged: steps that are durable.
    """

    def __init__(self, folder: Path, write: bool) -> None:
        """Open an existing store; whatever a crash cut short is already gone.

        Raises:
            MemoryFault: when its schema is newer than this rumpus knows, or when it lacks steps
                and would be written to.
            sqlite3.Error: when it is not a store or is damaged.
        """
        self._folder = folder
        self._connection = _connect(folder / FILE_NAME, write)
        try:
            _check_version(folder, self._connection)
            self.id, self.spec = self._about()
            self.count: int = self._connection.execute(
                "SELECT coalesce(max(step) + 1, 0) FROM step"
            ).fetchone()[0]
            if write:
                self._check_missing()
        except BaseException:
            self._connection.close()
            raise
        self.acknowledged: int = self.count
        marks = ", ".join("?" * (_SCALARS + 3 + len(self.spec.sensors)))
        self._insert = f"INSERT INTO step VALUES ({marks})"

    def missing(self) -> int:
        """Steps that were acknowledged and are not here: gaps, or the end."""
        # The witness first: it follows the store, so that a reader counts right while another
        # program writes. Then one statement, which counts at one moment.
        return int(self._connection.execute(_MISSING, (witness.told(self._folder),)).fetchone()[0])

    def begin_episode(self, provenance: str) -> int:
        """Write down that a new stretch of life begins here."""
        self._begin()
        cursor = self._connection.execute(
            "INSERT INTO episode (first, provenance, begun_unix_s) VALUES (?, ?, ?)",
            (self.count, provenance, time.time()),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def append(self, episode: int, step: Step) -> None:
        """Write one step into the open transaction, beginning one where none is open."""
        self._begin()
        self._connection.execute(self._insert, self._row(episode, step))
        self.count += 1

    def commit(self) -> None:
        """Make every appended step durable; returns when the disk says so."""
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")
            witness.tell(self._folder, self.count)
        self.acknowledged = self.count

    def episodes(self) -> list[Episode]:
        """All episodes in order of time."""
        rows = self._connection.execute(
            "SELECT id, first, provenance, begun_unix_s FROM episode WHERE first <= ? ORDER BY id",
            (self.count,),
        ).fetchall()
        ends = [*(first for _, first, _, _ in rows), self.count][1:]
        return [
            Episode(id_, first, end - first, provenance, begun)
            for (id_, first, provenance, begun), end in zip(rows, ends, strict=True)
        ]

    def steps(self, first: int, stop: int) -> Iterator[tuple[int, Step]]:
        """Read (episode id, step) for the steps first <= index < stop, checked against damage.

        Raises:
            MemoryFault: naming the first step whose bytes are not what was written.
        """
        cursor = self._connection.execute(
            "SELECT * FROM step WHERE step >= ? AND step < ? ORDER BY step", (first, stop)
        )
        for index in range(first, stop):
            row = cursor.fetchone()
            if row is None or row[0] != index or _checksum(row) != row[_SCALARS]:
                raise MemoryFault(
                    f"The memory is damaged at step {index}: its bytes are missing or are not "
                    "what was written; put back a copy of the memory's folder."
                )
            yield row[1], self._step(row)

    def close(self) -> None:
        """Let go of the file; an open transaction is rolled back."""
        self._connection.close()

    def _about(self) -> tuple[str, RobotSpec]:
        """The memory's id and whose life it is."""
        rows = self._connection.execute("SELECT id, spec FROM about").fetchall()
        try:
            ((id_, spec),) = rows
            return id_, msgspec.json.decode(spec, type=RobotSpec)
        except (ValueError, TypeError, msgspec.DecodeError) as error:
            raise MemoryFault(
                f"The memory {self._folder} is damaged: it no longer says whose it is ({error}); "
                "put back a copy of its folder."
            ) from error

    def _check_missing(self) -> None:
        if missing := self.missing():
            raise MemoryFault(
                f"The memory {self._folder} lacks {missing:,} of the steps that it acknowledged, "
                "and nothing is added to a memory with gaps; put back a copy of its folder."
            )

    def _begin(self) -> None:
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")

    def _row(self, episode: int, step: Step) -> tuple[Any, ...]:
        scalars = (
            self.count,
            episode,
            float(step.observation.time_s),
            int(step.goal_index),
            int(step.terminated),
            int(step.truncated),
            step.clip_reason,
            step.goal_reason,
        )
        sensors = [step.observation.sensors[s.name] for s in self.spec.sensors]
        blobs = [a.tobytes() for a in (step.action, step.executed_action, *sensors)]
        row = (*scalars, 0, *blobs)
        return (*scalars, _checksum(row), *blobs)

    def _step(self, row: tuple[Any, ...]) -> Step:
        action, executed_action, *readings = row[_SCALARS + 1 :]
        sensors: dict[str, Array] = {
            sensor.name: np.frombuffer(blob, sensor.dtype).reshape(sensor.shape)
            for sensor, blob in zip(self.spec.sensors, readings, strict=True)
        }
        return Step(
            Observation(sensors, row[2]),
            action=np.frombuffer(action, np.float32),
            executed_action=np.frombuffer(executed_action, np.float32),
            goal_index=row[3],
            terminated=bool(row[4]),
            truncated=bool(row[5]),
            clip_reason=row[6],
            goal_reason=row[7],
        )


def _connect(file: Path, write: bool) -> sqlite3.Connection:
    mode = "rw" if write else "ro"
    if not write and not os.access(file.parent, os.W_OK) and not _has_log(file):
        mode = "ro&immutable=1"  # SQLite otherwise wants to put a lock file beside it
    connection = sqlite3.connect(
        f"{file.resolve().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        timeout=30.0,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _has_log(file: Path) -> bool:
    log = file.with_name(f"{file.name}-wal")
    return log.exists() and log.stat().st_size > 0


def _check_version(folder: Path, connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise MemoryFault(
            f"The memory {folder} has layout {version}, but this rumpus knows layouts up to "
            f"{SCHEMA_VERSION}; use a newer rumpus."
        )


def _checksum(row: tuple[Any, ...]) -> int:
    checksum = zlib.crc32(json.dumps(row[:_SCALARS]).encode())
    for blob in row[_SCALARS + 1 :]:
        checksum = zlib.crc32(blob, checksum)
    return checksum
