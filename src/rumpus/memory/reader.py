"""What can be asked of a memory: how much there is and what it holds."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from rumpus.errors import InputError, MemoryFault, WorldError
from rumpus.memory.damage import damaged_by
from rumpus.memory.database import FILE_NAME, lock
from rumpus.memory.durable_store import Store
from rumpus.memory.episode import Episode
from rumpus.memory.fault import faults
from rumpus.memory.films import FOLDER_NAME
from rumpus.memory.view import VIEW_NAME, View, open_view
from rumpus.types import Array, Step


class _Stored:
    """One thing that is known of every step, a row each; see `Reader`."""

    def __init__(self, field: str) -> None:
        self._field = field

    def __get__(self, memory: "Reader", owner: object) -> Array:
        return memory._column(self._field)


class Reader:
    """Everything that was appended, to be looked at; `replay/` draws from it.

    Arrays that are handed out are read-only views of what was there when they were asked for.

    Attributes:
        path: the memory's folder.
        spec: the robot whose steps it holds.
        id: its name, never given to another memory.
    """

    def __init__(self, path: Path, write: bool) -> None:
        """Open what is there, for writing too where nobody else does and no step is missing."""
        self.path, self._write = path, write
        self._lock = threading.RLock()  # whoever has it has the store's connection
        with ExitStack() as stack:
            if write:
                stack.enter_context(lock(path))
                _tidy(path)
            self._store = Store(path, write)
            stack.callback(lambda: self._store.close())
            if write and (missing := self._store.missing()):
                raise damaged_by("memory", path, f"it lacks {missing:,} of the steps that it "
                                 "acknowledged, and nothing is added to one with gaps")  # fmt: skip
            if write:
                self._store.acknowledge()
            self._view = open_view(path / VIEW_NAME, self._store, write)
            stack.callback(lambda: self._view.close())
            self._resources = stack.pop_all()
        self.spec, self.id = self._store.schema.spec, self._store.id

    def __len__(self) -> int:
        return self._view.count

    @property
    def acknowledged(self) -> int:
        """Steps that are durable: no crash takes them away."""
        return self._store.acknowledged

    actions = _Stored("action")  # what was chosen, float32 (N, A)
    executed_actions = _Stored("executed_action")  # what was done, float32 (N, A)
    episode_of = _Stored("episode")  # episode id of each step, int64 (N,)
    time_s = _Stored("time_s")  # capture times on the robot's own clock, float64 (N,)
    goal_index = _Stored("goal_index")  # the stored goal commanded at each, int64 (N,), -1 for none
    terminated = _Stored("terminated")  # whether each step ended its episode, bool (N,)
    intervention = _Stored("intervention")  # whether a person moved the robot, bool (N,)

    def captured_s(self, sensor: str) -> Array:
        """When one sensor took each of its readings, float64 (N,), on the clock of `time_s`.

        Raises:
            WorldError: when the robot has no such sensor.
        """
        return self._column("captured_s")[:, self._sensor(sensor)]

    def present(self, sensor: str) -> Array:
        """Whether one sensor gave a reading at each step, bool (N,); where not, `frames` are 0.

        Raises:
            WorldError: when the robot has no such sensor.
        """
        return self._column("present")[:, self._sensor(sensor)]

    def room(self) -> dict[str, int]:
        """Bytes on disk of the "store", its "films" and the "view" beside them."""
        inside = {"store": f"{FILE_NAME}*", "films": f"{FOLDER_NAME}/*", "view": f"{VIEW_NAME}/*"}
        return {
            # What the disk gave: holes in a file take nothing.
            name: sum(file.stat().st_blocks * 512 for file in self.path.glob(files))
            for name, files in inside.items()
        }

    def missing(self) -> int:
        """How many acknowledged steps are gone from the disk; a writer is refused where any is.

        Quick, also at a million steps: it counts them and leaves their bytes to `step`. Steps lost
        from the very end are known from `acknowledged` beside the store, see acknowledged.py.
        """
        with self.opened():
            return self._store.missing()

    def check(self, step: Step) -> None:
        """Refuse a step that is not of this robot, or not finite.

        A sensor may be left out, for it gave nothing, but not all of them.

        Raises:
            WorldError: when the readings are not what the spec says.
            InputError: when an action is not.
        """
        seen = step.observation
        self.spec.check(seen.readings, partial=True)
        for name, time_s in {"": seen.time_s, **seen.captured_s}.items():
            owner = f"sensor '{self.spec.sensor(name).name}' of " if name else ""
            if not np.isfinite(time_s):
                raise WorldError(
                    f"{owner}{self.spec.name} gave the capture time {time_s}; "
                    "seconds on the robot's clock were expected; correct observe()."
                )
        shape = (self.spec.action_size,)
        for name, action in (("action", step.action), ("executed_action", step.executed_action)):
            if action.shape != shape or action.dtype != np.float32 or not np.isfinite(action).all():
                raise InputError(
                    f"{self.spec.name}: {name} came as {action.dtype} {action.shape}, {action}; "
                    f"finite float32 {shape} was expected; correct what chose it."
                )

    def episodes(self) -> list[Episode]:
        """All episodes in order of their steps, without the steps that are lost for good.

        Raises:
            MemoryFault: when what is known of them is damaged.
        """
        return [episode for episode in self._episodes() if episode.id > 0]

    def lost(self) -> list[Episode]:
        """The steps that are lost for good, as `repair` wrote down; `provenance` says what was.

        Nothing is drawn from them: no sensor gave anything there, and each is in an episode of its
        own whose id is below 0.
        """
        return [episode for episode in self._episodes() if episode.id < 0]

    def frames(self, sensor: str) -> Array:
        """All readings of one sensor, uint8 (N, h, w, c) or float32 (N, k).

        They are 0 where the sensor gave nothing, see `present`.

        Raises:
            WorldError: when the robot has no such sensor.
        """
        return self._view.sensors[f"sensor_{self._sensor(sensor)}"].rows[: len(self)]

    def readings(self, index: int) -> dict[str, Array]:
        """What the sensors said at one step, copied; one that gave nothing is left out."""
        there = [s.name for s in self.spec.sensors if self.present(s.name)[index]]
        return {name: self.frames(name)[index].copy() for name in there}

    def step(self, index: int) -> Step:
        """One step as it was appended, reasons included, read from the store and checked.

        Raises:
            InputError: when there is no such step.
            MemoryFault: when its bytes are damaged.
        """
        if not 0 <= index < len(self):
            raise InputError(f"Step {index} was asked of a memory of {len(self)} steps.")
        return next(self.steps(index, index + 1))[1]

    def steps(self, first: int, stop: int) -> Iterator[tuple[int, Step]]:
        """(episode id, step) for the steps first <= index < stop, as `step` reads them.

        The episode id of a step that is lost for good is below 0, and no reading is in it.

        Raises:
            MemoryFault: naming the first step whose bytes are damaged.
        """
        for index in range(first, stop):
            with self.opened():  # each by itself: what comes between may be a writer, or a refresh
                row = next(self._store.rows(index, index + 1))
            yield row["episode"], self._store.schema.step(row)

    def segments(self) -> int:
        """How many segments of old pictures could become films."""
        with self.opened():
            return len(self._store.films.due(self.acknowledged))

    def refresh(self) -> int:
        """See what a writer in another program acknowledged since; takes time for that alone.

        Where the view was made anew meanwhile it is looked for again, as `open` does. Arrays that
        were handed out before stay as they are.

        Returns:
            how many steps are new; 0 where it is open for writing, as nobody else adds any.

        Raises:
            MemoryFault: when the store is damaged, or another memory is in the folder now.
        """
        if self._write:
            return 0
        with self.opened():
            before, store = len(self), Store(self.path, write=False)
            if store.id != self.id:
                store.close()
                raise MemoryFault(f"Another memory is in {self.path} now; open it anew.")
            self._store.close()
            self._store = store
            if not self._view.follow(store):
                self._view.close()
                self._view = open_view(self.path / VIEW_NAME, store, write=False)
            return len(self) - before

    @contextmanager
    def opened(self) -> Iterator[tuple[Store, View]]:
        """The store and the view behind it; they are asked by one thread at a time.

        Raises:
            MemoryFault: when the disk does not give it, naming what to do.
        """
        with self._lock, faults(self.path):
            yield self._store, self._view

    def _episodes(self) -> list[Episode]:
        with self.opened():
            found = self._store.episodes()
            told = [e for e in found if e.length]
            ends = np.array([[e.first, e.first + e.length - 1] for e in told], int).reshape(-1, 2)
            ids = self.episode_of[np.minimum(ends, len(self) - 1)].T
            known = np.array([e.id for e in told], int)
            is_other = (ids > 0) & (ids != known)  # one that is lost says nothing
            if is_other.any() or (len(self) and not (told and told[0].first == 0)):
                other = "its steps are of other episodes than it knows"
                raise damaged_by("memory", self.path, other)
            return found

    def _column(self, field: str) -> Array:
        return self._view.index.rows[field][: len(self)]

    def _sensor(self, name: str) -> int:
        return self.spec.sensors.index(self.spec.sensor(name))


def _tidy(path: Path) -> None:
    """Delete what a writer that was killed left half made."""
    shutil.rmtree(path / f"{VIEW_NAME}.new", ignore_errors=True)
    for left in (f"{FILE_NAME}.part*", f"{VIEW_NAME}/*.part", f"{FOLDER_NAME}/*.part"):
        for part in path.glob(left):
            part.unlink()
