"""Tells a person how far a count of equal things is: a bar on a terminal, plain lines elsewhere.

Apart from progress.py, because it needs neither mind nor torch: `rumpus memory` counts too.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress as Bar

from rumpus.cli.interrupt import interruptible

PLAIN_EVERY_S = 60.0
Clock = Callable[[], float]
Counter = Callable[[int, int], None]


@contextmanager
def counting(doing: str, clock: Clock = time.monotonic) -> Iterator[Counter]:
    """What is told (done, in all) of equal things: a bar on a terminal, plain lines elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain_count(doing, clock)
        return
    with Bar(console=console, transient=True) as bar:
        task = bar.add_task(doing)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def stoppable(doing: str) -> Iterator[Counter]:
    """The same, and where a stop was asked for, the next count raises Interrupted."""
    with interruptible() as interrupt, counting(doing) as count:

        def tick(done: int, total: int) -> None:
            count(done, total)
            interrupt.check()

        yield tick


def duration(seconds: float) -> str:
    """A span of time as a person would say it: "40 s", "3 min", "2.5 h"."""
    if seconds < 90.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 5400.0 else f"{seconds / 3600.0:.1f} h"


def _plain_count(doing: str, clock: Clock) -> Counter:
    """One line a minute; what is done within the first says nothing."""
    begun_s = told_s = clock()

    def count(done: int, total: int) -> None:
        nonlocal told_s
        now_s = clock()
        if done and now_s - told_s >= PLAIN_EVERY_S:
            told_s = now_s
            left = duration((now_s - begun_s) / done * (total - done))
            print(f"{doing}: {done:,} of {total:,}, about {left} left", file=sys.stderr, flush=True)

    return count
