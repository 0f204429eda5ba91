"""The layout of a store: its tables, and how an older one becomes today's.

A new store goes through every layout from the first, so that there is one and not two that are
nearly alike. No migration takes longer for more steps: none touches a row.
"""

import sqlite3
from pathlib import Path

from rumpus.errors import MemoryFault

_FIRST = """
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
PRAGMA user_version = 1;
"""
_MIGRATIONS = {
    1: """
ALTER TABLE step ADD COLUMN intervention INTEGER NOT NULL DEFAULT 0;
-- Capture time of each sensor, float64, NaN: at the step's own time; empty: all at it.
ALTER TABLE step ADD COLUMN captured_s BLOB NOT NULL DEFAULT x'';
-- In which memory the episode was recorded, as which episode, and from which of its steps on.
ALTER TABLE episode ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE episode ADD COLUMN origin_episode INTEGER NOT NULL DEFAULT 0;
ALTER TABLE episode ADD COLUMN origin_first INTEGER NOT NULL DEFAULT 0;
-- Pictures of one sensor that lie in a film; their blobs in `step` are empty. See films.py.
CREATE TABLE movie (
    sensor INTEGER NOT NULL,
    first INTEGER NOT NULL,
    length INTEGER NOT NULL,
    file TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    lossy TEXT NOT NULL,
    PRIMARY KEY (sensor, first)
) WITHOUT ROWID;
PRAGMA user_version = 2;
""",
    2: """
-- Which sensors gave a reading, a byte each; empty: all did. The blob of one that did not is empty.
ALTER TABLE step ADD COLUMN present BLOB NOT NULL DEFAULT x'';
PRAGMA user_version = 3;
""",
}
VERSION = 1 + len(_MIGRATIONS)


def lay_out(connection: sqlite3.Connection, sensors: int) -> None:
    """Make the tables of a store for a robot with that many sensors."""
    blobs = ", ".join(f"sensor_{k} BLOB NOT NULL" for k in range(sensors))
    connection.executescript("BEGIN;" + _FIRST.format(sensors=blobs) + "COMMIT;")
    migrate(connection)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring an older layout to today's; a crash leaves the old one or the new one."""
    for old in range(version_of(connection), VERSION):
        connection.executescript("BEGIN IMMEDIATE;" + _MIGRATIONS[old] + "COMMIT;")


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
