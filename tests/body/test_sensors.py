"""Sensors: a slow one repeats itself with its time, a silent one is left out, nothing is faked."""

import msgspec
import mujoco
import numpy as np
import pytest

from rumpus.body.sensors.base import Reading, Sensor
from rumpus.body.sensors.joints import Joints, JointsConfig
from rumpus.body.sensors.scene import MujocoScene, swinging_pendulum
from rumpus.body.sensors.suite import SensorSuite
from rumpus.errors import WorldError
from rumpus.spec import RobotSpec, SensorSpec


class Counter(Sensor):
    """Counts how often it was read; gives nothing where it is told not to."""

    def __init__(self, name: str, rate_hz: float = 0.0, late_s: float = 0.0) -> None:
        self.spec = SensorSpec(name, (1,), 0.0, 1e6, rate_hz)
        self.late_s, self.now_s, self.reads, self.silent = late_s, 0.0, 0, False

    def read(self) -> Reading | None:
        self.reads += 1
        if self.silent:
            return None
        return Reading(np.array([self.reads], np.float32), self.now_s - self.late_s)


def seen(suite: SensorSuite, *counters: Counter, times_s: list[float]) -> list[dict[str, float]]:
    """What each sensor read at each time."""
    told = []
    for time_s in times_s:
        for counter in counters:
            counter.now_s = time_s
        observation = suite.observe(time_s)
        assert observation.time_s == time_s
        told.append({name: float(value[0]) for name, value in observation.readings.items()})
    return told


def test_a_slow_sensor_repeats_its_last_reading_with_the_time_of_that_reading() -> None:
    slow, fast = Counter("slow", rate_hz=5.0), Counter("fast")
    suite = SensorSuite([slow, fast], "toy")
    for step in range(5):
        slow.now_s = fast.now_s = step / 10
        observation = suite.observe(step / 10)
        assert observation.readings["fast"] == step + 1
        assert observation.readings["slow"] == step // 2 + 1
        expected = {} if step % 2 == 0 else {"slow": (step - 1) / 10}
        assert observation.captured_s == expected
    assert (slow.reads, fast.reads) == (3, 5)


@pytest.mark.parametrize(("rate_hz", "reads"), [(4.0, 40), (3.0, 30), (10.0, 100), (25.0, 100)])
def test_a_sensors_rate_is_kept_also_where_it_does_not_divide_the_robots(
    rate_hz: float, reads: int
) -> None:
    counter = Counter("one", rate_hz)
    seen(SensorSuite([counter], "toy"), counter, times_s=[step / 10 for step in range(100)])
    assert counter.reads == reads


def test_a_robot_that_was_held_up_does_not_catch_up_on_missed_readings() -> None:
    counter = Counter("one", rate_hz=5.0)
    seen(SensorSuite([counter], "toy"), counter, times_s=[0.0, 9.05, 9.1, 9.15, 9.2, 9.25])
    assert counter.reads == 3  # at 0, at 9.05 and a fifth of a second later


def test_a_silent_sensor_is_left_out_and_asked_again() -> None:
    quick, slow = Counter("quick"), Counter("slow", rate_hz=5.0)
    suite = SensorSuite([quick, slow], "toy")
    quick.silent = slow.silent = True
    assert seen(suite, quick, slow, times_s=[0.0, 0.1]) == [{}, {}]
    quick.silent = slow.silent = False
    assert seen(suite, quick, slow, times_s=[0.2, 0.3]) == [
        {"quick": 3, "slow": 3}, {"quick": 4, "slow": 3},
    ]  # fmt: skip
    quick.silent = slow.silent = True
    assert seen(suite, quick, slow, times_s=[0.4]) == [{}]  # an old reading is no new one


def test_a_late_reading_has_its_own_time() -> None:
    late = Counter("late", late_s=0.03)
    late.now_s = 1.0
    assert SensorSuite([late], "toy").observe(1.0).captured_s == {"late": pytest.approx(0.97)}


def test_a_suite_that_forgets_repeats_nothing() -> None:
    slow = Counter("slow", rate_hz=1.0)
    suite = SensorSuite([slow], "toy")
    suite.observe(0.0)
    suite.forget()
    assert suite.observe(0.0).readings["slow"] == 2


@pytest.mark.parametrize("names", [[], ["eye", "eye"]])
def test_sensors_have_names_of_their_own(names: list[str]) -> None:
    with pytest.raises(WorldError, match="toy was given the sensors"):
        SensorSuite([Counter(name) for name in names], "toy")


def test_joints_feel_where_they_are_and_how_fast_they_move() -> None:
    xml = """<mujoco><worldbody><body><freejoint name="loose"/><geom size="0.1"/></body>
      <body><joint name="lift" type="slide" axis="0 0 1"/>
      <geom size="0.1"/><body><joint name="elbow" axis="0 1 0"/><geom size="0.1"/></body></body>
      </worldbody></mujoco>"""
    model = mujoco.MjModel.from_xml_string(xml)
    data = mujoco.MjData(model)
    data.joint("lift").qpos, data.joint("lift").qvel = 0.25, -1.0
    data.joint("elbow").qpos, data.joint("elbow").qvel = 0.5, 2.0
    scene = MujocoScene(model, data, lambda: 7.0)
    every = Joints(scene)
    np.testing.assert_array_equal(every.read().value, np.array([0.25, 0.5, -1.0, 2.0]))
    assert every.read().captured_s == 7.0
    elbow = Joints(scene, JointsConfig("arm", ("elbow",), rate_hz=2.0))
    np.testing.assert_array_equal(elbow.read().value, np.array([0.5, 2.0]))
    assert (elbow.spec.name, elbow.spec.shape, elbow.spec.rate_hz) == ("arm", (2,), 2.0)
    for unfit in ("knee", "loose"):
        with pytest.raises(WorldError, match="some of the model's hinges and slides: lift, elbow"):
            Joints(scene, JointsConfig(joints=(unfit,)))


def test_a_pendulum_to_try_sensors_in_swings_on() -> None:
    joints = Joints(swinging_pendulum())
    first, second = joints.read(), joints.read()
    assert second.captured_s > first.captured_s
    assert abs(second.value - first.value).max() > 1e-3


def test_a_spec_that_was_stored_before_sensors_had_rates_is_still_the_same_robots() -> None:
    stored = (
        b'{"name":"pusher","sensors":[{"name":"camera","shape":[48,48,3],"low":0.0,"high":255.0}],'
        b'"action_size":2,"rate_hz":10.0}'
    )
    today = RobotSpec("pusher", (SensorSpec("camera", (48, 48, 3)),), 2, 10.0)
    assert msgspec.json.decode(stored, type=RobotSpec) == today
    slow = RobotSpec("pusher", (SensorSpec("camera", (48, 48, 3), rate_hz=5.0),), 2, 10.0)
    assert msgspec.json.decode(msgspec.json.encode(slow), type=RobotSpec) == slow != today


def test_reading_changes_no_reading_taken_before() -> None:
    joints = Joints(swinging_pendulum())
    first = joints.read().value
    kept = first.copy()
    joints.read()
    np.testing.assert_array_equal(first, kept)
