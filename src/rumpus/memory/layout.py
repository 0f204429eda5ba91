"""The layout of a store: its tables, and how an older one becomes today's.

What a store lacks of today's tables is added: all of it to a new one, and to one of an older
rumpus the columns that came later, with what they have where nothing is said. So nobody writes
down how each layout becomes the next, and it takes no longer for more steps: no row is touched.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from rumpus.atomic_file import checksum
from rumpus.errors import MemoryFault
from rumpus.memory.damage import damaged_by

# What an older rumpus would not understand, or misunderstand, makes this one greater.
VERSION = 6
# Two rows of the same, so that one wrong bit does not take away whose memory it is. The checksum
# is of the tables, too: with a wrong word in one of them every row would be another.
_ABOUT = ("id TEXT NOT NULL", "spec TEXT NOT NULL", "checksum INTEGER NOT NULL DEFAULT 0")
# The origin: in which memory the episode was recorded, as which episode, and from
# which of its steps on. The checksum is of what comes before it. An id below 0 is of steps that are
# lost for good, see repair.py; their own rows have such numbers too, each another.
_EPISODE = (
    "id INTEGER PRIMARY KEY AUTOINCREMENT",
    "first INTEGER NOT NULL",
    "provenance TEXT NOT NULL",
    "begun_unix_s REAL NOT NULL",
    "origin TEXT NOT NULL DEFAULT ''",
    "origin_episode INTEGER NOT NULL DEFAULT 0",
    "origin_first INTEGER NOT NULL DEFAULT 0",
    "checksum INTEGER NOT NULL DEFAULT 0",
)
# Segments of one sensor's pictures that were put into a film. See films.py.
_MOVIE = """
CREATE TABLE IF NOT EXISTS movie (
    sensor INTEGER NOT NULL, first INTEGER NOT NULL, length INTEGER NOT NULL, file TEXT NOT NULL,
    sha256 TEXT NOT NULL, lossy TEXT NOT NULL, PRIMARY KEY (sensor, first)
) WITHOUT ROWID
"""
# How many rows `step` has, kept as they come and go: to count millions takes longer the more there
# are, and a gap must be known before anything is added. An older layout counted by an index.
_TALLY = """
DROP INDEX IF EXISTS step_number;
CREATE TABLE IF NOT EXISTS tally AS SELECT count(*) AS n FROM step;
CREATE TRIGGER IF NOT EXISTS came AFTER INSERT ON step BEGIN UPDATE tally SET n = n + 1; END;
CREATE TRIGGER IF NOT EXISTS went AFTER DELETE ON step BEGIN UPDATE tally SET n = n - 1; END
"""


def lay_out(
    connection: sqlite3.Connection, step: Sequence[str], whose: tuple[str, str] | None = None
) -> None:
    """Add what a store lacks of today's layout; a crash leaves the old one or the new one.

    Args:
        connection: to the store.
        step: how the columns of the table `step` are declared, see `schema.declared`.
        whose: the memory's id and its robot's spec as JSON, of a new store.
    """
    script = ["BEGIN IMMEDIATE"]
    for table, columns in {"about": _ABOUT, "episode": _EPISODE, "step": step}.items():
        found = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        new = [column for column in columns if column.split()[0] not in found] if found else []
        script.append(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(columns)})")
        script += [f"ALTER TABLE {table} ADD COLUMN {column}" for column in new]
    connection.executescript(";".join([*script, _MOVIE, _TALLY]))
    seal_episodes(connection)
    seal(connection, whose or connection.execute("SELECT id, spec FROM about").fetchone())
    connection.commit()


def seal(connection: sqlite3.Connection, whose: tuple[str, str]) -> None:
    """Write down whose memory it is, and that its tables are those that they are."""
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("DELETE FROM about")
    row = (*whose, checksum(*whose, *_tables(connection)))
    connection.executemany("INSERT INTO about VALUES (?, ?, ?)", [row, row])


def seal_episodes(connection: sqlite3.Connection) -> None:
    """Give the rows of episodes of an older layout, which have none, their checksums."""
    for *row, is_sealed in connection.execute("SELECT * FROM episode").fetchall():
        if not is_sealed:
            sealed = (checksum(*row), row[0])
            connection.execute("UPDATE episode SET checksum = ? WHERE id = ?", sealed)


def whose(connection: sqlite3.Connection) -> tuple[list[tuple[str, str]], int]:
    """(id, spec) as the rows say it that are what was written; and how many rows are not."""
    rows = [tuple(row) for row in connection.execute("SELECT * FROM about")]
    tables = _tables(connection)
    proved = [row[:2] for row in rows if row[2:] == (checksum(*row[:2], *tables),)]
    return proved, max(len(rows), 2) - len(proved)


def version_of(connection: sqlite3.Connection) -> int:
    """Which layout a store says that it has."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def is_older(connection: sqlite3.Connection) -> bool:
    """Whether a store is of an older rumpus: its header may be wrong, so it is not asked alone."""
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if not ({"about", "episode", "step"} <= tables and 0 < version_of(connection) < VERSION):
        return False
    (told_n,) = connection.execute("SELECT count(*) FROM about").fetchone()
    return told_n > 0 and not whose(connection)[0]


def refusal(folder: Path, connection: sqlite3.Connection) -> MemoryFault:
    """Why a store is refused of which nothing proves that it is of today's layout."""
    version = version_of(connection)
    if version > VERSION:
        return MemoryFault(
            f"The memory {folder} has layout {version}, but this rumpus knows layouts up to "
            f"{VERSION}; use a newer rumpus."
        )
    if is_older(connection):
        return MemoryFault(
            f"The memory {folder} has the older layout {version} and cannot be changed to layout "
            f"{VERSION} here; make its folder writable by you, or copy it to where you can write."
        )
    return damaged_by("memory", folder, "it no longer says whose it is")


def _tables(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute("SELECT sql FROM sqlite_master ORDER BY name")
    return [str(VERSION), *(str(row[0]) for row in found)]
