"""A robot that moves waits for no disk, and what its disk refuses it is told at the next call."""

import dataclasses
import multiprocessing
import os
import resource
import time
from pathlib import Path

import numpy as np
import pytest
from tests.memory.conftest import StepOf
from tests.memory.test_memory import assert_same

from rumpus.errors import InputError, MemoryFault, WorldError
from rumpus.memory import Memory, MemoryConfig
from rumpus.memory.durable_store import Store
from rumpus.memory.films import SEGMENT_STEPS
from rumpus.memory.verify import verify
from rumpus.memory.writer_thread import Writer
from rumpus.spec import RobotSpec

SLOW_S = 0.2


@pytest.fixture
def slow_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every sync takes long: those of Python, and SQLite's own at the end of a transaction."""
    fsync, commit = os.fsync, Store.commit

    def slow_fsync(descriptor: int) -> None:
        time.sleep(SLOW_S)
        fsync(descriptor)

    def slow_commit(store: Store) -> None:
        time.sleep(SLOW_S)
        commit(store)

    monkeypatch.setattr(os, "fsync", slow_fsync)
    monkeypatch.setattr(Store, "commit", slow_commit)


@pytest.mark.usefixtures("slow_disk")
@pytest.mark.parametrize("durability", ["group", "step"])
def test_a_hundred_steps_cost_the_robot_less_than_one_sync(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf, durability: str
) -> None:
    steps = [step_of(k) for k in range(100)]
    config = MemoryConfig(durability)  # type: ignore[arg-type]
    with Memory.create(tmp_path / "m", spec, config) as memory, Writer(memory) as writer:
        begun_s = time.perf_counter()
        assert writer.begin_episode("play") == 1
        for k, step in enumerate(steps):
            assert writer.append(step) == k
        assert time.perf_counter() - begun_s < 0.05
        writer.flush()
        assert time.perf_counter() - begun_s > SLOW_S  # else no sync was slow
        assert memory.acknowledged == len(memory) == 100
        for k, step in enumerate(steps):
            assert_same(memory.step(k), step)
            np.testing.assert_array_equal(
                memory.frames("camera/left")[k], step.observation.readings["camera/left"]
            )
    with Memory.open(tmp_path / "m") as memory:
        assert [(e.id, e.length) for e in memory.episodes()] == [(1, 100)]


def test_steps_become_durable_within_a_second_though_none_follows(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf
) -> None:
    with Memory.create(tmp_path / "m", spec) as memory, Writer(memory) as writer:
        writer.begin_episode("play")
        writer.append(step_of(0))
        deadline_s = time.monotonic() + 5.0
        while memory.acknowledged < 1 and time.monotonic() < deadline_s:
            time.sleep(0.05)
        assert memory.acknowledged == 1


def test_a_camera_that_uses_its_buffer_again_changes_nothing_that_was_appended(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf
) -> None:
    with Memory.create(tmp_path / "m", spec) as memory, Writer(memory) as writer:
        writer.begin_episode("play")
        step = step_of(0)
        buffer = step.observation.readings["camera/left"]
        for value in range(50):
            buffer[:] = value
            writer.append(step)
        buffer[:] = 99
        writer.flush()
        assert memory.frames("camera/left")[:, 0, 0, 0].tolist() == list(range(50))


def test_a_mistake_of_the_caller_is_said_at_once_and_harms_nothing(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf
) -> None:
    wrong = dataclasses.replace(step_of(0), action=np.zeros(7, np.float32))
    blind = dataclasses.replace(step_of(0).observation, readings={})
    with Memory.create(tmp_path / "m", spec) as memory, Writer(memory) as writer:
        with pytest.raises(InputError, match="begin_episode"):
            writer.append(step_of(0))
        writer.begin_episode("play")
        with pytest.raises(InputError, match="action"):
            writer.append(wrong)
        with pytest.raises(WorldError, match="at least one of"):
            writer.append(dataclasses.replace(step_of(0), observation=blind))
        assert writer.append(step_of(0)) == 0
    with Memory.open(tmp_path / "m") as memory:
        assert len(memory) == 1


def test_episodes_have_the_ids_that_were_promised(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf
) -> None:
    with Memory.create(tmp_path / "m", spec) as memory:
        memory.begin_episode("before")
        with Writer(memory) as writer:
            for k in range(3):
                assert writer.begin_episode("play") == k + 2
                writer.append(step_of(k))
        assert memory.episode_of.tolist() == [2, 3, 4]
        assert memory.begin_episode("after") == 5


def test_whatever_goes_wrong_in_the_thread_is_told_and_nobody_waits_for_ever(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(store: Store, row: object) -> None:
        raise ValueError("a mistake of rumpus itself")

    with Memory.create(tmp_path / "m", spec) as memory:
        writer = Writer(memory)
        writer.begin_episode("play")
        monkeypatch.setattr(Store, "append", fail)
        writer.append(step_of(0))
        for call in (writer.flush, lambda: writer.begin_episode("on"), writer.close):
            with pytest.raises(ValueError, match="of rumpus itself"):
                call()


def test_a_writer_that_is_closed_takes_nothing(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf
) -> None:
    with Memory.create(tmp_path / "m", spec) as memory:
        writer = Writer(memory)
        writer.begin_episode("play")
        writer.close()
        writer.close()
        with pytest.raises(MemoryFault, match="is closed"):
            writer.append(step_of(0))


def test_what_is_open_for_reading_only_has_no_writer(tmp_path: Path, spec: RobotSpec) -> None:
    Memory.create(tmp_path / "m", spec).close()
    with (
        Memory.open(tmp_path / "m", write=False) as memory,
        pytest.raises(MemoryFault, match="reading only"),
    ):
        Writer(memory)


def test_old_pictures_become_films_while_the_robot_goes_on(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf
) -> None:
    with Memory.create(tmp_path / "m", spec) as memory, Writer(memory) as writer:
        writer.begin_episode("play")
        for k in range(SEGMENT_STEPS + 5):
            writer.append(step_of(k))
        writer.film()
        writer.append(step_of(SEGMENT_STEPS + 5))
        writer.flush()
        assert memory.segments() == 0
        assert memory.room()["films"] > 0
        assert len(memory) == SEGMENT_STEPS + 6
        assert verify(memory.path, lambda done, total: None).good


def test_a_film_that_fails_is_told_when_the_next_is_asked_for(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(store: Store) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Store, "film", fail)
    with Memory.create(tmp_path / "m", spec) as memory, Writer(memory) as writer:
        writer.begin_episode("play")
        writer.film()
        writer.append(step_of(0))
        writer.flush()
        with pytest.raises(MemoryFault, match="make room"):
            writer.film()
        writer.append(step_of(1))
        writer.flush()
        assert memory.acknowledged == 2


def test_a_full_disk_is_told_at_the_next_call_and_loses_nothing_acknowledged(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf
) -> None:
    Memory.create(tmp_path / "m", spec).close()
    ours, its = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=fill_up, args=(tmp_path / "m", step_of, its)
    )
    process.start()
    process.join(60)
    assert process.exitcode == 0
    acknowledged = ours.recv()
    assert acknowledged > 0
    with Memory.open(tmp_path / "m") as memory:
        assert len(memory) >= acknowledged
        for k in range(len(memory)):
            assert_same(memory.step(k), step_of(k))
        memory.begin_episode("there is room again")
        memory.append(step_of(len(memory)))


def fill_up(folder: Path, step_of: StepOf, pipe: "multiprocessing.connection.Connection") -> None:
    memory = Memory.open(folder)
    writer = Writer(memory)
    writer.begin_episode("play")
    for k in range(50):
        writer.append(step_of(k))
    writer.flush()
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))

    def go_on() -> None:
        for k in range(50, 1_000_000):
            writer.append(step_of(k))

    with pytest.raises(MemoryFault, match="full") as first:
        go_on()
    for call in (writer.flush, lambda: writer.begin_episode("on"), writer.close):
        with pytest.raises(MemoryFault) as again:
            call()
        assert str(again.value) == str(first.value)
    pipe.send(memory.acknowledged)
    memory.close()
