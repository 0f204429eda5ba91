"""The store makes a step durable: SQLite in WAL mode holds every reading, deed and time.

The store is the truth; the training view beside it can be deleted and is made again.
Steps are written in groups, one transaction each. A step is acknowledged when its transaction
is on the disk (synchronous=FULL): from then on neither kill -9 nor power loss takes it away,
and a transaction cut short leaves no trace. Nothing is ever overwritten.
"""

import fcntl
import os
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec

from rumpus.atomic_file import replacing
from rumpus.errors import MemoryFault
from rumpus.memory import acknowledged, layout, row
from rumpus.memory.episode import Episode, Origin
from rumpus.memory.films import Films
from rumpus.spec import RobotSpec
from rumpus.types import Step

FILE_NAME = "memory.sqlite"
WRECK_NAME = f"{FILE_NAME}.wreck"  # what a recover is made of, while it goes on

_ACKNOWLEDGED = """
SELECT max(
    ?,
    (SELECT coalesce(max(step) + 1, 0) FROM step),
    (SELECT coalesce(max(first), 0) FROM episode)
)
"""
_MISSING = f"{_ACKNOWLEDGED} - (SELECT count(*) FROM step)"


@dataclass(frozen=True)
class Damage:
    """One thing that is wrong with a memory.

    Attributes:
        step: where.
        episode: of it; 0 where that is not known.
        what: goes on "step 12 of episode 3 ...".
    """

    step: int
    episode: int
    what: str


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


def migrate(folder: Path) -> None:
    """Bring the store of an older rumpus to today's layout, where it may be written.

    Raises:
        MemoryFault: when another writer has it.
    """
    with closing(connect(folder / FILE_NAME, write=False)) as connection:
        if layout.version_of(connection) >= layout.VERSION or not os.access(folder, os.W_OK):
            return
    with lock(folder), closing(connect(folder / FILE_NAME, write=True)) as connection:
        layout.migrate(connection)


def create(folder: Path, spec: RobotSpec) -> None:
    """Lay out an empty store; it appears under its name only when it is whole."""
    with new_store(folder, len(spec.sensors)) as connection:
        say_whose(connection, uuid.uuid4().hex, spec)


def say_whose(connection: sqlite3.Connection, id_: str, spec: RobotSpec) -> None:
    """Write into a new store which memory it is and whose."""
    about = (id_, msgspec.json.encode(spec).decode())
    connection.execute("INSERT INTO about VALUES (?, ?)", about)


@contextmanager
def new_store(folder: Path, sensors: int) -> Iterator[sqlite3.Connection]:
    """A store to be filled inside, which then takes its place, over the one that is there."""
    with replacing(folder / FILE_NAME) as new:
        new.unlink(missing_ok=True)
        with closing(sqlite3.connect(new, isolation_level=None)) as connection:
            # Bigger pages: a 48x48 picture (6,912 bytes) fits one instead of a chain of three.
            connection.execute("PRAGMA page_size = 16384")
            connection.execute("PRAGMA journal_mode = WAL")
            layout.lay_out(connection, sensors)
            yield connection
            # Closing would do it, too, and say nothing of a full disk.
            busy, logged, moved = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy or logged != moved:
                raise MemoryFault(f"The memory {folder} is not written whole; start again.")
        for part in ("-wal", "-shm"):  # of the old one, which would be taken for the new one's
            (folder / f"{FILE_NAME}{part}").unlink(missing_ok=True)


class Store:
    """The durable record of all steps: append, commit, read back.

    Attributes:
        id: of this memory, given at its creation.
        spec: of the robot that lives in it.
        count: steps appended, the open transaction included.
        acknowledged: steps that are durable.
    """

    def __init__(self, folder: Path, write: bool, gaps: bool = False) -> None:
        """Open an existing store; whatever a crash cut short is already gone.

        Args:
            folder: of the memory.
            write: whether anything is to be added or changed.
            gaps: whether it may be written to although it lacks steps, to repair it.

        Raises:
            MemoryFault: when its schema is newer than this rumpus knows, or when it lacks steps
                or its repair was cut short and it would be written to.
            sqlite3.Error: when it is not a store or is damaged.
        """
        self._folder = folder
        self._connection = connect(folder / FILE_NAME, write)
        try:
            layout.check_version(folder, self._connection)
            self.id, self.spec = self._about()
            self.count: int = self._connection.execute(
                "SELECT coalesce(max(step) + 1, 0) FROM step"
            ).fetchone()[0]
            if write and not gaps:
                self._check_recovered()
                self._check_missing()
        except BaseException:
            self._connection.close()
            raise
        self.acknowledged: int = self.count
        self._missed = (
            self.acknowledged_steps() if gaps else 0
        )  # until a person accepts that they are gone
        self._columns = row.columns(self.spec)
        marks = ", ".join("?" * len(self._columns.split(",")))
        self._insert = f"INSERT INTO step ({self._columns}) VALUES ({marks})"
        self._films = Films(folder, self._connection, self.spec)

    def missing(self) -> int:
        """Steps that were acknowledged and are not here: gaps, or the end."""
        # The figure beside it first: it follows the store, so that a reader counts right while
        # another program writes. Then one statement, which counts at one moment.
        return int(
            self._connection.execute(_MISSING, (acknowledged.read(self._folder),)).fetchone()[0]
        )

    def begin_episode(self, provenance: str, lived: Episode | None = None) -> int:
        """Write down that a stretch of life begins here, or one `lived` in another memory."""
        self._begin()
        origin = lived.origin if lived else Origin(self.id)
        begun_unix_s = lived.begun_unix_s if lived else time.time()
        cursor = self._connection.execute(
            "INSERT INTO episode (first, provenance, begun_unix_s, origin, origin_episode, "
            "origin_first) VALUES (?, ?, ?, ?, ?, ?)",
            (
                self.count, provenance, begun_unix_s, origin.memory, origin.episode, origin.first
            ),
        )  # fmt: skip
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def append(self, episode: int, step: Step) -> None:
        """Write one step into the open transaction, beginning one where none is open."""
        self._begin()
        self._connection.execute(self._insert, row.to_row(self.count, episode, step, self.spec))
        self.count += 1

    def commit(self) -> None:
        """Make every appended step durable; returns when the disk says so."""
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")
            acknowledged.write(self._folder, max(self.count, self._missed))
        self.acknowledged = self.count

    def episodes(self) -> list[Episode]:
        """All episodes in order of time."""
        rows = self._connection.execute(
            "SELECT id, first, provenance, begun_unix_s, origin, origin_episode, origin_first "
            "FROM episode WHERE first <= ? ORDER BY id",
            (self.count,),
        ).fetchall()
        ends = [*(found[1] for found in rows), self.count][1:]
        return [
            Episode(
                id_, first, end - first, provenance, begun,
                Origin(memory or self.id, episode or id_, skipped),
            )
            for (id_, first, provenance, begun, memory, episode, skipped), end in zip(
                rows, ends, strict=True
            )
        ]  # fmt: skip

    def steps(self, first: int, stop: int) -> Iterator[tuple[int, Step]]:
        """Read (episode id, step) for the steps first <= index < stop, checked against damage.

        Raises:
            MemoryFault: naming the first step whose bytes are not what was written.
        """
        cursor = self._rows(first, stop)
        for index in range(first, stop):
            found = cursor.fetchone()
            if found is not None and found[0] == index:
                found = self._films.filled(found)
            if found is None or found[0] != index or not row.is_whole(found):
                raise MemoryFault(
                    f"The memory is damaged at step {index}: its bytes are missing or are not "
                    "what was written; put back a copy of the memory's folder."
                )
            yield found[1], row.to_step(found, self.spec)

    def segments(self) -> list[tuple[int, int]]:
        """(sensor, first step) of the durable stretches that could become films."""
        return self._films.due(self.acknowledged)

    def film(self) -> int:
        """Turn the oldest of them into a film; the bytes of pictures that left the store."""
        self.commit()
        due = self.segments()
        return self._films.make(*due[0]) if due else 0

    def glimpse(self, index: int) -> tuple[int, Step] | None:
        """The same of one step without pictures that lie in films; None where it is damaged."""
        found = self._rows(index, index + 1).fetchone()
        if found is None or (all(found[row.SENSORS :]) and not row.is_whole(found)):
            return None
        with suppress(ValueError, TypeError):  # no checksum guards a row without its pictures
            return found[1], row.to_step(found, self.spec)
        return None

    def acknowledged_steps(self) -> int:
        """How many steps were ever acknowledged, as far as anything here still knows."""
        return int(
            self._connection.execute(_ACKNOWLEDGED, (acknowledged.read(self._folder),)).fetchone()[
                0
            ]
        )

    def examine(self, index: int) -> tuple[int, Step] | Damage:
        """One step with its films, or what is wrong with it."""
        found = self._rows(index, index + 1).fetchone()
        if found is None:
            return Damage(index, 0, "is gone")
        if not row.is_whole(filled := self._films.filled(found)):
            return Damage(index, found[1], "is not what was written")
        return found[1], row.to_step(filled, self.spec)

    def damaged_films(self) -> Iterator[Damage]:
        """The films whose files are not what was written."""
        for first, file in self._films.damaged():
            yield Damage(first, 0, f"begins a film, {file}, that is gone or not what was written")

    def repair(self, index: int, episode: int, step: Step) -> bool:
        """Put a damaged step back as another copy has it, if its checksum says so.

        Its pictures lie in the store again, also where they had been filmed.
        """
        found = self._rows(index, index + 1).fetchone()
        repaired = row.repaired(found, episode, step, self.spec) if found else None
        if repaired is None:
            return False
        self._begin()
        marks = ", ".join(f"{column} = ?" for column in self._columns.split(", "))
        self._connection.execute(f"UPDATE step SET {marks} WHERE step = ?", (*repaired, index))
        return True

    def put_back(self, index: int, episode: int, step: Step) -> None:
        """Write a step that is gone or past repair, as another copy has it."""
        self._begin()
        self.know_episode(episode, index)
        self._connection.execute("DELETE FROM step WHERE step = ?", (index,))
        self._connection.execute(self._insert, row.to_row(index, episode, step, self.spec))
        self.count = max(self.count, index + 1)

    def know_episode(self, episode: int, first: int) -> None:
        """Write down an episode of which only steps are left; one that is there stays as it is."""
        self._begin()
        self._connection.execute(
            "INSERT OR IGNORE INTO episode (id, first, provenance, begun_unix_s) "
            "VALUES (?, ?, 'known from its steps alone', 0.0)",
            (episode, first),
        )

    def forget_films(self, first: int) -> None:
        """Take the films that begin at this step out of the store; no step may need them."""
        self._begin()
        self._films.forget(first)

    def forget_end(self) -> int:
        """Accept that acknowledged steps are gone from the end; how many."""
        lost, self._missed = self.acknowledged_steps() - self.count, 0
        # An episode that began beyond the end tells of steps, too; its number stays given.
        self._connection.execute(
            "UPDATE episode SET first = ? WHERE first > ?", (self.count, self.count)
        )
        acknowledged.write(self._folder, self.count)
        return lost

    def shrink(self) -> None:
        """Give unused room back to the disk, by writing the file anew."""
        self.commit()
        self._connection.execute("VACUUM")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Let go of the file; an open transaction is rolled back."""
        self._connection.close()

    def _counted(self, query: str) -> int:
        # The figure beside the store first: it follows the store, so that a reader counts right
        # while another program writes. Then one statement, which counts at one moment.
        known = acknowledged.read(self._folder)
        return int(self._connection.execute(query, (known,)).fetchone()[0])

    def _rows(self, first: int, stop: int) -> sqlite3.Cursor:
        return self._connection.execute(
            f"SELECT {self._columns} FROM step WHERE step >= ? AND step < ? ORDER BY step",
            (first, stop),
        )

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

    def _check_recovered(self) -> None:
        """What is lived before a recover is done would not be in what it is made of."""
        if (self._folder / WRECK_NAME).exists():
            raise MemoryFault(
                f"The repair of the memory {self._folder} was cut short, and nothing is added to "
                "it before it is done; let it go to its end: rumpus memory repair."
            )

    def _check_missing(self) -> None:
        if missing := self.missing():
            raise MemoryFault(
                f"The memory {self._folder} lacks {missing:,} of the steps that it acknowledged, "
                "and nothing is added to a memory with gaps; put back a copy of its folder, or "
                "see: rumpus memory repair."
            )

    def _begin(self) -> None:
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")


def connect(file: Path, write: bool) -> sqlite3.Connection:
    """Open a store's file, which must be there; its transactions end when the disk says so."""
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
    # Damaged text is for the checksum to find; SQLite would end the whole look at it.
    connection.text_factory = lambda text: text.decode(errors="replace")
    try:
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _has_log(file: Path) -> bool:
    log = file.with_name(f"{file.name}-wal")
    return log.exists() and log.stat().st_size > 0
