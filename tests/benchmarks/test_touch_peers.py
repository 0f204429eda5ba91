"""The peers of the worlds of touch: a servo that is weak by a slip of ours would flatter us."""

import time
from pathlib import Path

import numpy as np
import pytest
import torch
from peer.centroid_servo import CalibratedServo, CentroidServo, fitted, imprint
from peer.foresight import Foresight, ForesightConfig, reduced
from peer.idle import RandomMotion, Still
from peer.own_run import OwnRun
from peer.trial import Peer, Sight, tried

from rumpus.body.random_motion import smoothed_actions
from rumpus.memory.memory import Memory
from rumpus.planning.cem import CemConfig
from rumpus.run.session import load_actor
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Observation, Step
from rumpus.worlds.catalogue import load

SIDE_PX, BOX_PX, STEP_PX = 24, 12, 3.0
SMALL = ForesightConfig(
    width=32, ahead=3, batch=16,
    search=CemConfig(horizon=4, candidates=100, elites=10, iterations=3),
)  # fmt: skip


def pressed(x: float, y: float, depth: float, drift: float = 0.0, noise: float = 0.0) -> Array:
    """A gel with a round dent at (x, y), in sides of the pad from its middle, uint8 (48, 48, 3)."""
    at = (np.arange(48) + 0.5) / 48 - 0.5
    right, up = np.meshgrid(at - x, -at - y)
    dent = 100 * depth * np.exp(-0.5 * (right**2 + up**2) / 0.08**2)
    lights = [right, up, -right] / np.hypot(right, up).clip(0.02)
    picture = 128.0 + drift + dent[..., None] * np.moveaxis(np.asarray(lights), 0, -1)
    picture += noise * np.random.default_rng(0).standard_normal(picture.shape)
    return picture.round().clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(("drift", "noise"), [(0.0, 0.0), (-20.0, 0.0), (20.0, 8.0)])
def test_an_imprint_tells_where_and_how_deep_whatever_the_gel_adds(
    drift: float, noise: float
) -> None:
    found = imprint(pressed(0.2, -0.15, 1.0, drift, noise))
    deeper = imprint(pressed(0.2, -0.15, 1.2, drift, noise))
    assert found is not None
    assert deeper is not None
    assert found[:2] == pytest.approx([0.2, -0.15], abs=0.01)
    assert deeper[2] > found[2] + 0.1
    assert imprint(pressed(0.2, -0.15, 0.0, drift, noise)) is None


def test_calibration_finds_what_actions_do_and_the_way_back() -> None:
    rng = np.random.default_rng(0)
    moves = np.array([[0.06, 0.01, 0.0], [0.0, -0.05, 0.01], [0.1, 0.0, -0.8]])
    actions = smoothed_actions(rng, 400, 3)
    changes = actions @ moves.T + 0.005 * rng.standard_normal((400, 3))
    found, back = fitted(actions, changes)
    np.testing.assert_allclose(found, moves, atol=2e-3)
    np.testing.assert_allclose(back @ moves, np.eye(3), atol=0.05)


def test_what_does_nothing_is_not_made_up_for_by_large_actions() -> None:
    rng = np.random.default_rng(0)
    actions = smoothed_actions(rng, 400, 3)
    changes = actions * [0.06, -0.05, 0.0] + 0.003 * rng.standard_normal((400, 3))
    _, back = fitted(actions, changes)
    assert np.abs(back @ [0.06, 0.0, 0.01] - [1.0, 0.0, 0.0]).max() < 0.1


def test_under_a_fingertip_a_ball_moves_half_as_far_as_the_guess_has_it_and_the_same_way() -> None:
    guessed, servo = CentroidServo(load("ball", 0)), CalibratedServo(load("ball", 0), 0)
    servo.train(500)
    assert servo.steps == 500
    shares = np.diag(servo.moves) / np.diag(guessed.moves)
    assert (shares[:2] > 0.25).all()
    assert (shares[:2] < 0.65).all()


def test_where_nothing_is_felt_the_fingertip_goes_down_and_where_all_is_as_shown_it_stays() -> None:
    servo = CentroidServo(load("ball", 0))
    nothing, there = (Sight({"gel": pressed(0.1, 0.1, depth)}, {}) for depth in (0.0, 1.0))
    assert servo.act(nothing, there).tolist() == [0.0, 0.0, -1.0]
    assert np.abs(servo.act(there, there)).max() == 0.0
    shallow = Sight({"gel": pressed(0.1, 0.1, 0.7)}, {})
    assert servo.act(shallow, there)[2] < -0.1
    assert servo.act(there, shallow)[2] > 0.1


def success(peer: Peer) -> float:
    (row,) = tried(load("ball", 1000), peer, 24, 0)
    return float(str(row.metrics["success_rate"]))


class SlowOnce(Still):
    """Thinks for a while about its tenth decision."""

    decisions = 0

    def act(self, seen: Sight, goal: Sight) -> Array:
        self.decisions += 1
        time.sleep(0.06 * (self.decisions == 10))
        return super().act(seen, goal)


def test_a_row_tells_how_long_decisions_take_in_the_middle_and_at_worst() -> None:
    (row,) = tried(load("ball", 1000), SlowOnce(3), 1, 0)
    middle, slow = (float(str(row.metrics[f"decision_{name}_s"])) for name in ("median", "99th"))
    assert middle < 0.03 < slow


def test_on_the_ball_a_servo_does_better_than_nothing_and_anything() -> None:
    calibrated = CalibratedServo(load("ball", 0), 0)
    calibrated.train(500)
    idle = max(success(Still(3)), success(RandomMotion(3, 0)))
    for servo in (CentroidServo(load("ball", 0)), calibrated):
        assert success(servo) >= idle + 0.8


# Foresight, in a world of one square that goes where it is told


def square(at: Array) -> Array:
    """A light square with its corner at (x, y) px, uint8 (24, 24, 3)."""
    cells = np.arange(SIDE_PX)
    inside = [np.clip(np.minimum(cells + 1 - a, a + BOX_PX - cells), 0.0, 1.0) for a in at]
    shade = 128.0 + 100.0 * inside[1][:, None] * inside[0]
    return np.repeat(shade[..., None], 3, -1).round().astype(np.uint8)


def moved(at: Array, action: Array) -> Array:
    there: Array = (at + STEP_PX * action).clip(0.0, SIDE_PX - BOX_PX)
    return there


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A memory of such a square, moved at random, in two episodes."""
    folder = tmp_path_factory.mktemp("toy") / "memory"
    spec = RobotSpec("square", (SensorSpec("gel", (SIDE_PX, SIDE_PX, 3)),), 2, 10.0)
    at = np.full(2, 6.0)
    with Memory.create(folder, spec) as memory:
        for k, action in enumerate(smoothed_actions(np.random.default_rng(0), 600, 2)):
            if k in (0, 300):
                memory.begin_episode("a test")
            done = ((moved(at, action) - at) / STEP_PX).astype(np.float32)
            memory.append(Step(Observation({"gel": square(at)}, k / 10), action, done))
            at = moved(at, action)
        memory.flush()
    return folder


@pytest.fixture(scope="module")
def foresight(toy: Path) -> Foresight:
    peer = Foresight(toy, 0, SMALL)
    peer.train(250)
    return peer


def test_foresight_predicts_better_than_that_nothing_changes_and_by_the_actions(
    foresight: Foresight,
) -> None:
    with torch.inference_mode():
        pictures, actions = foresight.windows(200)
        wrong = foresight.wrong(pictures, actions)
        shuffled = foresight.wrong(pictures, actions.roll(1, 0))
    still = (pictures[:, 1:2] - pictures[:, 2:]).square().mean((0, 2, 3, 4))
    assert foresight.steps == 600
    assert bool((wrong < 0.4 * still).all()), (wrong / still).tolist()
    assert bool((wrong < 0.4 * shuffled).all())


def test_windows_are_of_unbroken_stretches_with_the_actions_between_their_pictures(
    foresight: Foresight,
) -> None:
    assert not set(foresight._begins) & set(range(296, 300))
    assert {295, 300, 595} <= set(foresight._begins)
    assert max(foresight._begins) == 595
    pictures, actions = foresight.windows(20)
    for window, done in zip(pictures, actions, strict=True):
        corners = [np.argwhere(each[0].numpy() > 0.4)[0][::-1] for each in window]
        for before, after, action in zip(corners[1:], corners[2:], done, strict=False):
            assert np.abs(after - before - STEP_PX * action.numpy()).max() <= 1.0


@pytest.mark.parametrize(("start", "goal"), [((1.0, 1.0), (11.0, 9.0)), ((10.0, 3.0), (2.0, 8.0))])
def test_its_search_comes_to_the_picture_that_is_shown(
    foresight: Foresight, start: tuple[float, float], goal: tuple[float, float]
) -> None:
    at, shown = np.array(start), Sight({"gel": square(np.array(goal))}, {})
    for _ in range(8):
        at = moved(at, foresight.act(Sight({"gel": square(at)}, {}), shown))
    assert np.linalg.norm(at - goal) < 1.5


def test_a_new_trial_begins_without_the_last_ones_picture(foresight: Foresight) -> None:
    here, there = (Sight({"gel": square(np.array(at))}, {}) for at in ((2.0, 2.0), (9.0, 9.0)))

    def begun(goal: Sight) -> Array:
        foresight.act(there, there)
        foresight._rng = np.random.default_rng(3)
        return foresight.act(here, goal)

    anew, gone_on = begun(Sight(there.readings, {})), begun(there)
    foresight._last, foresight._rng = reduced(here.readings["gel"][None]), np.random.default_rng(3)
    assert np.array_equal(foresight.act(here, there), anew)
    assert not np.array_equal(gone_on, anew)


def test_pictures_of_any_side_are_reduced_to_the_same_and_grey_is_nothing() -> None:
    for side in (48, 28, 24):
        grey = np.full((2, side, side, 3), 128, np.uint8)
        assert reduced(grey).shape == (2, 3, 24, 24)
        assert float(reduced(grey).abs().max()) == 0.0
    assert float(reduced(square(np.array([6.0, 6.0]))[None])[0, 0, 11, 11]) == 100 / 128


# A run that acts in another way than its own


def test_a_run_acts_by_its_policy_alone_or_by_a_search_with_either_cost(dot: Path) -> None:
    with Memory.open(dot / "memory", write=False) as memory:
        seen, goal = (Sight(memory.readings(step), {}) for step in (10, 30))
    its = load_actor(dot)
    here, there = its.encode(seen.readings), its.encode(goal.readings)
    policy = OwnRun(dot, "policy", 0)
    assert policy.steps == 60
    np.testing.assert_array_equal(policy.act(seen, goal), its.policy_action(here, there))
    costs = {}
    for way in ("latent_l2", "cem"):
        actor = OwnRun(dot, way, 0).actor
        plan = actor.plan(here, there, np.random.default_rng(0))
        imagined = its.imagine(here, plan.actions)
        costs[way] = float((imagined - there).norm(dim=-1).sum()), plan.cost
        assert np.array_equal(OwnRun(dot, way, 0).act(seen, goal), plan.actions[0])
    assert costs["latent_l2"][0] == pytest.approx(costs["latent_l2"][1], rel=1e-4)
    assert costs["cem"][0] != pytest.approx(costs["cem"][1], rel=1e-2)
