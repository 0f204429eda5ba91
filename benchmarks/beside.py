"""Does a learner beside the robot let it keep its rate, and does the robot learn as well?

    python benchmarks/beside.py --minutes 10

Plays the door at its own 10 Hz in real time: with the learner beside it and films on the way, and
without either (random motion and no learning). Counts the ticks that begin late and the commands
that come late, by more than 10 ms. Then the robot that learned beside is shown pictures, beside one
that rested while it learned and played as many steps, as fast as it could. Writes
benchmarks/results/beside.json.
"""

import argparse
import shutil
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from rumpus.body.robot import Robot
from rumpus.body.safe_robot import SafeRobot
from rumpus.play.evaluate import TrialConfig, evaluate
from rumpus.play.progress import Progress, Until, Watch
from rumpus.result import Metric, Row, write_result
from rumpus.run.play_loop import play
from rumpus.run.session import Asked, Session, begin_or_resume, resume
from rumpus.service.learner_process import Beside
from rumpus.types import Array, Executed, Observation

RESULTS = Path(__file__).parent / "results"
LATE_S = 0.010


class Paced(Robot):
    """A robot in real time: each control step takes as long as it does on a real one.

    Attributes:
        begun_late_s: for each step, how long after its time it was observed.
        acted_s: for each step, how long after it was observed the command came.
    """

    def __init__(self, robot: Robot) -> None:
        self._robot, self.spec = robot, robot.spec
        self._period_s = 1.0 / robot.spec.rate_hz
        self._due_s = self._seen_s = time.monotonic()
        self.begun_late_s: list[float] = []
        self.acted_s: list[float] = []

    def observe(self) -> Observation:
        """Wait for the step's time, and say what is sensed then."""
        time.sleep(max(self._due_s - time.monotonic(), 0.0))
        self._seen_s = time.monotonic()
        self.begun_late_s.append(self._seen_s - self._due_s)
        self._due_s = max(self._due_s, self._seen_s - self._period_s) + self._period_s
        return self._robot.observe()

    def act(self, action: Array) -> Executed:
        """Note when the command came."""
        self.acted_s.append(time.monotonic() - self._seen_s)
        return self._robot.act(action)

    def stop(self) -> None:
        """As the robot."""
        self._robot.stop()


def main() -> None:
    """Play both ways, evaluate, and write the result."""
    asked = _asked()
    steps = int(asked.minutes * 600)
    rows = []
    for name in ("learner beside and films", "no learner and no films"):
        path, begun_s = fresh(asked, name), time.monotonic()
        beside = name.startswith("learner")
        wanted = Asked("door", asked.seed, random_steps=None if beside else steps, device="cpu")
        with begin_or_resume(wanted, path) as session:
            paced = Paced(session.world)
            until = Until(steps)
            play(
                replace(session, robot=SafeRobot(paced)), until, telling(name),
                partial(Beside, device="cpu") if beside else Untaught,
            )  # fmt: skip
        wall_s = round(time.monotonic() - begun_s, 1)
        rows.append(Row(name, asked.seed, len(paced.acted_s), steps, wall_s, lateness(paced)))
        print(rows[-1].json(), flush=True)
    path = fresh(asked, "learner resting")
    with begin_or_resume(Asked("door", asked.seed, device="cpu"), path) as session:
        play(session, Until(steps), telling("learner resting"))
    for name in ("learner beside and films", "learner resting"):
        with resume(folder(asked, name), write=False, seed=1000, device="cpu") as session:
            rows += evaluated(session, name, asked.goals)
    write_result(Path(asked.results) / "beside.json", "beside", rows)
    for row in rows:
        print(row.json())


class Untaught:
    """No training: what the pace is without it; see `run.play_loop.Training`."""

    measured = None

    def __init__(self, session: Session, until: Until) -> None:
        pass

    def wake(self, tick: object) -> None:
        """Nothing was learned."""

    def after_step(self, steps: int, keeper: object, tick: object) -> None:
        """Nothing is learned."""

    def save(self) -> None:
        """There is nothing to save."""


def evaluated(session: Session, name: str, goals: int) -> list[Row]:
    """What the robot makes of goal pictures, and the baselines beside it."""
    asked = TrialConfig(goals, "handle")
    found = evaluate(session.world, session.subject(), asked, lambda done, total: None)
    return [replace(row, variant=f"{name}: {row.variant}") for row in found.rows]


def lateness(paced: Paced) -> dict[str, Metric]:
    """How late steps began, and how late commands came."""
    begun, acted = np.array(paced.begun_late_s), np.array(paced.acted_s)
    return {
        "ticks_late": float((begun > LATE_S).sum()),
        "commands_late": float((acted > LATE_S).sum()),
        "begun_late_p99_ms": round(float(np.quantile(begun, 0.99)) * 1e3, 2),
        "begun_late_max_ms": round(float(begun.max()) * 1e3, 2),
        "command_median_ms": round(float(np.median(acted)) * 1e3, 2),
        "command_p99_ms": round(float(np.quantile(acted, 0.99)) * 1e3, 2),
        "command_max_ms": round(float(acted.max()) * 1e3, 2),
    }


def folder(asked: argparse.Namespace, name: str) -> Path:
    """Where a run is kept."""
    return Path(asked.runs) / name.replace(" ", "-")


def fresh(asked: argparse.Namespace, name: str) -> Path:
    """The same, with nothing in it."""
    shutil.rmtree(folder(asked, name), ignore_errors=True)
    return folder(asked, name)


def telling(name: str) -> Watch:
    """Tells every 1,000th step."""

    def watch(progress: Progress) -> None:
        if progress.steps % 1000 == 0 and not progress.owed:
            print(f"{name}: {progress.steps} steps", file=sys.stderr, flush=True)

    return watch


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--goals", type=int, default=60)
    parser.add_argument("--runs", default="runs/beside", help="where the runs are kept")
    parser.add_argument("--results", default=str(RESULTS), help="where the result goes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
