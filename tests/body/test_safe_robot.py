"""The last word before a motor: nothing that is not A finite numbers in [-1, 1] gets past."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rumpus.body.robot import Robot
from rumpus.body.safe_robot import Limits, SafeRobot
from rumpus.errors import InputError, WorldError
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Executed, Observation

ACTIONS = st.lists(st.floats(-1e6, 1e6, width=32), min_size=3, max_size=3)


class Toy(Robot):
    """Three motors that do what they are told, and write it down."""

    spec = RobotSpec("toy", (SensorSpec("joint", (1,), -1.0, 1.0),), action_size=3, rate_hz=10.0)

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.actions: list[Array] = []
        self.joint = np.zeros(1, np.float32)

    def observe(self) -> Observation:
        return Observation({"joint": self.joint}, float(len(self.actions)))

    def act(self, action: Array) -> Executed:
        self.actions.append(action)
        return Executed(action)

    def rest(self) -> None:
        self.calls.append("rest")

    @property
    def ended(self) -> tuple[bool, bool]:
        return True, False

    def restart(self) -> None:
        self.calls.append("restart")

    def stop(self) -> None:
        self.calls.append("stop")


def done(*actions: list[float], limits: Limits | None = None) -> list[Executed]:
    robot = SafeRobot(Toy(), limits) if limits else SafeRobot(Toy())
    return [robot.act(np.array(action, np.float32)) for action in actions]


@given(ACTIONS)
def test_what_is_executed_is_the_nearest_that_is_allowed(asked: list[float]) -> None:
    toy, action = Toy(), np.array(asked, np.float32)
    executed = SafeRobot(toy).act(action)
    assert executed.action.dtype == np.float32
    np.testing.assert_array_equal(executed.action, [min(max(a, -1.0), 1.0) for a in asked])
    np.testing.assert_array_equal(toy.actions, [executed.action])
    assert (executed.reason == "") == (np.abs(action) <= 1.0).all()


def test_a_changed_action_says_why() -> None:
    assert done([0.5, -1.5, 0.0])[0].reason == "beyond [-1, 1]"


def test_an_allowed_action_of_another_dtype_is_no_changed_one() -> None:
    executed = SafeRobot(Toy()).act(np.array([0.3, -0.7, 1.0]))
    assert executed.reason == ""
    np.testing.assert_array_equal(executed.action, np.array([0.3, -0.7, 1.0], np.float32))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_action_that_is_no_number_is_refused_and_nothing_moves(bad: float) -> None:
    toy = Toy()
    with pytest.raises(InputError, match=r"toy was given.*3 finite numbers.*nothing was moved"):
        SafeRobot(toy).act(np.array([0.0, bad, 0.0], np.float32))
    assert not toy.actions


@pytest.mark.parametrize("shape", [(2,), (4,), (1, 3), ()])
def test_an_action_of_another_size_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="3 finite numbers"):
        SafeRobot(Toy()).act(np.zeros(shape, np.float32))


def test_the_action_itself_is_left_as_it_was() -> None:
    action = np.array([2.0, 0.0, -2.0], np.float32)
    SafeRobot(Toy()).act(action)
    np.testing.assert_array_equal(action, [2.0, 0.0, -2.0])


def test_each_motor_may_have_a_reach_of_its_own() -> None:
    (executed,) = done([0.9, 0.9, -0.9], limits=Limits(reach=(0.25, 1.0, 0.5)))
    np.testing.assert_array_equal(executed.action, np.array([0.25, 0.9, -0.5], np.float32))
    assert executed.reason == "beyond the motors' reach"


def test_a_largest_change_is_counted_from_what_was_executed_last() -> None:
    steps = done([1.0, 0.2, 0.0], [1.0, 0.2, 0.0], [1.0, 0.2, 0.0], [1.0, 0.2, 0.0],
                 limits=Limits(largest_change=0.4))  # fmt: skip
    np.testing.assert_allclose([s.action[0] for s in steps], [0.4, 0.8, 1.0, 1.0], atol=1e-6)
    assert [s.reason for s in steps] == ["a change of more than 0.4 in a step"] * 2 + [""] * 2


@pytest.mark.parametrize("again", ["rest", "restart"])
def test_after_a_rest_the_largest_change_is_counted_from_0(again: str) -> None:
    robot = SafeRobot(Toy(), Limits(largest_change=0.4))
    robot.act(np.full(3, 0.4, np.float32))
    getattr(robot, again)()
    np.testing.assert_allclose(robot.act(np.ones(3, np.float32)).action, 0.4)


def test_the_robots_own_reason_comes_after_ours() -> None:
    class Walled(Toy):
        def act(self, action: Array) -> Executed:
            return Executed(np.minimum(action, 0.5), "at the wall")

    executed = SafeRobot(Walled()).act(np.array([3.0, 0.0, 0.0], np.float32))
    assert executed.action[0] == 0.5
    assert executed.reason == "beyond [-1, 1]; at the wall"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (None, "act() gave NoneType, expected Executed"),
        (Executed(np.zeros(2, np.float32)), "executed float32 (2,)"),
        (Executed(np.zeros(3)), "executed float64 (3,)"),
        (Executed(np.full(3, np.nan, np.float32)), "expected float32 (3,) in [-1, 1]"),
        (Executed(np.full(3, 1.5, np.float32)), "mend act()"),
    ],
)
def test_a_robot_that_does_not_say_what_it_executed_is_told(
    said: Executed | None, words: str
) -> None:
    class Mumbling(Toy):
        def act(self, action: Array) -> Executed:
            return said  # type: ignore[return-value]

    with pytest.raises(WorldError) as refusal:
        SafeRobot(Mumbling()).act(np.zeros(3, np.float32))
    assert words in str(refusal.value)
    assert str(refusal.value).startswith("toy: ")


def test_a_reading_that_was_not_declared_so_is_told() -> None:
    toy = Toy()
    toy.joint = np.zeros(2, np.float32)
    with pytest.raises(WorldError, match=r"toy: sensor 'joint' gave float32 \(2,\)"):
        SafeRobot(toy).observe()


def test_a_sensor_that_gave_nothing_is_no_fault() -> None:
    class Numb(Toy):
        def observe(self) -> Observation:
            return Observation({}, 0.0)

    assert SafeRobot(Numb()).observe().readings == {}


def test_everything_else_is_the_robots_own() -> None:
    toy = Toy()
    robot = SafeRobot(toy)
    robot.rest()
    robot.restart()
    robot.stop()
    assert toy.calls == ["rest", "restart", "stop"]
    assert robot.ended == (True, False)
    assert robot.spec is toy.spec


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(reach=(1.0,)), "have 1 reaches, expected one for each of its 3 motors"),
        (Limits(reach=(1.0, 0.0, 1.0)), r"every reach in \(0, 1\]"),
        (Limits(reach=(1.0, 1.5, 1.0)), r"every reach in \(0, 1\]"),
        (Limits(largest_change=0.0), "a largest change above 0"),
        (Limits(largest_change=math.nan), "a largest change above 0"),
    ],
)
def test_limits_that_do_not_fit_are_refused(limits: Limits, words: str) -> None:
    with pytest.raises(InputError, match=words):
        SafeRobot(Toy(), limits)


def test_one_wrapper_is_enough() -> None:
    with pytest.raises(InputError, match="expected the robot itself"):
        SafeRobot(SafeRobot(Toy()))
