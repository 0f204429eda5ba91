"""Tells a person how far play is, and how long it will still take."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rumpus.cli.counting import Clock, duration, showing
from rumpus.cli.verb import remark
from rumpus.play.progress import Progress, Until, Watch
from rumpus.replay.measured import QUIET_PHASES
from rumpus.update_schedule import UpdateSchedule


def remaining(until: Until, schedule: UpdateSchedule, clock: Clock) -> Callable[[], float | None]:
    """Guesses the seconds left, None while they cannot be known.

    What is still to be learned costs what learning cost so far: learning takes most of the time and
    comes in long sleeps, so steps played would tell little; what they cost is counted in.
    """

    def owed_steps() -> float:
        """Steps that both parts of training have still to learn from, together."""
        owed = schedule.owed(until.steps or 0)
        rates = schedule.config.updates_per_step, schedule.config.policy_updates_per_step
        return sum(updates / rate for updates, rate in zip(owed, rates, strict=True) if rate)

    begun_s, owed_at_first = clock(), owed_steps()

    def seconds() -> float | None:
        spent_s, owed = clock() - begun_s, owed_steps()
        if until.seconds is not None:
            return max(until.seconds - spent_s, 0.0)
        paid = owed_at_first - owed
        return spent_s / paid * owed if paid > 0.0 else None

    return seconds


@contextmanager
def telling(
    until: Until, schedule: UpdateSchedule, clock: Clock = time.monotonic
) -> Iterator[Watch]:
    """What to give `play` as `watch`."""
    left_s, quiet_phases = remaining(until, schedule, clock), 0
    with showing(clock) as show:

        def watch(progress: Progress) -> None:
            nonlocal quiet_phases
            if (measured := progress.measured) is not None:
                if measured.notice and quiet_phases < QUIET_PHASES:  # once, until something is new
                    remark(measured.notice)
                quiet_phases = measured.quiet_phases
            about = ", ".join(_about(progress, until, left_s()))
            doing = progress.phase
            if progress.owed:
                doing += f" {progress.done:,} of {progress.owed:,}"
            show(doing, about, progress.steps, until.steps, progress.phase == "saved")

        yield watch


def _about(progress: Progress, until: Until, left_s: float | None) -> Iterator[str]:
    steps = f"{progress.steps:,}"
    if until.steps is not None and progress.steps <= until.steps:
        steps += f" of {until.steps:,}"
    yield f"{steps} steps played"
    if progress.phase != "saved" and left_s is not None:
        yield f"about {duration(left_s)} left"
    if (measured := progress.measured) is not None:
        if measured.ahead:
            yield f"prediction {measured.prediction[measured.ahead]:.2f}"
        yield f"{measured.places:,} places"
    if progress.goal_reason:
        yield f"goal {progress.goal_reason}"
