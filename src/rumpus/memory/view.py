"""The training view: all steps as arrays on disk, mapped into memory, drawn from at will.

One flat file for each sensor and one for everything else, all row by row. It is only a cache of
the store: it is compared with the store when opened, and made again where it differs. The
operating system keeps the rows that are in use in RAM and lets go of the others, so the
program's own memory does not grow with the memory.
"""

import os
import shutil
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import msgspec
import numpy as np

from rumpus import atomic_file
from rumpus.memory.damage import Damage
from rumpus.memory.durable_store import Store
from rumpus.memory.schema import VIEW_LAYOUT, Row
from rumpus.spec import RobotSpec
from rumpus.types import Array

VIEW_NAME = "view"
GROWTH_STEPS = 4096  # room is added, and the view made durable, every so many steps
READABLE = (3, VIEW_LAYOUT)  # layouts of its rows that repair can read; others are made again
_PROBES = 32  # rows compared with the store when a view is opened


@dataclass(frozen=True)
class Mark:
    """Which memory a view is of, how many of its steps are durable in it, and how they lie.

    The robot's spec is in it too, so that a view whose store is gone can still be understood.
    """

    memory: str
    count: int
    layout: int
    spec: RobotSpec


class Column:
    """One file of equal rows: written with plain writes, read through a memory map.

    A write through a map would end the program by a signal on a full disk; a plain write says so.

    Attributes:
        file: that is open; without a path one that has no name, and goes with the program.
        dtype: of a row, its shape included.
        rows: (capacity, *shape), read-only; only rows already written mean anything.
    """

    def __init__(self, path: Path | None, dtype: np.dtype[Any], mode: str) -> None:
        """Open the file in mode "rb", "r+b" or (made anew) "x+b"."""
        self.file: IO[bytes] = path.open(mode, buffering=0) if path else TemporaryFile(buffering=0)  # noqa: SIM115
        self.dtype = dtype
        self.rows: Array = np.empty(0, dtype)
        self.remap()

    def grow(self, capacity: int) -> None:
        """Make room for `capacity` rows; the new ones take no disk until they are written."""
        os.ftruncate(self.file.fileno(), capacity * self.dtype.itemsize)
        self.remap()

    def remap(self) -> None:
        """See the rows for which room was added, also by another program."""
        capacity = os.fstat(self.file.fileno()).st_size // self.dtype.itemsize
        if capacity > len(self.rows):
            self.rows = np.asarray(np.memmap(self.file, self.dtype, "r", shape=(capacity,)))

    def write(self, index: int, row: bytes) -> None:
        """Write one row."""
        data, offset = memoryview(row), index * self.dtype.itemsize
        while data:  # a disk that fills up may take a part
            written = os.pwrite(self.file.fileno(), data, offset)
            data, offset = data[written:], offset + written


class View:
    """All steps as arrays, the newest included before it is durable.

    Attributes:
        folder: of its files; None where they have no name, and go with the program.
        count: steps written.
        index: the file of everything but the readings, see `Schema.view_dtype`.
        sensors: the files of readings, by column; zeros where a sensor gave nothing.
    """

    def __init__(
        self, store: Store, folder: Path | None, mode: str, layout: int = VIEW_LAYOUT
    ) -> None:
        """Open the view's files as they are, or make them empty with mode "x+b"."""

        def column(name: str, dtype: np.dtype[Any]) -> Column:
            return Column(folder / f"{name}.raw" if folder else None, dtype, mode)

        self.folder, self._store, self.count = folder, store, 0
        self.index = column("index", store.schema.view_dtype(layout))
        self.sensors = {
            name: column(name, np.dtype((sensor.dtype, sensor.shape)))
            for name, sensor in store.schema.sensors.items()
        }
        self._columns = [self.index, *self.sensors.values()]

    @property
    def capacity(self) -> int:
        """Steps for which there is room."""
        return min(len(column.rows) for column in self._columns)

    def append(self, row: Row) -> None:
        """Add one step; it can be drawn at once."""
        if self.count == self.capacity:
            self.mark()
            for column in self._columns:
                column.grow(self.count + GROWTH_STEPS)
        viewed = self._store.schema.view_row(row, self.index.dtype)
        readings = [row[name] or bytes(c.dtype.itemsize) for name, c in self.sensors.items()]
        viewed["checksum"] = zlib.crc32(b"".join([viewed.tobytes(), *readings]))
        for column, written in zip(self._columns, [viewed.tobytes(), *readings], strict=True):
            column.write(self.count, written)
        self.count += 1

    def extend(self) -> None:
        """Add the steps of the store that are not here yet."""
        for row in self._store.rows(self.count, self._store.count):
            self.append(row)

    def follow(self, store: Store) -> bool:
        """Count the steps that were added to the store; False where these files have them not."""
        self._store = store
        if self.folder is None:
            self.extend()
            return True
        for column in self._columns:
            column.remap()
        first, stop = self.count, store.count
        held = map(self.holds, range(first, stop), store.rows(first, stop))
        are_here = first <= stop <= self.capacity and all(held)
        self.count = stop if are_here else first
        return are_here

    def mark(self) -> None:
        """Make the view durable and write down how far it can be trusted.

        It may be ahead of the store: what the store has not is left out when both are opened.
        """
        if self.folder is None:
            return
        for column in self._columns:
            os.fsync(column.file.fileno())
        mark = Mark(self._store.id, self.count, VIEW_LAYOUT, self._store.schema.spec)
        atomic_file.write(self.folder / "mark.json", msgspec.json.encode(mark))

    def close(self) -> None:
        """Close the files; maps that were handed out stay valid."""
        for column in self._columns:
            column.file.close()

    def holds(self, index: int, row: Row) -> bool:
        """Whether one row is this step, by its own checksum; its pictures may be in films."""
        schema, times = self._store.schema, self.index.rows["captured_s"][index]
        is_copy = schema.repaired(row, self.row(index)) is not None
        return is_copy and np.array_equal(times, schema.values(row)["captured_s"])

    def row(self, index: int) -> Row:
        """A step as the view has it: without reasons."""
        readings = {name: column.rows[index] for name, column in self.sensors.items()}
        return self._store.schema.row_of_view(index, self.index.rows[index], readings)

    def proves(self, index: int) -> bool:
        """Whether one row is what was written, by its own checksum; also beyond `count`."""
        if index >= self.capacity:
            return False
        # Through bytes, as a copy of a row may lack what is between its fields.
        viewed = np.frombuffer(bytearray(self.index.rows[index].tobytes()), self.index.dtype)
        told = int(viewed["checksum"][0])
        viewed["checksum"] = 0
        readings = [column.rows[index].tobytes() for column in self.sensors.values()]
        return told == zlib.crc32(b"".join([viewed.tobytes(), *readings]))

    def resembles(self) -> bool:
        """Whether steps from all over it are as the store has them; a damaged one says nothing."""
        probes = np.linspace(0, self.count - 1, min(_PROBES, self.count)).astype(int).tolist()
        return self.capacity >= self.count and all(map(self._resembles, probes))

    def _resembles(self, index: int) -> bool:
        glimpsed = self._store.glimpse(index)
        is_held = glimpsed is not None and self.holds(index, glimpsed)
        return is_held or isinstance(self._store.examine(index), Damage)


def open_view(folder: Path, store: Store, write: bool) -> View:
    """The view of a store, kept where it equals the store, else made again.

    Args:
        folder: of the view's files.
        store: whose steps it shows.
        write: whether the files may be written, and are made again in their place; a reader has
            the writer's own files, or a private copy without a name.

    Raises:
        MemoryFault: when a step that is not in the view yet is damaged.
    """
    view = view_of(folder, store, "r+b" if write else "rb", (VIEW_LAYOUT,))
    if not (view.resembles() and (view.folder if write else view.follow(store))):
        view.close()
        view = _made_again(folder, store) if write else View(store, None, "x+b")
    view.extend()
    if write:
        view.mark()
    return view


def _made_again(folder: Path, store: Store) -> View:
    """A view made beside the old one, which goes only then: repair of the store may need it."""
    # New files, never the old ones emptied: a reader may still have those mapped.
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    view = View(store, new, "x+b")
    view.extend()
    view.mark()
    if folder.exists():
        shutil.rmtree(folder)
    view.folder = new.rename(folder)
    return view


def view_of(
    folder: Path, store: Store, mode: str = "rb", layouts: Sequence[int] = READABLE
) -> View:
    """The view in `folder` where it is of this store, and may still be wrong; else an empty one."""
    mark = mark_of(folder)
    if mark is not None and mark.memory == store.id and mark.layout in layouts:
        with suppress(FileNotFoundError):
            view = View(store, folder, mode, mark.layout)
            view.count = min(mark.count, store.count)
            return view
    return View(store, None, "x+b")


def mark_of(folder: Path) -> Mark | None:
    """What the view in `folder` says of itself; None where there is none that can be understood."""
    try:
        return msgspec.json.decode((folder / "mark.json").read_bytes(), type=Mark)
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError, msgspec.DecodeError):
        return None
