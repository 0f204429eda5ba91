import json
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete, Space, Text, Tuple
from hypothesis import given
from hypothesis import strategies as st

from rumpus.body.robots import gymnasium as gymnasium_robot
from rumpus.body.robots._spaces import sensors_of
from rumpus.body.robots.gymnasium import GymnasiumRobot
from rumpus.body.safe_robot import SafeRobot
from rumpus.errors import InputError, WorldError

MOTORS = Box(np.array([-0.5, 0.0], np.float32), np.array([1.5, 10.0], np.float32))


class Bench(gym.Env[Any, Any]):
    """Shows what its space draws, remembers its last command, ends when told to."""

    def __init__(self, sees: Space[Any], moves: Space[Any] = MOTORS) -> None:
        self.observation_space, self.action_space = sees, moves
        self.command: Any = None
        self.commands: list[Any] = []
        self.ends = (False, False)
        self.closed = 0
        self.seeds: list[int | None] = []

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        self.seeds.append(seed)
        self.observation_space.seed(0)
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.command = action
        self.commands.append(action)
        return self.observation_space.sample(), 1.0, *self.ends, {"state": {"secret_m": 12345.0}}

    def close(self) -> None:
        self.closed += 1


class OldInterface(Bench):
    def reset(self, **_: Any) -> Any:
        return self.observation_space.sample()


class Scored(Bench):
    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        seen, _, *ends, _ = super().step(action)
        return seen, *self.says, *ends, self.told

    says: tuple[Any, ...] = (np.float32(-1.5),)
    told: dict[str, Any] = {"is_success": np.True_, "success": None, "other": 3.0}  # noqa: RUF012


PICTURE = Box(0, 255, (8, 12, 3), np.uint8)
VECTOR = Box(-1.0, 1.0, (4,), np.float64)


def test_what_the_environment_says_of_its_task_stands_beside_what_was_done() -> None:
    robot = SafeRobot(GymnasiumRobot(Scored(VECTOR), "scored"))
    still = np.zeros(2, np.float32)
    assert json.loads(robot.act(still).outcome) == {"reward": -1.5, "is_success": 1.0}
    for nothing in (None, np.nan, "much", [1.0]):
        silent = Scored(VECTOR)
        silent.says, silent.told = (nothing,), {}
        assert GymnasiumRobot(silent, "silent").act(still).outcome == ""


@given(st.lists(st.floats(-1, 1, width=32), min_size=2, max_size=2))
def test_actions_span_the_whole_box(action: list[float]) -> None:
    env = Bench(VECTOR)
    GymnasiumRobot(env, "bench").act(np.array(action, np.float32))
    expected = [-0.5 + (action[0] + 1), (action[1] + 1) * 5]
    np.testing.assert_allclose(env.command, expected, atol=1e-5)
    assert env.action_space.contains(env.command)


def test_an_action_beyond_one_is_refused_and_through_a_safe_robot_stays_in_the_box() -> None:
    env = Bench(VECTOR)
    robot = GymnasiumRobot(env, "bench")
    with pytest.raises(InputError, match=r"expects 2 finite numbers in \[-1, 1\]"):
        robot.act(np.array([-3.0, 3.0], np.float32))
    assert not env.commands
    executed = SafeRobot(robot).act(np.array([-3.0, 3.0], np.float32))
    np.testing.assert_allclose(env.command, [-0.5, 10.0])
    np.testing.assert_array_equal(executed.action, [-1.0, 1.0])
    assert executed.reason == "beyond [-1, 1]"


@pytest.mark.parametrize(
    ("space", "shapes"),
    [
        (PICTURE, {"observation": (8, 12, 3)}),
        (Box(0, 255, (8, 12), np.uint8), {"observation": (8, 12, 1)}),
        (VECTOR, {"observation": (4,)}),
        (Box(-np.inf, np.inf, (), np.float32), {"observation": (1,)}),
        (Dict({"eye": PICTURE, "gauge": VECTOR}), {"eye": (8, 12, 3), "gauge": (4,)}),
    ],
)
def test_readings_keep_the_spec(space: Space[Any], shapes: dict[str, tuple[int, ...]]) -> None:
    robot = GymnasiumRobot(Bench(space), "bench")
    robot.act(np.zeros(2, np.float32))
    readings = robot.observe().readings
    assert {name: reading.shape for name, reading in readings.items()} == shapes
    robot.spec.check(readings)


FLOATS = Box(0, 1, (20, 24, 3), np.float32)
ONE_OF_3 = np.array([0, 0, 1], np.float32)


@pytest.mark.parametrize(
    ("space", "shape", "notice"),
    [
        (FLOATS, (20, 24, 3), "came as float32 up to 1"),
        (Box(0, 255, (3, 48, 40), np.uint8), (48, 40, 3), "had its channels first"),
        (Box(0, 255, (4, 48, 40), np.uint8), (48, 40, 4), "had its channels first"),
        (Box(0, 255, (48, 40, 12), np.uint8), (48, 40, 3), "the newest 3 of 12 stacked channels"),
        (Box(0, 255, (4, 48, 40, 3), np.uint8), (48, 40, 3), "is the newest of 4"),
        (Box(-1, 1, (5, 5), np.float64), (25,), ""),
        (Box(0, 2**40, (2,), np.int64), (2,), "float32 keeps about seven digits"),
        (Discrete(3), (3,), "says one of 3"),
        (MultiDiscrete([3, 2]), (5,), "says one of 3 x 2"),
        (Discrete(100_000), (1,), ""),
    ],
)
def test_other_spaces_are_adapted_and_that_is_told(
    space: Space[Any], shape: tuple[int, ...], notice: str
) -> None:
    robot = GymnasiumRobot(Bench(space), "bench")
    (sensor,) = robot.spec.sensors
    assert sensor.shape == shape
    assert [notice in said for said in robot.notices] == [True] * bool(notice)
    robot.spec.check(robot.observe().readings)


def test_an_adapted_picture_is_the_same_picture() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (20, 24, 3), np.uint8)
    kinds: list[tuple[Space[Any], Any]] = [
        (FLOATS, picture / 255.0),
        (Box(0, 255, (20, 24, 3), np.float64), picture.astype(float)),
        (Box(0, 255, (3, 20, 24), np.uint8), np.moveaxis(picture, 2, 0)),
        (Box(0, 255, (20, 24, 6), np.uint8), np.concatenate([picture * 0, picture], axis=2)),
        (Box(0, 255, (2, 20, 24, 3), np.uint8), np.stack([picture * 0, picture])),
    ]
    for space, seen in kinds:
        ((sensor,), _) = sensors_of(space, "bench")
        np.testing.assert_array_equal(sensor.reading(seen), picture)


def test_levels_beyond_the_declared_do_not_wrap_round_and_no_choice_is_another() -> None:
    ((sensor,), _) = sensors_of(FLOATS, "bench")
    assert (sensor.reading(np.full((20, 24, 3), 1.1)) == 255).all()
    ((choice,), _) = sensors_of(Discrete(3), "bench")
    for wrong in (-1, 3):
        with pytest.raises(ValueError, match="of choices from 0 to 2"):
            choice.reading(wrong)


def test_what_is_nested_is_named_by_its_path_and_what_fits_nothing_is_left_out() -> None:
    parts: dict[Any, Space[Any]] = {
        "eyes": Dict({"left": PICTURE}), 7: VECTOR, "both": Tuple((VECTOR, Discrete(3))),
        "mission": Text(9), "nothing": Box(-1, 1, (0,)),
    }  # fmt: skip
    space = Dict(parts)
    found, notices = sensors_of(space, "bench")
    assert {s.spec.name: s.spec.shape for s in found} == {
        "eyes.left": (8, 12, 3), "7": (4,), "both.0": (4,), "both.1": (3,),
    }  # fmt: skip
    left_out = [said.split("'")[1] for said in notices if "left out" in said]
    assert left_out == ["mission", "nothing"]
    seen = {"eyes": {"left": np.zeros((8, 12, 3), np.uint8)}, 7: np.ones(4), "mission": "go",
            "both": (np.zeros(4), 2), "nothing": np.zeros(0)}  # fmt: skip
    readings = {s.spec.name: s.reading(seen) for s in found}
    np.testing.assert_array_equal(readings["both.1"], ONE_OF_3)


@pytest.mark.parametrize(
    ("space", "action", "command", "executed"),
    [
        (Discrete(3, start=5), [-0.2, 0.1, 0.9], 7, [-1, -1, 1]),
        (MultiDiscrete([2, 3]), [0.1, 0.0, -1, 0.2, 0.3], [0, 2], [1, -1, -1, -1, 1]),
    ],
)
def test_of_choices_the_greatest_counts_and_memory_is_told(
    space: Space[Any], action: list[float], command: Any, executed: list[float]
) -> None:
    env = Bench(VECTOR, space)
    done = GymnasiumRobot(env, "bench").act(np.array(action, np.float32))
    np.testing.assert_array_equal(env.command, command)
    assert space.contains(env.command)
    np.testing.assert_array_equal(done.action, executed)
    assert done.reason == "one of its choices"


@pytest.mark.parametrize(
    ("sees", "moves", "word"),
    [
        (Text(5), MOTORS, "expected pictures or vectors"),
        (Dict({"a.b": VECTOR, "a": Dict({"b": VECTOR})}), MOTORS, "a name of its own"),
        (VECTOR, Box(0, 5, (2,), np.int64), "floats"),
        (VECTOR, Box(-np.inf, np.inf, (2,), np.float32), "no limits"),
        (VECTOR, Box(-3.4e38, 3.4e38, (2,), np.float32), "no limits"),
        (VECTOR, Dict({"arm": MOTORS}), "expected a Box of floats"),
    ],
)
def test_a_space_that_cannot_be_used_is_refused_by_name(
    sees: Space[Any], moves: Space[Any], word: str
) -> None:
    with pytest.raises(WorldError, match="bench") as refusal:
        GymnasiumRobot(Bench(sees, moves), "bench")
    assert word in " ".join(str(refusal.value).split())


def test_the_interface_before_gymnasium_is_refused() -> None:
    with pytest.raises(WorldError, match=r"reset\(\) gave ndarray, expected a tuple of 2"):
        GymnasiumRobot(OldInterface(VECTOR), "bench").observe()


def test_a_call_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging(Bench):
        def step(self, action: Any) -> Any:
            while True:
                pass

    monkeypatch.setattr(gymnasium_robot, "LONGEST_CALL_S", 0.2)
    robot = GymnasiumRobot(Hanging(VECTOR), "bench")
    with pytest.raises(WorldError, match=r"bench: step\(\) did not come back within 0.2 s"):
        robot.act(np.zeros(2, np.float32))


def test_an_episode_ends_and_begins_anew() -> None:
    env = Bench(VECTOR)
    robot = GymnasiumRobot(env, "bench", seed=7)
    env.ends = (False, True)
    robot.act(np.zeros(2, np.float32))
    ended_at_s = robot.observe().time_s
    assert robot.ended == (False, True)
    with pytest.raises(WorldError, match="restart"):
        robot.act(np.zeros(2, np.float32))
    robot.restart()
    assert robot.ended == (False, False)
    assert robot.observe().time_s > ended_at_s
    assert env.seeds == [7, None]


def test_readings_are_copies_of_what_the_environment_reuses() -> None:
    class Reusing(Bench):
        buffer = np.zeros((8, 12, 3), np.uint8)

        def reset(self, **_: Any) -> Any:
            return self.buffer, {}

        def step(self, action: Any) -> Any:
            self.buffer += 1
            return self.buffer, 0.0, False, False, {}

    robot = GymnasiumRobot(Reusing(PICTURE), "bench")
    before = robot.observe().readings["observation"]
    robot.act(np.zeros(2, np.float32))
    assert before.max() == 0
    assert robot.observe().readings["observation"].min() == 1


def test_info_is_no_part_of_an_observation() -> None:
    robot = GymnasiumRobot(Bench(VECTOR), "bench")
    robot.act(np.zeros(2, np.float32))
    readings = robot.observe().readings
    assert set(readings) == {"observation"}
    assert 12345.0 not in readings["observation"]


def test_stop_closes_once() -> None:
    env = Bench(VECTOR)
    robot = GymnasiumRobot(env, "bench")
    robot.stop()
    robot.stop()
    assert env.closed == 1
