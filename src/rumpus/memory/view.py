"""The training view: all steps as arrays on disk, mapped into memory, drawn from at will.

One flat file for each sensor and one for everything else, all row by row. It is only a cache of
the store: it is compared with the store when opened, and made again where it differs. The
operating system keeps the rows that are in use in RAM and lets go of the others, so the
program's own memory does not grow with the memory.
"""

import os
import shutil
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import msgspec
import numpy as np

from rumpus import atomic_file
from rumpus.atomic_file import sealed, unsealed
from rumpus.errors import InputError
from rumpus.memory.damage import Damage
from rumpus.memory.durable_store import Store
from rumpus.memory.schema import VIEW_LAYOUT, Row
from rumpus.spec import RobotSpec
from rumpus.types import Array

VIEW_NAME = "view"
GROWTH_STEPS = 4096  # room is added, and the view made durable, every so many steps
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

    def read(self, index: int) -> Array:
        """One row, (*shape), copied, zeros where there is none; also while the file is cut short.

        Through the map that would end the program by a signal.
        """
        size = self.dtype.itemsize
        row = os.pread(self.file.fileno(), size, index * size).ljust(size, b"\0")
        return np.frombuffer(bytearray(row), self.dtype.base).reshape(self.dtype.shape)

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
        is_marked: whether it says that it is of this store, and how far it can be trusted.
        index: the file of everything but the readings, see `Schema.view_dtype`.
        sensors: the files of readings, by column; zeros where a sensor gave nothing.
    """

    def __init__(self, store: Store, folder: Path | None, mode: str) -> None:
        """Open the view's files as they are, or make them empty with mode "x+b"."""

        def column(name: str, dtype: np.dtype[Any]) -> Column:
            return Column(folder / f"{name}.raw" if folder else None, dtype, mode)

        self.folder, self._store, self.count, self.is_marked = folder, store, 0, False
        self.index = column("index", store.schema.view_dtype())
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
        self.put(self.count, row)
        self.count += 1

    def put(self, index: int, row: Row) -> None:
        """Write one row, for which room is made."""
        if index >= self.capacity:
            for column in self._columns:
                column.grow(index + GROWTH_STEPS)
        viewed = self._store.schema.view_row(row, self.index.dtype)
        readings = [row[name] or bytes(c.dtype.itemsize) for name, c in self.sensors.items()]
        viewed["checksum"] = zlib.crc32(b"".join([viewed.tobytes(), *readings]))
        for column, written in zip(self._columns, [viewed.tobytes(), *readings], strict=True):
            column.write(index, written)

    def extend(self) -> None:
        """Add the steps of the store that are not here yet.

        Where the files have no name, and nothing is ever learned to be right from them, a damaged
        one is taken for lost, so that a reader can look at all the others.
        """
        for index in range(self.count, self._store.count):
            is_lost = self.folder is None and isinstance(self._store.examine(index), Damage)
            self.append(self._store.schema.lost(index) if is_lost else self._store.whole(index))

    def follow(self, store: Store) -> bool:
        """Count the steps that were added to the store; False where these files have them not."""
        self._store = store
        if self.folder is None:
            self.extend()
            return True
        for column in self._columns:
            column.remap()
        first, stop = self.count, store.count
        are_here = first <= stop <= self.capacity and all(map(self.shows, range(first, stop)))
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
        atomic_file.write(self.folder / "mark.json", sealed(msgspec.json.encode(mark)))

    def close(self) -> None:
        """Close the files; maps that were handed out stay valid."""
        for column in self._columns:
            column.file.close()

    def holds(self, index: int, row: Row) -> bool:
        """Whether one row is this step, by both checksums; its pictures may be in films."""
        schema, times = self._store.schema, self.index.read(index)["captured_s"]
        same = schema.repaired(row, self.row(index)) if self.proves(index) else None
        return same is not None and np.array_equal(times, schema.values(same)["captured_s"])

    def shows(self, index: int) -> bool:
        """Whether one row is the store's; where that is damaged, whether it is what was written."""
        row = self._store.examine(index)
        return self.proves(index) if isinstance(row, Damage) else self.holds(index, row)

    def row(self, index: int) -> Row:
        """A step as the view has it: without reasons."""
        readings = {name: column.read(index) for name, column in self.sensors.items()}
        return self._store.schema.row_of_view(index, self.index.read(index), readings)

    def proves(self, index: int) -> bool:
        """Whether one row is what was written, by its own checksum; also beyond `count`."""
        if index >= self.capacity:
            return False
        viewed = self.index.read(index)
        told = int(viewed["checksum"])
        viewed["checksum"] = 0
        readings = [column.read(index).tobytes() for column in self.sensors.values()]
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
        MemoryFault: when a step that is not in the view yet is damaged, and it is to be written.
    """
    view = view_of(folder, store, "r+b" if write else "rb")
    if not (view and view.is_marked and view.resembles() and (write or view.follow(store))):
        if view:
            view.close()
        view = made_again(folder, store) if write else View(store, None, "x+b")
    view.extend()
    if write:
        view.mark()
    return view


def made_again(folder: Path, store: Store) -> View:
    """A view made beside the old one, which goes only then: repair of the store may need it."""
    # New files, never the old ones emptied: a reader may still have those mapped.
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    view = View(store, new, "x+b")
    view.extend()
    view.mark()
    if folder.is_dir():
        shutil.rmtree(folder)
    folder.unlink(missing_ok=True)
    view.folder = new.rename(folder)
    return view


def view_of(folder: Path, store: Store, mode: str = "rb") -> View | None:
    """The view in `folder`, which may still be wrong; None where its files are not all there."""
    mark = mark_of(folder)
    with suppress(FileNotFoundError, NotADirectoryError):
        view = View(store, folder, mode)
        if mark is not None and (mark.memory, mark.layout) == (store.id, VIEW_LAYOUT):
            view.is_marked, view.count = True, min(max(mark.count, 0), store.count)
        return view
    return None


def mark_of(folder: Path) -> Mark | None:
    """What the view in `folder` says of itself; None where there is none that can be believed."""
    try:
        file = (folder / "mark.json").read_bytes()
        # Before it had a checksum it was JSON alone.
        told = file if file.startswith(b"{") else unsealed(file)
        return msgspec.json.decode(told or b"", type=Mark)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError, InputError):
        return None
