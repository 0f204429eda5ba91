"""A robot's memory: append every step, draw from all of them, lose nothing.

One folder a memory: `memory.sqlite` (the truth, see durable_store.py), `view/` (a cache that the
learner draws from, see view.py), `acknowledged` (see acknowledged.py), `movies/` (see films.py)
and, where people said something of it, `labels.jsonl` (see labels.py).
"""

import math
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from rumpus.atomic_file import make_folder
from rumpus.errors import InputError, MemoryFault
from rumpus.memory.database import FILE_NAME, lock
from rumpus.memory.durable_store import migrate, new_store
from rumpus.memory.episode import Episode
from rumpus.memory.fault import faults
from rumpus.memory.reader import Reader
from rumpus.memory.recover import is_left
from rumpus.memory.schema import Row
from rumpus.spec import RobotSpec
from rumpus.types import Step

COMMIT_EVERY_S = 1.0
COUNT_EVERY_STEPS = 100  # at most, before it is looked how much room is taken


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


class Memory(Reader, AbstractContextManager["Memory"]):
    """Everything one robot ever sensed and did, in one folder, for ever.

    Append from one thread at a time; drawing and asking from another meanwhile is safe. What can
    be asked of it is in reader.py; writer_thread.py appends in a thread of its own.

    Attributes:
        config: how it is kept.
    """

    def __init__(self, path: Path, write: bool, config: MemoryConfig = DEFAULT) -> None:
        """Use `Memory.create` or `Memory.open`."""
        super().__init__(path, write)
        self.config = config
        self._group_s = COMMIT_EVERY_S if config.durability == "group" else 0.0
        self._fault: Exception | None = None
        self._counted_s, self._counted_at = -math.inf, 0
        self._open_episode: int | None = None
        self._committed_s = time.monotonic()

    @classmethod
    def create(cls, path: Path, spec: RobotSpec, config: MemoryConfig = DEFAULT) -> Self:
        """Begin an empty memory in a folder, made where it is missing.

        Args:
            path: the folder.
            spec: the robot whose steps it will hold.
            config: how it is kept.

        Raises:
            MemoryFault: when a memory is there already, or the folder cannot be written.
        """
        with faults(path):
            make_folder(path)
            with lock(path):
                if cls.exists(path):
                    raise MemoryFault(f"A memory is already in {path}; open it, or name another.")
                _check_nothing_left(path)
                with new_store(path, uuid.uuid4().hex, spec):
                    pass  # empty
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
            spec: the robot that wants it, refused where another robot's steps are in it.
            config: how it is kept.

        Raises:
            MemoryFault: when there is none, another writer has it, it is damaged, its layout is
                newer than this rumpus, or its robot is another one.
        """
        with faults(path):
            if not cls.exists(path):
                _check_nothing_left(path)
                raise MemoryFault(f"There is no memory in {path}; give the folder of one.")
            migrate(path)
            memory = cls(path, write, config)
        if spec is not None and not spec.is_like(memory.spec):
            memory.close()
            raise MemoryFault(
                f"The memory {path} is of the robot {memory.spec}, but the robot here is {spec}; "
                "use that robot, or begin a new memory."
            )
        return memory

    @staticmethod
    def exists(path: Path) -> bool:
        """Whether a memory is in the folder; one whose creation was cut short is not."""
        return (path / FILE_NAME).exists()

    def begin_episode(self, provenance: str, taken_from: Episode | None = None) -> int:
        """Begin a new episode: steps with nothing missing between them.

        Args:
            provenance: where it comes from, e.g. "play door seed 0".
            taken_from: the episode of another memory that it is, with its origin and its date.

        Returns:
            its id, never given before.

        Raises:
            MemoryFault: when the disk does not take it.
        """
        with self._writing():
            self._open_episode = self._store.begin_episode(provenance, taken_from)
        return self._open_episode

    def append(self, step: Step) -> int:
        """Keep one step of the open episode; it is durable within the group, see `acknowledged`.

        Returns:
            its index in memory: 0, 1, 2 ...

        Raises:
            WorldError: when the readings are not what the spec says.
            InputError: when an action is not, no episode was begun, or the goal is no step that
                was stored before.
            MemoryFault: when the disk does not take it.
        """
        index = len(self)
        self.append_row(self.row(index, self._open_episode, step))
        if self.due_s() <= 0.0:
            self.flush()
        return index

    def row(self, index: int, episode: int | None, step: Step) -> Row:
        """One step as it will lie in the store; what its arrays hold now is kept.

        Raises:
            WorldError: when the readings are not what the spec says.
            InputError: when an action is not, no episode was begun, or the goal is no step that
                was stored before.
        """
        self.check(step)
        if episode is None:
            raise InputError("A step was appended before any episode; call begin_episode first.")
        if not -1 <= step.goal_index < max(index, 1):
            raise InputError(
                f"The goal of step {index:,} is step {step.goal_index:,}, expected one that was "
                "stored before, or -1 for none."
            )
        return self._store.schema.row(index, episode, step)

    def due_s(self) -> float:
        """How long until the steps that are not durable yet are to be made so.

        It is inf where there are none, and where the disk did not take something before.
        """
        if len(self) == self.acknowledged or self._fault is not None:
            return math.inf
        return self._committed_s + self._group_s - time.monotonic()

    def append_row(self, row: Row) -> None:
        """Keep one checked step that already is a row, without asking whether a group is due.

        Raises:
            MemoryFault: when the disk does not take it.
        """
        with self._writing():
            self._store.append(row)
            self._view.append(row)

    def flush(self) -> None:
        """Make every step so far durable, and wait for the disk to say so.

        Raises:
            MemoryFault: when the disk does not take it.
        """
        with self._writing():
            self._store.commit()
            self._check_quota()
        self._committed_s = time.monotonic()

    @contextmanager
    def as_one(self) -> Iterator[None]:
        """What is appended inside is durable as one: all of it, or none where it is broken off.

        One that is broken off leaves a memory that takes no more until it is opened anew.

        Raises:
            MemoryFault: when the disk does not take it.
        """
        self.flush()
        group_s, self._group_s = self._group_s, math.inf
        try:
            yield
            self._group_s = group_s
            self.flush()
        except BaseException:
            self._fault = self._fault or MemoryFault(
                f"What was to come into {self.path} as one was broken off; open it anew."
            )
            raise

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

    def __exit__(self, *raised: object) -> None:
        self.close()

    def film(self) -> int:
        """Turn the oldest pictures that are still pictures into a film; see films.py.

        Returns:
            bytes of pictures that left the store, 0 where there is nothing to film.

        Raises:
            MemoryFault: when a picture is damaged, the film proved wrong, PyAV is missing, or the
                disk does not take it.
        """
        self.check_writable()
        with self.opened():  # a film that fails takes nothing away: appending goes on
            return self._store.film()

    def shrink(self) -> None:
        """Give the room of pictures that left the store back to the disk.

        Rewrites the store, for which the disk needs as much room again for a while.

        Raises:
            MemoryFault: when there is no room, or another program reads just then.
        """
        self.check_writable()
        with self.opened():
            self._store.shrink()

    def _check_quota(self) -> None:
        """What is durable stays; but nothing more is taken where the quota is used up."""
        now_s = time.monotonic()
        is_recent = now_s - self._counted_s < COMMIT_EVERY_S and len(self) < self._counted_at
        if not self.config.quota_gb or is_recent:
            return
        # Not at every step: files are looked for, and the robot moves.
        self._counted_s, self._counted_at = now_s, len(self) + COUNT_EVERY_STEPS
        taken_gb = sum(self.room().values()) / 1e9
        if taken_gb > self.config.quota_gb:
            raise MemoryFault(
                f"The memory {self.path} takes {taken_gb:.3g} GB of the {self.config.quota_gb:g} "
                "GB that it may take, and drops nothing: make films of old pictures with `rumpus "
                "memory film`, or raise --quota-gb."
            )

    def check_writable(self) -> None:
        """Refuse what would write, where nothing can be written any more.

        Raises:
            MemoryFault: when it is open for reading only or closed, or the disk did not take
                something before.
        """
        if not self._write:
            raise MemoryFault(f"The memory {self.path} is open for reading only, or closed.")
        if self._fault is not None:
            raise self._fault

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """After a fault nothing more is taken: the view may be ahead of what the disk holds."""
        self.check_writable()
        try:
            with self.opened():
                yield
        except Exception as fault:
            self._fault = fault
            raise


def _check_nothing_left(path: Path) -> None:
    if is_left(path):
        raise MemoryFault(
            f"In {path} is what a memory left whose store is gone; bring it back with: rumpus "
            "memory repair, or name another folder."
        )
