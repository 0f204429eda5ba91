"""Push-T from own play and pictures alone, judged as CLEAR-LeWM judges it strictly.

    python benchmarks/push_t.py possible --trials 20
    python benchmarks/push_t.py judge --seeds 0 1 2 --steps 10000 --goals 100

`possible` says what can be had before anything is learned: see possible.py. `judge` plays what was
not played yet (into `--runs`), shows pictures, and tells how often the T is within 10 px and 10
degrees of the picture's for three steps in a row, at any time within 50 steps; beside it, the same
trials with random motion and with nothing done. No start is a success already. Source: CLEAR-LeWM
v0.5, EVALUATION_SPEC.md, "Strict". There, an expert's recordings give starts, goals and all that is
learned from; here, random motion gives starts and goals, and the robot's own play all the rest.

Needs gym-pusht, so an environment of constraints-field.txt. Writes results/push_t.json, or
results/push_t-possible.json.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from mind import rumpus
from possible import chance, imagined, pooled, told
from strangers import RESULTS, RandomMotion
from worlds.push_t import BLOCK, HAND, PushT

from rumpus.planning.cem import Cem, CemConfig
from rumpus.play.control import Choice, Chooser
from rumpus.play.evaluate import (
    TrialConfig,
    attempt,
    course_of,
    draw_trials,
    over_time,
    summary,
)
from rumpus.result import Metric, Row, wilson_interval, write_result
from rumpus.run.session import load_actor
from rumpus.spec import Readings
from rumpus.types import Array, Observation
from rumpus.worlds.base import Measure, State

NAME = "worlds.push_t:PushT"
HOLD_N = 3  # steps in a row
STEPS_N = {"later": 50, "anywhere": 150}  # allowed in a trial; CLEAR-LeWM allows 50
SEARCH = CemConfig(horizon=15, candidates=96, elites=10, iterations=4)
TAKEN_N = 5  # steps of a plan that are taken before the next: it is true
COLOURS = 1.0 - np.array([[119, 136, 153], [65, 105, 225]]) / 255.0  # of T and hand, off white
ARRIVED = 0.5  # in tolerances: here the search rests
MIDDLE_PX, NEAR_PX, UNIT_PX = 45.0, 70.0, 50.0  # the T's middle from its top; a hand close to that


def main() -> None:
    """Find out what was asked for and write it after each row."""
    asked = _asked()
    found, name = (possible(asked.trials), "push_t-possible") if asked.verb == "possible" else (
        judge(asked), "push_t")  # fmt: skip
    rows = list[Row]()
    for row in found:
        rows.append(row)
        print(row.json(), flush=True)
        write_result(asked.results / f"{name}.json", name, rows)


def possible(trials: int) -> Iterator[Row]:
    """Random motion, pictures and search, before anything is learned."""
    world, dream = PushT(1000), PushT(1001)
    yield from (chance(world, kind) for kind in world.trial_kinds)
    yield told(world, "told by the picture", pooled)
    yield told(world, "told by moments of the picture", moments)
    for kind, steps in STEPS_N.items():
        yield searched(world, dream, TrialConfig(trials, kind), steps)


def searched(world: PushT, dream: PushT, asked: TrialConfig, steps: int) -> Row:
    """Plans with the true simulator, of which the first steps are taken."""
    begun_s, courses, ends = time.monotonic(), [], []
    planner, rng = Cem(world.spec.action_size, SEARCH), np.random.default_rng(0)
    for trial in draw_trials(world, asked):
        world.stage(trial)
        course = list[float]()
        while len(course) < steps:
            actions = np.zeros((TAKEN_N, world.spec.action_size), np.float32)
            if world.headline_error(world.state(), trial.goal) > ARRIVED:
                saved = world.save()
                world.restore(saved)  # as the dream begins
                imagine = imagined(dream, saved, trial, away)
                actions = planner.plan(imagine, lambda costs: costs.sum(-1), rng).actions
            for action in actions[:TAKEN_N]:
                world.act(action)
                course.append(world.headline_error(world.state(), trial.goal))
        courses.append(course)
        ends.append(world.errors(world.state(), trial.goal))
    metrics = figures(courses, ends, world.measure)
    wall_s = round(time.monotonic() - begun_s, 1)
    return Row(f"search, true simulator, {asked.kind}", 0, asked.goals, 0, wall_s, metrics)


def judge(asked: argparse.Namespace) -> Iterator[Row]:
    """Every seed's play, and its trials beside the baselines."""
    for seed in asked.seeds:
        run = asked.runs / f"push_t-{seed}"
        if not run.exists():
            rumpus("play", NAME, "--run", str(run), "--steps", str(asked.steps),
                   "--seed", str(seed))  # fmt: skip
        for kind in asked.kinds:
            for row in judged(run, TrialConfig(asked.goals, kind, 1000 + seed)):
                yield replace(row, seed=seed, steps=asked.steps)


def judged(run: Path, asked: TrialConfig) -> Iterator[Row]:
    """One kind of trials: what was learned in a run, random motion, and doing nothing."""
    world, actor, rng = PushT(asked.seed), load_actor(run), np.random.default_rng(asked.seed)
    measure = replace(world.measure, steps=STEPS_N[asked.kind])
    others: dict[str, Chooser] = {
        "random motion": RandomMotion(rng, world.spec.action_size), "never touch": Still(),
    }  # fmt: skip
    for variant in ("agent", *others):
        begun_s, courses, ends = time.monotonic(), [], []
        for trial in draw_trials(world, asked):
            if variant == "agent":
                courses.append(attempt(world, actor, trial, None, measure, rng, False).course)
            else:
                world.stage(trial)
                courses.append(course_of(world, others[variant], trial, measure))
            ends.append(world.errors(world.state(), trial.goal))
        metrics = figures(courses, ends, measure)
        wall_s = round(time.monotonic() - begun_s, 1)
        yield Row(f"{variant}, {asked.kind}", 0, asked.goals, 0, wall_s, metrics)


def figures(
    courses: Sequence[list[float]], ends: Sequence[dict[str, float]], measure: Measure
) -> dict[str, Metric]:
    """How often a course is a strict success, and all that other worlds' rows tell."""
    strict = sum(map(holds, courses))
    return {
        "strict_rate": round(strict / len(courses), 4),
        "strict_interval": wilson_interval(strict, len(courses)),
        **summary(ends, measure), **over_time(courses, measure.tolerance),
    }  # fmt: skip


class Still:
    """Does nothing."""

    def choose(self, _: Observation) -> Choice:
        """See `Chooser`."""
        return Choice(np.zeros(2, np.float32))

    def interrupt(self) -> None:
        """See `Chooser`."""


def holds(course: Sequence[float]) -> bool:
    """Whether the headline error stays within one tolerance for `HOLD_N` steps in a row."""
    near = np.asarray(course) < 1.0
    return any(near[k : k + HOLD_N].all() for k in range(len(near) - HOLD_N + 1))


def moments(readings: Readings) -> Array:
    """The middle of what is grey as the T and which way it is heavier, (n, 4).

    No linear map of pixels tells how a thing is turned that turns all the way round.
    """
    pictures = readings["camera"].astype(np.float32) / 255.0
    off = np.median(pictures, (1, 2), keepdims=True) - pictures  # most of it is the white table
    inside = off[:, 1:-1, 1:-1].reshape(len(off), -1, 3)  # without the walls
    grey = np.clip(inside @ np.linalg.pinv(COLOURS)[:, 0], 0.0, None)
    side = np.arange(1, off.shape[1] - 1)
    y, x = (each.ravel() for each in np.meshgrid(side, side, indexing="ij"))
    at = x + 1j * y
    middle = (grey @ at) / grey.sum(-1)
    away = at - middle[:, None]
    heavier = (grey * abs(away) ** 2 * away).sum(-1)
    heavier /= abs(heavier)
    return np.stack([middle.real, middle.imag, heavier.real, heavier.imag], -1)


def away(state: State, _: State) -> float:
    """How far the hand is from where it can push the T."""
    turn = state["block_rad"]
    middle = np.array([state[n] for n in BLOCK]) + MIDDLE_PX * np.array(
        [-np.sin(turn), np.cos(turn)]
    )
    hand = float(np.linalg.norm([state[n] for n in HAND] - middle))
    return max(hand - NEAR_PX, 0.0) / UNIT_PX


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("verb", choices=["possible", "judge"])
    parser.add_argument("--trials", type=int, default=20, help="of each kind, for the search")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=10_000, help="of play")
    parser.add_argument("--goals", type=int, default=100, help="of each kind and seed")
    parser.add_argument("--kinds", nargs="+", choices=list(STEPS_N), default=list(STEPS_N))
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the result goes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
