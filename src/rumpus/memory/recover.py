"""Recover: a store whose file SQLite cannot read any more is made anew of what can be read in it.

A file whose end was cut off, or whose pages were overwritten, is refused as a whole although most
of its steps are in it. It is put aside, for good, and its steps are copied one by one into a new
file; what cannot be read is left for `repair` to bring back from the training view. A recovery
that is cut short leaves no store but the one put aside, of which the next one is made.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from struct import Struct

from rumpus.atomic_file import sync_name
from rumpus.errors import MemoryFault
from rumpus.memory import acknowledged
from rumpus.memory.database import FILE_NAME, about, connect, session
from rumpus.memory.durable_store import new_store
from rumpus.memory.films import Films
from rumpus.memory.schema import FIELDS, Row, Schema
from rumpus.memory.view import VIEW_NAME, mark_of

# In the header of an SQLite file, see section 1.3 of its file format.
_HEADER = Struct(">16sH10xI")  # what it is, the bytes of a page, how many pages there are


def is_left(folder: Path) -> bool:
    """Whether a memory whose store is gone left something of which `recover` makes it anew."""
    return bool(_put_aside(folder)) or mark_of(folder / VIEW_NAME) is not None


def recover(folder: Path) -> bool:
    """Make the store anew where it is gone or cannot be read; whether it had to be.

    Raises:
        MemoryFault: when nothing says any more whose memory it is.
    """
    file, damaged = folder / FILE_NAME, _put_aside(folder)
    if file.exists():
        if _is_sound(file):
            return False
        damaged.append(folder / f"{FILE_NAME}.damaged-{len(damaged) + 1}")
        file.rename(damaged[-1])
        sync_name(file)
    if damaged:
        log = folder / f"{FILE_NAME}-wal"
        if log.exists():
            log.rename(f"{damaged[-1]}-wal")
        _lengthen(damaged[-1])
    with closing(session(damaged[-1] if damaged else ":memory:")) as source:
        _copy(folder, source)
    return True


def _put_aside(folder: Path) -> list[Path]:
    """The stores that could not be read, oldest first."""
    found = folder.glob(f"{FILE_NAME}.damaged-*[0-9]")
    return sorted(found, key=lambda file: (len(file.name), file.name))


def _is_sound(file: Path) -> bool:
    """Whether SQLite finds every row where it belongs; what is in the rows is not looked at."""
    try:
        with closing(connect(file, write=True)) as connection:
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            return bool(found == "ok")
    except sqlite3.DatabaseError as error:
        is_operational = isinstance(error, sqlite3.OperationalError)
        if is_operational and error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
            raise  # locked, no right to read, no room; the other is a header that means nothing
        return False


def _lengthen(file: Path) -> None:
    """Make a store as long as its header says that it is: SQLite opens no shorter one."""
    with file.open("r+b") as store:
        header = store.read(_HEADER.size).ljust(_HEADER.size)
        magic, page_bytes, pages = _HEADER.unpack(header)
        if magic == b"SQLite format 3\0":
            store.truncate(max(page_bytes * pages, file.stat().st_size))


def _copy(folder: Path, source: sqlite3.Connection) -> None:
    """Copy everything that can be read; whose it is stands in the view, too."""
    mark = mark_of(folder / VIEW_NAME)
    known = (mark.memory, mark.spec) if mark else None
    with suppress(sqlite3.DatabaseError, MemoryFault):
        known = about(folder, source)
    if known is None:
        raise MemoryFault(
            f"The memory {folder} is damaged beyond what can be recovered: neither its store nor "
            "its view says whose it is; put back a copy of its folder."
        )
    marked = mark.count if mark and mark.memory == known[0] else 0
    known_n = max(acknowledged.read(folder), marked)
    with new_store(folder, *known) as into:
        # First, so that no episode's id is given twice, also of one that cannot be read any more.
        given = _from_both_ends(source, "sqlite_sequence WHERE name = 'episode'")
        _take_over(into, "sqlite_sequence", given)
        for table in ("episode", "movie"):
            _take_over(into, table, _from_both_ends(source, table))
        _take_over(into, "step", _one_by_one(source, known_n))
        # That figure may be gone or, after power loss, an older one. Nobody vouches for the number
        # of a step beyond it but its own checksum; an older layout has it of fewer columns.
        schema, older = Schema(known[1]), {field.name: field.default for field in FIELDS.values()}
        films = Films(folder, into, schema.spec)
        found = _from_both_ends(source, f"step WHERE step >= {known_n}")
        rows = (older | dict(row) for row in found)
        proved = (row for row in rows if schema.is_whole(films.filled(row, schema.filmed(row))))
        _take_over(into, "step", proved)


def _take_over(into: sqlite3.Connection, table: str, rows: Iterable[sqlite3.Row | Row]) -> None:
    for row in rows:  # by name, as an older layout has fewer columns
        names, values = ", ".join(row.keys()), ", :".join(row.keys())
        into.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES (:{values})", dict(row))


def _from_both_ends(source: sqlite3.Connection, rows: str) -> Iterator[sqlite3.Row]:
    """What can be read of a table or a part of it: from either end up to what cannot be read."""
    for order in ("ASC", "DESC"):
        with suppress(sqlite3.DatabaseError):
            yield from source.execute(f"SELECT * FROM {rows} ORDER BY 1 {order}")
            return


def _one_by_one(source: sqlite3.Connection, count: int) -> Iterator[sqlite3.Row]:
    """The steps that can be read, each looked for by itself."""
    for index in range(count):
        with suppress(sqlite3.DatabaseError):
            yield from source.execute("SELECT * FROM step WHERE step = ?", (index,))
