"""The worlds of the yardstick keep the promises of worlds, and each has what it is there for."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from mind import WORLDS

from rumpus.body.random_motion import smoothed_actions
from rumpus.types import Array
from rumpus.worlds._simulation import SimulatedWorld
from rumpus.worlds.base import World
from rumpus.worlds.catalogue import load
from rumpus.worlds.check import examine

Play = Callable[[World, int, int], dict[str, Array]]
OWN = [world for world, (name, _) in WORLDS.items() if name.startswith("worlds.")]
SELDOM = {"two_pucks", "wide_table"}  # things that a short random play need not bring everywhere


def make(world: str, seed: int = 0) -> SimulatedWorld:
    made = load(WORLDS[world][0], seed)
    assert isinstance(made, SimulatedWorld)
    return made


def live(world: SimulatedWorld, actions: Array) -> Array:
    truth = []
    for action in actions:
        world.act(action)
        truth.append(list(world.state().values()))
    return np.array(truth)


def test_there_are_ten_worlds() -> None:
    assert len(WORLDS) == 10


@pytest.mark.parametrize("world", [*OWN, "sprung_door"])
def test_a_world_keeps_its_promises(world: str) -> None:
    findings = examine(lambda: make(world), steps=1500)
    assert [f for f in findings if f.verdict == "failure"] == []
    if world not in SELDOM:
        assert [f for f in findings if f.verdict == "warning"] == []


@pytest.mark.parametrize("world", OWN)
def test_trials_begin_where_they_say_and_never_near_their_goals(world: str) -> None:
    made = make(world)
    for kind in made.trial_kinds:
        trials = made.trials(8, 3, kind)
        assert len(trials) == 8
        assert trials == make(world, 9).trials(8, 3, kind)
        assert trials != made.trials(8, 4, kind)
        for trial in trials:
            apart = made.headline_error(trial.start, trial.goal)
            if world != "television":  # a door, whose trials are the door's
                assert apart > 1.5 * made.measure.tolerance
            goal = made.stage(trial).readings["camera"]
            assert made.errors(made.state(), trial.start) == pytest.approx(
                dict.fromkeys(made.errors(trial.start, trial.start), 0.0), abs=1e-6
            )
            made.place(trial.goal)
            np.testing.assert_array_equal(made.observe().readings["camera"], goal)


@pytest.mark.parametrize("world", [world for world in OWN if world != "television"])
def test_a_world_stays_at_the_start_while_nobody_acts(world: str) -> None:
    made = make(world)
    for kind in made.trial_kinds:
        (trial,) = made.trials(1, 0, kind)
        made.stage(trial)
        live(made, np.zeros((made.measure.steps, made.spec.action_size), np.float32))
        assert made.headline_error(made.state(), trial.start) < made.measure.tolerance / 10


@pytest.mark.parametrize("world", OWN)
def test_the_camera_sees_the_hand_wherever_it_can_go(world: str) -> None:
    made = make(world)
    for way in product((-1.0, 1.0), repeat=made.spec.action_size):
        live(made, np.tile(np.array(way, np.float32), (40, 1)))
        red, green, blue = np.moveaxis(made.observe().readings["camera"].astype(int), -1, 0)
        assert ((red - green > 60) & (red - blue > 60)).sum() >= 3, way  # the hand is red in all


@pytest.mark.parametrize("world", OWN)
def test_a_saved_world_goes_on_exactly_as_it_did(world: str) -> None:
    made, other = make(world, 0), make(world, 1)
    actions = smoothed_actions(np.random.default_rng(0), 60, made.spec.action_size)
    live(made, actions[:20])
    saved, picture = made.save(), made.observe().readings["camera"]
    future = live(made, actions[20:])
    for place in (made, other):
        place.restore(saved)
        np.testing.assert_array_equal(place.observe().readings["camera"], picture)
        np.testing.assert_array_equal(live(place, actions[20:]), future)


def test_random_motion_seldom_moves_the_cube_and_keeps_it_on_the_table(play: Play) -> None:
    moved = []
    for seed in range(3):
        states = play(make("wide_table", seed), 4000, seed)
        cube = np.stack([states["cube_x_m"], states["cube_y_m"]], axis=-1)
        moved.append((np.linalg.norm(np.diff(cube, axis=0), axis=1) > 3e-4).mean())
        assert np.abs(cube).max() < 0.24 - 0.025 + 0.004
    assert 0.002 < np.mean(moved) < 0.02


def test_the_dial_turns_both_ways_for_ever_and_errs_the_shorter_way() -> None:
    dial = make("dial")
    for way in (1, -1):
        dial.place({"hand_x_m": 0.085, "hand_y_m": 0.0, "dial_rad": 0.0})
        for _ in range(60):
            x, y = dial.positions()[:2]
            inward = (0.085 - np.hypot(x, y)) * np.array([x, y]) / 0.01
            dial.act(np.clip(0.8 * way * np.array([-y, x]) / 0.085 + inward, -1, 1))
        assert way * dial.state()["dial_rad"] > 2 * np.pi
    error = dial.headline_error({"dial_rad": 0.1}, {"dial_rad": 4 * np.pi - 0.1})
    assert error == pytest.approx(0.2)


def test_behind_its_bar_the_finger_moves_the_drawer_both_ways_and_before_it_only_shut() -> None:
    drawer = make("drawer")
    trial = min(drawer.trials(9, 0, "handle"), key=lambda t: abs(t.start["drawer_m"] - 0.08))
    for push in (-1.0, 1.0):
        drawer.stage(trial)
        live(drawer, np.array([[0.0, push]] * 5))
        assert -push * (drawer.state()["drawer_m"] - trial.start["drawer_m"]) > 0.03
    before = dict(trial.start) | {"hand_y_m": trial.start["hand_y_m"] - 0.07}
    for push, moved in ((-1.0, False), (1.0, True)):
        drawer.place(before)
        live(drawer, np.array([[0.0, push]] * 6))
        assert (drawer.state()["drawer_m"] < before["drawer_m"] - 0.02) == moved


def test_the_flag_comes_after_the_lever() -> None:
    lever = make("lever")
    trial = min(lever.trials(9, 0, "fork"), key=lambda t: abs(t.start["lever_rad"]))
    lever.stage(trial)
    live(lever, np.array([[1.0, 0.0]] * 4))
    thrown = lever.state()
    flags = live(lever, np.zeros((30, 2)))[:, 3]
    way = thrown["lever_rad"] - trial.start["flag_rad"]
    shares = (flags - trial.start["flag_rad"]) / way
    assert abs(way) > 0.2
    assert (thrown["flag_rad"] - trial.start["flag_rad"]) / way < 0.3
    assert 5 <= np.argmax(shares > 0.8) <= 18
    assert shares[-1] == pytest.approx(1.0, abs=0.1)
    assert lever.state()["lever_rad"] == pytest.approx(thrown["lever_rad"], abs=0.02)


def test_the_ball_goes_round_the_wall_and_never_through_it(play: Play) -> None:
    maze = make("u_maze")
    maze.place({"ball_x_m": -0.1, "ball_y_m": 0.08})
    live(maze, np.array([[0.0, -1.0]] * 20))
    assert maze.state()["ball_y_m"] > 0.03
    ball = play(maze, 3000, 0)
    inside = (ball["ball_x_m"] < 0.05) & (np.abs(ball["ball_y_m"]) < 0.03)
    assert not inside.any()
    assert (ball["ball_y_m"][ball["ball_x_m"] < 0] < 0).mean() > 0.1


def test_one_puck_or_both_have_to_be_pushed() -> None:
    table = make("two_pucks")
    pucks = ("blue_x_m", "green_x_m")
    for kind, moved in (("one", {1}), ("both", {2})):
        trials = table.trials(6, 0, kind)
        assert {sum(t.start[p] != pytest.approx(t.goal[p]) for p in pucks) for t in trials} == moved
    assert {t.start["blue_x_m"] == pytest.approx(t.goal["blue_x_m"])
            for t in table.trials(4, 0, "one")} == {True, False}  # fmt: skip


def test_the_television_shows_something_else_at_every_step_and_hides_no_door() -> None:
    television, door = make("television"), make("door")
    screens = []
    for action in np.zeros((20, 3), np.float32):
        picture, plain = (each.observe().readings["camera"] for each in (television, door))
        screens.append(picture[:12, :12].tobytes())
        np.testing.assert_array_equal(picture[12:], plain[12:])
        television.act(action)
        door.act(action)
    assert len(set(screens)) == 20
