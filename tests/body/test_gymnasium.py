from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, Space
from hypothesis import given
from hypothesis import strategies as st

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


PICTURE = Box(0, 255, (8, 12, 3), np.uint8)
VECTOR = Box(-1.0, 1.0, (4,), np.float64)


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


@pytest.mark.parametrize(
    ("sees", "moves", "word"),
    [
        (Discrete(3), MOTORS, "observation"),
        (Box(0, 1, (8, 12, 3), np.float32), MOTORS, "uint8"),
        (Box(0, 255, (3, 48, 48), np.uint8), MOTORS, "channels last"),
        (Dict({"eye": Dict({"left": PICTURE})}), MOTORS, "'eye'"),
        (VECTOR, Discrete(4), "Discrete(4)"),
        (VECTOR, Box(0, 5, (2,), np.int64), "floats"),
        (VECTOR, Box(-np.inf, np.inf, (2,), np.float32), "no limits"),
    ],
)
def test_a_space_that_cannot_be_used_is_refused_by_name(
    sees: Space[Any], moves: Space[Any], word: str
) -> None:
    with pytest.raises(WorldError, match="bench") as refusal:
        GymnasiumRobot(Bench(sees, moves), "bench")
    assert word in str(refusal.value)


def test_the_interface_before_gymnasium_is_refused() -> None:
    with pytest.raises(WorldError, match=r"reset\(\) gave ndarray, expected a tuple of 2"):
        GymnasiumRobot(OldInterface(VECTOR), "bench")


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
