"""Ctrl-C in good order: what is under way is finished, then the play ends and is saved."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 128  # exit codes are this and the signal's number, as shells have it
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """A person or the system asked to stop.

    Attributes:
        signal: which signal said so.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = number


class Interrupt:
    """Notes that a stop was asked for, until somebody has time to hear of it."""

    def __init__(self) -> None:
        self.asked = 0

    def note(self, number: int, frame: FrameType | None) -> None:
        """The signal handler: notes the first time, insists the second."""
        if self.asked:
            raise Interrupted(number)
        self.asked = number

    def check(self) -> None:
        """Stop here if a stop was asked for.

        Raises:
            Interrupted: when it was.
        """
        if self.asked:
            raise Interrupted(self.asked)


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """While this lasts, Ctrl-C and a kind kill are noted and heard at `check`."""
    interrupt = Interrupt()
    before = {number: signal.signal(number, interrupt.note) for number in SIGNALS}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
