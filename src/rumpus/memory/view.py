"""The training view: all steps as arrays on disk, mapped into memory, drawn from at will.

One flat file for each sensor and one for everything else, all row by row. It is only a cache of
the store: it is compared with the store when opened, and made again where it differs. The
operating system keeps the rows that are in use in RAM and lets go of the others, so the
program's own memory does not grow with the memory.
"""

import os
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np

from rumpus import atomic_file
from rumpus.memory.damage import Damage
from rumpus.memory.schema import VIEW_LAYOUT, Row, Schema
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


class StoredRows(Protocol):
    """What a view needs of the store that it is a view of."""

    id: str
    schema: Schema
    count: int

    def rows(self, first: int, stop: int) -> Iterator[Row]:
        """The rows first <= index < stop, checked against damage."""
        ...

    def glimpse(self, index: int) -> Row | None:
        """One row without pictures that lie in films; None where it is damaged."""
        ...

    def examine(self, index: int) -> Row | Damage:
        """One row with its films, or what is wrong with it."""
        ...


class Column:
    """One file of equal rows: written with plain writes, read through a memory map.

    A write through a map would end the program by a signal on a full disk; a plain write says so.

    Attributes:
        rows: (capacity, *shape), read-only; only rows already written mean anything.
        row_bytes: of each.
    """

    def __init__(self, path: Path, dtype: np.dtype[Any], shape: tuple[int, ...], mode: str) -> None:
        """Open the file in mode "rb", "r+b" or (made anew) "x+b"."""
        self._file = path.open(mode, buffering=0)
        self._dtype, self._shape = dtype, shape
        self.row_bytes = dtype.itemsize * int(np.prod(shape))
        self.rows: Array = np.empty((0, *shape), dtype)
        self.remap()

    def grow(self, capacity: int) -> None:
        """Make room for `capacity` rows; the new ones take no disk until they are written."""
        os.ftruncate(self._file.fileno(), capacity * self.row_bytes)
        self.remap()

    def remap(self) -> None:
        """See the rows for which room was added, also by another program."""
        capacity = os.fstat(self._file.fileno()).st_size // self.row_bytes
        if capacity > len(self.rows):
            shape = (capacity, *self._shape)
            self.rows = np.asarray(np.memmap(self._file, self._dtype, "r", shape=shape))

    def write(self, index: int, row: bytes) -> None:
        """Write one row."""
        data = memoryview(row)
        offset = index * self.row_bytes
        while data:  # a disk that fills up may take a part
            written = os.pwrite(self._file.fileno(), data, offset)
            data, offset = data[written:], offset + written

    def sync(self) -> None:
        """Make all written rows durable."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file; maps that were handed out stay valid."""
        self._file.close()


class View:
    """All steps as arrays, the newest included before it is durable.

    Attributes:
        count: steps written.
        index: the file of everything but the readings, see `Schema.view_dtype`.
        sensors: the files of readings, by column; zeros where a sensor gave nothing.
    """

    def __init__(
        self, folder: Path, store: StoredRows, mode: str, layout: int = VIEW_LAYOUT
    ) -> None:
        """Open the view's files as they are, or make them empty with mode "x+b"."""
        self._folder, self._id, self._schema = folder, store.id, store.schema
        self._is_copy = mode == "x+b"
        self.count: int = 0
        self.index = Column(folder / "index.raw", self._schema.view_dtype(layout), (), mode)
        self.sensors = {
            column: Column(folder / f"{column}.raw", sensor.dtype, sensor.shape, mode)
            for column, sensor in self._schema.sensors.items()
        }

    @property
    def capacity(self) -> int:
        """Steps for which there is room."""
        return min(len(column.rows) for column in self._columns())

    def append(self, row: Row) -> None:
        """Add one step; it can be drawn at once."""
        viewed = self._schema.view_row(row, self.index.rows.dtype)
        readings = [row[name] or bytes(column.row_bytes) for name, column in self.sensors.items()]
        for column, reading in zip(self.sensors.values(), readings, strict=True):
            column.write(self.count, reading)
        self.index.write(self.count, _sealed(viewed, readings).tobytes())
        self.count += 1

    def extend(self, rows: Iterable[Row]) -> None:
        """Add many steps, with room for them."""
        for row in rows:
            if self.count == self.capacity:
                self.grow()
            self.append(row)

    def grow(self) -> None:
        """Make room for more steps."""
        for column in self._columns():
            column.grow(self.count + GROWTH_STEPS)

    def follow(self, store: StoredRows) -> bool:
        """Count the steps that were added to the store; False where these files have them not."""
        if self._is_copy:
            self.extend(store.rows(self.count, store.count))
            return True
        for column in self._columns():
            column.remap()
        new = range(self.count, store.count)
        if self.count > store.count or self.capacity < store.count:
            return False
        rows = zip(new, store.rows(self.count, store.count), strict=True)
        if not all(self.holds(index, row) for index, row in rows):
            return False
        self.count = store.count
        return True

    def mark(self) -> None:
        """Make the view durable and write down how far it can be trusted."""
        for column in self._columns():
            column.sync()
        mark = Mark(self._id, self.count, VIEW_LAYOUT, self._schema.spec)
        atomic_file.write(self._folder / "mark.json", msgspec.json.encode(mark))

    def close(self) -> None:
        """Close the files."""
        for column in self._columns():
            column.close()

    def holds(self, index: int, row: Row) -> bool:
        """Whether one row is this step, as far as the step's readings are in it."""
        here = self.index.rows[index]
        viewed = self._schema.view_row(row, here.dtype)
        viewed["checksum"] = here["checksum"]  # not of what is in films
        return here.tobytes() == viewed.tobytes() and all(
            column.rows[index].tobytes() == row[name]
            for name, column in self.sensors.items()
            if row[name]
        )

    def row(self, index: int) -> Row:
        """A step as the view has it: without reasons."""
        readings = {name: column.rows[index] for name, column in self.sensors.items()}
        return self._schema.row_of_view(index, self.index.rows[index], readings)

    def proves(self, index: int) -> bool:
        """Whether one row is what was written, by its own checksum; also beyond `count`."""
        if index >= self.capacity:
            return False
        row = np.array(self.index.rows[index])
        readings = [column.rows[index].tobytes() for column in self.sensors.values()]
        return bool(_sealed(row.copy(), readings)["checksum"] == row["checksum"])

    def resembles(self, store: StoredRows, index: int) -> bool:
        """Whether one row is what the store says at a glimpse; a damaged step says nothing."""
        glimpsed = store.glimpse(index)
        if glimpsed is None:
            return True
        with suppress(ValueError, TypeError):  # no checksum guards a row without its pictures
            if self.holds(index, glimpsed):
                return True
        # Of a step whose pictures lie in a film a glimpse cannot tell whether it is damaged.
        return isinstance(store.examine(index), Damage)

    def _columns(self) -> list[Column]:
        return [self.index, *self.sensors.values()]


def _sealed(viewed: Array, readings: list[bytes]) -> Array:
    """A row with the checksum of all that the view has of its step; changes it in place."""
    viewed["checksum"] = 0
    checksum = zlib.crc32(viewed.tobytes())
    for reading in readings:
        checksum = zlib.crc32(reading, checksum)
    viewed["checksum"] = checksum
    return viewed


def open_view(folder: Path, store: StoredRows) -> View:
    """The writer's view: kept where it equals the store, brought up to it, else made again."""
    view = trusted_view(folder, store, "r+b") or _made_again(folder, store)
    view.extend(store.rows(view.count, store.count))
    if view.count == view.capacity:
        view.grow()
    view.mark()
    return view


def _made_again(folder: Path, store: StoredRows) -> View:
    """A view made beside the old one, which goes only then: repair of the store may need it."""
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    with closing(_copied(new, store)) as view:
        view.mark()
    if folder.exists():
        shutil.rmtree(folder)
    new.rename(folder)
    view = View(folder, store, "r+b")
    view.count = store.count
    return view


def read_view(folder: Path, scratch: Path, store: StoredRows) -> View:
    """A reader's view: the writer's own files where they equal the store, else a private copy."""
    view = trusted_view(folder, store)
    if view is not None:
        if view.follow(store):
            return view
        view.close()
    return _copied(Path(tempfile.mkdtemp(dir=scratch)) / VIEW_NAME, store)


def trusted_view(folder: Path, store: StoredRows, mode: str = "rb") -> View | None:
    """The view in `folder`, counting the steps it can be trusted for; None where it cannot."""
    view = view_of(folder, store, mode, (VIEW_LAYOUT,))
    if view is None:
        return None
    probes = {int(k) for k in np.linspace(0, view.count - 1, _PROBES)} if view.count else set()
    if view.capacity >= view.count and all(view.resembles(store, k) for k in probes):
        return view
    view.close()
    return None


def view_of(
    folder: Path, store: StoredRows, mode: str = "rb", layouts: Sequence[int] = READABLE
) -> View | None:
    """The view in `folder` where it is of this store; what is in it may still be wrong."""
    mark = mark_of(folder)
    if mark is None or mark.memory != store.id or mark.layout not in layouts:
        return None
    try:
        view = View(folder, store, mode, mark.layout)
    except FileNotFoundError:
        return None
    view.count = min(mark.count, store.count)
    return view


def mark_of(folder: Path) -> Mark | None:
    """What the view in `folder` says of itself; None where there is none that can be understood."""
    try:
        return msgspec.json.decode((folder / "mark.json").read_bytes(), type=Mark)
    except (FileNotFoundError, UnicodeDecodeError, msgspec.DecodeError):
        return None


def _copied(folder: Path, store: StoredRows) -> View:
    """A view of the whole store, in a new folder."""
    # New files, never the old ones emptied: a reader may still have those mapped.
    folder.mkdir()
    view = View(folder, store, "x+b")
    try:
        view.extend(store.rows(0, store.count))
    except BaseException:
        view.close()
        raise
    return view
