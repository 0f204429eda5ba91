"""What all simulated worlds have: what was executed, sensors, and a future that can be saved."""

import hashlib
from functools import partial

import numpy as np
import pytest

from rumpus.body.random_motion import smoothed_actions
from rumpus.body.safe_robot import SafeRobot
from rumpus.body.sensors.camera import Camera, CameraConfig
from rumpus.body.sensors.joints import Joints, JointsConfig
from rumpus.body.sensors.scene import SensorFactory
from rumpus.types import Array
from rumpus.worlds.door import Door, DoorConfig
from rumpus.worlds.pusher import CAMERA, Pusher, PusherConfig

Make = type[Door] | type[Pusher]
DEFAULT: dict[Make, list[SensorFactory]] = {Door: [Camera], Pusher: [CAMERA]}
SIDE = partial(Camera, config=CameraConfig("side", size_px=32))

# Of uniformly random steps from seed 0, so many as processors agree on: where a puck goes that is
# hit differs a little from one processor, or version of the simulator, to another.
STEPS = {Door: 200, Pusher: 36}
PICTURES = {
    Door: "f1b7fc7811a101a5008157e9d0771245cc138037ed4248d73ec43a49ad1eb267",
    Pusher: "0870c343d7715e89c9685c2eedc1a999c05dc6191c351329aa6b537713babb60",
}


def live(world: Door | Pusher, actions: Array) -> Array:
    truth = []
    for action in actions:
        world.act(action)
        truth.append(list(world.state().values()))
    return np.array(truth)


def uniform(world: Door | Pusher, steps: int) -> Array:
    rng = np.random.default_rng(0)
    return rng.uniform(-1, 1, (steps, world.spec.action_size)).astype(np.float32)


@pytest.mark.parametrize("make", [Door, Pusher])
def test_the_same_actions_give_the_same_pictures_as_ever(make: Make) -> None:
    world, digest = make(0), hashlib.sha256()
    robot = SafeRobot(world)
    for action in uniform(world, STEPS[make]):
        robot.act(action)
        digest.update(robot.observe().readings["camera"].tobytes())
    assert digest.hexdigest() == PICTURES[make]


@pytest.mark.parametrize("make", [Door, Pusher])
def test_an_action_that_is_not_limited_is_executed_bit_for_bit(make: Make) -> None:
    world, free = make(0), 0
    faint = np.float32(1e-9) * uniform(world, 50)
    for action in [*uniform(world, 300), *faint]:
        hand = world.positions()[: len(action)]
        wanted = hand + action * world.config.step_m
        executed = world.act(action)
        if np.array_equal(world.clip_to_workspace(wanted), wanted):
            free += 1
            assert executed.action.tobytes() == action.tobytes()
            assert executed.reason == ""
    assert free > 150


@pytest.mark.parametrize("make", [Door, Pusher])
def test_what_was_executed_is_how_far_the_hand_was_really_sent(make: Make) -> None:
    world, limited = make(0), 0
    robot, action = SafeRobot(world), np.ones(world.spec.action_size, np.float32)
    for _ in range(25):
        hand = world.positions()[: len(action)]
        executed = robot.act(action)
        sent = (world.data.ctrl[: len(action)] - hand) / world.config.step_m
        np.testing.assert_allclose(executed.action, np.clip(sent, -1.0, 1.0), atol=1e-6)
        assert executed.action.dtype == np.float32
        if np.abs(sent - action).max() > 1e-3:
            limited += 1
            assert executed.reason == "beyond the workspace"
    assert limited > 10  # it was driven into the limit and stayed there


def test_a_hand_at_the_end_of_its_workspace_is_sent_nowhere() -> None:
    door = Door(0)
    robot = SafeRobot(door)
    for _ in range(30):
        executed = robot.act(np.array([0.0, 0.0, 2.0], np.float32))
    assert door.positions()[2] == pytest.approx(DoorConfig().high_m[2], abs=1e-3)
    assert executed.action[2] == pytest.approx(0.0, abs=0.05)
    assert executed.action[:2].tobytes() == np.zeros(2, np.float32).tobytes()
    assert executed.reason == "beyond [-1, 1]; beyond the workspace"


def test_a_hand_out_of_its_workspace_comes_back_by_a_whole_step_at_most() -> None:
    pusher, config = Pusher(0), PusherConfig()
    out = {"hand_x_m": config.workspace_m + 0.05, "hand_y_m": 0.0, "puck_x_m": 0.0, "puck_y_m": 0.0}
    pusher.place(out)
    executed = pusher.act(np.zeros(2, np.float32))
    np.testing.assert_array_equal(executed.action, [-1.0, 0.0])
    assert executed.reason == "beyond the workspace"


@pytest.mark.parametrize("make", [Door, Pusher])
def test_a_world_may_have_several_sensors(make: Make) -> None:
    hand = ("hand_x", "hand_y")
    felt = partial(Joints, config=JointsConfig("hand", hand))
    world = make(0, sensors=[Camera, SIDE, felt])
    assert [sensor.name for sensor in world.spec.sensors] == ["camera", "side", "hand"]
    world.act(np.full(world.spec.action_size, 0.5, np.float32))
    readings = SafeRobot(world).observe().readings
    assert readings["side"].shape == (32, 32, 3)
    assert len(np.unique(readings["side"].reshape(-1, 3), axis=0)) > 5
    np.testing.assert_allclose(readings["hand"][:2], world.positions()[:2], atol=1e-6)
    np.testing.assert_allclose(readings["hand"][2:], world.data.qvel[world_dofs(world)], atol=1e-6)
    assert np.abs(readings["hand"][2:]).min() > 1e-3


def world_dofs(world: Door | Pusher) -> list[int]:
    return [int(world.model.joint(name).dofadr[0]) for name in ("hand_x", "hand_y")]


@pytest.mark.parametrize("make", [Door, Pusher])
def test_other_sensors_change_neither_the_world_nor_the_picture(make: Make) -> None:
    plain, rich = make(0), make(0, sensors=[*DEFAULT[make], SIDE])
    actions = uniform(plain, 20)
    np.testing.assert_array_equal(live(plain, actions), live(rich, actions))
    one, other = (world.observe().readings["camera"] for world in (plain, rich))
    np.testing.assert_array_equal(one, other)


def test_a_slow_camera_shows_a_trials_goal_and_its_start_and_no_old_picture() -> None:
    slow = partial(Camera, config=CameraConfig(rate_hz=0.5))
    door, plain = Door(0, sensors=[slow]), Door(0)
    for trial in plain.trials(3, 0, "handle"):
        door.act(np.zeros(3, np.float32))
        goal, true_goal = (world.stage(trial).readings["camera"] for world in (door, plain))
        np.testing.assert_array_equal(goal, true_goal)
        start, true_start = (world.observe().readings["camera"] for world in (door, plain))
        np.testing.assert_array_equal(start, true_start)
        assert (goal != start).any()


def test_a_slow_camera_repeats_itself_in_a_world_and_says_when() -> None:
    door = Door(0, sensors=[partial(Camera, config=CameraConfig(rate_hz=5.0))])
    first = door.observe()
    for _ in range(2):
        door.act(np.ones(3, np.float32))
        last, now = first, door.observe()
        if now.captured_s:
            assert now.captured_s == {"camera": last.time_s}
            np.testing.assert_array_equal(now.readings["camera"], last.readings["camera"])
    assert now.captured_s == {}
    assert (now.readings["camera"] != first.readings["camera"]).any()


@pytest.mark.parametrize("make", [Door, Pusher])
def test_a_saved_simulation_goes_on_exactly_as_it_did(make: Make) -> None:
    """So that a planner may imagine with the truth."""
    world, other = make(0), make(1)
    actions = smoothed_actions(np.random.default_rng(0), 60, world.spec.action_size)
    live(world, actions[:20])
    saved, picture = world.save(), world.observe().readings["camera"]
    future = live(world, actions[20:])
    assert np.ptp(future, axis=0).max() > 0.01
    for place in (world, other):
        place.restore(saved)
        np.testing.assert_array_equal(place.observe().readings["camera"], picture)
        np.testing.assert_array_equal(live(place, actions[20:]), future)
