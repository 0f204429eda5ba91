"""The layout of a store: its tables, and how an older one becomes today's.

What a store lacks of today's tables is added: all of it to a new one, and to one of an older
rumpus the columns that came later, with what they have where nothing is said. So nobody writes
down how each layout becomes the next, and it takes no longer for more steps: no row is touched.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from rumpus.errors import MemoryFault

# What an older rumpus would not understand, or misunderstand, makes this one greater.
VERSION = 5
_ABOUT = ("id TEXT NOT NULL", "spec TEXT NOT NULL")
# The origin: in which memory the episode was recorded, as which episode, and from
# which of its steps on.
_EPISODE = (
    "id INTEGER PRIMARY KEY AUTOINCREMENT",
    "first INTEGER NOT NULL",
    "provenance TEXT NOT NULL",
    "begun_unix_s REAL NOT NULL",
    "origin TEXT NOT NULL DEFAULT ''",
    "origin_episode INTEGER NOT NULL DEFAULT 0",
    "origin_first INTEGER NOT NULL DEFAULT 0",
)
# Pictures of one sensor that lie in a film; their blobs in `step` are empty. See films.py.
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


def lay_out(connection: sqlite3.Connection, step: Sequence[str]) -> None:
    """Add what a store lacks of today's layout; a crash leaves the old one or the new one.

    Args:
        connection: to the store.
        step: how the columns of the table `step` are declared, see `schema.declared`.
    """
    script = ["BEGIN IMMEDIATE"]
    for table, columns in {"about": _ABOUT, "episode": _EPISODE, "step": step}.items():
        found = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        new = [column for column in columns if column.split()[0] not in found] if found else []
        script.append(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(columns)})")
        script += [f"ALTER TABLE {table} ADD COLUMN {column}" for column in new]
    script += [_MOVIE, _TALLY, f"PRAGMA user_version = {VERSION}", "COMMIT"]
    connection.executescript(";".join(script))


def version_of(connection: sqlite3.Connection) -> int:
    """Which layout a store has."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check_version(folder: Path, connection: sqlite3.Connection) -> None:
    """Refuse a store that this rumpus cannot read.

    Raises:
        MemoryFault: when its layout is newer, or older and not yet migrated.
    """
    version = version_of(connection)
    if version > VERSION:
        raise MemoryFault(
            f"The memory {folder} has layout {version}, but this rumpus knows layouts up to "
            f"{VERSION}; use a newer rumpus."
        )
    if version < VERSION:
        raise MemoryFault(
            f"The memory {folder} has the older layout {version} and cannot be changed to layout "
            f"{VERSION} here; make its folder writable by you, or copy it to where you can write."
        )
