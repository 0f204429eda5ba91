from collections.abc import Callable

import numpy as np
import pytest

from rumpus.types import Array
from rumpus.worlds.base import World
from rumpus.worlds.door import Door, DoorConfig

Play = Callable[[World, int, int], dict[str, Array]]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_random_play_swings_the_door_both_ways_over_its_whole_range(play: Play, seed: int) -> None:
    angle = play(Door(seed), 4000, seed)["angle_rad"]
    change = np.diff(angle)
    assert (change > 0.005).mean() > 0.08
    assert (change < -0.005).mean() > 0.08
    share = np.histogram(np.clip(angle, 0, 0.83), 10, (0, 0.83))[0] / len(angle)
    assert share.min() > 0.01
    assert share.max() < 0.5


def test_random_play_loses_the_loop_and_finds_it_again() -> None:
    door = Door(0)
    rng = np.random.default_rng(0)
    action, engaged = np.zeros(3), []
    for _ in range(4000):
        action = np.clip(0.8 * action + 0.6 * rng.normal(size=3), -1, 1)
        door.act(action)
        engaged.append(door.engaged())
    found_again = (np.diff(np.array(engaged, int)) > 0).sum()
    assert np.mean(engaged) > 0.5
    assert found_again >= 3


def test_the_door_stays_where_it_is_left_and_so_does_the_hand() -> None:
    door = Door(3)
    for _ in range(8):
        door.act(np.array([0.6, 0.0, 0.0]))
    before = door.state()
    for _ in range(100):
        door.act(np.zeros(3))
    after = door.errors(door.state(), before)
    assert after["angle_error_rad"] < 0.005
    assert after["hand_error_m"] < 0.003


def test_a_step_turns_the_door_finely_both_ways() -> None:
    door = Door()
    trial = min(door.trials(9, 0, "handle"), key=lambda t: abs(t.start["angle_rad"] - 0.415))
    for push in (1.0, -1.0):
        door.stage(trial)
        angles = [door.state()["angle_rad"]]
        for _ in range(6):
            door.act(np.array([push, 0.0, 0.0]))
            angles.append(door.state()["angle_rad"])
        assert max(np.abs(np.diff(angles))) < 0.08
        assert push * (angles[-1] - angles[0]) > 0.1


def test_lifted_over_the_bars_the_hand_is_free() -> None:
    door = Door()
    free = next(t for t in door.trials(50, 0, "anywhere") if abs(t.start["hand_x_m"]) < 0.02)
    door.stage(free)
    before = door.state()
    door.act(np.array([0.0, 0.0, 1.0]))
    for _ in range(3):
        door.act(np.array([0.3, 0.0, 1.0]))
    assert door.errors(door.state(), before)["angle_error_rad"] < 0.02


@pytest.mark.parametrize("kind", Door.trial_kinds)
def test_a_trials_states_are_the_truth_of_its_pictures(kind: str) -> None:
    door = Door()
    for trial in door.trials(12, 5, kind):
        goal = door.stage(trial).readings["camera"]
        assert door.errors(door.state(), trial.start) == {"angle_error_rad": 0, "hand_error_m": 0}
        swapped = type(trial)(start=trial.goal, goal=trial.start)
        door.stage(swapped)
        assert door.observe().readings["camera"].tobytes() == goal.tobytes()


def test_handle_trials_spread_over_the_range_with_the_peg_in_the_loop() -> None:
    door = Door()
    trials = door.trials(50, 1, "handle")
    for angles in ([t.goal["angle_rad"] for t in trials], [t.start["angle_rad"] for t in trials]):
        assert max(np.diff(sorted(angles))) < 0.03
        assert min(angles) < 0.02
        assert max(angles) > 0.81
    for trial in trials[:10]:
        door.stage(trial)
        assert door.engaged()


def test_the_hand_keeps_to_its_workspace(play: Play) -> None:
    config = DoorConfig()
    states = play(Door(4), 3000, 4)
    for axis, low, high in zip("xyz", config.low_m, config.high_m, strict=True):
        hand = states[f"hand_{axis}_m"]
        assert hand.min() > low - 0.01
        assert hand.max() < high + 0.01
