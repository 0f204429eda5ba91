from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from rumpus.errors import InputError, WorldError
from rumpus.worlds.base import World
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
    with pytest.raises(InputError, match="by seed"):
        world.trials(1, 0, "handle")


def test_truth_is_measured_and_never_sensed(outside: Path) -> None:
    world = load("outside_image:DotEnv")
    assert set(world.state()) == {"dot_x_px", "dot_y_px"}
    assert set(world.observe().readings) == {"observation"}


def test_errors_carry_units_and_the_headline_mixes_none() -> None:
    world = GymnasiumWorld(Wheel({"x_m": 0.0, "y_m": 0.0, "angle_rad": 0.0}), "wheel")
    here = {"x_m": 1.0, "y_m": 2.0, "angle_rad": 3.0}
    there = {"x_m": 2.0, "y_m": 5.0, "angle_rad": 103.0}
    assert world.errors(here, there) == {
        "mean_error_m": 2.0,
        "x_error_m": 1.0,
        "y_error_m": 3.0,
        "angle_error_rad": 100.0,
    }


def test_without_truth_readings_are_compared() -> None:
    world = GymnasiumWorld(Wheel(None), "wheel")
    start = world.state()
    assert world.measure.name == "reading_error"
    assert world.measure.tolerance > 0
    world.act(np.ones(1, np.float32))
    assert world.errors(start, world.state())["reading_error"] > 0
    assert set(world.errors(start, start)) == {"reading_error"}


def test_truth_that_stops_coming_is_refused() -> None:
    with pytest.raises(WorldError, match=r"info\['state'\] was a dict of numbers at reset"):
        GymnasiumWorld(Wheel({"x_m": 0.0}, lasts=False), "wheel")


def test_the_tolerance_is_a_tenth_of_what_play_ranges_over(outside: Path) -> None:
    world = load("outside_image:DotEnv")
    assert 1.0 < world.measure.tolerance <= 2.5  # the dot has 25 pixels each way


class Wheel(gym.Env[Any, Any]):
    """A counter on a picture whose corner brightens; tells the truth it is given, or none."""

    def __init__(self, truth: dict[str, float] | None, lasts: bool = True) -> None:
        self.observation_space = gym.spaces.Box(0, 255, (20, 20, 1), np.uint8)
        self.action_space = gym.spaces.Box(-1, 1, (1,), np.float32)
        self._truth, self._lasts, self._light = truth, lasts, 100.0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        self._light = 100.0
        return self._picture(), self._info(True)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self._light += 2 * float(action[0])
        return self._picture(), 0.0, False, False, self._info(self._lasts)

    def _picture(self) -> Any:
        picture = np.zeros((20, 20, 1), np.uint8)
        picture[:10, :10] = int(self._light)
        return picture

    def _info(self, tell: bool) -> dict[str, Any]:
        return {"state": dict(self._truth)} if self._truth and tell else {}
