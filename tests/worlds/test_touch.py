"""The worlds of touch: goals that can be felt, play that touches, and nothing lost for good."""

from collections.abc import Callable

import numpy as np
import pytest

from rumpus.body.random_motion import smoothed_actions
from rumpus.types import Array
from rumpus.worlds import die as die_world
from rumpus.worlds._fingertip import Fingertip
from rumpus.worlds.base import State, World
from rumpus.worlds.catalogue import load
from rumpus.worlds.die import Die

Play = Callable[[World, int, int], dict[str, Array]]
TOUCH = ("ball", "stick", "die", "curtain")


def make(name: str, seed: int = 0) -> Fingertip:
    world = load(name, seed)
    assert isinstance(world, Fingertip)
    return world


@pytest.mark.parametrize("name", TOUCH)
def test_trials_begin_where_they_say_and_end_in_a_picture_that_can_be_felt(name: str) -> None:
    world = make(name)
    for kind in world.trial_kinds:
        trials = world.trials(6, 3, kind)
        assert trials == make(name, 9).trials(6, 3, kind)
        assert trials != world.trials(6, 4, kind)
        for trial in trials:
            assert world.headline_error(trial.start, trial.goal) > world.measure.tolerance
            world.place(trial.goal)
            reached = world.headline_error(world.state(), trial.goal)
            assert reached < 0.3 * world.measure.tolerance
            assert world.feels()
            assert world.stage(trial).readings["gel"].std() > 4
            begun = world.headline_error(world.state(), trial.start)
            assert begun < 0.3 * world.measure.tolerance


@pytest.mark.parametrize(("name", "least"), [("ball", 0.99), ("stick", 0.15), ("die", 0.4),
                                             ("curtain", 0.08)])  # fmt: skip
def test_random_play_touches_and_loses_nothing_for_good(name: str, least: float) -> None:
    world, felt = make(name), []
    for action in smoothed_actions(np.random.default_rng(0), 800, 3):
        world.act(action)
        felt.append(world.feels())
    assert np.mean(felt[:400]) > least
    assert np.mean(felt[400:]) > least


@pytest.mark.parametrize("name", TOUCH)
def test_a_crude_gel_has_a_third_of_the_pixels_and_is_never_twice_the_same(name: str) -> None:
    clean, crude = load(name), load(f"{name},crude=true")
    pixels = [w.observe().readings["gel"].size for w in (clean, crude)]
    assert pixels[1] / pixels[0] == pytest.approx(1 / 3, rel=0.05)
    assert (clean.observe().readings["gel"] == clean.observe().readings["gel"]).all()
    assert (crude.observe().readings["gel"] != crude.observe().readings["gel"]).any()


def test_the_ball_rolls_half_as_far_as_the_fingertip_and_stays_in_its_tray(play: Play) -> None:
    world = make("ball")
    world.place(world.settled(np.array([0, 0, 0.0066, 0, 0, 0.004, 1, 0, 0, 0])))
    for _ in range(3):
        world.act(np.array([0.5, 0.0, 0.0], np.float32))
    state = world.state()
    assert state["ball_x_m"] == pytest.approx(state["hand_x_m"] / 2, rel=0.1)
    assert state["hand_x_m"] > 0.002
    lived = play(world, 1500, 1)
    assert np.abs(lived["ball_x_m"] - lived["hand_x_m"]).max() < 0.007
    assert np.ptp(lived["ball_x_m"]) > 0.007


def test_a_stick_that_is_let_go_stands_up_and_its_picture_tells_how_it_leans() -> None:
    world = make("stick")
    trial = world.trials(3, 0, "released")[0]
    leaning = world.stage(trial).readings["gel"]
    world.place(trial.goal)
    for _ in range(8):
        world.act(np.array([0.0, 0.0, 1.0], np.float32))
    assert not world.feels()
    assert abs(world.state()["stick_x_rad"]) + abs(world.state()["stick_y_rad"]) < 0.02
    hand = [trial.goal[name] for name in ("hand_x_m", "hand_y_m")]
    world.place({**world.state(), "hand_x_m": hand[0], "hand_y_m": hand[1], "hand_z_m": 0.0188})
    upright = world.observe().readings["gel"]
    assert np.abs(leaning.astype(int) - upright.astype(int)).max() > 60


def test_no_two_faces_of_the_die_feel_the_same_however_it_is_turned() -> None:
    codes = die_world._codes()
    assert len(codes) == len(die_world.FACES) == 20
    for first, one in enumerate(codes):
        turned = [one, (one[0], *one[2:4], one[1], *one[5:], one[4]),
                  (one[0], one[3], *one[1:3], one[6], *one[4:6])]  # fmt: skip
        for other in codes[first + 1 :]:
            assert min(sum(a != b for a, b in zip(t, other, strict=True)) for t in turned) >= 2


@pytest.mark.parametrize(("kind", "angle_rad"), [("one roll", 0.7297), ("two rolls", 1.2310)])
def test_goals_of_the_die_are_so_many_rolls_away(kind: str, angle_rad: float) -> None:
    die = make("die")
    for trial in die.trials(10, 0, kind):
        apart = die.headline_error(trial.start, trial.goal)
        assert apart == pytest.approx(angle_rad, abs=0.08)
        rolled_m = [trial.start[f"die_{axis}_m"] - trial.goal[f"die_{axis}_m"] for axis in "xy"]
        assert np.linalg.norm(rolled_m) < 0.0155


def test_a_face_that_lies_below_is_half_a_turn_away() -> None:
    die, rng = Die(), np.random.default_rng(0)
    states = [die.anywhere(rng) for _ in range(100)]
    apart = [die.headline_error(one, other) for one in states for other in states]
    assert max(apart) == pytest.approx(np.pi, abs=0.1)
    assert np.isfinite(apart).all()


def test_random_play_rolls_the_die_onto_every_face(play: Play) -> None:
    lived = play(Die(), 1500, 0)
    quaternions = np.stack([lived[name] for name in die_world.NAMES[3:]], 1)
    up = [int(np.argmax(die_world._up(q))) for q in quaternions]
    assert len(set(up)) >= 10
    assert (np.diff(up) != 0).sum() > 60


def test_the_camera_sees_the_curtains_sled_alone_and_the_gel_feels_its_bar_alone() -> None:
    world = make("curtain")
    names = world.names

    def sensed(*at: float) -> dict[str, Array]:
        world.place(dict(zip(names, at, strict=True)))
        return {name: value.astype(int) for name, value in world.observe().readings.items()}

    here = sensed(0.0, 0.0, 0.0106, 0.0, 0.0)
    barred = sensed(0.0, 0.0, 0.0106, 0.0, 0.003)
    slid = sensed(0.005, 0.0, 0.0106, 0.005, 0.0)
    assert (here["camera"] == barred["camera"]).all()
    assert np.abs(here["gel"] - barred["gel"]).max() > 60
    assert np.abs(here["camera"] - slid["camera"]).max() > 60
    assert np.abs(here["gel"] - slid["gel"]).mean() < 0.5


def test_one_who_knows_where_the_die_is_brings_any_face_up_that_is_one_roll_away() -> None:
    die = make("die")
    reach = die_world.REACH_M

    def at(state: State, thing: str) -> Array:
        return np.array([state[f"{thing}_{axis}_m"] for axis in "xy"])

    def go(to_m: Array, down: float, steps: int) -> None:
        for _ in range(steps):
            away = (to_m - at(die.state(), "hand")) / die_world.STEP_M[0]
            die.act(np.array([*(away / max(1.0, np.abs(away).max())), -down], np.float32))

    for trial in die.trials(12, 1, "one roll"):
        die.stage(trial)
        from_m, to_m = at(trial.start, "die"), at(trial.goal, "die")
        way = 2 * (to_m - from_m)  # a fingertip goes twice as far as what rolls under it
        begin = (from_m - way / 2).clip(-reach, reach)
        begin = np.where(np.abs(begin + way) > reach, np.sign(way) * reach - way, begin)
        go(at(trial.start, "hand"), -1, 2)
        go(begin, -1, 6)
        go(begin, 1, 3)
        go(begin + way, 1, 6)
        go(begin + way, -1, 2)
        go(at(trial.goal, "hand"), -1, 6)
        go(at(trial.goal, "hand"), 1, 2)
        assert die.headline_error(die.state(), trial.goal) < 0.1


def test_the_truth_of_a_die_tells_each_pose_of_it() -> None:
    die = load("worlds.felt:felt,world=die", 0)
    assert isinstance(die, Die)
    rng, told = np.random.default_rng(0), []
    for _ in range(30):
        die.place(die.anywhere(rng))
        told.append((die.face_up(die.state()), die.observe().readings["truth"]))
    for face, reading in told:
        for other, another in told:
            assert face == other or np.abs(reading[-9:] - another[-9:]).max() > 0.1
