from collections.abc import Callable

import numpy as np
import pytest

from rumpus.types import Array
from rumpus.worlds.base import Trial, World
from rumpus.worlds.check import longest_still
from rumpus.worlds.pusher import Pusher, PusherConfig

Play = Callable[[World, int, int], dict[str, Array]]


@pytest.mark.parametrize("seed", [0, 1])
def test_random_play_pushes_the_puck_everywhere_and_never_loses_it(play: Play, seed: int) -> None:
    states = play(Pusher(seed), 6000, seed)
    puck = np.stack([states["puck_x_m"], states["puck_y_m"]], axis=-1)
    moved = np.linalg.norm(np.diff(puck, axis=0), axis=1) > 0.001
    region = PusherConfig().region_m
    cells = np.histogram2d(puck[:, 0], puck[:, 1], 5, [[-region, region]] * 2)[0]
    assert moved.mean() > 0.04
    assert (cells > 0).sum() >= 20
    assert longest_still(moved) < 800


def test_the_rim_stops_the_puck_but_not_the_finger(play: Play) -> None:
    config = PusherConfig()
    states = play(Pusher(2), 3000, 2)
    assert np.hypot(states["puck_x_m"], states["puck_y_m"]).max() < config.region_m + 0.004
    finger = np.hypot(states["hand_x_m"], states["hand_y_m"])
    assert finger.max() > config.region_m + config.puck_m
    assert finger.max() < config.workspace_m + 0.005


def test_a_puck_at_the_rim_can_be_pushed_back_from_behind() -> None:
    pusher, config = Pusher(), PusherConfig()
    at_rim = {"puck_x_m": 0.0, "puck_y_m": 0.085, "hand_x_m": 0.0, "hand_y_m": 0.153}
    trial = Trial(start=at_rim, goal=at_rim)
    pusher.stage(trial)
    for _ in range(10):
        pusher.act(np.array([0.0, -0.5]))
    assert pusher.state()["puck_y_m"] < 0.03
    assert config.workspace_m - 0.85 * config.region_m > config.puck_m + config.finger_m


def test_a_finger_blocked_at_the_rim_winds_up_no_hidden_force() -> None:
    pusher = Pusher()
    wedged = {"puck_x_m": 0.099, "puck_y_m": 0.0, "hand_x_m": 0.03, "hand_y_m": 0.0}
    pusher.stage(Trial(start=wedged, goal=wedged))
    for _ in range(10):
        pusher.act(np.array([1.0, 0.0]))
    pressed = pusher.state()["hand_x_m"]
    pusher.act(np.array([-0.5, 0.0]))
    assert pressed < 0.05
    assert pusher.state()["hand_x_m"] < pressed - 0.01


def test_a_puck_that_nobody_pushes_stops() -> None:
    pusher = Pusher()
    trial = pusher.trials(20, 0, "table")[7]
    pusher.stage(trial)
    toward = np.array([trial.start[f"puck_{a}_m"] - trial.start[f"hand_{a}_m"] for a in "xy"])
    for _ in range(12):
        pusher.act(toward / np.linalg.norm(toward))
    assert pusher.errors(pusher.state(), trial.start)["puck_error_m"] > 0.02
    pusher.act(-toward / np.linalg.norm(toward))
    left = pusher.state()
    for _ in range(20):
        pusher.act(np.zeros(2))
    assert pusher.errors(pusher.state(), left)["puck_error_m"] < 0.001


def test_a_trials_states_are_the_truth_of_its_pictures() -> None:
    pusher = Pusher()
    for trial in pusher.trials(12, 5, "table"):
        goal = pusher.stage(trial).readings["camera"]
        assert pusher.errors(pusher.state(), trial.start) == {"puck_error_m": 0, "hand_error_m": 0}
        pusher.stage(Trial(start=trial.goal, goal=trial.start))
        assert pusher.observe().readings["camera"].tobytes() == goal.tobytes()


def test_goals_spread_over_the_table_with_the_finger_near_and_not_touching() -> None:
    config = PusherConfig()
    trials = Pusher().trials(60, 1, "table")
    pucks = np.array([[t.goal["puck_x_m"], t.goal["puck_y_m"]] for t in trials])
    apart = np.linalg.norm(pucks[:, None] - pucks[None], axis=-1) + np.eye(60)
    assert apart.min() > 0.01
    assert np.hypot(*pucks.T).max() > 0.9 * config.goal_share * config.region_m
    for t in trials:
        gap = np.hypot(
            t.goal["puck_x_m"] - t.goal["hand_x_m"], t.goal["puck_y_m"] - t.goal["hand_y_m"]
        )
        assert config.puck_m + config.finger_m - 1e-3 < gap < 0.12
