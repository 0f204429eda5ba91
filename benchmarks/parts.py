"""Prove the parts of the mind alone: search, policy, temporal distance, what acts.

    python benchmarks/parts.py --door runs/door --pusher runs/pusher

The runs come from `rumpus play door --steps 10000 --run runs/door`, and the same with pusher; they
are only read. Writes benchmarks/results/parts.json. Truth is used here for measuring, and where a
row says so, in place of a learned part. What it predicts: see predictions.py.
"""

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np

from rumpus.actor import Actor, MindConfig
from rumpus.body.safe_robot import SafeRobot
from rumpus.objectives.base import Objective
from rumpus.objectives.latent_distance import LatentDistanceObjective
from rumpus.planning.cem import Cem, CemConfig
from rumpus.play.evaluate import Subject, TrialConfig, attempt, evaluate, summary
from rumpus.play.progress import Until
from rumpus.result import Metric, Row, write_result
from rumpus.run.config import RunConfig
from rumpus.run.folder import begin
from rumpus.run.play_loop import play
from rumpus.run.session import Session, make_mind, open_memory, resume
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Executed, Observation
from rumpus.worlds.base import State, Trial, World
from rumpus.worlds.door import Door

RESULTS = Path(__file__).parent / "results"
SEARCH = CemConfig(horizon=5, candidates=20, elites=5, iterations=2)
PAIRS_N, RESAMPLES_N = 400, 500
# Pairs further apart than this, in the world's own unit, are told apart on their own.
FAR = {"door": 0.2, "pusher": 0.05}


def main() -> None:
    """Measure every part that was asked for and write the result."""
    asked = _asked()
    rows = [*planner_with_the_true_simulator(asked.trials), *policy_from_true_state(asked.steps)]
    for path in (asked.door, asked.pusher):
        if path:
            with resume(path, write=False) as session:
                rows += [*distances(session), *acting(session, asked.goals)]
    write_result(asked.results / "parts.json", "parts", rows)
    for row in rows:
        print(row.json())


# The planner, with the true simulator in place of the learned model


def planner_with_the_true_simulator(count: int) -> list[Row]:
    """Search alone: the door's own physics imagines, the true error scores."""
    door, begun_s = Door(), time.monotonic()
    trials = door.trials(count, 0, "handle")
    untouched = [door.errors(trial.start, trial.goal) for trial in trials]
    reached = [search(trial, score_for(trial.goal)) for trial in trials]
    wall_s = round(time.monotonic() - begun_s, 2)
    return [
        Row("planner, true simulator", 0, count, 0, wall_s, summary(reached, door.measure)),
        Row("never touch, handle", 0, count, 0, 0.0, summary(untouched, door.measure)),
    ]


def search(trial: Trial, score: Callable[[Array], Array]) -> dict[str, float]:
    """Plan every step of one trial; the errors at its end."""
    door, dream, planner = Door(), Door(), Cem(3, SEARCH)
    door.stage(trial)
    rng = np.random.default_rng(0)
    for _ in range(door.measure.steps):
        imagine = imagine_in(dream, door.save())
        door.act(planner.plan(imagine, score, rng).actions[0])
    return door.errors(door.state(), trial.goal)


def imagine_in(dream: Door, saved: Array) -> Callable[[Array], tuple[Array, Array]]:
    """A function from actions (N, H, A) to the true states (N, H, 4) that follow, and actions."""

    def imagine(actions: Array) -> tuple[Array, Array]:
        states = np.empty((*actions.shape[:2], 4))
        for candidate, sequence in enumerate(actions):
            dream.restore(saved)
            for step, action in enumerate(sequence):
                dream.act(action)
                states[candidate, step] = list(dream.state().values())
        return states, actions

    return imagine


def score_for(goal: State) -> Callable[[Array], Array]:
    """Error of the hand in m plus error of the angle in rad, summed over the plan."""
    there = np.array(list(goal.values()))

    def score(states: Array) -> Array:
        apart = states - there
        costs: Array = (np.linalg.norm(apart[..., :3], axis=-1) + np.abs(apart[..., 3])).sum(-1)
        return costs

    return score


# The policy, with the true state in place of the camera


class TrueDoor(World):
    """The door, sensed by its true state; for measuring the policy apart from the encoder."""

    trial_kinds = Door.trial_kinds

    def __init__(self, seed: int = 0) -> None:
        self.door = Door(seed)
        sensor = SensorSpec("state", (4,), -1.0, 1.0)
        self.spec = RobotSpec("door, true state", (sensor,), 3, self.door.spec.rate_hz)
        self.measure = self.door.measure

    def observe(self) -> Observation:
        """The true state, scaled to about -1 to 1."""
        return self._sensed(self.door.state(), self.door.observe().time_s)

    def act(self, action: Array) -> Executed:
        return self.door.act(action)

    def stop(self) -> None:
        self.door.stop()

    def state(self) -> State:
        return self.door.state()

    def errors(self, state: State, goal: State) -> dict[str, float]:
        return self.door.errors(state, goal)

    def trials(self, count: int, seed: int, kind: str) -> list[Trial]:
        return self.door.trials(count, seed, kind)

    def stage(self, trial: Trial) -> Observation:
        return self._sensed(trial.goal, self.door.stage(trial).time_s)

    def _sensed(self, state: State, time_s: float) -> Observation:
        config = self.door.config
        low, high = np.array([*config.low_m, 0.0]), np.array([*config.high_m, config.range_rad])
        scaled = 2.0 * (np.array(list(state.values())) - low) / (high - low) - 1.0
        return Observation({"state": scaled.astype(np.float32)}, time_s)


def policy_from_true_state(steps: int) -> list[Row]:
    """Play and evaluation as ever, but the policy alone acts, and senses the true state."""
    begun_s = time.monotonic()
    config = RunConfig("door", mind=MindConfig(acts_by="policy"))
    with TemporaryDirectory() as folder:
        run, world = begin(Path(folder) / "run", config), TrueDoor(0)
        with open_memory(run, world.spec) as memory:
            mind = make_mind(memory, config)
            session = Session(run, memory, mind, 0, world, SafeRobot(world))
            play(session, Until(steps), lambda _: None)
            subject = Subject(mind.learner.snapshot(), memory, len(memory), config.seed)
            found = evaluate(TrueDoor(1), subject, TrialConfig(50, "handle", 0), lambda *_: None)
    wall_s = round(time.monotonic() - begun_s, 2)
    return [
        Row(f"true state: {row.variant}", row.seed, row.n, row.steps, wall_s, row.metrics)
        for row in found.rows
    ]


# Temporal distance and latent distance, against the truth


def distances(session: Session) -> list[Row]:
    """How well each ranks pairs of states, by Spearman's correlation with the true error."""
    actor, world = session.mind.learner.snapshot(), session.world
    begun_s = time.monotonic()
    far = FAR[session.run.config.world]
    trials = world.trials(PAIRS_N, 1, world.trial_kinds[0])
    pairs = [pair_distances(actor, world, trial) for trial in trials]
    true, temporal, latent = np.array(pairs).T
    wall_s = round(time.monotonic() - begun_s, 2)
    rows = []
    for name, learned in (("temporal distance", temporal), ("latent distance", latent)):
        apart = true > far
        metrics: dict[str, Metric] = {
            "spearman": spearman(learned, true),
            "spearman_interval": spearman_interval(learned, true),
            "spearman_far": spearman(learned[apart], true[apart]),
            "spearman_far_interval": spearman_interval(learned[apart], true[apart]),
            f"far_{world.measure.name.rpartition('_')[2]}": far,
            "pairs_far": int(apart.sum()),
        }
        rows.append(_row(session, name, len(trials), wall_s, metrics))
    return rows


def pair_distances(actor: Actor, world: World, trial: Trial) -> tuple[float, float, float]:
    """From a trial's start to its goal: the true error, the temporal and the latent distance."""
    goal = actor.encode(world.stage(trial).readings)
    start = actor.encode(world.observe().readings)
    true = world.errors(trial.start, trial.goal)[world.measure.name]
    return true, actor.distance(start, goal), float((start - goal).norm())


def spearman(one: Array, two: Array) -> float:
    """Rank correlation (Spearman 1904); ties are as good as impossible here."""
    ranks = [np.argsort(np.argsort(values)) for values in (one, two)]
    table: Array = np.corrcoef(ranks[0], ranks[1])
    return round(float(table[0, 1]), 4)


def spearman_interval(one: Array, two: Array) -> tuple[float, float]:
    """The 95 % bootstrap interval over pairs."""
    rng = np.random.default_rng(0)
    drawn = [rng.integers(len(one), size=len(one)) for _ in range(RESAMPLES_N)]
    low, high = np.quantile([spearman(one[d], two[d]) for d in drawn], (0.025, 0.975))
    return round(float(low), 4), round(float(high), 4)


# Policy, planner or both, by temporal or latent distance


def acting(session: Session, goals: int) -> list[Row]:
    """The same pictures, the same mind, another way to act each time."""
    mind, world = session.mind.learner.snapshot(), session.world
    trials = world.trials(goals, 2, world.trial_kinds[0])
    temporal, latent = mind.objective, LatentDistanceObjective()
    ways: list[tuple[str, Literal["policy", "cem", "rollout"], Objective]] = [
        ("policy", "policy", temporal),
        ("rollout", "rollout", temporal),
        ("planner", "cem", temporal),
        ("rollout, latent distance", "rollout", latent),
        ("planner, latent distance", "cem", latent),
    ]
    rows = []
    for name, acts_by, objective in ways:
        rng, begun_s = np.random.default_rng(0), time.monotonic()
        config = replace(mind.config, acts_by=acts_by)
        actor = Actor(mind.spec, config, mind.nets, mind.version, mind.encoder_version)
        actor.objective = objective
        ends = [attempt(world, actor, trial, None, world.measure, rng, False).errors
                for trial in trials]  # fmt: skip
        wall_s = round(time.monotonic() - begun_s, 2)
        metrics = summary(ends, world.measure)
        rows.append(_row(session, f"acting by {name}", goals, wall_s, metrics))
    return rows


def _row(
    session: Session, variant: str, n: int, wall_s: float, metrics: Mapping[str, Metric]
) -> Row:
    config = session.run.config
    return Row(
        f"{config.world}: {variant}", config.seed, n, session.mind_steps, wall_s, dict(metrics)
    )


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--door", type=Path, help="a run of the door")
    parser.add_argument("--pusher", type=Path, help="a run of the pusher")
    parser.add_argument("--trials", type=int, default=20, help="of the planner")
    parser.add_argument("--goals", type=int, default=60, help="for every way to act")
    parser.add_argument("--steps", type=int, default=4000, help="of play from true state")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the result goes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
