"""A Gymnasium environment as a world: a truth to measure by, and trials placed by seed.

The truth is `info["state"]` where that is a dict of named numbers. Without it, evaluation can only
compare readings: vectors as they are, pictures as the brightness of 8 x 8 cells.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from rumpus.body.random_motion import smoothed_actions
from rumpus.body.robots.gymnasium import Env, GymnasiumRobot
from rumpus.errors import InputError, WorldError
from rumpus.types import Array, Executed, Observation
from rumpus.worlds.base import Measure, State, Trial, World

GOAL_STEPS = 30  # random actions that lead from an episode's start to a trial's goal
TRIAL_STEPS = 60
SURVEY_EPISODES = 8
TOLERANCE_SHARE = 0.1  # of the range seen in the survey
CELLS = 8  # a picture without truth is judged by CELLS x CELLS brightnesses
UNITS = ("s", "hz", "m", "rad", "n", "px")
READING = "reading_"


class GymnasiumWorld(World):
    """A `gymnasium.Env` to play in, evaluated by `info["state"]` or else by its readings.

    The headline error is the mean over those scalars that share the first scalar's unit, so that
    metres and radians are never mixed: an environment puts what matters first. Its tolerance is a
    tenth of the range that a short survey of random play sees.

    Args:
        env: see `GymnasiumRobot`.
        name: what messages and the run call it.
        seed: of the first episode.

    Raises:
        WorldError: when a space of the environment cannot be used.
    """

    trial_kinds = ("by seed",)

    def __init__(self, env: Env, name: str, seed: int = 0) -> None:
        self._robot = GymnasiumRobot(env, name, seed)
        self.spec = self._robot.spec
        self._has_truth = _is_truth(self._robot.info)
        self.measure = self._survey()
        self._robot.begin(seed)

    def observe(self) -> Observation:
        return self._robot.observe()

    def act(self, action: Array) -> Executed:
        return self._robot.act(action)

    @property
    def ended(self) -> tuple[bool, bool]:
        return self._robot.ended

    def restart(self) -> None:
        self._robot.restart()

    def stop(self) -> None:
        self._robot.stop()

    def state(self) -> State:
        """`info["state"]`, or scalars that sum up the readings where there is none.

        Raises:
            WorldError: when `reset` gave `info["state"]` and a later call did not.
        """
        if not self._has_truth:
            return dict(_reading_scalars(self.observe().readings))
        if not _is_truth(self._robot.info):
            raise WorldError(
                f"{self.spec.name}: info['state'] was a dict of numbers at reset and later was "
                "not; give the same named numbers from every reset() and step()."
            )
        return {name: float(value) for name, value in self._robot.info["state"].items()}

    def errors(self, state: State, goal: State) -> dict[str, float]:
        """The headline error, then the absolute difference of every scalar of `info["state"]`."""
        gaps = {name: abs(state[name] - goal[name]) for name in goal}
        unit = _unit(next(iter(gaps)))
        headline = float(np.mean([gap for name, gap in gaps.items() if _unit(name) == unit]))
        named = {_error_name(n): gap for n, gap in gaps.items() if not n.startswith(READING)}
        return {_headline(goal): headline, **named}

    def trials(self, count: int, seed: int, kind: str) -> list[Trial]:
        """Goals reached by random play from seeded episodes, starts from others.

        `start` and `goal` hold what was true there; the environment is placed by `seed`. They are
        found by playing in this very environment, so call it between episodes.
        """
        if kind not in self.trial_kinds:
            raise InputError(
                f"{self.spec.name} has no trials '{kind}'; it has: {', '.join(self.trial_kinds)}."
            )
        seeds = np.random.SeedSequence(seed).generate_state(count) & 0x3FFFFFFF
        return [self._trial(2 * int(s)) for s in seeds]

    def _trial(self, seed: int) -> Trial:
        self._play_from(seed)
        goal = self.state()
        self._robot.begin(seed + 1)
        return Trial(start=self.state(), goal=goal, seed=seed)

    def stage(self, trial: Trial) -> Observation:
        self._play_from(trial.seed)
        pictured = self.observe()
        self._robot.begin(trial.seed + 1)
        return pictured

    def _play_from(self, seed: int) -> list[State]:
        """Random play from a seeded episode; the states on the way, the first one included."""
        self._robot.begin(seed)
        states = [self.state()]
        rng = np.random.default_rng(seed)
        for action in smoothed_actions(rng, GOAL_STEPS, self.spec.action_size):
            self._robot.act(action)
            states.append(self.state())
            if any(self._robot.ended):
                break
        return states

    def _survey(self) -> Measure:
        """Play a little to learn how far the scalars range, for a tolerance in their unit."""
        states = [s for seed in range(SURVEY_EPISODES) for s in self._play_from(seed)]
        lowest = {n: min(s[n] for s in states) for n in states[0]}
        highest = {n: max(s[n] for s in states) for n in states[0]}
        name = _headline(lowest)
        tolerance = TOLERANCE_SHARE * self.errors(lowest, highest)[name]
        return Measure(name=name, tolerance=tolerance, steps=TRIAL_STEPS)


def _reading_scalars(sensors: Mapping[str, Array]) -> Iterable[tuple[str, float]]:
    for sensor, reading in sensors.items():
        values = _cells(reading) if reading.ndim == 3 else reading
        for i, value in enumerate(values.ravel()):
            yield f"{READING}{sensor}_{i}", float(value)


def _cells(picture: Array) -> Array:
    """Mean brightness in [0, 1] of at most CELLS x CELLS cells of a uint8 (h, w, c) picture."""
    rows = np.array_split(picture.mean(axis=2) / 255.0, min(CELLS, picture.shape[0]), axis=0)
    columns = min(CELLS, picture.shape[1])
    return np.array([[c.mean() for c in np.array_split(r, columns, axis=1)] for r in rows])


def _unit(name: str) -> str:
    suffix = name.rpartition("_")[2]
    return suffix if suffix in UNITS and not name.startswith(READING) else ""


def _error_name(name: str) -> str:
    """`angle_rad` to `angle_error_rad`, `energy` to `energy_error`."""
    unit = _unit(name)
    return f"{name.removesuffix('_' + unit)}_error_{unit}" if unit else f"{name}_error"


def _headline(state: State) -> str:
    first = next(iter(state))
    return "reading_error" if first.startswith(READING) else _error_name(_joined("mean", first))


def _joined(word: str, name: str) -> str:
    unit = _unit(name)
    return f"{word}_{unit}" if unit else word


def _is_truth(info: Mapping[str, Any]) -> bool:
    truth = info.get("state")
    return (
        isinstance(truth, Mapping)
        and len(truth) > 0
        and all(isinstance(v, int | float | np.number) for v in truth.values())
    )
