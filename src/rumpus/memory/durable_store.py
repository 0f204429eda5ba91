"""The store makes a step durable: SQLite in WAL mode holds every reading, action and time.

The store is the truth; the training view beside it can be deleted and is made again.
Steps are written in groups, one transaction each. A step is acknowledged when its transaction
is on the disk (synchronous=FULL): from then on neither kill -9 nor power loss takes it away,
and a transaction cut short leaves no trace. Nothing is ever overwritten.
"""

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from rumpus.atomic_file import checksum, replacing
from rumpus.memory import acknowledged, layout
from rumpus.memory.damage import Damage, damaged_by
from rumpus.memory.database import (
    FILE_NAME,
    about,
    connect,
    lock,
    session,
    torn,
    unless_corrupt,
)  # fmt: skip
from rumpus.memory.episode import Episode, Origin
from rumpus.memory.films import Films
from rumpus.memory.schema import Row, Schema, declared
from rumpus.spec import RobotSpec

# Bigger than usual: a 48x48 picture (6,912 bytes) fits one instead of a chain of three.
PAGE_BYTES = 16384
# With recursive triggers a step that is replaced counts once.
_SETTINGS = "PRAGMA synchronous = FULL; PRAGMA recursive_triggers = ON"
_ONE_MORE = "coalesce(max(step) + 1, 0) FROM step"
# At one time, so that a reader counts right while another program writes.
_COUNTED = f"""
SELECT (SELECT {_ONE_MORE}), (SELECT max(CAST(first AS INTEGER)) FROM episode),
       (SELECT n FROM tally)
"""
# The sequence knows of ids that were given to episodes of which nothing is left; a wrong one of it
# is not followed to where numbers end.
_GIVEN = """
SELECT max(0, coalesce(max(id), 0), coalesce((SELECT max(seq) FROM sqlite_sequence
       WHERE typeof(seq) = 'integer' AND seq < 1 << 48), 0)) FROM episode WHERE id < 1 << 48
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
            self.id, spec = about(folder, self._connection)
            self.schema = Schema(spec)
            self.films = Films(folder, self._connection, spec)
            _, self.count, _ = self.ledger()
            self.last_episode = int(self._connection.execute(_GIVEN).fetchone()[0])
        except BaseException:
            self._connection.close()
            raise
        self.acknowledged = self.count
        columns, values = ", ".join(self.schema.columns), ", :".join(self.schema.columns)
        self._insert = f"INTO step ({columns}) VALUES (:{values})"

    def ledger(self) -> tuple[int, int, int]:
        """How many steps were ever acknowledged, where the last one ends, and how many are here."""
        # The figure beside the store first: it follows the store while another program writes.
        told = acknowledged.read(self._folder) or acknowledged.Acknowledged()
        if told.memory not in ("", self.id):
            raise damaged_by("memory", self._folder, f"its store is of the memory {self.id}, and "
                             f"the figure beside it of {told.memory}")  # fmt: skip
        stop, begun, here = self._connection.execute(_COUNTED).fetchone()
        if here != stop:  # a step is gone, or is where none was, or the count itself is wrong
            every = self._connection.execute("SELECT step FROM step ORDER BY step DESC").fetchall()
            known = (k + 1 for (k,) in every if k < told.count or self._is_whole(k))
            stop = max(next(known, 0), 0)
            here = sum(0 <= k < stop for (k,) in every)
        ever = max(told.count, stop)
        if (begun or 0) > ever:  # an episode began beyond the end, if that is proved
            ever = max([ever, *(episode.first for episode in self.known()[0])])
        return ever, stop, here

    def missing(self) -> int:
        """Steps that were acknowledged and are not here: gaps, or the end."""
        ever, _, here = self.ledger()
        return ever - here

    def torn(self) -> list[str]:
        """What SQLite finds where it does not belong; what is in the rows is not looked at."""
        return torn(self._folder / FILE_NAME, self._connection)

    def flaws(self) -> Iterator[str]:
        """What is wrong with what the store says of itself."""
        if layout.whose(self._connection)[1]:
            yield "One of the two rows that say whose memory it is is not what was written"
        if layout.version_of(self._connection) != layout.VERSION:
            yield "The header does not say which layout the store has"
        if self._connection.execute(_COUNTED).fetchone()[2] != self.ledger()[2]:
            yield "The count of the steps is wrong"

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Nothing changes inside, whatever another program writes meanwhile."""
        self._connection.execute("BEGIN")
        try:
            _, self.count, _ = self.ledger()
            yield
        finally:
            self._connection.rollback()

    def begin_episode(self, provenance: str, taken_from: Episode | None = None) -> int:
        """Write down that an episode begins here, or one taken over from another memory."""
        origin = taken_from.origin if taken_from else Origin(self.id)
        begun_unix_s = taken_from.begun_unix_s if taken_from else time.time()
        self.know(Episode(self.last_episode + 1, self.count, 0, provenance, begun_unix_s, origin))
        return self.last_episode

    def know(self, episode: Episode) -> None:
        """Write down what is known of an episode, over what is there of its id."""
        origin = episode.origin
        row = (
            int(episode.id), int(episode.first), episode.provenance, float(episode.begun_unix_s),
            origin.memory, int(origin.episode), int(origin.first),
        )  # fmt: skip
        self._connection.execute(
            "INSERT OR REPLACE INTO episode VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, checksum(*row))
        )
        self.last_episode = max(self.last_episode, episode.id)

    def append(self, row: Row) -> None:
        """Write the next step into the open transaction, beginning one where none is open."""
        self._connection.execute(f"INSERT {self._insert}", row)
        self.count += 1

    def commit(self) -> None:
        """Make every appended step durable; returns when the disk says so."""
        if self._connection.in_transaction:
            self._connection.commit()
            self.acknowledge()
        self.acknowledged = self.count

    def acknowledge(self) -> None:
        """Write down beside the store how many steps are in it."""
        acknowledged.write(self._folder, self.id, self.count)

    def episodes(self) -> list[Episode]:
        """All episodes in order of their steps; those whose id is below 0 are of lost steps.

        Raises:
            Damaged: when one of them is not what was written.
        """
        known, unproved = self.known()
        for id_ in unproved:
            raise damaged_by("memory", self._folder, f"it no longer knows what episode {id_} was")
        here = [episode for episode in known if episode.first <= self.count]
        ends = [*(episode.first for episode in here[1:]), self.count]
        return [replace(e, length=end - e.first) for e, end in zip(here, ends, strict=False)]

    def known(self) -> tuple[list[Episode], list[int]]:
        """What is proved of the episodes, of length 0, and the ids of those of which nothing is."""
        rows: list[tuple[Any, ...]] = []
        with unless_corrupt():  # steps whose episode is not read tell it
            rows.extend(map(tuple, self._connection.execute("SELECT * FROM episode")))
        known = [
            Episode(id_, first, 0, provenance, unix_s, Origin(memory or self.id, was or id_, at))
            for id_, first, provenance, unix_s, memory, was, at, told in rows
            if told == checksum(id_, first, provenance, unix_s, memory, was, at)
        ]  # fmt: skip
        unproved = {row[0] for row in rows} - {episode.id for episode in known}
        return sorted(known, key=lambda e: (e.first, e.id)), sorted(unproved)

    def rows(self, first: int, stop: int) -> Iterator[Row]:
        """Read the steps first <= index < stop, films included, checked against damage.

        Raises:
            Damaged: naming the first step whose bytes are not what was written.
        """
        return map(self.whole, range(first, stop))

    def whole(self, index: int) -> Row:
        """One step with its films.

        Raises:
            Damaged: naming the step, when its bytes are not what was written.
        """
        row = self.examine(index)
        if isinstance(row, Damage):
            raise damaged_by("memory", self._folder, f"step {index} {row.what}")
        return row

    def examine(self, index: int) -> Row | Damage:
        """One step with its films, or what is wrong with it."""
        row = self.glimpse(index)
        if row is None:
            return Damage(index, 0, "is gone")
        filled = self.films.filled(row, self.schema.filmed(row))
        if not self.schema.is_whole(filled):
            of = row["episode"] if isinstance(row["episode"], int) else 0
            return Damage(index, of, "is not what was written")
        return filled

    def glimpse(self, index: int) -> Row | None:
        """One step as it lies there, without what is in films, and damaged perhaps.

        None where it is gone, or SQLite cannot read it.
        """
        with unless_corrupt():
            for row in self._connection.execute("SELECT * FROM step WHERE step = ?", (index,)):
                return dict(row)
        return None

    def film(self) -> int:
        """Turn the oldest pictures into a film; the bytes of pictures that left the store."""
        self.commit()
        for sensor, first in self.films.due(self.acknowledged)[:1]:
            return self.films.make(sensor, first, self.rows)
        return 0

    def put(self, row: Row) -> None:
        """Write a whole step, over what is there of it; its pictures lie in the store again."""
        self._connection.execute(f"INSERT OR REPLACE {self._insert}", row)
        self.films.forget(row["step"])

    def lose(self, index: int) -> Row:
        """Put what stands for a lost step in its place; what is damaged stays in another table."""
        kept, row = f"damaged_{layout.VERSION}", self.schema.lost(index)
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS {kept} AS SELECT * FROM step LIMIT 0")
        with unless_corrupt():
            found = f"SELECT * FROM step WHERE step = {index}"
            self._connection.execute(f"INSERT INTO {kept} {found}")
        self.put(row)
        return row

    def restate(self, row: Row) -> None:
        """Write down a row of which all but its pictures may have changed."""
        self._connection.execute(
            "UPDATE step SET episode = :episode, goal_index = :goal_index, checksum = :checksum "
            "WHERE step = :step", row
        )  # fmt: skip

    def settle(self, count: int, episodes: Iterable[Episode]) -> None:
        """Have so many steps, in these episodes, and nothing else; durable when it returns."""
        self._connection.execute("DELETE FROM step WHERE step < 0 OR step >= ?", (count,))
        self._connection.execute("DELETE FROM tally")
        self._connection.execute("INSERT INTO tally VALUES (?)", (count,))
        self._connection.execute("DELETE FROM episode")
        for episode in episodes:
            self.know(episode)
        whose = (self.id, msgspec.json.encode(self.schema.spec).decode())
        layout.seal(self._connection, whose)
        self._connection.commit()
        self.count = self.acknowledged = count
        acknowledged.write(self._folder, self.id, count)

    def shrink(self) -> None:
        """Give unused room back to the disk, by writing the file anew."""
        self.commit()
        self._connection.execute("VACUUM")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Let go of the file; an open transaction is rolled back."""
        self._connection.close()

    def _is_whole(self, index: int) -> bool:
        return not isinstance(self.examine(index), Damage)


def migrate(folder: Path) -> None:
    """Bring the store of an older rumpus to today's layout, where it may be written.

    Raises:
        MemoryFault: when another writer has it.
    """
    if not (folder / FILE_NAME).exists():
        return
    with closing(connect(folder / FILE_NAME, write=False)) as connection:
        if not (layout.is_older(connection) and os.access(folder, os.W_OK)):
            return
    with lock(folder), closing(connect(folder / FILE_NAME, write=True)) as connection:
        layout.lay_out(connection, declared())


@contextmanager
def new_store(folder: Path, id_: str, spec: RobotSpec) -> Iterator[sqlite3.Connection]:
    """A store to be filled inside, which then takes its place, over the one that is there."""
    with replacing(folder / FILE_NAME) as new:
        new.unlink(missing_ok=True)
        with closing(session(new)) as connection:
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            whose = (id_, msgspec.json.encode(spec).decode())
            layout.lay_out(connection, declared(len(spec.sensors)), whose)
            yield connection
            connection.commit()
            # Only then: what lies in a log may not fit into the file, and closing does not say so.
            # Its answer is asked for, as SQLite says only then that the disk did not take it.
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
        for part in ("-wal", "-shm"):  # of the old one, which would be taken for the new one's
            (folder / f"{FILE_NAME}{part}").unlink(missing_ok=True)
