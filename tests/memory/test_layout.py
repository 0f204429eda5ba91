"""A memory of an older rumpus goes on; one of a newer rumpus is refused."""

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from tests.memory.conftest import StepOf

from rumpus.errors import MemoryFault
from rumpus.memory import Memory, layout
from rumpus.spec import RobotSpec


def make_old(folder: Path) -> None:
    """Bring a memory of today back to the first layout, as that wrote it."""
    with sqlite3.connect(folder / "memory.sqlite") as new:
        [(id_, spec)] = new.execute("SELECT id, spec FROM about").fetchall()
        steps = new.execute(
            "SELECT step, episode, time_s, goal_index, terminated, truncated, clip_reason, "
            "goal_reason, checksum, action, executed_action, sensor_0, sensor_1 FROM step"
        ).fetchall()
        episodes = new.execute("SELECT id, first, provenance, begun_unix_s FROM episode").fetchall()
    for file in folder.glob("memory.sqlite*"):
        file.unlink()
    shutil.rmtree(folder / "view")
    with sqlite3.connect(folder / "memory.sqlite") as old:
        old.execute("PRAGMA journal_mode = WAL")
        old.executescript(layout._FIRST.format(sensors="sensor_0 BLOB, sensor_1 BLOB"))
        old.execute("INSERT INTO about VALUES (?, ?)", (id_, spec))
        old.executemany(f"INSERT INTO step VALUES ({', '.join('?' * 13)})", steps)
        old.executemany("INSERT INTO episode VALUES (?, ?, ?, ?)", episodes)


@pytest.fixture
def old(tmp_path: Path, spec: RobotSpec, step_of: StepOf) -> Path:
    with Memory.create(tmp_path / "memory", spec) as memory:
        for k in range(20):
            if k % 8 == 0:
                memory.begin_episode("life")
            memory.append(step_of(k))
    make_old(tmp_path / "memory")
    return tmp_path / "memory"


@pytest.mark.parametrize("write", [True, False])
def test_an_older_memory_goes_on_with_all_its_steps(
    old: Path, step_of: StepOf, write: bool
) -> None:
    with Memory.open(old, write) as memory:
        assert len(memory) == 20
        assert memory.missing() == 0
        assert [e.length for e in memory.episodes()] == [8, 8, 4]
        assert [e.origin.episode for e in memory.episodes()] == [1, 2, 3]
        for k, (_, kept) in enumerate(memory.steps(0, 20)):
            assert kept.goal_reason == step_of(k).goal_reason
            np.testing.assert_array_equal(kept.executed_action, step_of(k).executed_action)
            assert not kept.intervention
            assert kept.observation.captured_s == {}
        assert not memory.intervention.any()
        if write:
            memory.begin_episode("today")
            memory.append(step_of(20))
    with sqlite3.connect(old / "memory.sqlite") as store:
        assert store.execute("PRAGMA user_version").fetchone() == (layout.VERSION,)


def test_a_newer_memory_is_refused(old: Path) -> None:
    with sqlite3.connect(old / "memory.sqlite") as store:
        store.execute(f"PRAGMA user_version = {layout.VERSION + 1}")
    for write in (True, False):
        with pytest.raises(MemoryFault, match="use a newer rumpus"):
            Memory.open(old, write)


def test_a_migration_cut_short_leaves_the_old_layout(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = layout._MIGRATIONS[1].replace("CREATE TABLE movie", "SELECT no_such_function(); --")
    monkeypatch.setitem(layout._MIGRATIONS, 1, cut)
    with pytest.raises(MemoryFault):
        Memory.open(old)
    monkeypatch.undo()
    with Memory.open(old) as memory:
        assert len(memory) == 20
