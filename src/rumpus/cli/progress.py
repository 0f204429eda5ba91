"""Tells a person how far it is: a bar on a terminal, one plain line a minute elsewhere.

Everything goes to standard error, so that standard output stays free for results.
"""

import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from rumpus.cli.counting import PLAIN_EVERY_S, Clock, duration
from rumpus.play.progress import Progress, Until, Watch
from rumpus.play.train import MODEL, POLICY, Trainer

RECENT = 0.99  # how much of a phase's mean cost stays at each new measurement
TRAINING = (MODEL, POLICY)


class Remaining:
    """Guesses the time left from what each kind of step has cost lately.

    Learning takes most of the time and comes in long sleeps, so steps played alone would tell
    little: what is still to be played and what is still to be learned are counted apart.
    """

    def __init__(self, until: Until, trainer: Trainer, clock: Clock = time.monotonic) -> None:
        self.until, self.trainer, self.clock = until, trainer, clock
        self.begun_s = self.last_s = clock()
        self.last = Progress(0, "")
        self.cost_s: dict[str, float] = {}

    def note(self, progress: Progress) -> None:
        """Take the time since the last note as the cost of what was under way."""
        now_s = self.clock()
        kind, now_kind = _kind(self.last), _kind(progress)
        if kind and (kind != "playing" or now_kind == "playing"):
            spent_s = now_s - self.last_s
            mean_s = self.cost_s.get(kind, spent_s)
            self.cost_s[kind] = RECENT * mean_s + (1 - RECENT) * spent_s
        self.last, self.last_s = progress, now_s

    def seconds(self) -> float | None:
        """The time left; None while it cannot be known."""
        if self.until.seconds is not None:
            return max(self.until.seconds - (self.clock() - self.begun_s), 0.0)
        if self.until.steps is None:
            return None
        updates, policy_updates = self.trainer.owed(self.until.steps)
        left = {
            "playing": self.until.steps - self.last.steps,
            MODEL: updates,
            POLICY: policy_updates,
        }
        if any(count > 0 and kind not in self.cost_s for kind, count in left.items()):
            return None
        return sum(count * self.cost_s[kind] for kind, count in left.items() if count > 0)


@contextmanager
def telling(until: Until, trainer: Trainer, clock: Clock = time.monotonic) -> Iterator[Watch]:
    """What to give `play` as `watch`: a bar where a person looks on, plain lines elsewhere."""
    console = Console(stderr=True)
    remaining = Remaining(until, trainer, clock)
    if not console.is_terminal:
        yield _plain(remaining)
        return
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[about]}")
    with Bar(*columns, console=console) as bar:
        task = bar.add_task("waking", total=until.steps, about="")

        def watch(progress: Progress) -> None:
            remaining.note(progress)
            bar.update(task, completed=progress.steps, description=_doing(progress),
                       about=_about(progress, remaining))  # fmt: skip

        yield watch


def _plain(remaining: Remaining) -> Watch:
    """The first line, the last one, and one a minute."""
    told_s = -math.inf

    def watch(progress: Progress) -> None:
        nonlocal told_s
        remaining.note(progress)
        if progress.phase == "saved" or remaining.clock() - told_s >= PLAIN_EVERY_S:
            told_s = remaining.clock()
            print(f"{_doing(progress)}: {_about(progress, remaining)}", file=sys.stderr, flush=True)

    return watch


def _kind(progress: Progress) -> str:
    if progress.phase in TRAINING:
        return progress.phase
    return "playing" if progress.phase in ("exploring", "reaching") else ""


def _doing(progress: Progress) -> str:
    if progress.owed:
        return f"{progress.phase} {progress.done:,} of {progress.owed:,}"
    return progress.phase


def _about(progress: Progress, remaining: Remaining) -> str:
    steps = f"{progress.steps:,}"
    if remaining.until.steps is not None:
        steps += f" of {remaining.until.steps:,}"
    parts = [f"{steps} steps played"]
    if progress.phase != "saved" and (left_s := remaining.seconds()) is not None:
        parts.append(f"about {duration(left_s)} left")
    if progress.goal_reason:
        parts.append(f"goal {progress.goal_reason}")
    return ", ".join(parts)
