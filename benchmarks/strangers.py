"""Worlds that rumpus did not make: each by its own name, not one constant of the mind changed.

    python benchmarks/strangers.py --steps 5000 --goals 100 --seeds 0

For each: `rumpus check`, `rumpus play`, `rumpus evaluate` of its standard kind of trials, with the
baselines beside (as at the start, a random goal), and random motion instead of the mind. A goal
environment is asked for its own goals and judges by its own criterion; any other is judged part by
part. What cannot be made, played or measured is a row too, with the sentence that says why. Needs
the packages that bring the worlds. Writes benchmarks/results/strangers.json.
"""

import argparse
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from rumpus.body.random_motion import smoothed_action
from rumpus.play.control import Choice
from rumpus.play.evaluate import TrialConfig, course_of, draw_trials, over_time, summary
from rumpus.result import Row, write_result
from rumpus.types import Observation
from rumpus.worlds.catalogue import load

RESULTS = Path(__file__).parent / "results"
WORLDS = (
    "gymnasium_robotics:FetchReach-v4", "gymnasium_robotics:FetchPush-v4",
    "gymnasium_robotics:PointMaze_UMaze-v3", "panda_gym:PandaReach-v3", "panda_gym:PandaPush-v3",
    "Pendulum-v1", "Reacher-v5", "MountainCarContinuous-v0", "gym_pusht/PushT-v0",
    "shimmy:dm_control/reacher-easy-v0", "shimmy:dm_control/finger-spin-v0",
    "metaworld:Meta-World/MT1,env_name=door-open-v3",
)  # fmt: skip


def main() -> None:
    """Try every world and write the result, after each."""
    asked = _asked()
    rows: list[Row] = []
    said: dict[str, Any] = {}
    for world in asked.worlds:
        for seed in asked.seeds:
            found, said[world] = one_world(asked, world, seed)
            rows += found
            for row in found:
                print(row.json(), flush=True)
            write_result(asked.results / "strangers.json", "strangers", rows, check=said)


def one_world(asked: argparse.Namespace, world: str, seed: int) -> tuple[list[Row], list[str]]:
    """What came of one world: its rows, and what `check` said that was not well."""
    run = str(asked.runs / "".join(c if c.isalnum() else "-" for c in f"{world}-{seed}"))
    checked = rumpus("check", "world", world)
    said = [f["sentence"] for f in msgspec.json.decode(checked.stdout or b"[]")
            if f["verdict"] != "ok"]  # fmt: skip
    begun_s = time.monotonic()
    done = rumpus("play", world, "--run", run, "--steps", str(asked.steps), "--seed", str(seed))
    rows = []
    if done.returncode == 0:
        rows.append(replace(msgspec.json.decode(done.stdout, type=Row), variant="play"))
        done = rumpus("evaluate", run, "--goals", str(asked.goals))
    if done.returncode == 0:
        rows += msgspec.json.decode(done.stdout, type=list[Row])
        rows.append(at_random(world, TrialConfig(asked.goals)))
    else:
        said += done.stderr.decode().strip().splitlines()[-1:]
        rows.append(Row("failed", seed, 0, 0, round(time.monotonic() - begun_s, 1), {}))
    return [replace(row, variant=f"{world}: {row.variant}", seed=seed) for row in rows], said


class RandomMotion:
    """Chooses smoothed random actions."""

    def __init__(self, rng: np.random.Generator, action_size: int) -> None:
        self._rng, self._last = rng, np.zeros(action_size, np.float32)

    def choose(self, _: Observation) -> Choice:
        """See `Chooser`."""
        self._last = smoothed_action(self._rng, self._last)
        return Choice(self._last)

    def interrupt(self) -> None:
        """See `Chooser`."""


def at_random(name: str, asked: TrialConfig) -> Row:
    """The same trials, and random motion instead of a mind."""
    world, rng, begun_s = load(name, asked.seed), np.random.default_rng(0), time.monotonic()
    kind = asked.kind or world.trial_kinds[0]
    errors, courses = [], []
    try:
        for trial in draw_trials(world, asked):
            world.stage(trial)
            chooser = RandomMotion(rng, world.spec.action_size)
            courses.append(course_of(world, chooser, trial, world.measure))
            errors.append(world.errors(world.state(), trial.goal))
    finally:
        world.stop()
    metrics = summary(errors, world.measure) | over_time(courses, world.measure.tolerance)
    wall_s = round(time.monotonic() - begun_s, 1)
    return Row(f"random motion, {kind}", 0, asked.goals, 0, wall_s, metrics)


def rumpus(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run one command to its end, in a process of its own."""
    command = [sys.executable, "-m", "rumpus", *arguments, "--json"]
    return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--worlds", nargs="+", default=WORLDS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--goals", type=int, default=100)
    parser.add_argument("--runs", type=Path, default=Path("runs/strangers"))
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the result goes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
