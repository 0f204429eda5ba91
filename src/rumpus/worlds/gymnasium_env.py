"""A Gymnasium environment as a world: a truth to measure by, and trials placed by seed.

The truth is `info["state"]` where that is a dict of named numbers. Without it, evaluation can only
compare readings: vectors as they are, pictures as the brightness of 8 x 8 cells. An environment
that has goals of its own (`GoalEnv`) is judged by its own criterion. Nothing of this ever reaches
the learner.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from rumpus.body.random_motion import smoothed_actions
from rumpus.body.robots._spaces import ACHIEVED, DESIRED
from rumpus.body.robots.gymnasium import Env, GymnasiumRobot
from rumpus.errors import WorldError
from rumpus.replay.cells import cells
from rumpus.types import Array, Observation
from rumpus.worlds.base import Measure, State, Trial, World

GOAL_STEPS = 30  # random actions that lead from an episode's start to a trial's start, or goal
TRIAL_STEPS = 60
SURVEY_EPISODES = 8
TOLERANCE_SHARE = 0.1  # of the range that a part was seen to have
CELLS = 8  # a picture without truth is judged by CELLS x CELLS brightnesses
UNITS = ("s", "hz", "m", "rad", "n", "px")
READING = "reading_"
BY_SEED, OWN_GOALS = "by seed", "own goals"
WORST_PART, OWN_FAILURE = "worst_part_error", "own_failure"


class GymnasiumWorld(GymnasiumRobot, World):
    """A `gymnasium.Env` to play in.

    It is judged part by part: the headline error is that of the worst part, as a share of the
    range which a survey of random play saw it move over, and success is every part within a tenth.
    So metres and radians are never added up, and what cannot be moved does not count. A goal
    environment is judged by its own criterion instead. The survey is played in an environment of
    its own, and only where something is to be measured.

    Args:
        make: makes the environment, see `GymnasiumRobot`.
        name: what messages and the run call it.
        seed: of the first episode.

    Raises:
        WorldError: when a space of the environment cannot be used.
    """

    def __init__(self, make: Callable[[], Env], name: str, seed: int = 0) -> None:
        self._make, env = make, make()
        super().__init__(env, name, seed)
        self._has_goals = {DESIRED, ACHIEVED} <= set(getattr(env.observation_space, "spaces", {}))
        self.trial_kinds = (OWN_GOALS, BY_SEED) if self._has_goals else (BY_SEED,)
        limit = env.spec.max_episode_steps if env.spec else None
        self._start_steps = min(GOAL_STEPS, (limit or 4 * GOAL_STEPS) // 4)
        self.longest_trial = limit and limit - (0 if self._has_goals else self._start_steps)

    @property
    def trial_steps(self) -> int:
        return min(TRIAL_STEPS, self.longest_trial or TRIAL_STEPS)

    @cached_property
    def measure(self) -> Measure:  # type: ignore[override]  # set once, when first asked for
        """How evaluation judges it.

        Raises:
            WorldError: when nothing was seen to move, so that nothing can be measured.
        """
        if self._has_goals:
            return Measure(OWN_FAILURE, 0.5, self.trial_steps, by_itself=True)
        if not self._parts:
            raise WorldError(
                f"{self.spec.name}: nothing moved in {SURVEY_EPISODES} x {GOAL_STEPS} random "
                "steps, so nothing about it can be measured; let actions do more, or tell the "
                "truth in info['state']."
            )
        return Measure(WORST_PART, TOLERANCE_SHARE, self.trial_steps)

    def state(self) -> State:
        """`info["state"]`, or scalars that sum up the readings where there is none.

        Raises:
            WorldError: when `reset` gave `info["state"]` and a later call did not, or gave what is
                not finite.
        """
        self.first()
        if not self._truth:
            return dict(_reading_scalars(self.observe().readings))
        state = _truth_in(self.info)
        if set(state) != self._truth or not np.isfinite(list(state.values())).all():
            names = ", ".join(sorted(self._truth))
            raise WorldError(f"{self.spec.name}: info['state'] is {self.info.get('state')}, "
                             f"expected a finite number for each of {names}, as at reset; give "
                             "these from every reset() and step().")  # fmt: skip
        return state

    def errors(self, state: State, goal: State) -> dict[str, float]:
        """The headline error, then the absolute difference of every scalar of `info["state"]`."""
        gaps = {name: abs(state[name] - goal[name]) for name in goal}
        named = {_error_name(n): gap for n, gap in gaps.items() if not n.startswith(READING)}
        if self._has_goals:
            achieved, desired = _goal_part(state), _goal_part(goal)
            distance = float(np.linalg.norm(achieved - desired))
            return {OWN_FAILURE: self._own_failure(achieved, desired), "distance": distance}
        shares = [
            math.hypot(*(gaps[n] for n in part)) / math.hypot(*(self._ranges[n] for n in part))
            for part in self._parts
        ]
        return {WORST_PART: max(shares, default=0.0), **named}

    def trials(self, count: int, seed: int, kind: str) -> list[Trial]:
        """Starts and goals reached by random play from seeded episodes, or the environment's own.

        `start` and `goal` hold what was true there; the environment is placed by `seed`. They are
        found by playing in this very environment, so call it between episodes.
        """
        seeds = np.random.SeedSequence(seed).generate_state(count) & 0x3FFFFFFF
        return [self._trial(2 * int(s), kind) for s in seeds]

    def _trial(self, seed: int, kind: str) -> Trial:
        if kind == OWN_GOALS:
            self.begin(seed + 1)
            goal: State = dict(_reading_scalars({ACHIEVED: self._desired()}))
        else:
            goal = self._play_from(seed)[-1]
            self._put_at_start(seed + 1)
        return Trial(start=self.state(), goal=goal, seed=seed, kind=kind)

    def stage(self, trial: Trial) -> Observation:
        if trial.kind == OWN_GOALS:
            self.begin(trial.seed + 1)
            return Observation({ACHIEVED: self._desired()}, self.observe().time_s)
        self._play_from(trial.seed)
        pictured = self.observe()
        self._put_at_start(trial.seed + 1)
        return pictured

    def _put_at_start(self, seed: int) -> None:
        """Where random play leads, so that starts differ; the episode's own where that ends it."""
        self._play_from(seed, self._start_steps)
        if any(self.ended):
            self.begin(seed)

    def _play_from(self, seed: int, steps: int = GOAL_STEPS) -> list[State]:
        """Random play from a seeded episode; the states on the way, the first one included."""
        self.begin(seed)
        states = [self.state()]
        rng = np.random.default_rng(seed)
        for action in smoothed_actions(rng, steps, self.spec.action_size):
            self.act(action)
            states.append(self.state())
            if any(self.ended):
                break
        return states

    @cached_property
    def _truth(self) -> set[str]:
        """The names in `info["state"]`; none where that says nothing."""
        self.first()
        told = {} if self._has_goals else self.info  # its goals are about readings
        if "state" in told and not _truth_in(told):
            self.notices += ("info['state'] is no dict of named numbers: readings are judged.",)
        return set(_truth_in(told))

    @cached_property
    def _ranges(self) -> dict[str, float]:
        """How far each scalar was seen to move by a little random play, elsewhere."""
        elsewhere = GymnasiumWorld(self._make, self.spec.name)
        try:
            states = [s for seed in range(SURVEY_EPISODES) for s in elsewhere._play_from(seed)]
        finally:
            elsewhere.stop()
        return {n: max(s[n] for s in states) - min(s[n] for s in states) for n in states[0]}

    @cached_property
    def _parts(self) -> list[list[str]]:
        """What is judged together: a picture's cells, and every other scalar alone; what moves."""
        pictures = {f"{READING}{s.name}_": s.is_picture for s in self.spec.sensors}
        parts: dict[str, list[str]] = {}
        for name in self._ranges:
            sensor = name.rpartition("_")[0] + "_"
            parts.setdefault(sensor if pictures.get(sensor) else name, []).append(name)
        return [part for part in parts.values() if any(self._ranges[name] > 0.0 for name in part)]

    def _desired(self) -> Array:
        """What the environment itself wants to be achieved now, float32 (k,)."""
        return np.asarray(self.raw[DESIRED], np.float32).reshape(-1)

    def _own_failure(self, achieved: Array, desired: Array) -> float:
        """Whether the environment itself says that this is not what was wanted."""
        env: Any = self.env.unwrapped
        owners = (env, getattr(env, "task", None))  # as Fetch has it, as panda-gym has it
        judges = (getattr(o, name, None) for o in owners for name in ("_is_success", "is_success"))
        if judge := next(filter(None, judges), None):
            return 1.0 - float(judge(achieved, desired))
        reward, best = (env.compute_reward(a, desired, {}) for a in (achieved, desired))
        return float(reward < best)


def _goal_part(state: State) -> Array:
    """What of a state a goal environment's goals are about, float64 (k,)."""
    prefix = f"{READING}{ACHIEVED}_"
    return np.array([value for name, value in state.items() if name.startswith(prefix)])


def _reading_scalars(sensors: Mapping[str, Array]) -> Iterable[tuple[str, float]]:
    for sensor, reading in sensors.items():
        values = cells(reading, CELLS).mean(-1) / 255.0 if reading.ndim == 3 else reading
        for i, value in enumerate(values.ravel()):
            yield f"{READING}{sensor}_{i}", float(value)


def _error_name(name: str) -> str:
    """`angle_rad` to `angle_error_rad`, `energy` to `energy_error`."""
    what, _, unit = name.rpartition("_")
    return f"{what}_error_{unit}" if unit in UNITS else f"{name}_error"


def _truth_in(info: Mapping[str, Any]) -> dict[str, float]:
    """`info["state"]`; nothing where that is no dict of named numbers."""
    truth: Any = info.get("state") if isinstance(info.get("state"), Mapping) else {}
    are_numbers = all(isinstance(value, int | float | np.number) for value in truth.values())
    return {str(name): float(value) for name, value in truth.items()} if are_numbers else {}
