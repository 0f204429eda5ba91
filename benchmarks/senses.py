"""Can a goal leave sensors out? A robot of two cameras and joints is asked by some of them alone.

    python benchmarks/senses.py --seeds 0 1 2 3 4 --steps 4000

The world `senses:Senses` has a hand that camera "above" and the joints sense, and a slider that
camera "aside" sees. After play it is asked for pictures of one camera, for joints without any
camera, and for a picture while its joints give nothing. What a goal leaves out must not matter, and
what it tells must: beside each stands the same goal with readings of a step drawn at random.
Writes benchmarks/results/senses.json.
"""

import argparse
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from rumpus.actor import Actor
from rumpus.body.robot import Robot
from rumpus.body.safe_robot import SafeRobot
from rumpus.errors import InputError
from rumpus.play.control import Nowhere, control_step
from rumpus.play.goal_chooser import GoalChooser
from rumpus.play.progress import Until
from rumpus.result import Metric, Row, median_interval, over_seeds, wilson_interval, write_result
from rumpus.run.play_loop import play
from rumpus.run.session import Asked, begin_or_resume
from rumpus.spec import Readings, RobotSpec, SensorSpec
from rumpus.types import Array, Executed, Goal, Observation
from rumpus.worlds.base import Measure, State, Trial, World

RESULTS = Path(__file__).parent / "results"
SIDE_PX, STEP, TOLERANCE, TRIAL_STEPS = 16, 0.1, 0.15, 25
SENSORS = (
    SensorSpec("above", (SIDE_PX, SIDE_PX, 3)),
    SensorSpec("aside", (SIDE_PX, SIDE_PX, 3)),
    SensorSpec("joints", (2,), 0.0, 1.0),
)
NAMES = ("hand_x", "hand_y", "slider")


class Senses(World):
    """A hand in the plane and a slider, seen by two cameras and felt by two joints."""

    trial_kinds = ("anywhere",)
    keeps_still = True
    measure = Measure("hand_error", TOLERANCE, TRIAL_STEPS)

    def __init__(self, seed: int = 0) -> None:
        """Hand and slider at places drawn from the seed."""
        self.spec = RobotSpec("senses", SENSORS, 3, 10.0)
        self.at = np.random.default_rng(seed).uniform(0.0, 1.0, 3)
        self.steps = 0

    def observe(self) -> Observation:
        """Two pictures, and the joints: where the hand is."""
        return Observation(readings_at(self.at), self.steps / self.spec.rate_hz)

    def act(self, action: Array) -> Executed:
        """Move hand and slider by a tenth of their range at most; both stop at their ends."""
        before = self.at
        self.at = np.clip(before + STEP * action, 0.0, 1.0)
        self.steps += 1
        executed = np.clip((self.at - before) / STEP, -1.0, 1.0).astype(np.float32)
        return Executed(executed, "" if np.allclose(executed, action, atol=1e-5) else "at an end")

    def stop(self) -> None:
        """Nothing moves by itself."""

    def state(self) -> State:
        """Where hand and slider are."""
        return {name: float(value) for name, value in zip(NAMES, self.at, strict=True)}

    def errors(self, state: State, goal: State) -> dict[str, float]:
        """How far the hand is off, and how far the slider."""
        x, y = (state[name] - goal[name] for name in NAMES[:2])
        slider = abs(state["slider"] - goal["slider"])
        return {"hand_error": float(np.hypot(x, y)), "slider_error": slider}

    def trials(self, count: int, seed: int, kind: str) -> list[Trial]:
        """Starts and goals drawn evenly."""
        if kind not in self.trial_kinds:
            raise InputError(f"senses has no trials '{kind}'; it has: anywhere.")
        rng = np.random.default_rng(seed)
        drawn = rng.uniform(0.05, 0.95, (count, 2, 3))
        return [
            Trial(dict(zip(NAMES, a, strict=True)), dict(zip(NAMES, b, strict=True)), seed)
            for a, b in drawn.tolist()
        ]

    def stage(self, trial: Trial) -> Observation:
        """See `World.stage`."""
        self.at = np.array([trial.goal[name] for name in NAMES])
        goal = self.observe()
        self.at = np.array([trial.start[name] for name in NAMES])
        return goal


class Blindfold(Robot):
    """A robot of which one sensor gives nothing."""

    def __init__(self, robot: Robot, absent: str) -> None:
        self._robot, self._absent, self.spec = robot, absent, robot.spec

    def observe(self) -> Observation:
        """All but one sensor."""
        seen = self._robot.observe()
        there = {name: r for name, r in seen.readings.items() if name != self._absent}
        return Observation(there, seen.time_s)

    def act(self, action: Array) -> Executed:
        """As the robot."""
        return self._robot.act(action)

    def stop(self) -> None:
        """As the robot."""
        self._robot.stop()


def readings_at(at: Array) -> Readings:
    """What the sensors read with hand and slider at (3,)."""
    grid = (np.arange(SIDE_PX) + 0.5) / SIDE_PX
    x, y = np.meshgrid(grid, grid)
    hand = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / 0.01)
    bar = np.exp(-((x - at[2]) ** 2) / 0.005)
    above = np.stack([hand, 0.3 * hand, np.full_like(hand, 0.2)], -1)
    aside = np.stack([np.full_like(bar, 0.1), bar, 0.5 * bar], -1)
    pictures = {
        "above": np.rint(255 * above).astype(np.uint8),
        "aside": np.rint(255 * aside).astype(np.uint8),
    }
    return {**pictures, "joints": at[:2].astype(np.float32)}


# What is asked: the sensors of the goal, the sensor that gives nothing meanwhile, what counts.
QUESTIONS = {
    "a picture of one camera of two": (("aside",), "", "slider_error"),
    "joints without a camera": (("joints",), "", "hand_error"),
    "a picture while the joints are missing": (("above",), "joints", "hand_error"),
    "every sensor": (("above", "aside", "joints"), "", "hand_error"),
}


def main() -> None:
    """Run all seeds and write the result."""
    asked = _asked()
    with ProcessPoolExecutor(asked.jobs) as pool:
        jobs = [pool.submit(one_seed, seed, asked) for seed in asked.seeds]
        rows = [row for job in jobs for row in job.result()]
    write_result(Path(asked.results) / "senses.json", "senses", rows)
    for headline in ("success_rate", "median_error"):
        print("\n".join(over_seeds(rows, headline)))


def one_seed(seed: int, asked: argparse.Namespace) -> list[Row]:
    """Play with one seed, then ask every question."""
    path = Path(asked.runs) / f"senses-{seed}"
    shutil.rmtree(path, ignore_errors=True)
    wanted = Asked("senses:Senses", seed=seed, random_steps=asked.steps // 3, device="cpu")
    with begin_or_resume(wanted, path) as session:
        begun_s = time.monotonic()
        play(session, Until(asked.steps), lambda progress: None)
        print(f"seed {seed} played in {time.monotonic() - begun_s:.0f} s", file=sys.stderr)
        actor = session.mind.learner.snapshot()
    rows = []
    for name, (sensors, absent, error) in QUESTIONS.items():
        rng = np.random.default_rng(1000)
        world, trials = Senses(), Senses().trials(asked.goals, 1000, "anywhere")
        variants: dict[str, list[float]] = {name: [], f"{name}, shuffled": []}
        variants[f"{name}, never touch"] = [world.errors(t.start, t.goal)[error] for t in trials]
        for trial in trials:
            other = readings_at(rng.uniform(0.05, 0.95, 3))
            variants[name].append(ask(world, actor, trial, sensors, absent, None, rng)[error])
            shuffled = ask(world, actor, trial, sensors, absent, other, rng)
            variants[f"{name}, shuffled"].append(shuffled[error])
        rows += [row(variant, seed, errors, asked.steps) for variant, errors in variants.items()]
    return rows


def ask(
    world: Senses, actor: Actor, trial: Trial, sensors: tuple[str, ...], absent: str,
    instead: Readings | None, rng: np.random.Generator,
) -> dict[str, float]:  # fmt: skip
    """Let the robot go for some sensors' readings of the trial's goal, or for others instead."""
    pictured = world.stage(trial).readings if instead is None else instead
    if instead is not None:
        world.stage(trial)
    goal = Goal({name: pictured[name] for name in sensors}, "evaluation", "some sensors alone")
    robot = SafeRobot(Blindfold(world, absent) if absent else world)
    chooser = GoalChooser(actor, goal, rng)
    for _ in range(TRIAL_STEPS):
        control_step(robot, chooser, Nowhere())
    return world.errors(world.state(), trial.goal)


def row(variant: str, seed: int, errors: list[float], steps: int) -> Row:
    """The figures of one variant."""
    reached = sum(error <= TOLERANCE for error in errors)
    metrics: dict[str, Metric] = {
        "median_error": round(float(np.median(errors)), 4),
        "median_interval": median_interval(errors),
        "success_rate": round(reached / len(errors), 4),
        "success_interval": wilson_interval(reached, len(errors)),
    }
    return Row(variant, seed, len(errors), steps, 0.0, metrics)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--steps", type=int, default=4_000)
    parser.add_argument("--goals", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=1, help="seeds at a time")
    parser.add_argument("--runs", default="runs/senses", help="where the runs are kept")
    parser.add_argument("--results", default=str(RESULTS), help="where the result goes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
