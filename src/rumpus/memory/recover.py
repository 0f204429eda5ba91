"""Recover: a store whose file SQLite cannot read any more is made anew of what can be read in it.

A file whose end was cut off, or whose pages were overwritten, is refused as a whole although most
of its steps are in it. It is put aside, for good, and its steps are copied one by one into a new
file; what cannot be read is left for `repair` to bring back from the training view. A recovery
that is cut short leaves no store but the one put aside, of which the next one is made.
"""

import sqlite3
import struct
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from rumpus.errors import InputError, MemoryFault
from rumpus.memory import acknowledged, layout
from rumpus.memory.acknowledged import Acknowledged
from rumpus.memory.damage import Damaged
from rumpus.memory.database import (
    FILE_NAME,
    about,
    aside,
    connect,
    put_aside,
    session,
    unless_corrupt,
)  # fmt: skip
from rumpus.memory.durable_store import PAGE_BYTES, Store, new_store
from rumpus.memory.schema import Row
from rumpus.memory.view import VIEW_NAME, mark_of
from rumpus.spec import RobotSpec

_HEADER_BYTES = 100  # of an SQLite file, see section 1.3 of its file format
_ROW_BYTES = 16  # of a step, at least, whatever any figure says of how many there are


def is_left(folder: Path) -> bool:
    """Whether a memory whose store is gone left something of which `recover` makes it anew."""
    return bool(aside(folder / FILE_NAME)) or mark_of(folder / VIEW_NAME) is not None


def recover(folder: Path) -> bool:
    """Make the store anew where it is gone, cannot be read or is another's; whether it had to be.

    Raises:
        MemoryFault: when nothing says any more whose memory it is.
    """
    file = folder / FILE_NAME
    damaged = aside(file)
    if file.exists():
        if _is_sound(folder):
            return False
        damaged.append(put_aside(file))
    if damaged:
        log, its = folder / f"{FILE_NAME}-wal", Path(f"{damaged[-1]}-wal")
        if log.exists() and not its.exists():
            log.rename(its)
        _mend_header(damaged[-1], its.exists())
    with closing(connect(damaged[-1], False) if damaged else session(":memory:")) as source:
        its_own, known = _whose(folder, source)
        # No figure is believed of more steps than there is room for.
        told, mark = acknowledged.read(folder) or Acknowledged(), mark_of(folder / VIEW_NAME)
        size = sum(file.stat().st_size for file in folder.glob(f"{FILE_NAME}.damaged-*"))
        count = min(max(told.count, mark.count if mark else 0), size // _ROW_BYTES)
        with new_store(folder, *known) as into:
            if its_own in (None, known[0]):
                _copy(source, into, count)
    return True


def _is_sound(folder: Path) -> bool:
    """Whether SQLite finds every row where it belongs, in the store of this memory."""
    told, mark = acknowledged.read(folder), mark_of(folder / VIEW_NAME)
    with suppress(Damaged), unless_corrupt():
        with closing(connect(folder / FILE_NAME, write=True)) as connection:
            id_, _ = about(folder, connection)
        if told and told.memory not in ("", id_):
            if mark and mark.memory == told.memory:
                return False  # figure and view agree that the store is another's: it was put there
            (folder / acknowledged.FILE_NAME).unlink()
        with closing(Store(folder, write=True)) as store:
            return not store.torn()
    return False


def _mend_header(file: Path, has_log: bool) -> None:
    """Make the header of a store say what every store's says, and that it is as long as it is."""
    with file.open("r+b") as store:
        header = bytearray(store.read(_HEADER_BYTES))
        if len(header) < _HEADER_BYTES:
            return
        page_bytes = int.from_bytes(header[16:18], "big")
        is_size = page_bytes >= 512 and page_bytes & (page_bytes - 1) == 0
        size, version = page_bytes if is_size else PAGE_BYTES, 2 if has_log else 1
        told = (b"SQLite format 3\0", size, version, version, 0, 64, 32, 32)
        header[:24] = struct.pack(">16sH6B", *told)
        header[28:40] = bytes(12)  # no number of pages: as many as there are; no free ones
        header[44:48], header[56:60] = bytes([0, 0, 0, 4]), bytes([0, 0, 0, 1])  # format, UTF-8
        store.seek(0)
        store.write(header)


def _whose(folder: Path, source: sqlite3.Connection) -> tuple[str | None, tuple[str, RobotSpec]]:
    """Of which memory a damaged store says that it is; and of which it is taken to be."""
    told, mark = acknowledged.read(folder) or Acknowledged(), mark_of(folder / VIEW_NAME)
    known = [(mark.memory, mark.spec)] if mark else []
    rows: list[tuple[str, str]] = []
    with unless_corrupt():
        rows += layout.whose(source)[0]
        rows += [tuple(row) for row in source.execute("SELECT id, spec FROM about")]
    its_own = None
    for id_, spec in rows[:1]:
        with suppress(msgspec.DecodeError, TypeError, InputError):
            its_own = id_, msgspec.json.decode(spec, type=RobotSpec)
    if its_own and not (mark and told.memory == mark.memory):  # else two agree that it is another's
        known.insert(0, its_own)
    if not known:
        raise MemoryFault(
            f"The memory {folder} is damaged beyond what can be recovered: neither its store nor "
            "its view says whose it is; put back a copy of its folder."
        )
    return its_own and its_own[0], known[0]


def _copy(source: sqlite3.Connection, into: sqlite3.Connection, count: int) -> None:
    """Copy everything that can be read of a damaged store of so many steps into a new one."""
    # First, so that no episode's id is given twice, also of one that cannot be read any more.
    for table in ("sqlite_sequence", "episode"):
        _take_over(into, table, _from_both_ends(source, table))
    layout.seal_episodes(into)
    for index in range(count):
        _take_over(into, "step", _from_both_ends(source, f"step WHERE step = {index}"))
    _take_over(into, "step", _from_both_ends(source, f"step WHERE step >= {count}"))


def _take_over(into: sqlite3.Connection, table: str, rows: Iterable[Row]) -> None:
    columns = [row[1] for row in into.execute(f"PRAGMA table_info({table})")]
    for row in rows:
        # A column of which the name alone is damaged is the one that is not there.
        names = iter([name for name in columns if name not in row])
        told = {name if name in columns else next(names, None): row[name] for name in row}
        told.pop(None, None)
        with unless_corrupt():
            into.execute(f"INSERT OR IGNORE INTO {table} ({', '.join(map(str, told))}) VALUES "
                         f"({', '.join('?' * len(told))})", list(told.values()))  # fmt: skip


def _from_both_ends(source: sqlite3.Connection, rows: str) -> Iterator[Row]:
    """What can be read of a table or a part of it: from either end up to what cannot be read."""
    for order in ("ASC", "DESC"):
        with unless_corrupt():
            yield from map(dict, source.execute(f"SELECT * FROM {rows} ORDER BY 1 {order}"))
            return
