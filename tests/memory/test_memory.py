"""What was lived comes back bit for bit, and a memory refuses in sentences."""

import dataclasses
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rumpus.errors import InputError, MemoryFault, WorldError
from rumpus.memory import Memory, MemoryConfig
from rumpus.replay import sampler
from rumpus.spec import RobotSpec
from rumpus.types import Observation, Step

StepOf = Callable[[int], Step]


def assert_same(got: Step, put: Step) -> None:
    for name, reading in put.observation.readings.items():
        np.testing.assert_array_equal(got.observation.readings[name], reading)
        assert got.observation.readings[name].dtype == reading.dtype
    np.testing.assert_array_equal(got.action, put.action)
    np.testing.assert_array_equal(got.executed_action, put.executed_action)
    plain = ("clip_reason", "goal_index", "goal_reason", "terminated", "truncated")
    assert all(getattr(got, name) == getattr(put, name) for name in plain)
    assert got.observation.time_s == put.observation.time_s


def live(memory: Memory, step_of: StepOf, first: int, stop: int) -> None:
    for k in range(first, stop):
        assert memory.append(step_of(k)) == k


def test_what_was_lived_comes_back_bit_for_bit(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf
) -> None:
    with Memory.create(tmp_path / "m", spec) as memory:
        assert memory.begin_episode("first") == 1
        live(memory, step_of, 0, 7)
        assert memory.begin_episode("second") == 2
        live(memory, step_of, 7, 10)
    with Memory.open(tmp_path / "m", spec=spec) as memory:
        assert memory.begin_episode("third") == 3
        live(memory, step_of, 10, 12)
        assert len(memory) == 12
        for k in range(12):
            assert_same(memory.step(k), step_of(k))
            for name, reading in memory.readings(k).items():
                np.testing.assert_array_equal(reading, step_of(k).observation.readings[name])
                np.testing.assert_array_equal(memory.frames(name)[k], reading)
        lived = [step_of(k) for k in range(12)]
        np.testing.assert_array_equal(memory.actions, [s.action for s in lived])
        np.testing.assert_array_equal(memory.executed_actions, [s.executed_action for s in lived])
        np.testing.assert_array_equal(memory.time_s, [s.observation.time_s for s in lived])
        np.testing.assert_array_equal(memory.goal_index, [s.goal_index for s in lived])
        np.testing.assert_array_equal(memory.terminated, [s.terminated for s in lived])
        np.testing.assert_array_equal(memory.episode_of, [1] * 7 + [2] * 3 + [3] * 2)
        told = [(e.id, e.first, e.length, e.provenance) for e in memory.episodes()]
        assert told == [(1, 0, 7, "first"), (2, 7, 3, "second"), (3, 10, 2, "third")]


def test_a_step_is_drawn_before_it_is_durable(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf
) -> None:
    with Memory.create(tmp_path / "m", spec) as memory:
        memory.begin_episode("play")
        live(memory, step_of, 0, 3)
        assert memory.acknowledged == 0
        batch, starts = sampler.sample(memory, np.random.default_rng(0), batch=5, length=3)
        np.testing.assert_array_equal(starts, [0] * 5)
        np.testing.assert_array_equal(
            batch.readings["camera/left"][4, 2], step_of(2).observation.readings["camera/left"]
        )
        np.testing.assert_array_equal(batch.action[0, 1], step_of(1).action)
        memory.flush()
        assert memory.acknowledged == 3


def test_steps_become_durable_within_a_second(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf
) -> None:
    with Memory.create(tmp_path / "m", spec) as memory:
        memory.begin_episode("play")
        live(memory, step_of, 0, 2)
        time.sleep(1.0)
        live(memory, step_of, 2, 3)
        assert memory.acknowledged == 3


def test_a_reader_sees_the_durable_steps_while_another_writes(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf
) -> None:
    with Memory.create(tmp_path / "m", spec) as memory:
        memory.begin_episode("play")
        live(memory, step_of, 0, 4)
        memory.flush()
        live(memory, step_of, 4, 6)
        with Memory.open(tmp_path / "m", write=False) as reader:
            assert len(reader) == 4
            assert [e.length for e in reader.episodes()] == [4]
            assert_same(reader.step(3), step_of(3))
            np.testing.assert_array_equal(reader.actions[3], step_of(3).action)
            with pytest.raises(MemoryFault, match="reading only"):
                reader.begin_episode("play")
        live(memory, step_of, 6, 8)


def test_only_the_declared_sensors_get_in(tmp_path: Path, spec: RobotSpec, step_of: StepOf) -> None:
    step = step_of(0)
    truth = {**step.observation.readings, "angle_rad": np.zeros(1, np.float32)}
    with Memory.create(tmp_path / "m", spec) as memory:
        memory.begin_episode("play")
        with pytest.raises(WorldError, match="angle_rad"):
            memory.append(dataclasses.replace(step, observation=Observation(truth, 0.0)))
        timeless = Observation(step.observation.readings, float("nan"))
        with pytest.raises(WorldError, match="time"):
            memory.append(dataclasses.replace(step, observation=timeless))
        with pytest.raises(InputError, match="executed_action"):
            memory.append(dataclasses.replace(step, executed_action=np.zeros(3)))
        nan = np.full(3, np.nan, np.float32)
        with pytest.raises(InputError, match="nan"):
            memory.append(dataclasses.replace(step, action=nan))
        assert len(memory) == 0
        live(memory, step_of, 0, 1)


def test_a_step_needs_an_episode(tmp_path: Path, spec: RobotSpec, step_of: StepOf) -> None:
    with Memory.create(tmp_path / "m", spec) as memory:
        memory.begin_episode("play")
        live(memory, step_of, 0, 2)
    with (
        Memory.open(tmp_path / "m") as memory,
        pytest.raises(InputError, match="begin_episode"),
    ):
        memory.append(step_of(2))


def test_a_second_writer_is_refused(tmp_path: Path, spec: RobotSpec) -> None:
    with Memory.create(tmp_path / "m", spec):
        with pytest.raises(MemoryFault, match="being written by another rumpus"):
            Memory.open(tmp_path / "m")
        with pytest.raises(MemoryFault, match="being written by another rumpus"):
            Memory.create(tmp_path / "m", spec)
    Memory.open(tmp_path / "m").close()


def test_another_robot_is_refused(tmp_path: Path, spec: RobotSpec) -> None:
    Memory.create(tmp_path / "m", spec).close()
    other = dataclasses.replace(spec, name="arm", action_size=7)
    with pytest.raises(MemoryFault, match=r"robot toy .*3 motors.*arm .*7 motors"):
        Memory.open(tmp_path / "m", spec=other)
    Memory.open(tmp_path / "m", spec=spec).close()


def test_a_newer_layout_is_refused(tmp_path: Path, spec: RobotSpec) -> None:
    Memory.create(tmp_path / "m", spec).close()
    connection = sqlite3.connect(tmp_path / "m" / "memory.sqlite")
    with connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute("UPDATE about SET checksum = 0")  # which is made in another way
    connection.close()
    with pytest.raises(MemoryFault, match=r"layout 99.*use a newer rumpus"):
        Memory.open(tmp_path / "m")


def test_a_memory_is_never_made_over_another(tmp_path: Path, spec: RobotSpec) -> None:
    assert not Memory.exists(tmp_path / "m")
    Memory.create(tmp_path / "m", spec).close()
    assert Memory.exists(tmp_path / "m")
    with pytest.raises(MemoryFault, match="already"):
        Memory.create(tmp_path / "m", spec)


def test_no_memory_is_said(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(MemoryFault, match="no memory in"):
            Memory.open(path)


def test_an_unknown_step_or_sensor_is_said(tmp_path: Path, spec: RobotSpec) -> None:
    with Memory.create(tmp_path / "m", spec) as memory:
        with pytest.raises(InputError, match=r"Step 0 .* 0 steps"):
            memory.step(0)
        with pytest.raises(WorldError, match="'gel'"):
            memory.frames("gel")
        with pytest.raises(InputError, match="window of 2 steps"):
            sampler.sample(memory, np.random.default_rng(0), batch=1, length=2)


def test_every_step_is_durable_at_once_where_that_is_asked(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf
) -> None:
    for durability, expected in (("step", 3), ("group", 0)):
        config = MemoryConfig(durability)  # type: ignore[arg-type]
        with Memory.create(tmp_path / durability, spec, config) as memory:
            memory.begin_episode("life")
            for k in range(3):
                memory.append(step_of(k))
            assert memory.acknowledged == expected


def test_a_quota_is_said_and_nothing_is_dropped(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf
) -> None:
    config, lived = MemoryConfig("step", quota_gb=0.001), 0
    with Memory.create(tmp_path / "memory", spec, config) as memory:
        memory.begin_episode("life")
        with pytest.raises(MemoryFault, match=r"of the 0\.001 GB that it may take"):
            live(memory, step_of, 0, 20_000)
        lived = memory.acknowledged
        with pytest.raises(MemoryFault, match=r"0\.001 GB"):
            memory.append(step_of(0))
    assert lived > 10
    with Memory.open(tmp_path / "memory") as memory:
        assert len(memory) >= lived
        memory.begin_episode("more room")
        memory.append(step_of(0))


def test_a_quota_is_said_before_a_second_is_over_where_a_simulation_is_fast(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)  # all of it is within one second
    with Memory.create(tmp_path / "m", spec, MemoryConfig(quota_gb=0.001)) as memory:
        memory.begin_episode("play")
        memory.append(step_of(0))
        memory.flush()  # there is room yet
        live(memory, step_of, 1, 5000)
        with pytest.raises(MemoryFault, match="drops nothing"):
            memory.flush()


@pytest.mark.parametrize("quota_gb", [-1.0, float("nan"), float("inf")])
def test_a_quota_that_is_none_is_refused(quota_gb: float) -> None:
    with pytest.raises(InputError, match="expected more than 0"):
        MemoryConfig(quota_gb=quota_gb)
