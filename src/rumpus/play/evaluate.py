"""How well a robot does what a picture shows, measured in a world apart from its play.

Each trial shows a picture, puts the world at a start and lets the actor act; the world's truth then
says how far off it ended. Beside it stand trivial baselines: never touch (in a world
that moves by itself: as at the start), the world's own fixed guesses, and a goal drawn at random
from memory instead of the one that was shown.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from rumpus.actor import Actor
from rumpus.body.safe_robot import SafeRobot
from rumpus.errors import InputError, WorldError
from rumpus.play.control import Chooser, Nowhere, control_step
from rumpus.play.goal_chooser import GoalChooser
from rumpus.play.progress import check_asked
from rumpus.replay.base import StoredSteps
from rumpus.result import Metric, Row, median_interval, wilson_interval
from rumpus.spec import Readings
from rumpus.types import Goal
from rumpus.worlds.base import Measure, State, Trial, World, unrepeatable

SHOWN = 6  # trials of which the pictures are kept, evenly spread over all
HELD_STEPS = 5  # at the end of a trial
EASY_SHARE = 0.2  # of trials that succeed when nothing is done
MOST_DRAWN = 32  # times as many trials are drawn as were asked for, to find some far enough apart
Tick = Callable[[int, int], None]


@dataclass(frozen=True)
class TrialConfig:
    """What is asked of an evaluation; None is the world's own.

    Attributes:
        goals: how many pictures are shown.
        kind: of the trials, "" for the world's standard kind.
        seed: of the trials.
        steps: how long one may take.
        tolerance: how near a success is, by the headline error.
        farther_than: no trial begins nearer to its goal than this, by the headline error.
        force: measure although the world does not repeat its trials.
    """

    goals: int = 100
    kind: str = ""
    seed: int = 1000
    steps: int | None = None
    tolerance: float | None = None
    farther_than: float = 0.0
    force: bool = False

    def __post_init__(self) -> None:
        for name, value in (("goals", self.goals), ("steps", self.steps)):
            if value is not None:
                check_asked(value, name)
        for name, amount in (("tolerance", self.tolerance), ("distance", self.farther_than)):
            if amount is not None and not 0.0 <= amount < math.inf:
                raise InputError(f"A {name} of {amount:g} was asked for, expected 0 or more.")


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
        doubted_rate: the share of its actions whose outcome the actor did not trust.
        shown: pictures, for a few trials of each evaluation.
    """

    trial: Trial
    end: State
    errors: dict[str, float]
    course: list[float]
    doubted_rate: float
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


def evaluate(world: World, subject: Subject, asked: TrialConfig, tick: Tick) -> Evaluation:
    """Show pictures of one kind to a robot and measure what it makes of them.

    Args:
        world: used for nothing else.
        subject: what is measured.
        asked: which trials.
        tick: told (trials done, trials in all).

    Raises:
        InputError: when there is no such kind, no trial begins far enough from its goal, or the
            world has no such measure.
        WorldError: when it does not repeat its trials, unless that is forced.
    """
    actor, memory, goals = subject.actor, subject.memory, asked.goals
    measure = measure_for(world, asked)
    trials = draw_trials(world, asked)
    if not asked.force and (why := unrepeatable(world, trials)):
        raise WorldError(f"{world.spec.name}: {why}, so no figure of it would mean anything; mend "
                         "that, or measure all the same with --force.")  # fmt: skip
    rng = np.random.default_rng(asked.seed)
    shown = np.linspace(0, goals - 1, min(SHOWN, goals)).astype(int)
    clock_s = [time.monotonic()]
    started = []
    for trial in trials:
        tick(0, 2 * goals)
        started.append(_at_start(world, trial))
    clock_s.append(time.monotonic())
    outcomes = []
    for number, trial in enumerate(trials):
        tick(number, 2 * goals)
        outcomes.append(attempt(world, actor, trial, None, measure, rng, number in shown))
    clock_s.append(time.monotonic())
    elsewhere, there = [], np.flatnonzero(memory.episode_of >= 0)  # no step that is lost
    for number, trial in enumerate(trials, goals):
        tick(number, 2 * goals)
        random_goal = memory.readings(int(rng.choice(there)))
        elsewhere.append(attempt(world, actor, trial, random_goal, measure, rng, False))
    tick(2 * goals, 2 * goals)
    clock_s.append(time.monotonic())
    found = Evaluation(_named(world, asked), measure, [], started, outcomes)
    rows = _rows(world, subject, found, trials, elsewhere, np.diff(clock_s).tolist())
    return replace(found, rows=rows)


def measure_for(world: World, asked: TrialConfig) -> Measure:
    """How the world judges, or as it was asked to.

    Raises:
        InputError: when the world judges by itself, or ends a trial before.
    """
    measure, longest = world.measure, world.longest_trial
    if asked.tolerance is not None:
        if measure.by_itself:
            raise InputError(f"{world.spec.name} judges by its own criterion; a tolerance of "
                             f"{asked.tolerance:g} says nothing to it, leave it out.")  # fmt: skip
        measure = replace(measure, tolerance=asked.tolerance)
    if asked.steps is not None:
        if longest is not None and asked.steps > longest:
            raise InputError(f"Trials of {asked.steps} steps were asked for, and {world.spec.name} "
                             f"ends them after {longest}; expected no more.")  # fmt: skip
        measure = replace(measure, steps=asked.steps)
    return measure


def draw_trials(world: World, asked: TrialConfig) -> list[Trial]:
    """As many as were asked for, evenly taken from those that begin far enough from their goals.

    Raises:
        InputError: when the world has no such kind, or too few begin that far away.
    """
    if (kind := asked.kind or world.trial_kinds[0]) not in world.trial_kinds:
        raise InputError(f"The world {world.spec.name} has no trials of kind '{kind}'; choose one "
                         f"of: {', '.join(world.trial_kinds)}.")  # fmt: skip
    if not asked.farther_than:
        return world.trials(asked.goals, asked.seed, kind)
    drawn, far = asked.goals, list[Trial]()
    while len(far) < asked.goals and drawn <= MOST_DRAWN * asked.goals:
        far = [trial for trial in world.trials(drawn, asked.seed, kind)
               if _apart(world, trial) >= asked.farther_than]  # fmt: skip
        drawn *= 2
    if len(far) < asked.goals:
        raise InputError(
            f"Of {drawn // 2:,} trials of {world.spec.name} only {len(far)} begin "
            f"{asked.farther_than:g} or more from their goal, by {world.measure.name}; ask for "
            "less, or for fewer goals."
        )
    return [far[k] for k in np.linspace(0, len(far) - 1, asked.goals).astype(int)]


def _apart(world: World, trial: Trial) -> float:
    return world.errors(trial.start, trial.goal)[world.measure.name]


def _named(world: World, asked: TrialConfig) -> str:
    """The kind of the trials, with what makes them others than the world's own."""
    told = [f"{word} {value:g}" for word, value in (
        ("steps", asked.steps), ("tolerance", asked.tolerance),
        ("farther than", asked.farther_than or None),
    ) if value is not None]  # fmt: skip
    return ", ".join([asked.kind or world.trial_kinds[0], *told])


def _rows(
    world: World, subject: Subject, found: Evaluation, trials: Sequence[Trial],
    elsewhere: list[Outcome], wall_s: Sequence[float],
) -> list[Row]:  # fmt: skip
    """The actor's row and the baselines'; times are of start, actor and random goals."""
    measure, started, outcomes = found.measure, found.started, found.outcomes

    def row(
        variant: str, errors: list[dict[str, float]], steps: int, wall_s: float,
        went: Sequence[Outcome] = (),
    ) -> Row:  # fmt: skip
        figures = summary(errors, measure) | over_time([o.course for o in went], measure.tolerance)
        if went:
            doubted = float(np.mean([o.doubted_rate for o in went]))
            figures["doubted_rate"] = round(doubted, 4)
        named = f"{variant}, {found.kind}"
        return Row(named, subject.seed, len(trials), steps, round(wall_s, 2), figures)

    untouched = "never touch" if world.keeps_still else "as at the start"
    return [
        row("agent", [o.errors for o in outcomes], subject.steps, wall_s[1], outcomes),
        row(untouched, started, 0, wall_s[0]),
        *(row(name, [world.errors(state, trial.goal) for trial in trials], 0, 0.0)
          for name, state in measure.fixed.items()),
        row("random goal", [o.errors for o in elsewhere], subject.steps, wall_s[2], elsewhere),
    ]  # fmt: skip


def attempt(
    world: World, actor: Actor, trial: Trial, instead: Readings | None, measure: Measure,
    rng: np.random.Generator, show: bool,
) -> Outcome:  # fmt: skip
    """Let the actor act for one trial; nothing of it is remembered.

    Args:
        world: where.
        actor: acts.
        trial: the task.
        instead: readings to go for instead of the trial's own picture.
        measure: how it is judged.
        rng: for planners.
        show: whether to keep the pictures.
    """
    pictured = world.stage(trial).readings
    start = world.observe().readings
    goal = Goal(pictured if instead is None else instead, "evaluation", "a trial's picture")
    chooser = GoalChooser(actor, goal, rng)
    course = course_of(world, chooser, trial, measure)
    end = world.state()
    shown = None
    if show:
        here = actor.encode(start)
        believed, _ = actor.imagine_policy(here, chooser.latent, measure.steps, rng)
        imagined = {name: pictures[0] for name, pictures in actor.decode(believed[-1:]).items()}
        shown = Shown(start, pictured, imagined, world.observe().readings)
    errors = world.errors(end, trial.goal)
    return Outcome(trial, dict(end), errors, course, chooser.doubted_rate, shown)


def course_of(world: World, chooser: Chooser, trial: Trial, measure: Measure) -> list[float]:
    """Go through a trial that is staged; the headline error after each of its steps."""
    robot, nowhere, course = SafeRobot(world), Nowhere(), list[float]()
    for _ in range(measure.steps):
        if any(world.ended):
            break
        control_step(robot, chooser, nowhere)
        course.append(world.errors(world.state(), trial.goal)[measure.name])
    return course + course[-1:] * (measure.steps - len(course))  # ended, it stays as it ended


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


def trust(evaluation: Evaluation) -> str:
    """How often the actor did not trust what it imagined, in words."""
    doubted = float(np.mean([outcome.doubted_rate for outcome in evaluation.outcomes]))
    return f"It did not trust what it imagined in {doubted:.0%} of its actions."


def _median(values: Sequence[float]) -> float:
    return round(float(np.median(values)), 5)


def _at_start(world: World, trial: Trial) -> dict[str, float]:
    """The errors at the start, which are those of never touching where a world keeps still."""
    world.stage(trial)
    return world.errors(world.state(), trial.goal)


def table(rows: Sequence[Row], measure: Measure) -> list[list[str]]:
    """A head, and cells for each row: its median, its success rate, how sure both are, and n."""
    head = ["", f"median {measure.name} (95 %)", f"within {measure.tolerance:.3g} (95 %)", "n"]
    return [head, *(_cells(row, measure.name) for row in rows)]


def _cells(row: Row, name: str) -> list[str]:
    metrics = msgspec.to_builtins(row.metrics)
    low, high = metrics["median_interval"]
    least, most = metrics["success_interval"]
    return [
        row.variant, f"{metrics[f'median_{name}']:.4f} ({low:.4f} to {high:.4f})",
        f"{metrics['success_rate']:.0%} ({least:.0%} to {most:.0%})", str(row.n),
    ]  # fmt: skip
