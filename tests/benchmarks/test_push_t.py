"""Push-T, played without resets: a world that keeps its promises, judged as strictly as it says."""

from itertools import pairwise

import numpy as np
import pytest

from rumpus.body.random_motion import smoothed_actions
from rumpus.types import Array
from rumpus.worlds.base import State
from rumpus.worlds.check import examine

pytest.importorskip("gym_pusht")

from push_t import away, holds
from worlds.push_t import PushT

CORNERED = {"hand_x_px": 98.0, "hand_y_px": 30.0, "block_x_px": 8.0, "block_y_px": 68.0,
            "block_rad": -np.pi / 2}  # fmt: skip


def live(world: PushT, actions: Array) -> list[State]:
    states = []
    for action in actions:
        world.act(action)
        states.append(world.state())
    return states


def middle(state: State) -> Array:
    """Where the T's centre of mass is: 45 px from the middle of its top."""
    turn = state["block_rad"]
    return np.array([state["block_x_px"] - 45 * np.sin(turn),
                     state["block_y_px"] + 45 * np.cos(turn)])  # fmt: skip


def test_it_keeps_the_promises_of_a_world() -> None:
    assert [f for f in examine(lambda: PushT(0), steps=2000) if f.verdict != "ok"] == []


@pytest.mark.parametrize("kind", PushT.trial_kinds)
def test_trials_are_never_done_at_the_start_and_stay_as_they_were_put(kind: str) -> None:
    world = PushT(0)
    trials = world.trials(8, 3, kind)
    assert trials == PushT(9).trials(8, 3, kind)
    assert trials != world.trials(8, 4, kind)
    for trial in trials:
        assert world.headline_error(trial.start, trial.goal) > 1.0
        goal = world.stage(trial).readings["camera"]
        assert world.state() == pytest.approx(trial.start)
        for state in (trial.start, trial.goal):
            world.place(state)
            (*_, end) = live(world, np.zeros((50, 2), np.float32))
            assert world.headline_error(end, state) < 0.05
        world.place(trial.goal)
        np.testing.assert_array_equal(world.observe().readings["camera"], goal)


def test_the_picture_shows_hand_and_t_and_nowhere_a_place_for_it() -> None:
    world = PushT(0)
    pictures = []
    for state in (CORNERED, CORNERED | {"hand_x_px": 300.0}, CORNERED | {"block_x_px": 300.0}):
        world.place(state)
        pictures.append(world.observe().readings["camera"].astype(int))
        red, green, blue = np.moveaxis(pictures[-1], -1, 0)
        assert ((green > red + 8) & (green > blue + 8)).sum() == 0  # where it belongs is green
        assert (blue > red + 60).sum() >= 4
    assert all((one != other).any() for one, other in pairwise(pictures))


def test_the_hand_goes_from_where_it_is_rests_between_actions_and_stays_between_the_walls() -> None:
    world = PushT(0)
    world.place(CORNERED | {"hand_x_px": 250.0, "hand_y_px": 250.0})
    for action in ([1.0, 0.0], [0.0, -1.0], [0.0, 0.0]):
        before = world.state()
        assert world.act(np.array(action, np.float32)).reason == ""
        moved = [world.state()[n] - before[n] for n in ("hand_x_px", "hand_y_px")]
        assert moved == pytest.approx(29.6 * np.array(action), abs=0.1)
    executed = [world.act(np.array([1.0, 0.0], np.float32)) for _ in range(30)]
    assert executed[-1].reason == "beyond the walls"
    assert executed[-1].action[0] < 0.1
    assert world.state()["hand_x_px"] == pytest.approx(490.0, abs=1.0)


def test_a_t_in_a_corner_can_be_freed() -> None:
    world = PushT(0)
    world.place(CORNERED)
    (*_, end) = live(world, np.array([[0.0, 1.0]] * 20, np.float32))
    assert np.linalg.norm(middle(end) - middle(CORNERED)) > 100.0


def test_a_t_that_is_squeezed_comes_back() -> None:
    world = PushT(0)
    for seed in range(3):
        rng, states = np.random.default_rng(seed), list[State]()
        for _ in range(60):  # hunt it into the walls
            at = world.state()
            way = middle(at) - [at["hand_x_px"], at["hand_y_px"]]
            toward = np.clip(way / 29.6 + rng.normal(0, 0.5, 2), -1, 1)
            states += live(world, np.tile(toward.astype(np.float32), (4, 1)))
        live(world, np.array([[1.0, 0.0]] * 20 + [[0.0, 1.0]] * 20, np.float32))
        assert np.ptp([middle(state) for state in states]) > 100.0
        assert (np.abs(middle(world.state()) - 256.0) < 256.0).all()


def test_random_motion_seldom_moves_the_t() -> None:
    moved = []
    for seed in range(3):
        world = PushT(seed)
        states = live(world, smoothed_actions(np.random.default_rng(seed), 3000, 2))
        moved.append(np.mean([world.headline_error(*two) > 0.01 for two in pairwise(states)]))
    assert 0.02 < np.mean(moved) < 0.15


def test_a_restored_world_goes_on_the_same_wherever_it_is() -> None:
    worlds, actions = [PushT(0), PushT(1)], smoothed_actions(np.random.default_rng(1), 400, 2)
    live(worlds[0], actions[:200])
    saved, futures = worlds[0].save(), []
    for world in worlds:
        world.restore(saved)
        futures.append(live(world, actions[200:]))
    assert futures[0] == futures[1]
    assert worlds[0].headline_error(futures[0][0], futures[0][-1]) > 0.1


def test_the_error_is_the_worse_of_place_and_turn_the_shorter_way() -> None:
    world = PushT(0)
    assert world.headline_error(CORNERED, CORNERED | {"block_y_px": 78.0}) == pytest.approx(1.0)
    turned = CORNERED | {"block_y_px": 78.0, "block_rad": 1.5 * np.pi - np.deg2rad(20.0)}
    assert world.errors(CORNERED, turned) == pytest.approx(
        {"pose_error": 2.0, "block_error_px": 10.0, "turn_error_rad": np.deg2rad(20.0),
         "hand_error_px": 0.0}
    )  # fmt: skip


def test_three_steps_in_a_row_are_a_strict_success() -> None:
    assert holds([2.0, 0.9, 0.9, 0.9, 2.0])
    assert not holds([0.9, 0.9, 1.0, 0.9, 0.9])
    assert not holds([])


def test_a_hand_that_touches_the_t_is_near_enough_to_push_it() -> None:
    assert away(CORNERED, CORNERED) == 0.0
    assert away(CORNERED | {"hand_x_px": 353.0}, CORNERED) == pytest.approx(4.65, abs=0.01)
