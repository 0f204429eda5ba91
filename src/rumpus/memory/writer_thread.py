"""Steps are written by a thread of their own: a robot that moves never waits for a disk.

A step is checked at once and queued; the thread writes what is queued and makes each group of it
durable. What the disk refuses is raised at the next call. A crash takes what was queued, and
nothing that was acknowledged.
"""

import queue
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from functools import partial

from rumpus.errors import MemoryFault
from rumpus.memory.memory import Memory
from rumpus.types import Step

QUEUED_N = 10_000  # where the disk is that far behind, `append` waits for it
AT_ONCE_N = 1_000  # done, where more are queued, before a group that is due is made durable
LONGEST_WAIT_S = 60.0


class Writer(AbstractContextManager["Writer"]):
    """Appends to a memory that is open for writing, without waiting for its disk.

    As long as it is open nobody else appends to the memory; anybody may draw and read from it in
    any thread, and sees a step as soon as the thread has taken it, at the latest after `flush`.
    Reading a step from the store may wait for a group that is being made durable, or a film.
    """

    def __init__(self, memory: Memory) -> None:
        """Begin to write to a memory, which its owner closes after this.

        Raises:
            MemoryFault: when it is open for reading only.
        """
        memory.check_writable()
        self._memory = memory
        with memory.opened() as (store, _):
            self._count, self._last_episode = store.count, store.last_episode
        self._open_episode: int | None = None
        self._jobs: queue.Queue[Callable[[], object] | None] = queue.Queue(QUEUED_N)
        self._film_fault: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="memory writer", daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        """Steps in memory, those that are queued included."""
        return self._count

    def begin_episode(self, provenance: str) -> int:
        """Begin a new episode: steps with nothing missing between them.

        Args:
            provenance: where it comes from, e.g. "play door seed 0".

        Returns:
            its id, never given before.

        Raises:
            MemoryFault: when the disk did not take something before, or this is closed.
        """
        self._last_episode += 1
        self._queue(partial(self._memory.begin_episode, provenance))
        self._open_episode = self._last_episode
        return self._last_episode

    def append(self, step: Step) -> int:
        """Queue one step of the open episode; what its arrays hold now is kept.

        Returns:
            its index in memory: 0, 1, 2 ...

        Raises:
            WorldError: when the readings are not what the spec says.
            InputError: when an action is not, or no episode was begun.
            MemoryFault: when the disk did not take something before, or this is closed.
        """
        row = self._memory.row(self._count, self._open_episode, step)
        self._queue(partial(self._memory.append_row, row))
        self._count += 1
        return self._count - 1

    def flush(self) -> None:
        """Wait until every step so far is durable.

        Raises:
            MemoryFault: when the disk does not take it, or this is closed.
        """
        self._queue(self._memory.flush)
        self._jobs.join()
        self._memory.check_writable()

    def film(self) -> None:
        """Ask that the oldest pictures become a film, see `Memory.film`; steps wait meanwhile.

        Raises:
            MemoryFault: when the film that was asked for last could not be made, and why; the
                pictures stay as they are, and steps are taken as before.
        """
        fault, self._film_fault = self._film_fault, None
        if fault is not None:
            raise fault
        self._queue(self._film)

    def close(self) -> None:
        """Make everything durable and end the thread; may be called twice.

        Raises:
            MemoryFault: when the disk does not take the last steps.
        """
        if self._thread.is_alive():
            self._jobs.put(self._memory.flush)
            self._jobs.put(None)
            self._thread.join()
            self._memory.check_writable()

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _queue(self, job: Callable[[], object]) -> None:
        self._memory.check_writable()
        if not self._thread.is_alive():
            raise MemoryFault(f"The writer of the memory {self._memory.path} is closed.")
        self._jobs.put(job)

    def _film(self) -> None:
        try:
            self._memory.film()
        except Exception as fault:
            self._film_fault = fault

    def _work(self) -> None:
        """What the thread does: jobs in their order, and a group whenever one is due."""
        is_open, done_n = True, 0
        while is_open:
            wait_s = min(max(self._memory.due_s(), 0.0), LONGEST_WAIT_S)
            with suppress(queue.Empty):
                job = self._jobs.get(timeout=wait_s)
                is_open, done_n = job is not None, done_n + 1
                if job is not None:
                    self._do(job)
                self._jobs.task_done()
            if self._memory.due_s() <= 0.0 and (self._jobs.empty() or done_n >= AT_ONCE_N):
                self._do(self._memory.flush)
                done_n = 0

    def _do(self, job: Callable[[], object]) -> None:
        with suppress(Exception):  # memory keeps it, takes no more, and tells whoever calls next
            job()
