"""The training view: all steps as arrays on disk, mapped into memory, drawn from at will.

One flat file for each sensor and one for everything else, all row by row. It is only a cache of
the store: it is compared with the store when opened, and made again where it differs. The
operating system keeps the rows that are in use in RAM and lets go of the others, so the
program's own memory does not grow with the robot's life.
"""

import os
import shutil
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from rumpus import atomic_file
from rumpus.memory.store import Damage, Store
from rumpus.spec import RobotSpec
from rumpus.types import Array, Observation, Step

VIEW_NAME = "view"
GROWTH_STEPS = 4096  # room is added, and the view made durable, every so many steps
_PROBES = 32  # rows compared with the store when a view is opened


@dataclass(frozen=True)
class _Mark:
    """Which memory a view is of, how many of its steps are durable in it, and how they lie.

    The robot's spec is in it too, so that a view whose store is gone can still be understood.
    """

    memory: str
    count: int
    layout: int
    spec: RobotSpec


LAYOUT = 3  # of the view's rows; a view of another one is made again


class Column:
    """One file of equal rows: written with plain writes, read through a memory map.

    A write through a map would end the program by a signal on a full disk; a plain write says so.

    Attributes:
        rows: (capacity, *shape), read-only; only rows already written mean anything.
    """

    def __init__(self, path: Path, dtype: np.dtype[Any], shape: tuple[int, ...], mode: str) -> None:
        """Open the file in mode "rb", "r+b" or (made anew) "x+b"."""
        self._file = path.open(mode, buffering=0)
        self._dtype, self._shape = dtype, shape
        self._row_bytes = dtype.itemsize * int(np.prod(shape))
        size = os.fstat(self._file.fileno()).st_size // self._row_bytes
        self.rows: Array = self._map(size) if size else np.empty((0, *shape), dtype)

    def grow(self, capacity: int) -> None:
        """Make room for `capacity` rows; the new ones take no disk until they are written."""
        os.ftruncate(self._file.fileno(), capacity * self._row_bytes)
        self.rows = self._map(capacity)

    def write(self, index: int, row: Array) -> None:
        """Write one row."""
        data = memoryview(row.tobytes())
        offset = index * self._row_bytes
        while data:  # a disk that fills up may take a part
            written = os.pwrite(self._file.fileno(), data, offset)
            data, offset = data[written:], offset + written

    def sync(self) -> None:
        """Make all written rows durable."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file; maps that were handed out stay valid."""
        self._file.close()

    def _map(self, capacity: int) -> Array:
        return np.asarray(np.memmap(self._file, self._dtype, "r", shape=(capacity, *self._shape)))


class View:
    """All steps as arrays, the newest included before it is durable.

    Attributes:
        count: steps written.
        sensors: the files of frames, by sensor name.
        index: the file of everything else, see `index_dtype`.
    """

    def __init__(self, folder: Path, store: Store, mode: str) -> None:
        """Open the view's files as they are, or make them empty with mode "x+b"."""
        self._folder, self._id, self._spec = folder, store.id, store.spec
        self.count: int = 0
        self.index = Column(folder / "index.raw", index_dtype(store.spec), (), mode)
        self.sensors = {
            sensor.name: Column(folder / f"sensor_{k}.raw", sensor.dtype, sensor.shape, mode)
            for k, sensor in enumerate(store.spec.sensors)
        }

    @property
    def capacity(self) -> int:
        """Steps for which there is room."""
        return min(len(column.rows) for column in self._columns())

    def append(self, episode: int, step: Step) -> None:
        """Add one step; it can be drawn at once."""
        readings = [step.observation.readings[name] for name in self.sensors]
        self.index.write(self.count, _sealed(self._row(episode, step), readings))
        for column, reading in zip(self.sensors.values(), readings, strict=True):
            column.write(self.count, reading)
        self.count += 1

    def extend(self, steps: Iterable[tuple[int, Step]]) -> None:
        """Add many steps, with room for them."""
        for episode, step in steps:
            if self.count == self.capacity:
                self.grow()
            self.append(episode, step)

    def grow(self) -> None:
        """Make room for more steps."""
        for column in self._columns():
            column.grow(self.count + GROWTH_STEPS)

    def mark(self) -> None:
        """Make the view durable and write down how far it can be trusted."""
        for column in self._columns():
            column.sync()
        mark = _Mark(self._id, self.count, LAYOUT, self._spec)
        atomic_file.write(self._folder / "mark.json", msgspec.json.encode(mark))

    def close(self) -> None:
        """Close the files."""
        for column in self._columns():
            column.close()

    def equals(self, store: Store, first: int, stop: int) -> bool:
        """Whether rows first <= index < stop are what the store says."""
        return all(
            self.holds(first + k, episode, step)
            for k, (episode, step) in enumerate(store.steps(first, stop))
        )

    def _row(self, episode: int, step: Step) -> Array:
        """All of a step but its readings, as a row of the index file."""
        seen = step.observation
        row = np.zeros((), self.index.rows.dtype)
        row["action"], row["executed_action"] = step.action, step.executed_action
        row["episode"], row["time_s"] = episode, seen.time_s
        row["captured_s"] = [seen.captured_s.get(name, seen.time_s) for name in self.sensors]
        row["goal_index"] = step.goal_index
        row["terminated"], row["truncated"] = step.terminated, step.truncated
        row["intervention"] = step.intervention
        return row

    def holds(self, index: int, episode: int, step: Step) -> bool:
        """Whether one row is this step, as far as the step's readings are in it."""
        row = self._row(episode, step)
        row["checksum"] = self.index.rows[index]["checksum"]  # not of what is in films
        return self.index.rows[index].tobytes() == row.tobytes() and all(
            np.array_equal(self.sensors[name].rows[index], reading)
            for name, reading in step.observation.readings.items()
        )

    def row(self, index: int) -> tuple[int, Step]:
        """(episode id, step) as the view has it: without reasons, each capture time told."""
        row = self.index.rows[index]
        sensors = {name: np.array(column.rows[index]) for name, column in self.sensors.items()}
        times = dict(zip(sensors, row["captured_s"].tolist(), strict=True))
        step = Step(
            Observation(sensors, float(row["time_s"]), times),
            action=np.array(row["action"]),
            executed_action=np.array(row["executed_action"]),
            goal_index=int(row["goal_index"]),
            terminated=bool(row["terminated"]),
            truncated=bool(row["truncated"]),
            intervention=bool(row["intervention"]),
        )
        return int(row["episode"]), step

    def proves(self, index: int) -> bool:
        """Whether one row is what was written, by its own checksum; also beyond `count`."""
        if index >= self.capacity:
            return False
        row = np.array(self.index.rows[index])
        readings = [column.rows[index] for column in self.sensors.values()]
        return bool(_sealed(row.copy(), readings)["checksum"] == row["checksum"])

    def resembles(self, store: Store, index: int) -> bool:
        """Whether one row is what the store says at a glimpse; a damaged step says nothing."""
        glimpsed = store.glimpse(index)
        if glimpsed is None or self.holds(index, *glimpsed):
            return True
        # Of a step whose pictures lie in a film a glimpse cannot tell whether it is damaged.
        return isinstance(store.examine(index), Damage)

    def _columns(self) -> list[Column]:
        return [self.index, *self.sensors.values()]


def _sealed(row: Array, readings: list[Array]) -> Array:
    """An index row with the checksum of all that the view has of its step; changes it in place."""
    row["checksum"] = 0
    checksum = zlib.crc32(row.tobytes())
    for reading in readings:
        checksum = zlib.crc32(reading.tobytes(), checksum)
    row["checksum"] = checksum
    return row


def index_dtype(spec: RobotSpec) -> np.dtype[Any]:
    """What is kept of each step beside its frames; aligned, so that torch can take any field."""
    return np.dtype(
        [
            ("episode", np.int64),
            ("time_s", np.float64),
            ("captured_s", np.float64, (len(spec.sensors),)),
            ("goal_index", np.int64),
            ("action", np.float32, (spec.action_size,)),
            ("executed_action", np.float32, (spec.action_size,)),
            ("terminated", np.bool_),
            ("truncated", np.bool_),
            ("intervention", np.bool_),
            ("checksum", np.uint32),
        ],
        align=True,
    )


def open_view(folder: Path, store: Store) -> View:
    """The writer's view: kept where it equals the store, brought up to it, else made again."""
    view = trusted_view(folder, store, "r+b") or _made_again(folder, store)
    view.extend(store.steps(view.count, store.count))
    if view.count == view.capacity:
        view.grow()
    view.mark()
    return view


def _made_again(folder: Path, store: Store) -> View:
    """A view made beside the old one, which goes only then: repair of the store may need it."""
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    view = _anew(new, store)
    try:
        view.extend(store.steps(0, store.count))
        view.mark()
    finally:
        view.close()
    if folder.exists():
        shutil.rmtree(folder)
    new.rename(folder)
    view = View(folder, store, "r+b")
    view.count = store.count
    return view


def read_view(folder: Path, scratch: Path, store: Store) -> View:
    """A reader's view: the writer's own files where they equal the store, else a private copy."""
    view = trusted_view(folder, store)
    if view is not None:
        if view.capacity >= store.count and view.equals(store, view.count, store.count):
            view.count = store.count
            return view
        view.close()
    view = _anew(scratch, store)
    view.extend(store.steps(0, store.count))
    return view


def trusted_view(folder: Path, store: Store, mode: str = "rb") -> View | None:
    """The view in `folder`, counting the steps it can be trusted for; None where it cannot."""
    view = view_of(folder, store, mode)
    if view is None:
        return None
    probes = {int(k) for k in np.linspace(0, view.count - 1, _PROBES)} if view.count else set()
    if view.capacity >= view.count and all(view.resembles(store, k) for k in probes):
        return view
    view.close()
    return None


def view_of(folder: Path, store: Store, mode: str = "rb") -> View | None:
    """The view in `folder` where it is of this store; what is in it may still be wrong."""
    mark = _mark_of(folder)
    if mark is None or (mark.memory, mark.layout) != (store.id, LAYOUT):
        return None
    try:
        view = View(folder, store, mode)
    except FileNotFoundError:
        return None
    view.count = min(mark.count, store.count)
    return view


def whose(folder: Path) -> tuple[str, RobotSpec] | None:
    """The memory that the view in `folder` is of, by its id, and its robot; None where unknown."""
    mark = _mark_of(folder)
    return None if mark is None else (mark.memory, mark.spec)


def acknowledged_in(folder: Path, memory: str) -> int:
    """How many steps of that memory were durable, as far as the view in `folder` knows."""
    mark = _mark_of(folder)
    return mark.count if mark is not None and mark.memory == memory else 0


def _mark_of(folder: Path) -> _Mark | None:
    try:
        return msgspec.json.decode((folder / "mark.json").read_bytes(), type=_Mark)
    except (FileNotFoundError, UnicodeDecodeError, msgspec.DecodeError):
        return None


def _anew(folder: Path, store: Store) -> View:
    # New files, never the old ones emptied: a reader may still have those mapped.
    folder.mkdir(exist_ok=True)
    return View(folder, store, "x+b")
