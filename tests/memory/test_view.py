"""The training view is only a cache: lost, cut, spoiled or strange, it is made again."""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rumpus.errors import MemoryFault
from rumpus.memory import Memory
from rumpus.memory.view import GROWTH_STEPS
from rumpus.spec import RobotSpec
from rumpus.types import Step

StepOf = Callable[[int], Step]
N = 40


def delete(view: Path) -> None:
    shutil.rmtree(view)


def delete_one_file(view: Path) -> None:
    (view / "sensor_1.raw").unlink()


def cut(view: Path) -> None:
    with (view / "sensor_0.raw").open("r+b") as file:
        file.truncate(100)


def spoil(view: Path) -> None:
    file = view / "sensor_0.raw"
    file.write_bytes(bytes(file.stat().st_size))


def spoil_index(view: Path) -> None:
    file = view / "index.raw"
    file.write_bytes(bytes(file.stat().st_size))


def spoil_mark(view: Path) -> None:
    (view / "mark.json").write_text("[3]")


DAMAGES = [delete, delete_one_file, cut, spoil, spoil_index, spoil_mark]


@pytest.fixture
def path(tmp_path: Path, spec: RobotSpec, step_of: StepOf) -> Path:
    with Memory.create(tmp_path / "m", spec) as memory:
        memory.begin_episode("play")
        for k in range(N):
            memory.append(step_of(k))
    return tmp_path / "m"


def assert_whole(memory: Memory, step_of: StepOf) -> None:
    assert len(memory) == N
    lived = [step_of(k) for k in range(N)]
    for name in ("camera/left", 'joint "q"'):
        put = np.stack([s.observation.readings[name] for s in lived])
        np.testing.assert_array_equal(memory.frames(name), put)
    np.testing.assert_array_equal(memory.actions, [s.action for s in lived])
    np.testing.assert_array_equal(memory.time_s, [s.observation.time_s for s in lived])


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("write", [True, False])
def test_a_damaged_view_is_made_again(
    path: Path, step_of: StepOf, damage: Callable[[Path], None], write: bool
) -> None:
    damage(path / "view")
    with Memory.open(path, write=write) as memory:
        assert_whole(memory, step_of)
    with Memory.open(path) as memory:
        assert_whole(memory, step_of)


@pytest.mark.parametrize("damage", [delete, spoil_mark])
def test_a_reader_s_own_copy_has_no_name_that_could_stay_behind(
    path: Path, step_of: StepOf, damage: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = path.with_name("scratch")
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    damage(path / "view")
    with Memory.open(path, write=False) as memory:
        assert_whole(memory, step_of)
        assert list(scratch.iterdir()) == []


def test_a_whole_view_is_kept(path: Path) -> None:
    before = (path / "view" / "sensor_0.raw").stat().st_ino
    Memory.open(path).close()
    assert (path / "view" / "sensor_0.raw").stat().st_ino == before


def test_the_view_of_another_memory_is_made_again(path: Path) -> None:
    file = path / "view" / "sensor_0.raw"
    (path / "view" / "mark.json").write_text('{"memory":"another","count":40}')
    with file.open("rb"):  # held open, so that the new file cannot get its number
        before = file.stat().st_ino
        Memory.open(path).close()
        assert file.stat().st_ino != before


@pytest.mark.parametrize("write", [True, False])
def test_rows_that_power_loss_took_from_the_view_come_from_the_store(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf, write: bool
) -> None:
    with Memory.create(tmp_path / "m", spec) as memory:
        memory.begin_episode("play")
        for k in range(N):
            memory.append(step_of(k))
        memory.flush()
        shutil.copytree(tmp_path / "m", tmp_path / "after")
    spoil(tmp_path / "after" / "view")
    with Memory.open(tmp_path / "after", write=write) as memory:
        assert_whole(memory, step_of)


@pytest.mark.parametrize("damage", [spoil_mark, spoil])
def test_a_view_stays_until_the_next_is_whole(path: Path, damage: Callable[[Path], None]) -> None:
    """A damaged store lets no new view be made, and the old one is what repair needs."""
    damage(path / "view")
    with sqlite3.connect(path / "memory.sqlite") as store:
        store.execute("UPDATE step SET goal_reason = 'for fun' WHERE step = 5")
    before = {file.name: file.read_bytes() for file in (path / "view").iterdir()}
    with pytest.raises(MemoryFault, match="damaged: step 5"):
        Memory.open(path)
    assert {file.name: file.read_bytes() for file in (path / "view").iterdir()} == before


def test_a_reader_keeps_its_pictures_while_the_view_is_made_again(
    path: Path, step_of: StepOf
) -> None:
    with Memory.open(path, write=False) as reader:
        (path / "view" / "mark.json").unlink()
        Memory.open(path).close()
        assert_whole(reader, step_of)


def test_pictures_handed_out_cannot_be_painted_over(path: Path) -> None:
    with Memory.open(path) as memory, pytest.raises(ValueError, match="read-only"):
        memory.frames("camera/left")[0] = 0


def test_the_view_grows(path: Path, step_of: StepOf) -> None:
    more = GROWTH_STEPS + 1
    with Memory.open(path) as memory:
        memory.begin_episode("play")
        early = memory.frames("camera/left")
        for k in range(N, N + more):
            memory.append(step_of(k % 50))
        assert len(memory.actions) == len(memory) == N + more
        np.testing.assert_array_equal(memory.actions[-1], step_of((N + more - 1) % 50).action)
        np.testing.assert_array_equal(memory.frames("camera/left")[:N], early)
    with Memory.open(path) as memory:
        assert len(memory.episode_of) == N + more
