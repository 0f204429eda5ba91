"""A robot's memory: append what was lived, draw from all of it, lose nothing.

One folder a memory: `memory.sqlite` (the truth, see store.py), `view/` (a cache of it that the
learner draws from, see view.py), `acknowledged` (see witness.py) and `lock`.
"""

import math
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import numpy as np

from rumpus.errors import InputError, MemoryFault, WorldError
from rumpus.memory import movie, sampler, store
from rumpus.memory.episode import Episode
from rumpus.memory.fault import faults
from rumpus.memory.verify import Tick, Verified, verify
from rumpus.memory.view import VIEW_NAME, View, open_view, read_view
from rumpus.spec import RobotSpec
from rumpus.types import Array, Batch, Step

COMMIT_EVERY_S = 1.0


@dataclass(frozen=True)
class MemoryConfig:
    """How a memory is kept while it is open for writing.

    Attributes:
        durability: when a step is acknowledged: with its "group", every second, or every "step".
        quota_gb: how much room it may take in all; 0 for as much as there is. Nothing is ever
            dropped: where it is full it says so and takes no more.
    """

    durability: Literal["group", "step"] = "group"
    quota_gb: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.quota_gb < math.inf:
            raise InputError(
                f"The memory may take {self.quota_gb} GB, expected more than 0, or 0 for no limit."
            )


DEFAULT = MemoryConfig()


class Memory:
    """Everything one robot ever sensed and did, in one folder, for ever.

    Append from one thread at a time; drawing from another thread meanwhile is safe. Arrays that
    are handed out are read-only views of what was there when they were asked for.

    Attributes:
        path: its folder.
        spec: the robot whose life it holds.
        config: how it is kept.
    """

    def __init__(self, path: Path, write: bool, config: MemoryConfig = DEFAULT) -> None:
        """Use `Memory.create` or `Memory.open`."""
        self.path = path
        self._write = write
        self.config = config
        self._group_s = COMMIT_EVERY_S if config.durability == "group" else 0.0
        self._fault: MemoryFault | None = None
        self._open_episode: int | None = None
        with ExitStack() as stack:
            if write:
                stack.enter_context(store.lock(path))
            self._store = store.Store(path, write)
            stack.callback(self._store.close)
            self._view = self._open_view(stack)
            stack.callback(self._view.close)
            self._resources = stack.pop_all()
        self.spec = self._store.spec
        self._committed_s = time.monotonic()

    @classmethod
    def create(cls, path: Path, spec: RobotSpec, config: MemoryConfig = DEFAULT) -> Self:
        """Begin an empty memory in a folder, made where it is missing.

        Args:
            path: the folder.
            spec: the robot whose life it will hold.
            config: how it is kept.

        Raises:
            MemoryFault: when a memory is there already, or the folder cannot be written.
        """
        with faults(path):
            path.mkdir(parents=True, exist_ok=True)
            with store.lock(path):
                if cls.exists(path):
                    raise MemoryFault(f"A memory is already in {path}; open it, or name another.")
                store.create(path, spec)
            return cls(path, write=True, config=config)

    @classmethod
    def open(
        cls, path: Path, write: bool = True, spec: RobotSpec | None = None,
        config: MemoryConfig = DEFAULT,
    ) -> Self:  # fmt: skip
        """Go on with a memory: every acknowledged step is there, also after kill -9.

        Args:
            path: its folder.
            write: False looks at what is there now, also while another program writes.
            spec: the robot that wants it, refused where another robot's life is in it.
            config: how it is kept.

        Raises:
            MemoryFault: when there is none, another writer has it, it is damaged, its layout is
                newer than this rumpus, or its robot is another one.
        """
        with faults(path):
            if not cls.exists(path):
                raise MemoryFault(f"There is no memory in {path}; give the folder of one.")
            store.migrate(path)
            memory = cls(path, write, config)
        if spec is not None and spec != memory.spec:
            memory.close()
            raise MemoryFault(
                f"The memory {path} is of the robot {memory.spec}, but the robot here is {spec}; "
                "use that robot, or begin a new memory."
            )
        return memory

    @staticmethod
    def exists(path: Path) -> bool:
        """Whether a memory is in the folder; one whose creation was cut short is not."""
        return (path / store.FILE_NAME).exists()

    def begin_episode(self, provenance: str, lived: Episode | None = None) -> int:
        """Begin a new unbroken stretch of life.

        Args:
            provenance: where it comes from, e.g. "play door seed 0".
            lived: the episode of another memory that is taken over, with its origin and its date.

        Returns:
            its id, never given before.

        Raises:
            MemoryFault: when the disk does not take it.
        """
        with self._writing():
            self._open_episode = self._store.begin_episode(provenance, lived)
        return self._open_episode

    def append(self, step: Step) -> int:
        """Keep one step of the open episode; it is durable within the group, see `acknowledged`.

        Returns:
            its index in memory: 0, 1, 2 ...

        Raises:
            WorldError: when the readings are not what the spec says.
            InputError: when an action is not, or no episode was begun.
            MemoryFault: when the disk does not take it.
        """
        self.check(step)
        if self._open_episode is None:
            raise InputError("A step was appended before any episode; call begin_episode first.")
        with self._writing():
            index: int = self._view.count
            if index == self._view.capacity:
                self._store.commit()  # the view's mark never runs ahead of the store
                self._view.mark()
                self._view.grow()
            self._store.append(self._open_episode, step)
            self._view.append(self._open_episode, step)
        if time.monotonic() - self._committed_s >= self._group_s:
            self.flush()
        return index

    def check(self, step: Step) -> None:
        """Refuse a step that is not of this robot, or not finite.

        Raises:
            WorldError: when the readings are not what the spec says.
            InputError: when an action is not.
        """
        self.spec.check(step.observation.sensors)
        if not np.isfinite(step.observation.time_s):
            raise WorldError(
                f"{self.spec.name} gave the capture time {step.observation.time_s}; "
                "seconds on its clock were expected; mend observe()."
            )
        for name, time_s in step.observation.captured_s.items():
            if not np.isfinite(time_s):
                raise WorldError(
                    f"{self.spec.name}: {self.spec.sensor(name).name} gave the capture time "
                    f"{time_s}; seconds on the robot's clock were expected; mend observe()."
                )
        shape = (self.spec.action_size,)
        for name, action in (("action", step.action), ("executed_action", step.executed_action)):
            if action.shape != shape or action.dtype != np.float32 or not np.isfinite(action).all():
                raise InputError(
                    f"{self.spec.name}: {name} came as {action.dtype} {action.shape}, {action}; "
                    f"finite float32 {shape} was expected; mend what chose it."
                )

    def flush(self) -> None:
        """Make every step so far durable, and wait for the disk to say so.

        Raises:
            MemoryFault: when the disk does not take it.
        """
        with self._writing():
            self._store.commit()
            self._check_quota()
        self._committed_s = time.monotonic()

    def close(self) -> None:
        """Make everything durable and let go of the folder; may be called twice.

        Raises:
            MemoryFault: when the disk does not take the last steps.
        """
        with self._resources:
            if self._write and self._fault is None:
                with self._writing():
                    self._store.commit()
                    self._view.mark()
            self._write = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return self._view.count

    @property
    def acknowledged(self) -> int:
        """Steps that are durable: no crash takes them away."""
        return self._store.acknowledged

    @property
    def actions(self) -> Array:
        """The wishes, float32 (N, A)."""
        return self._column("action")

    @property
    def executed_actions(self) -> Array:
        """The deeds, float32 (N, A)."""
        return self._column("executed_action")

    @property
    def episode_of(self) -> Array:
        """Episode id of each step, int64 (N,)."""
        return self._column("episode")

    @property
    def time_s(self) -> Array:
        """Capture times on the robot's own clock, float64 (N,)."""
        return self._column("time_s")

    @property
    def goal_index(self) -> Array:
        """The remembered goal commanded at each step, int64 (N,), -1 for none."""
        return self._column("goal_index")

    @property
    def terminated(self) -> Array:
        """Whether each step ended its episode, bool (N,)."""
        return self._column("terminated")

    @property
    def intervention(self) -> Array:
        """Whether a person moved the robot, bool (N,)."""
        return self._column("intervention")

    def captured_s(self, sensor: str) -> Array:
        """When one sensor took each of its readings, float64 (N,), on the clock of `time_s`.

        Raises:
            WorldError: when the robot has no such sensor.
        """
        return self._column("captured_s")[:, self.spec.sensors.index(self.spec.sensor(sensor))]

    @property
    def id(self) -> str:
        """Its name, never given to another memory."""
        return self._store.id

    def room(self) -> dict[str, int]:
        """Bytes on disk of the "store", its "films" and the "view" beside them."""
        inside = {"films": movie.FOLDER_NAME, "view": VIEW_NAME}
        store_files = self.path.glob(f"{store.FILE_NAME}*")
        return {
            "store": sum(file.stat().st_size for file in store_files),
            **{name: _bytes_in(self.path / folder) for name, folder in inside.items()},
        }

    def missing(self) -> int:
        """How many acknowledged steps are gone from the disk; a writer is refused where any is.

        Quick, also at a million steps: it counts them and leaves their bytes to `step`. Steps lost
        from the very end are known from `acknowledged` beside the store, see witness.py.
        """
        with faults(self.path):
            return self._store.missing()

    def verify(self, tick: Tick) -> Verified:
        """Look at every byte of it; see verify.py.

        Args:
            tick: told (steps looked at, steps in all) now and then.
        """
        with faults(self.path):
            return verify(self._store, self._view, tick)

    def episodes(self) -> list[Episode]:
        """All episodes in order of time."""
        with faults(self.path):
            return self._store.episodes()

    def frames(self, sensor: str) -> Array:
        """All readings of one sensor, uint8 (N, h, w, c) or float32 (N, k).

        Raises:
            WorldError: when the robot has no such sensor.
        """
        return self._view.sensors[self.spec.sensor(sensor).name].rows[: len(self)]

    def readings(self, index: int) -> dict[str, Array]:
        """What every sensor said at one step, copied out of memory."""
        return {sensor.name: self.frames(sensor.name)[index].copy() for sensor in self.spec.sensors}

    def step(self, index: int) -> Step:
        """One step as it was appended, reasons included, read from the store and checked.

        Raises:
            InputError: when there is no such step.
            MemoryFault: when its bytes are damaged.
        """
        if not 0 <= index < len(self):
            raise InputError(f"Step {index} was asked of a memory of {len(self)} steps.")
        with faults(self.path):
            return next(step for _, step in self._store.steps(index, index + 1))

    def steps(self, first: int, stop: int) -> Iterator[tuple[int, Step]]:
        """(episode id, step) for the steps first <= index < stop, as `step` reads them.

        Raises:
            MemoryFault: naming the first step whose bytes are damaged.
        """
        with faults(self.path):
            yield from self._store.steps(first, stop)

    def reels(self) -> int:
        """How many stretches of old pictures could become films."""
        with faults(self.path):
            return len(self._store.reels())

    def film(self) -> int:
        """Turn the oldest pictures that are still pictures into a film; see movie.py.

        Returns:
            bytes of pictures that left the store, 0 where there is nothing to film.

        Raises:
            MemoryFault: when a picture is damaged, the film proved wrong, PyAV is missing, or the
                disk does not take it.
        """
        self._check_writable()
        with faults(self.path):  # a film that fails takes nothing away: life goes on
            return self._store.film()

    def sample(
        self, rng: np.random.Generator, batch: int, length: int, preferred: Array | None = None
    ) -> Batch:
        """Draw windows of past life, uniformly over everything ever lived.

        Args:
            rng: where chance comes from.
            batch: B, windows.
            length: T, steps in each, of one episode.
            preferred: int64 (P,), steps at which windows begin first of all, where they fit.

        Raises:
            InputError: when no episode is that long yet.
        """
        index = sampler.draw(rng, self.episode_of, batch, length, preferred)
        sensors = {name: column.rows[index] for name, column in self._view.sensors.items()}
        return Batch(sensors, self.executed_actions[index], index)

    def shrink(self) -> None:
        """Give the room of pictures that left the store back to the disk.

        Rewrites the store, for which the disk needs as much room again for a while.

        Raises:
            MemoryFault: when there is no room, or another program reads at the moment.
        """
        self._check_writable()
        with faults(self.path):
            self._store.shrink()

    def _open_view(self, stack: ExitStack) -> View:
        folder = self.path / VIEW_NAME
        if self._write:
            return open_view(folder, self._store)
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="rumpus-"))
        return read_view(folder, Path(scratch), self._store)

    def _column(self, field: str) -> Array:
        return self._view.index.rows[field][: len(self)]

    def _check_quota(self) -> None:
        """What is durable stays; but nothing more is taken where the quota is used up."""
        if not self.config.quota_gb:
            return
        taken_gb = sum(self.room().values()) / 1e9
        if taken_gb > self.config.quota_gb:
            raise MemoryFault(
                f"The memory {self.path} takes {taken_gb:.3g} GB of the {self.config.quota_gb:g} "
                "GB that it may take, and drops nothing: make films of old pictures with `rumpus "
                "memory film`, or raise --quota-gb."
            )

    def _check_writable(self) -> None:
        if not self._write:
            raise MemoryFault(f"The memory {self.path} is open for reading only, or closed.")
        if self._fault is not None:
            raise self._fault

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """After a fault nothing more is taken: the view may be ahead of what the disk holds."""
        self._check_writable()
        try:
            with faults(self.path):
                yield
        except MemoryFault as fault:
            self._fault = fault
            raise


def _bytes_in(folder: Path) -> int:
    """What the files of a folder take on the disk; holes in them take nothing."""
    return sum(file.stat().st_blocks * 512 for file in folder.glob("*"))
