"""Ctrl-C in good order: what is under way is finished, then the play ends and is saved."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

INTERRUPTED = 128  # exit codes are this and the signal's number, as shells have it


class Interrupted(KeyboardInterrupt):
    """A person or the system asked to stop.

    Attributes:
        signal: which signal said so.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = number


@contextmanager
def interruptible() -> Iterator[Callable[[], None]]:
    """While this lasts, Ctrl-C and a kind kill are noted, and heard where the caller can.

    Yields:
        a function that raises Interrupted where a stop was asked for. Who asks twice insists, and
        is heard at once.
    """
    asked: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if asked:
            raise Interrupted(number)
        asked.append(number)

    def check() -> None:
        if asked:
            raise Interrupted(asked[0])

    with handled_by(note):
        yield check


@contextmanager
def handled_by(handler: Any) -> Iterator[None]:
    """While this lasts, Ctrl-C and a kind kill go to this handler; a child inherits SIG_IGN."""
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
