"""The store makes a step durable: SQLite in WAL mode holds every reading, action and time.

The store is the truth; the training view beside it can be deleted and is made again.
Steps are written in groups, one transaction each. A step is acknowledged when its transaction
is on the disk (synchronous=FULL): from then on neither kill -9 nor power loss takes it away,
and a transaction cut short leaves no trace. Nothing is ever overwritten.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from rumpus.atomic_file import replacing
from rumpus.errors import MemoryFault
from rumpus.memory import acknowledged, layout
from rumpus.memory.damage import Damage
from rumpus.memory.database import FILE_NAME, about, connect, lock, session
from rumpus.memory.episode import Episode, Origin
from rumpus.memory.films import Films
from rumpus.memory.schema import Row, Schema, declared
from rumpus.spec import RobotSpec

# With recursive triggers a step that is replaced counts once.
_SETTINGS = "PRAGMA synchronous = FULL; PRAGMA recursive_triggers = ON"
_STORED = "SELECT coalesce(max(step) + 1, 0) FROM step"
_KNOWN = f"SELECT ({_STORED}), (SELECT coalesce(max(seq), 0) FROM sqlite_sequence)"
_LEDGER = f"""
SELECT max(?, ({_STORED}), (SELECT coalesce(max(first), 0) FROM episode)),
       (SELECT n FROM tally)
"""
_EPISODES = """
SELECT id, first, lead(first, 1, :count) OVER (ORDER BY id) - first, provenance, begun_unix_s,
       coalesce(nullif(origin, ''), :here), coalesce(nullif(origin_episode, 0), id), origin_first
FROM episode WHERE first <= :count ORDER BY id
"""


class Store:
    """The durable record of all steps: append, commit, read back.

    Attributes:
        id: of this memory, given at its creation.
        schema: how the steps of its robot lie in rows.
        films: of its old pictures.
        count: steps appended, the open transaction included.
        acknowledged: steps that are durable.
        last_episode: the greatest id that an episode was ever given.
    """

    def __init__(self, folder: Path, write: bool) -> None:
        """Open an existing store; whatever a crash cut short is already gone.

        Args:
            folder: of the memory.
            write: whether anything is to be added or changed.

        Raises:
            MemoryFault: when its layout is not today's, or it does not say whose it is.
            sqlite3.Error: when it is not a store or is damaged.
        """
        self._folder = folder
        self._connection = connect(folder / FILE_NAME, write)
        try:
            self._connection.executescript(_SETTINGS)
            layout.check_version(folder, self._connection)
            self.id, spec = about(folder, self._connection)
            known = self._connection.execute(_KNOWN).fetchone()
        except BaseException:
            self._connection.close()
            raise
        self.schema = Schema(spec)
        self.count = self.acknowledged = int(known[0])
        self.last_episode = int(known[1])
        columns, values = ", ".join(self.schema.columns), ", :".join(self.schema.columns)
        self._insert = f"INTO step ({columns}) VALUES (:{values})"
        self.films = Films(folder, self._connection, spec)

    def ledger(self) -> tuple[int, int]:
        """How many steps were ever acknowledged, as far as anything here knows, and are here."""
        # The figure beside the store first: it follows the store, so that a reader counts right
        # while another program writes. Then one statement, which counts at one time.
        told = acknowledged.read(self._folder)
        ever, here = self._connection.execute(_LEDGER, (told,)).fetchone()
        return ever, here

    def missing(self) -> int:
        """Steps that were acknowledged and are not here: gaps, or the end."""
        ever, here = self.ledger()
        return ever - here

    def begin_episode(self, provenance: str, taken_from: Episode | None = None) -> int:
        """Write down that an episode begins here, or one taken over from another memory."""
        origin = taken_from.origin if taken_from else Origin(self.id)
        begun_unix_s = taken_from.begun_unix_s if taken_from else time.time()
        cursor = self._connection.execute(
            "INSERT INTO episode (first, provenance, begun_unix_s, origin, origin_episode, "
            "origin_first) VALUES (?, ?, ?, ?, ?, ?)",
            (self.count, provenance, begun_unix_s, origin.memory, origin.episode, origin.first),
        )
        self.last_episode = int(cursor.lastrowid or 0)
        return self.last_episode

    def append(self, row: Row) -> None:
        """Write the next step into the open transaction, beginning one where none is open."""
        self._connection.execute(f"INSERT {self._insert}", row)
        self.count += 1

    def commit(self) -> None:
        """Make every appended step durable; returns when the disk says so."""
        if self._connection.in_transaction:
            self._connection.commit()
            # A greater figure is of steps that are missed, until a person accepts that.
            acknowledged.write(self._folder, max(self.count, acknowledged.read(self._folder)))
        self.acknowledged = self.count

    def episodes(self) -> list[Episode]:
        """All episodes in order of time."""
        found = self._connection.execute(_EPISODES, {"count": self.count, "here": self.id})
        return [
            Episode(id_, first, length, provenance, begun_unix_s, Origin(*origin))
            for id_, first, length, provenance, begun_unix_s, *origin in found
        ]

    def rows(self, first: int, stop: int) -> Iterator[Row]:
        """Read the steps first <= index < stop, films included, checked against damage.

        Raises:
            MemoryFault: naming the first step whose bytes are not what was written.
        """
        for index in range(first, stop):
            row = self.examine(index)
            if isinstance(row, Damage):
                raise MemoryFault(
                    f"The memory is damaged at step {index}: its bytes are missing or are not "
                    "what was written; put back a copy of the memory's folder."
                )
            yield row

    def examine(self, index: int) -> Row | Damage:
        """One step with its films, or what is wrong with it."""
        row = self.glimpse(index)
        if row is None:
            return Damage(index, 0, "is gone")
        filled = self.films.filled(row, self.schema.filmed(row))
        if not self.schema.is_whole(filled):
            return Damage(index, row["episode"], "is not what was written")
        return filled

    def glimpse(self, index: int) -> Row | None:
        """One step as it lies there, without what is in films, and damaged perhaps."""
        query = "SELECT * FROM step WHERE step = ?"
        found = self._connection.execute(query, (index,)).fetchone()
        return None if found is None else dict(found)

    def film(self) -> int:
        """Turn the oldest pictures into a film; the bytes of pictures that left the store."""
        self.commit()
        for sensor, first in self.films.due(self.acknowledged)[:1]:
            return self.films.make(sensor, first, self.rows)
        return 0

    def repair(self, copy: Row) -> bool:
        """Put a damaged step back as a copy has it, if its own checksum says so.

        Its pictures lie in the store again, also where they had been filmed.
        """
        found = self.glimpse(copy["step"])
        repaired = self.schema.repaired(found, copy) if found else None
        if repaired is not None:
            self._put(repaired)
        return repaired is not None

    def put_back(self, copy: Row) -> None:
        """Write a step that is gone or past repair, as a copy has it."""
        self.know_episode(copy)
        self._put(copy)
        self.count = max(self.count, copy["step"] + 1)

    def know_episode(self, row: Row) -> None:
        """Write down an episode of which only steps are left; one that is there stays as it is."""
        self._connection.execute(
            "INSERT OR IGNORE INTO episode (id, first, provenance, begun_unix_s) "
            "VALUES (:episode, :step, 'known from its steps alone', 0.0)",
            row,
        )

    def forget_end(self) -> int:
        """Accept that acknowledged steps are gone from the end; how many."""
        lost = self.ledger()[0] - self.count
        # An episode that began beyond the end tells of steps, too; its number stays given.
        self._connection.execute("UPDATE episode SET first = min(first, ?)", (self.count,))
        self._connection.commit()
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

    def _put(self, row: Row) -> None:
        self._connection.execute(f"INSERT OR REPLACE {self._insert}", row)


def migrate(folder: Path) -> None:
    """Bring the store of an older rumpus to today's layout, where it may be written.

    Raises:
        MemoryFault: when another writer has it.
    """
    with closing(connect(folder / FILE_NAME, write=False)) as connection:
        if layout.version_of(connection) >= layout.VERSION or not os.access(folder, os.W_OK):
            return
    with lock(folder), closing(connect(folder / FILE_NAME, write=True)) as connection:
        layout.lay_out(connection, declared())


@contextmanager
def new_store(folder: Path, id_: str, spec: RobotSpec) -> Iterator[sqlite3.Connection]:
    """A store to be filled inside, which then takes its place, over the one that is there."""
    with replacing(folder / FILE_NAME) as new:
        new.unlink(missing_ok=True)
        with closing(session(new)) as connection:
            # Bigger pages: a 48x48 picture (6,912 bytes) fits one instead of a chain of three.
            connection.execute("PRAGMA page_size = 16384")
            layout.lay_out(connection, declared(len(spec.sensors)))
            whose = (id_, msgspec.json.encode(spec).decode())
            connection.execute("INSERT INTO about VALUES (?, ?)", whose)
            yield connection
            connection.commit()
            # Only then: what lies in a log may not fit into the file, and closing does not say so.
            connection.execute("PRAGMA journal_mode = WAL")
        for part in ("-wal", "-shm"):  # of the old one, which would be taken for the new one's
            (folder / f"{FILE_NAME}{part}").unlink(missing_ok=True)
