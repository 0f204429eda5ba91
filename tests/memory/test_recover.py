"""A store that SQLite refuses is made anew, and no step is lost that the view still has."""

import multiprocessing
import random
import resource
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from tests.memory.conftest import StepOf

from rumpus.errors import MemoryFault
from rumpus.memory import Memory
from rumpus.memory.database import FILE_NAME
from rumpus.memory.repair import repair
from rumpus.memory.verify import verify
from rumpus.spec import RobotSpec

LIVED_N = 600
PAGE_BYTES = 16384


def quiet(done: int, total: int) -> None:
    assert done <= total


@pytest.fixture
def folder(tmp_path: Path, spec: RobotSpec, step_of: StepOf) -> Path:
    with Memory.create(tmp_path / "memory", spec) as memory:
        for k in range(LIVED_N):
            if k % 100 == 0:
                memory.begin_episode("life")
            memory.append(step_of(k))
    return tmp_path / "memory"


def assert_whole(folder: Path, step_of: StepOf) -> None:
    with Memory.open(folder) as memory:
        assert len(memory) == LIVED_N
        assert verify(memory.path, quiet).good
        for k, (_, step) in enumerate(memory.steps(0, LIVED_N)):
            lived = step_of(k)
            for name, reading in lived.observation.readings.items():
                np.testing.assert_array_equal(step.observation.readings[name], reading)
        memory.begin_episode("on")
        memory.append(step_of(LIVED_N))


@pytest.mark.parametrize("lost_bytes", [200, 5000, PAGE_BYTES, 3 * PAGE_BYTES + 17])
def test_a_file_without_its_end_is_recovered(
    folder: Path, step_of: StepOf, lost_bytes: int
) -> None:
    file = folder / FILE_NAME
    with file.open("r+b") as store:
        store.truncate(file.stat().st_size - lost_bytes)
    if lost_bytes >= PAGE_BYTES:  # the end of a page alone is taken for zeros
        with pytest.raises(MemoryFault, match=r"damaged: .* rumpus memory repair"):
            Memory.open(folder)
    done = repair(folder, quiet)
    assert done.recovered
    assert (folder / f"{FILE_NAME}.damaged-1").exists()
    assert not done.lost
    assert_whole(folder, step_of)


@pytest.mark.parametrize("page", range(8, 15))
def test_an_overwritten_page_is_recovered(folder: Path, step_of: StepOf, page: int) -> None:
    with (folder / FILE_NAME).open("r+b") as store:
        store.seek(page * PAGE_BYTES)
        store.write(b"holiday" * (PAGE_BYTES // 7))
    assert repair(folder, quiet).lost == []
    assert_whole(folder, step_of)


@pytest.mark.parametrize("seed", range(12))
def test_bytes_overwritten_anywhere_lose_no_step(folder: Path, step_of: StepOf, seed: int) -> None:
    chance = random.Random(seed)
    size = (folder / FILE_NAME).stat().st_size
    with (folder / FILE_NAME).open("r+b") as store:
        store.seek(chance.randrange(size))
        store.write(chance.randbytes(chance.choice([1, 500, 20_000])))
    assert repair(folder, quiet).lost == []
    assert_whole(folder, step_of)


@pytest.mark.parametrize("view", [True, False])
def test_without_the_figure_no_step_is_left_behind(
    folder: Path, step_of: StepOf, view: bool
) -> None:
    (folder / "acknowledged").unlink()
    if not view:
        shutil.rmtree(folder / "view")
    with (folder / FILE_NAME).open("r+b") as store:
        store.truncate((folder / FILE_NAME).stat().st_size - 200)
    done = repair(folder, quiet)
    assert done.recovered
    assert len(done.lost) < 3
    with sqlite3.connect(folder / FILE_NAME) as store:
        assert store.execute("SELECT max(step) FROM step").fetchone() == (LIVED_N - 1,)
    if view:
        assert_whole(folder, step_of)


def test_a_header_that_means_nothing_is_recovered(folder: Path, step_of: StepOf) -> None:
    with (folder / FILE_NAME).open("r+b") as store:
        store.seek(41)
        store.write(b"holiday")
    with pytest.raises(MemoryFault, match=r"damaged: .* rumpus memory repair"):
        Memory.open(folder)
    assert repair(folder, quiet).recovered
    assert_whole(folder, step_of)


def test_a_recovery_cut_short_is_begun_again(folder: Path, tmp_path: Path, step_of: StepOf) -> None:
    """The store was put aside, and its log, in which its last steps are, was not yet."""
    file = folder / FILE_NAME
    with Memory.open(folder) as memory:
        memory.begin_episode("in the log")
        for k in range(LIVED_N, LIVED_N + 5):
            memory.append(step_of(k))
        memory.flush()
        shutil.copytree(folder, tmp_path / "cut", ignore=shutil.ignore_patterns("view", "*-shm"))
    file = tmp_path / "cut" / FILE_NAME
    assert file.with_name(f"{FILE_NAME}-wal").stat().st_size > 0
    file.rename(f"{file}.damaged-1")
    done = repair(tmp_path / "cut", quiet)
    assert (done.recovered, done.lost) == (True, [])
    with Memory.open(tmp_path / "cut") as memory:
        assert len(memory) == LIVED_N + 5
        assert memory.step(LIVED_N + 4).goal_reason == step_of(LIVED_N + 4).goal_reason


def test_a_recovery_for_which_there_is_no_room_loses_nothing(folder: Path, step_of: StepOf) -> None:
    shutil.rmtree(folder / "view")
    file = folder / FILE_NAME
    with file.open("r+b") as store:
        store.seek(12 * PAGE_BYTES)
        store.write(b"holiday" * (PAGE_BYTES // 7))
    limit = 4 * PAGE_BYTES
    process = multiprocessing.get_context("fork").Process(target=cut_short, args=(folder, limit))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    done = repair(folder, quiet)
    assert 0 < len(done.lost) + done.forgotten < LIVED_N / 4


@pytest.mark.parametrize("view", [True, False])
def test_nothing_is_lived_before_a_recovery_is_done(
    folder: Path, spec: RobotSpec, step_of: StepOf, view: bool
) -> None:
    """The store was put aside and no other made of it yet: the folder is not taken for empty."""
    (folder / FILE_NAME).rename(folder / f"{FILE_NAME}.damaged-1")
    if not view:
        shutil.rmtree(folder / "view")
    with pytest.raises(MemoryFault, match="bring it back with: rumpus memory repair"):
        Memory.open(folder)
    with pytest.raises(MemoryFault, match="bring it back with: rumpus memory repair"):
        Memory.create(folder, spec)
    repair(folder, quiet)
    assert_whole(folder, step_of)
    assert not (folder / f"{FILE_NAME}.damaged-2").exists()


def test_a_second_recovery_keeps_the_first_damaged_store(folder: Path, step_of: StepOf) -> None:
    for number in (1, 2):
        not_a_store(folder)
        assert repair(folder, quiet).recovered
        assert (folder / f"{FILE_NAME}.damaged-{number}").exists()
    assert_whole(folder, step_of)


def cut_short(folder: Path, max_file_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_bytes, max_file_bytes))
    with pytest.raises(MemoryFault, match="disk"):
        repair(folder, quiet)


def not_a_store(folder: Path) -> None:
    (folder / FILE_NAME).write_text("my holiday pictures\n" * 5000)


def test_a_store_that_is_none_any_more_comes_back_from_the_view(
    folder: Path, step_of: StepOf
) -> None:
    not_a_store(folder)
    done = repair(folder, quiet)
    assert (len(done.recalled), done.lost) == (LIVED_N, [])
    assert_whole(folder, step_of)


def test_without_store_and_view_nothing_is_left(folder: Path) -> None:
    not_a_store(folder)
    shutil.rmtree(folder / "view")
    with pytest.raises(MemoryFault, match="damaged beyond what can be recovered"):
        repair(folder, quiet)


def test_a_store_that_was_deleted_comes_back_from_the_view(
    folder: Path, spec: RobotSpec, step_of: StepOf
) -> None:
    (folder / FILE_NAME).unlink()
    with pytest.raises(MemoryFault, match="rumpus memory repair"):
        Memory.create(folder, spec)
    assert len(repair(folder, quiet).recalled) == LIVED_N
    assert_whole(folder, step_of)


def test_no_episode_is_numbered_like_one_that_was_lost(folder: Path, step_of: StepOf) -> None:
    with Memory.open(folder) as memory:
        last = memory.begin_episode("of which nothing is left")
    with closing(sqlite3.connect(folder / FILE_NAME)) as store, store:
        store.execute("DELETE FROM episode WHERE id = ?", (last,))
    with (folder / FILE_NAME).open("r+b") as file:
        file.seek(-PAGE_BYTES, 2)
        file.write(b"holiday" * (PAGE_BYTES // 7))
    assert repair(folder, quiet).recovered
    with Memory.open(folder) as memory:
        assert memory.begin_episode("on") > last
