"""The store makes a step durable: SQLite in WAL mode holds every reading, action and time.

The store is the truth; the training view beside it can be deleted and is made again.
Steps are written in groups, one transaction each. A step is acknowledged when its transaction
is on the disk (synchronous=FULL): from then on neither kill -9 nor power loss takes it away,
and a transaction cut short leaves no trace. Nothing is ever overwritten.
"""

import time
from collections.abc import Iterator
from pathlib import Path

from rumpus.errors import MemoryFault
from rumpus.memory import acknowledged, database, films, layout
from rumpus.memory.damage import Damage
from rumpus.memory.episode import Episode, Origin
from rumpus.memory.schema import Row, Schema

_ACKNOWLEDGED = """
SELECT max(
    ?,
    (SELECT coalesce(max(step) + 1, 0) FROM step),
    (SELECT coalesce(max(first), 0) FROM episode)
)
"""
_MISSING = f"{_ACKNOWLEDGED} - (SELECT count(*) FROM step)"


class Store:
    """The durable record of all steps: append, commit, read back.

    Attributes:
        id: of this memory, given at its creation.
        schema: how the steps of its robot lie in rows.
        count: steps appended, the open transaction included.
        acknowledged: steps that are durable.
        last_episode: the greatest id that an episode was ever given.
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
        self._connection = database.connect(folder / database.FILE_NAME, write)
        try:
            layout.check_version(folder, self._connection)
            self.id, self.schema = self._whose()
            self.count = self.acknowledged = self._number(
                "SELECT coalesce(max(step) + 1, 0) FROM step"
            )
            self.last_episode = self._number("SELECT coalesce(max(seq), 0) FROM sqlite_sequence")
            if write and not gaps:
                self._check_complete()
            # Until a person accepts that they are gone.
            self._missed = self.acknowledged_steps() if gaps else 0
        except BaseException:
            self._connection.close()
            raise
        columns = self.schema.columns
        self._insert = f"INTO step ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        self._films = films.Films(folder, self._connection, self.schema)

    def missing(self) -> int:
        """Steps that were acknowledged and are not here: gaps, or the end."""
        return self._counted(_MISSING)

    def acknowledged_steps(self) -> int:
        """How many steps were ever acknowledged, as far as anything here still knows."""
        return self._counted(_ACKNOWLEDGED)

    def begin_episode(self, provenance: str, taken_from: Episode | None = None) -> int:
        """Write down that an episode begins here, or one taken over from another memory."""
        self._begin()
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
        self._begin()
        self._connection.execute(f"INSERT {self._insert}", tuple(row.values()))
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

    def rows(self, first: int, stop: int) -> Iterator[Row]:
        """Read the steps first <= index < stop, films included, checked against damage.

        Raises:
            MemoryFault: naming the first step whose bytes are not what was written.
        """
        found = self._rows(first, stop)
        for index in range(first, stop):
            row = next(found, None)
            if row is not None and row["step"] == index:
                row = self._films.filled(row)
            if row is None or row["step"] != index or not self.schema.is_whole(row):
                raise MemoryFault(
                    f"The memory is damaged at step {index}: its bytes are missing or are not "
                    "what was written; put back a copy of the memory's folder."
                )
            yield row

    def unfilmed(self) -> list[tuple[int, int]]:
        """(sensor, first step) of the durable segments that could become films."""
        return self._films.due(self.acknowledged)

    def film(self) -> int:
        """Turn the oldest of them into a film; the bytes of pictures that left the store."""
        self.commit()
        for sensor, first in self.unfilmed()[:1]:
            return self._films.make(sensor, first, self.rows(first, first + films.SEGMENT_STEPS))
        return 0

    def glimpse(self, index: int) -> Row | None:
        """One step without pictures that lie in films; None where it is damaged."""
        row = next(self._rows(index, index + 1), None)
        if row is None or not (self._films.needed(row) or self.schema.is_whole(row)):
            return None
        return row

    def examine(self, index: int) -> Row | Damage:
        """One step with its films, or what is wrong with it."""
        row = next(self._rows(index, index + 1), None)
        if row is None:
            return Damage(index, 0, "is gone")
        filled = self._films.filled(row)
        if not self.schema.is_whole(filled):
            return Damage(index, row["episode"], "is not what was written")
        return filled

    def damaged_films(self) -> Iterator[Damage]:
        """The films whose files are not what was written."""
        for first, file in self._films.damaged():
            yield Damage(first, 0, f"begins a film, {file}, that is gone or not what was written")

    def repair(self, copy: Row) -> bool:
        """Put a damaged step back as a copy has it, if its own checksum says so.

        Its pictures lie in the store again, also where they had been filmed.
        """
        found = next(self._rows(copy["step"], copy["step"] + 1), None)
        repaired = self.schema.repaired(found, copy) if found else None
        if repaired is not None:
            self._put(repaired)
        return repaired is not None

    def put_back(self, copy: Row) -> None:
        """Write a step that is gone or past repair, as a copy has it."""
        self.know_episode(copy["episode"], copy["step"])
        self._put(copy)
        self.count = max(self.count, copy["step"] + 1)

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

    def _rows(self, first: int, stop: int) -> Iterator[Row]:
        """Rows as they lie there, in order, without what is in films."""
        query = f"{self.schema.select} step >= ? AND step < ? ORDER BY step"
        yield from map(self.schema.named, self._connection.execute(query, (first, stop)))

    def _put(self, row: Row) -> None:
        self._begin()
        self._connection.execute(f"INSERT OR REPLACE {self._insert}", tuple(row.values()))

    def _number(self, query: str, *values: int) -> int:
        return int(self._connection.execute(query, values).fetchone()[0])

    def _counted(self, query: str) -> int:
        # The figure beside the store first: it follows the store, so that a reader counts right
        # while another program writes. Then one statement, which counts at one time.
        return self._number(query, acknowledged.read(self._folder))

    def _whose(self) -> tuple[str, Schema]:
        """The memory's id and how its robot's steps lie."""
        if (known := database.about(self._connection)) is None:
            raise MemoryFault(
                f"The memory {self._folder} is damaged: it no longer says whose it is; "
                "put back a copy of its folder."
            )
        return known[0], Schema(known[1])

    def _check_complete(self) -> None:
        """What is appended before a recovery is done would not be in what it is made of."""
        if (self._folder / database.WRECK_NAME).exists():
            raise MemoryFault(
                f"The repair of the memory {self._folder} was cut short, and nothing is added to "
                "it before it is done; let it go to its end: rumpus memory repair."
            )
        if missing := self.missing():
            raise MemoryFault(
                f"The memory {self._folder} lacks {missing:,} of the steps that it acknowledged, "
                "and nothing is added to a memory with gaps; put back a copy of its folder, or "
                "see: rumpus memory repair."
            )

    def _begin(self) -> None:
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")
