"""The SQLite file of a store: how it is opened; one program at a time writes it."""

import fcntl
import os
import sqlite3
from pathlib import Path
from typing import IO

import msgspec

from rumpus.errors import MemoryFault
from rumpus.spec import RobotSpec

FILE_NAME = "memory.sqlite"


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


def about(folder: Path, connection: sqlite3.Connection) -> tuple[str, RobotSpec]:
    """The memory's id and whose it is.

    Raises:
        MemoryFault: when that cannot be understood any more.
    """
    try:
        ((id_, spec),) = connection.execute("SELECT id, spec FROM about").fetchall()
        return id_, msgspec.json.decode(spec, type=RobotSpec)
    except (ValueError, TypeError, msgspec.DecodeError) as error:
        raise MemoryFault(
            f"The memory {folder} is damaged: it no longer says whose it is; "
            "put back a copy of its folder."
        ) from error


def connect(file: Path, write: bool) -> sqlite3.Connection:
    """Open a store's file, which must be there."""
    log = file.with_name(f"{file.name}-wal")
    has_log = log.exists() and log.stat().st_size > 0
    # SQLite otherwise wants to put a lock file beside it.
    is_fixed = not (write or has_log or os.access(file.parent, os.W_OK))
    mode = "rw" if write else "ro&immutable=1" if is_fixed else "ro"
    return session(f"{file.resolve().as_uri()}?mode={mode}")


def session(file: Path | str) -> sqlite3.Connection:
    """Open a store's file as it is, or begin one; a transaction begins with the first change."""
    connection = sqlite3.connect(
        file, timeout=30.0, isolation_level="IMMEDIATE", check_same_thread=False, uri=True
    )
    connection.row_factory = sqlite3.Row
    # Damaged text is for the checksum to find; SQLite would end the whole look at it.
    connection.text_factory = lambda text: text.decode(errors="replace")
    return connection
