"""Tells a person how far something is: a bar on a terminal, one plain line a minute elsewhere.

Everything goes to standard error, so that standard output stays free for results. Needs neither
mind nor torch: `rumpus memory` counts too.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rumpus.cli.verb import remark
from rumpus.service.interrupt import interruptible

PLAIN_EVERY_S = 60.0
WORDS = 26  # letters, so that a bar does not jump from "exploring" to "re-encoding 2,999 of 3,000"
Clock = Callable[[], float]
Counter = Callable[[int, int], None]


# Shows what is done: in words (what, how far), and as a part of the whole, None where that is not
# known; True shows it whenever the last line was.
Show = Callable[[str, str, int, int | None, bool], None]


@contextmanager
def showing(clock: Clock, silent_s: float = 0.0, passing: bool = False) -> Iterator[Show]:
    """Where progress is shown; plain lines begin after a silence, and a passing bar leaves none."""
    from rich.console import Console, Group  # `rumpus --help` does without
    from rich.live import Live
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.table import Column
    from rich.text import Text

    console = Console(stderr=True)
    if console.is_terminal:
        doing_told = Column(no_wrap=True, min_width=WORDS)
        bar = Progress(TextColumn("{task.description}", table_column=doing_told), BarColumn())
        task = bar.add_task("waking")
        # The words stand below, where they wrap as they need to.
        with Live(bar, console=console, transient=passing) as live:

            def draw(doing: str, about: str, done: int, total: int | None, now: bool) -> None:
                bar.update(task, description=doing, completed=done, total=total)
                live.update(Group(bar, Text(about)))

            yield draw
        return
    due_s = clock() + silent_s

    def write(doing: str, about: str, done: int, total: int | None, now: bool) -> None:
        nonlocal due_s
        if now or clock() >= due_s:
            due_s = clock() + PLAIN_EVERY_S
            remark(f"{doing}: {about}")

    yield write


@contextmanager
def stoppable(doing: str, clock: Clock = time.monotonic) -> Iterator[Counter]:
    """What is told (done, in all) of equal things; where a stop was asked for, raises Interrupted.

    What is done within a minute says nothing in plain lines.
    """
    begun_s = clock()
    with interruptible() as check_stop, showing(clock, PLAIN_EVERY_S, True) as show:

        def tick(done: int, total: int) -> None:
            left_s = (clock() - begun_s) / max(done, 1) * (total - done)
            show(doing, f"{done:,} of {total:,}, about {duration(left_s)} left", done, total, False)
            check_stop()

        yield tick


@contextmanager
def looking_back() -> Iterator[Callable[[str, int, int], bool]]:
    """What to tell (phase, done, owed) while memory is encoded; see `stoppable`."""
    with stoppable("looking back") as tick:

        def look(phase: str, done: int, owed: int) -> bool:
            tick(done, owed)
            return True

        yield look


def duration(seconds: float) -> str:
    """A span of time as a person would say it: "40 s", "3 min", "2.5 h"."""
    if seconds < 90.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 5400.0 else f"{seconds / 3600.0:.1f} h"
