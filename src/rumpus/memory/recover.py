"""Recover: a store whose file SQLite cannot read any more is made anew of what can be read in it.

A file whose end was cut off, or whose pages were overwritten, is refused as a whole although most
of its steps are in it. They are copied one by one into a new file; what cannot be read is left for
`repair` to bring back from the training view. The damaged file stays, under another name.
"""

import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path

from rumpus.atomic_file import replacing, sync, sync_name
from rumpus.errors import MemoryFault
from rumpus.memory import acknowledged
from rumpus.memory.database import FILE_NAME, WRECK_NAME, about, connect, new_store
from rumpus.memory.films import Films
from rumpus.memory.schema import Schema
from rumpus.memory.view import VIEW_NAME, mark_of

# In the header of an SQLite file, see section 1.3 of its file format.
_MAGIC = b"SQLite format 3\0"
_PAGE_BYTES = slice(16, 18)
_PAGES = slice(28, 32)


def recover(folder: Path) -> bool:
    """Make the store anew where its file cannot be read; whether it had to be.

    Raises:
        MemoryFault: when nothing says any more whose memory it is.
    """
    wreck = folder / WRECK_NAME
    if not wreck.exists():  # else this was begun before, and what is there may be half of it
        if not (folder / FILE_NAME).exists():
            _begin_anew(folder)
            return True
        if _is_sound(folder / FILE_NAME):
            return False
        _put_aside(folder, wreck)
    with closing(sqlite3.connect(wreck)) as source:
        _copy(folder, source)
    _keep(folder, wreck)
    return True


def _is_sound(file: Path) -> bool:
    """Whether SQLite finds every row where it belongs; what is in the rows is not looked at."""
    try:
        with closing(connect(file, write=True)) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:  # locked, no right to read, no room
            raise
        return False  # a header that means nothing
    except sqlite3.DatabaseError:
        return False
    return bool(found == ("ok",))


def _begin_anew(folder: Path) -> None:
    """An empty store where there is none any more, of the memory that the view is of."""
    mark = mark_of(folder / VIEW_NAME)
    assert mark is not None, folder  # repair asked before
    with new_store(folder, mark.memory, mark.spec):
        pass


def _put_aside(folder: Path, wreck: Path) -> None:
    """Copy the store, and make it as long as its header says that it is."""
    log = Path(f"{wreck}-wal")
    log.unlink(missing_ok=True)  # of a copy that was cut short: it may be older than the store
    if (folder / f"{FILE_NAME}-wal").exists():
        shutil.copyfile(folder / f"{FILE_NAME}-wal", log)
        sync(log)
    with replacing(wreck) as copy:  # its own name last: then all of it is there
        shutil.copyfile(folder / FILE_NAME, copy)
        with copy.open("r+b") as file:
            header = file.read(100)
            page_bytes = int.from_bytes(header[_PAGE_BYTES], "big")
            pages = int.from_bytes(header[_PAGES], "big")
            if header.startswith(_MAGIC):
                file.truncate(max(page_bytes * pages, copy.stat().st_size))


def _copy(folder: Path, source: sqlite3.Connection) -> None:
    """Copy everything that can be read; whose it is stands in the view, too."""
    source.row_factory = sqlite3.Row
    source.text_factory = lambda text: text.decode(errors="replace")  # as in `connect`
    mark = mark_of(folder / VIEW_NAME)
    known = (mark.memory, mark.spec) if mark else None
    with suppress(sqlite3.DatabaseError):
        known = about(source) or known
    if known is None:
        raise MemoryFault(
            f"The memory {folder} is damaged beyond what can be recovered: neither its store nor "
            "its view says whose it is; put back a copy of its folder."
        )
    with new_store(folder, *known) as into:
        into.execute("BEGIN")
        for table in ("episode", "movie"):
            _take_over(into, table, _from_both_ends(source, table))
        _never_again(into, source)
        marked = mark.count if mark and mark.memory == known[0] else 0
        known_n = max(acknowledged.read(folder), marked)
        _take_over(into, "step", _one_by_one(source, known_n))
        # That figure may be gone or, after power loss, an older one. Nobody vouches for the number
        # of a step beyond it but its own checksum.
        _take_over(into, "step", _from_both_ends(source, f"step WHERE step >= {known_n}"))
        _leave_out_unproved(into, folder, Schema(known[1]), known_n)
        into.execute("COMMIT")


def _never_again(into: sqlite3.Connection, source: sqlite3.Connection) -> None:
    """Keep that no episode's id is given twice, also of one that cannot be read any more."""
    with suppress(sqlite3.DatabaseError):
        query = "SELECT seq FROM sqlite_sequence WHERE name = 'episode'"
        for (last,) in source.execute(query).fetchall():
            into.execute("DELETE FROM sqlite_sequence WHERE name = 'episode'")
            into.execute("INSERT INTO sqlite_sequence VALUES ('episode', ?)", (last,))


def _leave_out_unproved(into: sqlite3.Connection, folder: Path, schema: Schema, first: int) -> None:
    """Let the last step be one that is whole, where it is not before `first`."""
    films = Films(folder, into, schema)
    last = "SELECT step FROM step WHERE step >= ? ORDER BY step DESC"
    for (index,) in into.execute(last, (first,)).fetchall():
        found = into.execute(f"{schema.select} step = ?", (index,)).fetchone()
        if schema.is_whole(films.filled(schema.named(found))):
            return
        into.execute("DELETE FROM step WHERE step = ?", (index,))


def _take_over(into: sqlite3.Connection, table: str, rows: Iterable[sqlite3.Row]) -> None:
    for row in rows:  # by name, as an older layout has fewer columns
        names, marks = ", ".join(row.keys()), ", ".join("?" * len(row))
        into.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", tuple(row))


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


def _keep(folder: Path, wreck: Path) -> None:
    """Give the damaged file and its log their last names: a later recovery begins anew."""
    number = len(list(folder.glob(f"{FILE_NAME}.damaged-*[0-9]"))) + 1
    kept, log = folder / f"{FILE_NAME}.damaged-{number}", Path(f"{wreck}-wal")
    if log.exists():
        log.rename(f"{kept}-wal")
    wreck.rename(kept)
    sync_name(kept)
