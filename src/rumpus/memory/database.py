"""The SQLite file of a store: made, opened and migrated; one program at a time writes it."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

import msgspec

from rumpus.atomic_file import replacing
from rumpus.errors import MemoryFault
from rumpus.memory import layout
from rumpus.memory.schema import declared
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
            about = (id_, msgspec.json.encode(spec).decode())
            connection.execute("INSERT INTO about VALUES (?, ?)", about)
            yield connection
            connection.commit()
            # Only then: what lies in a log may not fit into the file, and closing does not say so.
            connection.execute("PRAGMA journal_mode = WAL")
        for part in ("-wal", "-shm"):  # of the old one, which would be taken for the new one's
            (folder / f"{FILE_NAME}{part}").unlink(missing_ok=True)


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
    mode = "rw" if write else "ro"
    log = file.with_name(f"{file.name}-wal")
    has_log = log.exists() and log.stat().st_size > 0
    if not write and not os.access(file.parent, os.W_OK) and not has_log:
        mode = "ro&immutable=1"  # SQLite otherwise wants to put a lock file beside it
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
