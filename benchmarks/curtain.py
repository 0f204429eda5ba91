"""Does a robot of several senses need them all, and does it go on when one fails on the way?

    python benchmarks/mind.py screen --label today --worlds curtain --keep runs/mind
    python benchmarks/curtain.py runs/mind/today/curtain-0

In the world `curtain` the camera sees the sled and not the bar, the fingertip feels the bar and not
where the sled is. Kept runs are asked for both: with all sensors; with the camera or the gel alone,
the goal told by it alone, too; and with one that gives nothing any more from the middle of a trial
on. Joints are always there. Beside it never touching, and a goal drawn at random from the memory.
The runs are only read. Writes benchmarks/results/curtain.json.
"""

import argparse
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from rumpus.actor import Actor
from rumpus.errors import RumpusError
from rumpus.play.control import Choice, Chooser
from rumpus.play.evaluate import TrialConfig, course_of, draw_trials, over_time, summary
from rumpus.play.goal_chooser import GoalChooser
from rumpus.result import Row, over_seeds, write_result
from rumpus.run.folder import open_run
from rumpus.run.session import resume
from rumpus.spec import Readings
from rumpus.types import Goal, Observation
from rumpus.worlds.base import State, Trial
from rumpus.worlds.curtain import Curtain

RESULTS = Path(__file__).parent / "results"
PARTS = ("sled_x_m", "bar_y_m")
# What gives nothing from the start on, and what from the middle on.
ASKED: dict[str, tuple[Collection[str], Collection[str]]] = {
    "both": ((), ()),
    "camera alone": (("gel",), ()),
    "gel alone": (("camera",), ()),
    "the camera fails midway": ((), ("camera",)),
    "the gel fails midway": ((), ("gel",)),
}


class Failing:
    """Goes for a goal by what its sensors give; some give nothing from a step on."""

    def __init__(self, chooser: Chooser, absent: Collection[str], step: int) -> None:
        self.chooser, self.absent, self.left = chooser, absent, step

    def choose(self, observation: Observation) -> Choice:
        """The next action, by the sensors that are still there."""
        self.left -= 1
        there = {name: reading for name, reading in observation.readings.items()
                 if self.left >= 0 or name not in self.absent}  # fmt: skip
        return self.chooser.choose(Observation(there, observation.time_s))

    def interrupt(self) -> Goal | None:
        """See `Chooser`."""
        return self.chooser.interrupt()


def main() -> None:
    """Ask every run and write the result, after each."""
    asked, rows = _asked(), list[Row]()
    for path in asked.runs:
        rows += one_run(path, asked.goals)
        write_result(asked.results / "curtain.json", "curtain", rows)
    for headline in ("success_rate", "median_worse_error_m"):
        print("\n".join(over_seeds(rows, headline)))


def one_run(path: Path, goals: int) -> list[Row]:
    """The rows of one run."""
    rng = np.random.default_rng(1000)
    with resume(path, write=False) as session:
        actor, memory = session.mind.learner.snapshot(), session.memory
        world, trials = Curtain(0), draw_trials(Curtain(0), TrialConfig(goals))
        seed, steps = open_run(path).config.seed, session.mind_steps
        drawn = [memory.readings(int(at)) for at in rng.integers(len(memory), size=goals)]
    rows = [row("never touch", seed, 0, trials, [trial.start for trial in trials], [])]
    for name, (absent, failing) in ASKED.items():
        went = [attempt(world, actor, trial, absent, failing, rng) for trial in trials]
        rows.append(row(name, seed, steps, trials, *zip(*went, strict=True)))
    went = [attempt(world, actor, trial, (), (), rng, instead)
            for trial, instead in zip(trials, drawn, strict=True)]  # fmt: skip
    return [*rows, row("random goal", seed, steps, trials, *zip(*went, strict=True))]


def attempt(
    world: Curtain, actor: Actor, trial: Trial, absent: Collection[str], failing: Collection[str],
    rng: np.random.Generator, instead: Readings | None = None,
) -> tuple[State, list[float]]:  # fmt: skip
    """How one trial ends, and its headline error after each step.

    Args:
        world: where.
        actor: acts.
        trial: the task.
        absent: sensors that give nothing, and that the goal does not tell.
        failing: sensors that give nothing from the middle on.
        rng: for planners.
        instead: readings to go for instead of the trial's own.
    """
    pictured = world.stage(trial).readings
    told = {name: reading for name, reading in (instead or pictured).items()
            if name in pictured and name not in absent}  # fmt: skip
    chooser = GoalChooser(actor, Goal(told, "evaluation", "a trial's picture"), rng)
    half = Failing(Failing(chooser, failing, world.measure.steps // 2), absent, 0)
    course = course_of(world, half, trial, world.measure)
    return world.state(), course


def row(
    variant: str, seed: int, steps: int, trials: Sequence[Trial], ends: Sequence[State],
    courses: Sequence[list[float]],
) -> Row:  # fmt: skip
    """The figures of one variant, the sled and the bar apart, too."""
    world = Curtain(0)
    errors = [world.errors(end, trial.goal) for end, trial in zip(ends, trials, strict=True)]
    figures = summary(errors, world.measure) | over_time(courses, world.measure.tolerance)
    for part in PARTS:
        off = [abs(end[part] - trial.goal[part]) for end, trial in zip(ends, trials, strict=True)]
        figures[f"median_{part.removesuffix('_m')}_error_m"] = round(float(np.median(off)), 5)
    return Row(variant, seed, len(trials), steps, 0.0, figures)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("runs", type=Path, nargs="+", help="kept runs of the world curtain")
    parser.add_argument("--goals", type=int, default=100)
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the result goes")
    asked = parser.parse_args()
    for path in asked.runs:
        try:
            world = open_run(path).config.world
        except RumpusError as error:
            parser.error(str(error))
        if world != "curtain":
            parser.error(f"{path} is a run of {world}, expected one of the world curtain")
    return asked


if __name__ == "__main__":
    main()
