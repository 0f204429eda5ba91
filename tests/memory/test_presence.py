"""A sensor that gave nothing is left out, and stays left out: no reading is ever made up."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.memory.conftest import StepOf
from tests.memory.test_memory import assert_same

from rumpus.errors import WorldError
from rumpus.memory import Memory
from rumpus.memory.films import SEGMENT_STEPS
from rumpus.memory.merge import merge
from rumpus.memory.repair import repair
from rumpus.memory.schema import FIELDS, Schema
from rumpus.memory.verify import verify
from rumpus.spec import RobotSpec
from rumpus.types import Step

CAMERA, JOINT = "camera/left", 'joint "q"'
STEPS_N = SEGMENT_STEPS + 40


def quiet(done: int, total: int) -> None:
    assert done <= total


def with_gaps(step: Step, k: int) -> Step:
    """The step without its camera at every third step, and its joint at every fifth other one."""
    gone = {CAMERA} if k % 3 == 1 else {JOINT} if k % 5 == 2 else set()
    seen = step.observation
    readings = {name: reading for name, reading in seen.readings.items() if name not in gone}
    return replace(step, observation=replace(seen, readings=readings))


@pytest.fixture
def folder(tmp_path: Path, spec: RobotSpec, step_of: StepOf) -> Path:
    with Memory.create(tmp_path / "memory", spec) as memory:
        for k in range(STEPS_N):
            if k % 400 == 0:
                memory.begin_episode("play")
            memory.append(with_gaps(step_of(k), k))
    return tmp_path / "memory"


def assert_as_it_was(memory: Memory, step_of: StepOf) -> None:
    assert verify(memory.path, quiet).good
    for k, (_, step) in enumerate(memory.steps(0, STEPS_N)):
        put = with_gaps(step_of(k), k)
        assert set(step.observation.readings) == set(put.observation.readings)
        assert_same(step, put)
    for name in (CAMERA, JOINT):
        there = [name in with_gaps(step_of(k), k).observation.readings for k in range(STEPS_N)]
        assert memory.present(name).tolist() == there
        assert not memory.frames(name)[~memory.present(name)].any()
    for k in range(10):
        assert set(memory.readings(k)) == set(with_gaps(step_of(k), k).observation.readings)


@pytest.mark.parametrize("write", [True, False])
def test_what_was_left_out_is_left_out_when_it_comes_back(
    folder: Path, step_of: StepOf, write: bool
) -> None:
    with Memory.open(folder, write) as memory:
        assert_as_it_was(memory, step_of)


def test_it_is_left_out_of_films_too(folder: Path, step_of: StepOf) -> None:
    with Memory.open(folder) as memory:
        assert memory.film() > 0
        assert memory.film() == 0
        assert_as_it_was(memory, step_of)
    for file in (folder / "view").iterdir():
        file.unlink()
    with Memory.open(folder) as memory:  # the view is made again, from the film
        assert_as_it_was(memory, step_of)


def test_a_camera_that_never_gave_anything_can_be_filmed(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf
) -> None:
    with Memory.create(tmp_path / "memory", spec) as memory:
        memory.begin_episode("blind")
        for k in range(SEGMENT_STEPS):
            memory.append(with_gaps(step_of(k), 1))
        while memory.film():
            pass
        assert memory.segments() == 0
        assert not memory.present(CAMERA).any()
        assert verify(memory.path, quiet).good


@pytest.mark.parametrize(
    "change",
    ["present = x''", "present = x'0101'", "present = x'01'", "present = 7", "present = 'yes'",
     "sensor_0 = zeroblob(60)"],
)  # fmt: skip
def test_a_changed_presence_is_noticed_and_comes_back(
    folder: Path, step_of: StepOf, change: str
) -> None:
    with sqlite3.connect(folder / "memory.sqlite") as store:
        store.execute(f"UPDATE step SET {change} WHERE step = 4")
    with Memory.open(folder, write=False) as memory:
        assert [d.step for d in verify(memory.path, quiet).damages] == [4]
    done = repair(folder, quiet)
    assert ([d.step for d in done.repaired], done.recalled, done.lost) == ([4], [], [])
    with Memory.open(folder) as memory:
        assert_as_it_was(memory, step_of)


def test_steps_that_only_the_view_has_come_back_without_what_was_not_there(
    folder: Path, step_of: StepOf
) -> None:
    with sqlite3.connect(folder / "memory.sqlite") as store:
        store.execute("DELETE FROM step WHERE step BETWEEN 20 AND 40")
    assert len(repair(folder, quiet).recalled) == 21
    with Memory.open(folder) as memory:
        for k in range(20, 41):
            put = with_gaps(step_of(k), k).observation.readings
            assert set(memory.step(k).observation.readings) == set(put)
        assert verify(memory.path, quiet).good


def test_a_memory_made_anew_of_an_unreadable_file_has_the_same_gaps(
    folder: Path, step_of: StepOf
) -> None:
    with (folder / "memory.sqlite").open("r+b") as file:
        file.truncate((folder / "memory.sqlite").stat().st_size - 20_000)
    done = repair(folder, quiet)
    assert done.recovered
    assert not done.lost
    with Memory.open(folder) as memory:
        for k in range(STEPS_N):
            put = with_gaps(step_of(k), k).observation.readings
            assert set(memory.step(k).observation.readings) == set(put)


def test_a_merge_takes_over_the_gaps(
    folder: Path, tmp_path: Path, spec: RobotSpec, step_of: StepOf
) -> None:
    with Memory.create(tmp_path / "all", spec) as into:
        with Memory.open(folder, write=False) as source:
            merge(source, into, quiet)
        for k in range(0, STEPS_N, 7):
            put = with_gaps(step_of(k), k).observation.readings
            assert set(into.step(k).observation.readings) == set(put)
        assert verify(into.path, quiet).good


def test_a_step_at_which_nothing_was_sensed_is_refused(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf
) -> None:
    blind = replace(step_of(0), observation=replace(step_of(0).observation, readings={}))
    with Memory.create(tmp_path / "memory", spec) as memory:
        memory.begin_episode("play")
        with pytest.raises(WorldError, match=r"gave sensors \[\], .* at least one of"):
            memory.append(blind)
        assert len(memory) == 0


def test_who_needs_every_sensor_can_still_ask_for_all(spec: RobotSpec, step_of: StepOf) -> None:
    readings = with_gaps(step_of(1), 1).observation.readings
    spec.check(readings, partial=True)
    with pytest.raises(WorldError, match="exactly"):
        spec.check(readings)


def test_a_capture_time_of_a_sensor_that_is_none_is_refused(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf
) -> None:
    seen = replace(step_of(0).observation, captured_s={"nose": 0.0})
    with Memory.create(tmp_path / "memory", spec) as memory:
        memory.begin_episode("play")
        with pytest.raises(WorldError, match="no sensor 'nose'"):
            memory.append(replace(step_of(0), observation=seen))


def test_a_step_where_all_is_there_needs_no_byte_for_it(folder: Path) -> None:
    with sqlite3.connect(folder / "memory.sqlite") as store:
        said = dict(store.execute("SELECT step, present FROM step WHERE step < 3").fetchall())
    assert said == {0: b"", 1: b"\x00\x01", 2: b"\x01\x00"}


def test_the_store_has_a_column_for_every_field_of_a_step(folder: Path, spec: RobotSpec) -> None:
    with sqlite3.connect(folder / "memory.sqlite") as store:
        columns = {row[1] for row in store.execute("PRAGMA table_info(step)")}
    assert columns == set(Schema(spec).columns)
    kept = {"observation"} | set(FIELDS) - {"time_s", "captured_s", "present"}
    assert kept == set(Step.__dataclass_fields__)


def test_rows_of_the_view_can_be_taken_into_any_tensor(spec: RobotSpec) -> None:
    dtype = Schema(spec).view_dtype()
    assert dtype.isalignedstruct
    assert np.dtype(dtype["present"]).shape == (2,)
