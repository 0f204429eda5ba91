"""Does the skew earn its place? Wishing for the rare, wishing for anything, and no wish at all.

    python benchmarks/skew.py --world sprung_door:SprungDoor --seeds 0 1 2 3 4 --steps 10000
    python benchmarks/skew.py --world door --seeds 0 1 2 --steps 5000

Plays a door three ways with the same steps: with the default skew, with alpha = 0 (RIG) and at
random throughout. Prints side by side how much of the door's range play covered (20 bins of the
true angle, noted outside of memory) and the error on goal pictures. Writes
benchmarks/results/skew.json, or skew-sprung_door.json.
"""

import argparse
import math
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from rumpus.body.robot import Robot
from rumpus.body.safe_robot import SafeRobot
from rumpus.play.evaluate import attempt, summary
from rumpus.play.progress import Progress, Until
from rumpus.result import Metric, Row, circumstances, over_seeds, write_result
from rumpus.run.play_loop import play
from rumpus.run.session import Asked, Session, begin_or_resume, resume
from rumpus.types import Array, Executed, Observation
from rumpus.worlds.base import World

RESULTS = Path(__file__).parent / "results"
BINS, VISITED = 20, 10  # a bin counts as covered after so many visits
RANGE_RAD = (0.0, 0.83)


class Watched(Robot):
    """A world in which every angle that play comes to is noted, out of the robot's sight."""

    def __init__(self, world: World) -> None:
        self.world, self.spec = world, world.spec
        self.angles_rad: list[float] = []

    def observe(self) -> Observation:
        self.angles_rad.append(self.world.state()["angle_rad"])
        return self.world.observe()

    def act(self, action: Array) -> Executed:
        return self.world.act(action)

    def stop(self) -> None:
        self.world.stop()


def main() -> None:
    """Run all variants with all seeds and write the result."""
    asked = _asked()
    variants = {
        "default skew": partial(Asked, asked.world),
        "alpha = 0": partial(Asked, asked.world, skew=0.0),
        "random play": partial(Asked, asked.world, random_steps=asked.steps),
    }
    with ProcessPoolExecutor(asked.jobs) as pool:
        jobs = [
            pool.submit(one_run, name, make(seed=seed), asked)
            for seed in asked.seeds
            for name, make in variants.items()
        ]
        rows = [row for job in jobs for row in job.result()[0]]
        machine = jobs[0].result()[1]  # this process itself uses no GPU
    name = "skew" if asked.world == "door" else f"skew-{asked.world.partition(':')[0]}"
    write_result(asked.results / f"{name}.json", name, rows, machine=machine)
    for headline in ("uncovered_share", "entropy_lost_share", "median_angle_error_rad"):
        print("\n".join(over_seeds(rows, headline)))


def one_run(name: str, wanted: Asked, asked: argparse.Namespace) -> tuple[list[Row], str]:
    """Play one variant with one seed, watched; its rows, and on which machine they came about."""
    path = Path(asked.runs) / f"{asked.world}-{name}-{wanted.seed}".replace(" ", "-")
    shutil.rmtree(path, ignore_errors=True)
    with begin_or_resume(wanted, path) as session:
        watched = Watched(session.world)
        play(replace(session, robot=SafeRobot(watched)), Until(asked.steps), _minutely(name))
    rows = [Row(name, wanted.seed or 0, 1, asked.steps, 0.0, coverage(watched.angles_rad))]
    for kind in session.world.trial_kinds:
        with resume(path, write=False, seed=1000) as session:
            rows.append(replace(shown(session, kind, asked.goals), variant=f"{name}, {kind}"))
    return rows, circumstances()["machine"]


def shown(session: Session, kind: str, goals: int) -> Row:
    """What the robot makes of goal pictures of one kind."""
    world, rng, begun_s = session.world, np.random.default_rng(0), time.monotonic()
    actor = session.mind.learner.snapshot()
    ends = [
        attempt(world, actor, trial, None, world.measure, rng, False).errors
        for trial in world.trials(goals, 1000, kind)
    ]
    wall_s, seed = round(time.monotonic() - begun_s, 2), session.run.config.seed
    return Row(kind, seed, goals, session.mind_steps, wall_s, summary(ends, world.measure))


def coverage(angles_rad: list[float]) -> dict[str, Metric]:
    """How evenly the range was visited: shares that a perfect play would bring to 0."""
    # Pressed against a stop, the door stands a hair beyond its range.
    counts = np.histogram(np.clip(angles_rad, *RANGE_RAD), BINS, RANGE_RAD)[0]
    share = counts[counts > 0] / counts.sum()
    entropy = float(-(share * np.log(share)).sum()) / math.log(BINS)
    return {
        "uncovered_share": round(1.0 - float((counts >= VISITED).mean()), 4),
        "entropy_lost_share": round(1.0 - entropy, 4),
        "rarest_bin_visits": float(counts.min()),
    }


def _minutely(name: str) -> Callable[[Progress], None]:
    """Tells every 1,000th step."""

    def watch(progress: Progress) -> None:
        if progress.steps % 1000 == 0 and not progress.owed:
            print(f"{name}: {progress.steps} steps", file=sys.stderr, flush=True)

    return watch


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--world", default="door", help="door, or sprung_door:SprungDoor")
    parser.add_argument("--steps", type=int, default=5_000)
    parser.add_argument("--goals", type=int, default=60, help="of each kind")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--runs", default="runs/skew", help="where the runs are kept")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the result goes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
