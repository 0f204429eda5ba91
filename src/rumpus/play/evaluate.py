"""How well a robot does what a picture shows, measured in a world apart from its play.

Each trial shows a picture, puts the world at a start and lets the actor act; the world's truth then
says how far off it ended. Beside it stand trivial baselines: never touch (in a world
that moves by itself: as at the start), the world's own fixed guesses, and a goal drawn at random
from memory instead of the one that was shown.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from rumpus.actor import Actor
from rumpus.body.safe_robot import SafeRobot
from rumpus.errors import InputError
from rumpus.play.control import Nowhere, control_step
from rumpus.play.goal_chooser import GoalChooser
from rumpus.replay.base import StoredSteps
from rumpus.result import Metric, Row, median_interval, wilson_interval
from rumpus.spec import Readings
from rumpus.types import Goal
from rumpus.worlds.base import Measure, State, Trial, World

SHOWN = 6  # trials of which the pictures are kept, evenly spread over all
HELD_STEPS = 5  # at the end of a trial
EASY_SHARE = 0.2  # of trials that succeed when nothing is done
Tick = Callable[[int, int], None]


@dataclass(frozen=True)
class Shown:
    """What one trial looked like.

    Attributes:
        start: what the sensors read at first.
        goal: the picture that was shown.
        imagined: what the robot thought it would end with, by picture sensor (h, w, c).
        end: what the sensors read at last.
    """

    start: Readings
    goal: Readings
    imagined: Readings
    end: Readings


@dataclass(frozen=True)
class Outcome:
    """How one trial went.

    Attributes:
        trial: the task.
        end: true state at the end.
        errors: the world's named errors at the end.
        course: the headline error after each step.
        shown: pictures, for a few trials of each evaluation.
    """

    trial: Trial
    end: State
    errors: dict[str, float]
    course: list[float]
    shown: Shown | None = None


@dataclass(frozen=True)
class Evaluation:
    """All that an evaluation found.

    Attributes:
        kind: of the trials.
        measure: how the world judges.
        rows: the actor's first, then the baselines.
        started: errors before anything was done, by trial.
        outcomes: the actor's, by trial.
    """

    kind: str
    measure: Measure
    rows: list[Row]
    started: list[dict[str, float]]
    outcomes: list[Outcome]


@dataclass(frozen=True)
class Subject:
    """What is measured.

    Attributes:
        actor: acts.
        memory: of its robot; it is only read.
        steps: how many steps it learned from.
        seed: of its run.
    """

    actor: Actor
    memory: StoredSteps
    steps: int
    seed: int


def evaluate(
    world: World, subject: Subject, kind: str, goals: int, seed: int, tick: Tick
) -> Evaluation:
    """Show `goals` pictures of one kind to a robot and measure what it makes of them.

    Args:
        world: used for nothing else.
        subject: what is measured.
        kind: of the trials, "" for the world's standard kind.
        goals: how many pictures, at least 1.
        seed: of the trials.
        tick: told (trials done, trials in all).

    Raises:
        InputError: when there is no such kind, or no goal to show.
    """
    if goals < 1:
        raise InputError(f"{goals} goals were asked for, expected 1 or more.")
    actor, memory = subject.actor, subject.memory
    kind = kind or world.trial_kinds[0]
    trials = world.trials(goals, seed, kind)
    rng = np.random.default_rng(seed)
    shown = np.linspace(0, goals - 1, min(SHOWN, goals)).astype(int)
    clock_s = [time.monotonic()]
    started = [_at_start(world, trial) for trial in trials]
    clock_s.append(time.monotonic())
    outcomes = []
    for number, trial in enumerate(trials):
        tick(number, 2 * goals)
        outcomes.append(attempt(world, actor, trial, None, rng, number in shown))
    clock_s.append(time.monotonic())
    elsewhere = []
    for number, trial in enumerate(trials, goals):
        tick(number, 2 * goals)
        random_goal = memory.readings(int(rng.integers(len(memory))))
        elsewhere.append(attempt(world, actor, trial, random_goal, rng, False))
    tick(2 * goals, 2 * goals)
    clock_s.append(time.monotonic())
    rows = _rows(
        world, subject, kind, trials, started, outcomes, elsewhere, np.diff(clock_s).tolist()
    )
    return Evaluation(kind, world.measure, rows, started, outcomes)


def _rows(
    world: World, subject: Subject, kind: str, trials: Sequence[Trial],
    started: list[dict[str, float]], outcomes: list[Outcome], elsewhere: list[Outcome],
    wall_s: Sequence[float],
) -> list[Row]:  # fmt: skip
    """The actor's row and the baselines'; times are of start, actor and random goals."""

    def row(
        variant: str, errors: list[dict[str, float]], steps: int, wall_s: float,
        courses: Sequence[list[float]] = (),
    ) -> Row:  # fmt: skip
        figures = summary(errors, world.measure) | over_time(courses, world.measure.tolerance)
        return Row(
            f"{variant}, {kind}", subject.seed, len(trials), steps, round(wall_s, 2), figures
        )

    untouched = "never touch" if world.keeps_still else "as at the start"
    return [
        row("agent", [o.errors for o in outcomes], subject.steps, wall_s[1],
            [o.course for o in outcomes]),
        row(untouched, started, 0, wall_s[0]),
        *(row(name, [world.errors(state, trial.goal) for trial in trials], 0, 0.0)
          for name, state in world.measure.fixed.items()),
        row("random goal", [o.errors for o in elsewhere], subject.steps, wall_s[2],
            [o.course for o in elsewhere]),
    ]  # fmt: skip


def attempt(
    world: World, actor: Actor, trial: Trial, instead: Readings | None, rng: np.random.Generator,
    show: bool,
) -> Outcome:  # fmt: skip
    """Let the actor act for one trial; nothing of it is remembered.

    Args:
        world: where.
        actor: acts.
        trial: the task.
        instead: readings to go for instead of the trial's own picture.
        rng: for planners.
        show: whether to keep the pictures.
    """
    pictured = world.stage(trial).readings
    start = world.observe().readings
    goal = Goal(pictured if instead is None else instead, "evaluation", "a trial's picture")
    chooser, robot, nowhere = GoalChooser(actor, goal, rng), SafeRobot(world), Nowhere()
    course = []
    for _ in range(world.measure.steps):
        if any(world.ended):
            break
        control_step(robot, chooser, nowhere)
        course.append(world.errors(world.state(), trial.goal)[world.measure.name])
    course += course[-1:] * (world.measure.steps - len(course))  # ended, it stays as it ended
    end = world.state()
    shown = None
    if show:
        believed = actor.imagine_policy(
            actor.encode(start), chooser.latent, world.measure.steps, rng
        )
        imagined = {name: pictures[0] for name, pictures in actor.decode(believed[-1:]).items()}
        shown = Shown(start, pictured, imagined, world.observe().readings)
    return Outcome(trial, dict(end), world.errors(end, trial.goal), course, shown)


def summary(errors: Sequence[dict[str, float]], measure: Measure) -> dict[str, Metric]:
    """The figures of one row: medians, and the success rate with its interval."""
    headline = [error[measure.name] for error in errors]
    successes = sum(error <= measure.tolerance for error in headline)
    metrics: dict[str, Metric] = {
        f"median_{measure.name}": _median(headline),
        "median_interval": median_interval(headline),
        "success_rate": round(successes / len(headline), 4),
        "success_interval": wilson_interval(successes, len(headline)),
    }
    others = [name for name in errors[0] if name != measure.name]
    return metrics | {f"median_{name}": _median([e[name] for e in errors]) for name in others}


def over_time(courses: Sequence[list[float]], tolerance: float) -> dict[str, Metric]:
    """How often a goal was held for the last steps, and how often it was reached at any step.

    Held tells apart who arrives from who passes by; reached ever, who cannot stop from who is lost.
    """
    held = [bool(c) and max(c[-HELD_STEPS:]) <= tolerance for c in courses]
    ever = [bool(c) and min(c) <= tolerance for c in courses]
    rates = {"held_rate": held, "reached_ever_rate": ever}
    return {name: round(sum(found) / len(found), 4) for name, found in rates.items() if found}


def too_easy(evaluation: Evaluation) -> str:
    """What a person should know before believing a success rate, or ""."""
    measure, untouched = evaluation.measure, evaluation.started
    share = sum(e[measure.name] <= measure.tolerance for e in untouched) / len(untouched)
    if share <= EASY_SHARE:
        return ""
    return (
        f"Doing nothing succeeds in {share:.0%} of these trials: they begin too near their goals, "
        "so read every rate beside that one."
    )


def _median(values: Sequence[float]) -> float:
    return round(float(np.median(values)), 5)


def _at_start(world: World, trial: Trial) -> dict[str, float]:
    """The errors at the start, which are those of never touching where a world keeps still."""
    world.stage(trial)
    return world.errors(world.state(), trial.goal)


def sentence(row: Row, measure: Measure) -> str:
    """A row in words: its median, its success rate and how sure both are."""
    metrics = msgspec.to_builtins(row.metrics)
    low, high = metrics["median_interval"]
    least, most = metrics["success_interval"]
    return (
        f"{row.variant}: median {measure.name} {metrics[f'median_{measure.name}']:.4f} "
        f"({low:.4f} to {high:.4f}), {metrics['success_rate']:.0%} within {measure.tolerance:.3g} "
        f"({least:.0%} to {most:.0%}), n = {row.n}"
    )
