from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
import pytest

from rumpus.errors import InputError, WorldError
from rumpus.play.evaluate import TrialConfig, measure_for
from rumpus.worlds.base import World, unrepeatable
from rumpus.worlds.catalogue import load
from rumpus.worlds.gymnasium_env import GymnasiumWorld

NAMES = ["outside_image:DotEnv", "outside_dict:CartEnv"]


@pytest.fixture(params=NAMES)
def world(request: pytest.FixtureRequest, outside: Path) -> World:
    return load(request.param, seed=5)


def test_a_trial_shows_its_goal_and_begins_at_its_start(world: World) -> None:
    (kind,) = world.trial_kinds
    for trial in world.trials(5, 1, kind):
        pictured = world.stage(trial)
        world.spec.check(pictured.readings)
        assert world.state() == trial.start
        assert world.errors(trial.start, trial.goal)[world.measure.name] > 0
        again = world.stage(trial)
        for name, reading in pictured.readings.items():
            np.testing.assert_array_equal(reading, again.readings[name])
            assert not np.array_equal(reading, world.observe().readings[name])


def test_the_picture_is_the_goals(outside: Path) -> None:
    dot = load("outside_image:DotEnv")
    for trial in dot.trials(5, 1, "by seed"):
        picture = dot.stage(trial).readings["observation"][:, :, 0]
        row, column = np.unravel_index(int(picture.argmax()), picture.shape)
        assert abs(column - trial.goal["dot_x_px"]) <= 1
        assert abs(row - trial.goal["dot_y_px"]) <= 1


def test_trials_follow_from_their_seed(world: World) -> None:
    (kind,) = world.trial_kinds
    assert world.trials(4, 1, kind) == world.trials(4, 1, kind)
    assert world.trials(4, 1, kind) != world.trials(4, 2, kind)


def test_truth_is_measured_and_never_sensed(outside: Path) -> None:
    world = load("outside_image:DotEnv")
    assert set(world.state()) == {"dot_x_px", "dot_y_px"}
    assert set(world.observe().readings) == {"observation"}


def test_errors_carry_units_and_the_worst_part_counts(outside: Path) -> None:
    world = load("outside_image:DotEnv")
    world.stage(world.trials(1, 0, "by seed")[0])
    here = world.state()
    a_tenth = {name: value + 2.5 * (name == "dot_x_px") for name, value in here.items()}
    errors = world.errors(here, a_tenth)
    assert set(errors) == {"worst_part_error", "dot_x_error_px", "dot_y_error_px"}
    assert (errors["dot_x_error_px"], errors["dot_y_error_px"]) == (2.5, 0.0)
    assert 0.1 <= errors["worst_part_error"] < 0.2  # of the 25 pixels, as far as it was seen to go


def test_a_scalar_that_never_moved_does_not_count() -> None:
    world = GymnasiumWorld(partial(Wheel, {"light_n": 0.0, "age_s": 7.0}), "wheel")
    one, other = {"light_n": 1.0, "age_s": 0.0}, {"light_n": 1.0, "age_s": 99.0}
    assert world.errors(one, other)["worst_part_error"] == 0.0


def test_where_nothing_moves_nothing_is_measured() -> None:
    world = GymnasiumWorld(partial(Wheel, {"age_s": 7.0}), "wheel")
    with pytest.raises(WorldError, match="nothing moved in 8 x 30 random steps"):
        _ = world.measure


def test_without_truth_readings_are_compared() -> None:
    world = GymnasiumWorld(partial(Wheel, None), "wheel")
    start = world.state()
    assert world.measure.name == "worst_part_error"
    world.act(np.ones(1, np.float32))
    assert world.errors(start, world.state())["worst_part_error"] > 0
    assert set(world.errors(start, start)) == {"worst_part_error"}


def test_truth_that_stops_coming_is_refused() -> None:
    world = GymnasiumWorld(partial(Wheel, {"x_m": 0.0}, lasts=False), "wheel")
    world.state()
    world.act(np.ones(1, np.float32))
    with pytest.raises(WorldError, match=r"info\['state'\] is None, expected a finite number"):
        world.state()


def test_nothing_moves_before_the_robot_is_asked() -> None:
    Wheel.calls = []
    world = GymnasiumWorld(partial(Wheel, None), "wheel")
    assert (world.trial_steps, world.spec.action_size, world.notices) == (60, 1, ())
    assert Wheel.calls == []
    world.observe()
    world.act(np.ones(1, np.float32))
    assert Wheel.calls == ["reset", "step"]


class Reach(gym.Env[Any, Any]):
    """A goal environment: a point on a line, to be brought near a number that is asked for."""

    def __init__(self, dense: bool = False) -> None:
        box = gym.spaces.Box(-2, 2, (1,), np.float64)
        self.observation_space = gym.spaces.Dict(
            {"observation": box, "achieved_goal": box, "desired_goal": box}
        )
        self.action_space = gym.spaces.Box(-1, 1, (1,), np.float32)
        self._dense, self._at = dense, 0.0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self._at, self._wanted = 0.0, self.np_random.uniform(0.5, 1.0)
        return self._seen(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self._at += 0.1 * float(action[0])
        return self._seen(), 0.0, False, False, {}

    def compute_reward(self, achieved: Any, desired: Any, info: Any) -> float:
        gap = float(np.abs(achieved - desired).max())
        return -gap if self._dense else -float(gap > 0.05)

    def _seen(self) -> dict[str, Any]:
        at = np.array([self._at])
        return {"observation": at, "achieved_goal": at, "desired_goal": np.array([self._wanted])}


def test_a_goal_environment_is_asked_for_its_own_goals_and_judged_by_itself() -> None:
    world = GymnasiumWorld(Reach, "reach")
    assert [sensor.name for sensor in world.spec.sensors] == ["achieved_goal", "observation"]
    assert world.notices == ("'desired_goal' is what the environment wants, and no sensor.",)
    assert world.trial_kinds == ("own goals", "by seed")
    for trial in world.trials(5, 1, "own goals"):
        wanted = world.stage(trial).readings
        assert set(wanted) == {"achieved_goal"}
        assert trial.goal == {"reading_achieved_goal_0": pytest.approx(wanted["achieved_goal"][0])}
        assert world.errors(world.state(), trial.goal)["own_failure"] == 1.0
        for _ in range(12):
            gap = wanted["achieved_goal"][0] - world.observe().readings["achieved_goal"][0]
            world.act(np.clip(np.array([gap / 0.1], np.float32), -1.0, 1.0))
        errors = world.errors(world.state(), trial.goal)
        assert errors["own_failure"] == 0.0
        assert errors["distance"] < 0.05


def test_a_world_that_judges_by_itself_takes_no_tolerance() -> None:
    world = GymnasiumWorld(Reach, "reach")
    with pytest.raises(InputError, match="judges by its own criterion"):
        measure_for(world, TrialConfig(tolerance=0.1))


class Deaf(Reach):
    """Draws from its own chance, whatever seed reset() is told, as Meta-World does."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        return super().reset()


def test_an_environment_that_does_not_listen_to_its_seed_repeats_its_trials_all_the_same() -> None:
    world = GymnasiumWorld(Deaf, "deaf")
    for kind in world.trial_kinds:
        assert unrepeatable(world, world.trials(5, 1, kind)) == ""


def test_starts_differ_in_what_random_play_moves() -> None:
    world = GymnasiumWorld(Reach, "reach")
    starts = {trial.start["reading_observation_0"] for trial in world.trials(5, 1, "by seed")}
    assert len(starts) == 5


class Judging(Reach):
    """Pays by distance, and says itself what success is."""

    def __init__(self) -> None:
        super().__init__(dense=True)

    def _is_success(self, achieved: Any, desired: Any) -> Any:
        return np.float32(np.abs(achieved - desired).max() < 0.2)


def test_where_an_environment_judges_itself_its_reward_does_not_count() -> None:
    world = GymnasiumWorld(Judging, "judging")
    near, far = ({"reading_achieved_goal_0": 1.0 - gap} for gap in (0.1, 0.3))
    goal = {"reading_achieved_goal_0": 1.0}
    assert world.errors(near, goal)["own_failure"] == 0.0
    assert world.errors(far, goal)["own_failure"] == 1.0


class Bare(Reach):
    """Senses what it achieved and nothing else, and tells a truth of its own beside."""

    def __init__(self) -> None:
        super().__init__()
        box = gym.spaces.Box(-2, 2, (1,), np.float64)
        self.observation_space = gym.spaces.Dict({"achieved_goal": box, "desired_goal": box})

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        seen, _ = super().reset(seed=seed)
        return seen, {"state": {"age_s": 0.0}}


def test_a_goal_environment_that_senses_little_is_still_asked_for_its_own_goals() -> None:
    world = GymnasiumWorld(Bare, "bare")
    (trial,) = world.trials(1, 3, "own goals")
    wanted = world.stage(trial).readings["achieved_goal"][0]
    assert trial.goal == {"reading_achieved_goal_0": pytest.approx(wanted)}
    assert world.errors(world.state(), trial.goal)["own_failure"] == 1.0
    assert world.errors(trial.goal, trial.goal)["own_failure"] == 0.0


def test_a_goal_of_a_goal_environment_can_also_be_what_was_seen() -> None:
    world = GymnasiumWorld(Reach, "reach")
    (trial,) = world.trials(1, 1, "by seed")
    pictured = world.stage(trial)
    assert set(pictured.readings) == {"achieved_goal", "observation"}
    assert world.errors(trial.goal, trial.goal)["own_failure"] == 0.0


class Wheel(gym.Env[Any, Any]):
    """A counter on a picture whose corner brightens; tells the truth it is given, or none."""

    calls: ClassVar[list[str]] = []

    def __init__(self, truth: dict[str, float] | None, lasts: bool = True) -> None:
        self.observation_space = gym.spaces.Box(0, 255, (20, 20, 1), np.uint8)
        self.action_space = gym.spaces.Box(-1, 1, (1,), np.float32)
        self._truth, self._lasts, self._light = truth, lasts, 100.0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        self.calls.append("reset")
        self._light = 100.0
        return self._picture(), self._info(True)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.calls.append("step")
        self._light += 2 * float(action[0])
        return self._picture(), 0.0, False, False, self._info(self._lasts)

    def _picture(self) -> Any:
        picture = np.zeros((20, 20, 1), np.uint8)
        picture[:10, :10] = int(self._light)
        return picture

    def _info(self, tell: bool) -> dict[str, Any]:
        if not self._truth or not tell:
            return {}
        moved = {"light_n": self._light} if "light_n" in self._truth else {}
        return {"state": {**self._truth, **moved}}
