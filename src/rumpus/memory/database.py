"""The SQLite file of a store: how it is opened; one program at a time writes it."""

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from rumpus.atomic_file import sync_name
from rumpus.errors import MemoryFault
from rumpus.memory import layout
from rumpus.spec import RobotSpec

FILE_NAME = "memory.sqlite"
_FILES_N = 4  # that a store has open at once: itself, its log, the log's index, and one in passing


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Have the folder's only right to write; the kernel gives it back when the holder dies.

    The folder itself is what is locked: a file in it could be deleted, and another made.

    Raises:
        MemoryFault: when another writer has it.
        OSError: when the folder cannot be written here.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise MemoryFault(
                f"{folder} is being written by another rumpus; wait for that one, or stop it. "
                "What only reads there need not wait."
            ) from error
        yield
    finally:
        os.close(descriptor)


def about(folder: Path, connection: sqlite3.Connection) -> tuple[str, RobotSpec]:
    """The memory's id and whose it is, which also proves that its layout is today's.

    Raises:
        MemoryFault: when that cannot be read, or not be understood any more.
    """
    for id_, spec in layout.whose(connection)[0]:
        return id_, msgspec.json.decode(spec, type=RobotSpec)
    raise layout.refusal(folder, connection)


def connect(file: Path, write: bool) -> sqlite3.Connection:
    """Open a store's file, which must be there."""
    log = file.with_name(f"{file.name}-wal")
    has_log = log.exists() and log.stat().st_size > 0
    # SQLite otherwise wants to put a lock file beside it.
    is_fixed = not (write or has_log or os.access(file.parent, os.W_OK))
    mode = "rw" if write else "ro&immutable=1" if is_fixed else "ro"
    return session(f"{file.resolve().as_uri()}?mode={mode}")


def session(file: Path | str) -> sqlite3.Connection:
    """Open a store's file as it is, or begin one; a transaction begins with the first change.

    Raises:
        OSError: when the program has too many files open; SQLite would not say why it cannot.
    """
    with ExitStack() as stack:
        for _ in range(_FILES_N):
            stack.enter_context(open(os.devnull))
    connection = sqlite3.connect(
        file, timeout=30.0, isolation_level="IMMEDIATE", check_same_thread=False, uri=True
    )
    connection.row_factory = sqlite3.Row
    # Damaged text is for the checksum to find; SQLite would end the whole look at it.
    connection.text_factory = lambda text: text.decode(errors="replace")
    return connection


def is_corrupt(error: BaseException) -> bool:
    """Whether SQLite says of the file that it is not what it was; else it could not get at it."""
    if isinstance(error, UnicodeDecodeError):  # of the name of a column
        return True
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
    return code in (
        sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_CONSTRAINT,
    )  # fmt: skip


def aside(file: Path) -> list[Path]:
    """The damaged ones that were put aside, oldest first."""
    found = file.parent.glob(f"{file.name}.damaged-*[0-9]")
    return sorted(found, key=lambda file: (len(file.name), file.name))


def put_aside(file: Path) -> Path:
    """Give a damaged file a name that none was ever given; where it is now."""
    numbers = [int(f"0{other.name.rpartition('-')[2]}") for other in aside(file)]
    damaged = file.with_name(f"{file.name}.damaged-{max(numbers, default=0) + 1}")
    file.rename(damaged)
    sync_name(damaged)
    return damaged


@contextmanager
def unless_corrupt() -> Iterator[None]:
    """Leave off where SQLite finds that something is not what it was.

    Raises:
        sqlite3.Error: when it could not get at it, or there is no room.
    """
    try:
        yield
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        if not is_corrupt(error):
            raise


def torn(file: Path, connection: sqlite3.Connection) -> list[str]:
    """What SQLite finds where it does not belong; what is in the rows is not looked at."""
    found: list[str] = []
    with unless_corrupt():
        found += [" ".join(told.split()) for (told,) in
                  connection.execute("PRAGMA integrity_check(10)")]  # fmt: skip
    found = found or ["database disk image is malformed"]
    with file.open("rb") as store:  # with another version to write it is read alone, and unsaid
        if (versions := store.read(20)[18:]) not in (b"\1\1", b"\2\2"):
            found.append(f"its header has the versions {list(versions)}")
    return [f"The file {file.name} is damaged: {told}" for told in found if told != "ok"]
