"""A memory of an older rumpus goes on; one of a newer rumpus is refused."""

import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.memory.conftest import StepOf

from rumpus.errors import MemoryFault
from rumpus.memory import Memory, layout
from rumpus.memory.repair import repair
from rumpus.memory.schema import Schema
from rumpus.memory.verify import verify
from rumpus.spec import RobotSpec

FIRST = """
CREATE TABLE about (id TEXT NOT NULL, spec TEXT NOT NULL);
CREATE TABLE episode (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    first INTEGER NOT NULL,
    provenance TEXT NOT NULL,
    begun_unix_s REAL NOT NULL
);
CREATE TABLE step (
    step INTEGER PRIMARY KEY,
    episode INTEGER NOT NULL,
    time_s REAL NOT NULL,
    goal_index INTEGER NOT NULL,
    terminated INTEGER NOT NULL,
    truncated INTEGER NOT NULL,
    clip_reason TEXT NOT NULL,
    goal_reason TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    action BLOB NOT NULL,
    executed_action BLOB NOT NULL,
    sensor_0 BLOB NOT NULL,
    sensor_1 BLOB NOT NULL
);
CREATE INDEX step_number ON step (step);
PRAGMA user_version = 1;
"""
SECOND = """
ALTER TABLE step ADD COLUMN intervention INTEGER NOT NULL DEFAULT 0;
ALTER TABLE step ADD COLUMN captured_s BLOB NOT NULL DEFAULT x'';
ALTER TABLE episode ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE episode ADD COLUMN origin_episode INTEGER NOT NULL DEFAULT 0;
ALTER TABLE episode ADD COLUMN origin_first INTEGER NOT NULL DEFAULT 0;
CREATE TABLE movie (
    sensor INTEGER NOT NULL,
    first INTEGER NOT NULL,
    length INTEGER NOT NULL,
    file TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    lossy TEXT NOT NULL,
    PRIMARY KEY (sensor, first)
) WITHOUT ROWID;
PRAGMA user_version = 2;
"""


def make_old(folder: Path) -> None:
    """Bring a memory of today back to the first layout, as that wrote it."""
    with sqlite3.connect(folder / "memory.sqlite") as new:
        [(id_, spec), _] = new.execute("SELECT id, spec FROM about").fetchall()
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
        old.executescript(FIRST)
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


def test_what_an_environment_says_of_its_task_is_out_of_the_learner_s_reach(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf
) -> None:
    said = '{"reward": 1.0}'
    with Memory.create(tmp_path / "memory", spec) as memory:
        memory.begin_episode("life")
        memory.append(replace(step_of(0), outcome=said))
        assert memory.step(0).outcome == said
    assert "outcome" not in (Schema(spec).view_dtype().names or ())  # all that is ever drawn


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


def test_a_memory_of_the_layout_between_goes_on_too(old: Path, step_of: StepOf) -> None:
    with sqlite3.connect(old / "memory.sqlite") as store:
        store.executescript(SECOND)
        store.execute("UPDATE episode SET origin = 'elsewhere', origin_episode = 7 WHERE id = 2")
    with Memory.open(old) as memory:
        assert [e.origin.episode for e in memory.episodes()] == [1, 7, 3]
        assert verify(memory.path, lambda done, total: None).good
        memory.begin_episode("today")
        memory.append(step_of(20))
    with sqlite3.connect(old / "memory.sqlite") as store:
        assert store.execute("PRAGMA user_version").fetchone() == (layout.VERSION,)


def test_an_older_memory_is_repaired_as_it_is(old: Path) -> None:
    with sqlite3.connect(old / "memory.sqlite") as store:
        store.execute("DELETE FROM step WHERE step = 19")
    (old / "acknowledged").unlink()
    assert repair(old, lambda done, total: None).lost == []
    with Memory.open(old) as memory:
        assert len(memory) == 19


def test_a_view_of_the_layout_before_is_made_again(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf
) -> None:
    with Memory.create(tmp_path / "memory", spec) as memory:
        memory.begin_episode("life")
        memory.append(step_of(0))
    mark = json.loads((tmp_path / "memory" / "view" / "mark.json").read_bytes()[9:])
    (tmp_path / "memory" / "view" / "mark.json").write_text(json.dumps(mark | {"layout": 3}))
    with Memory.open(tmp_path / "memory") as memory:
        np.testing.assert_array_equal(memory.actions[0], step_of(0).action)
    assert verify(tmp_path / "memory", lambda done, total: None).good


def test_a_newer_memory_is_refused(old: Path) -> None:
    with sqlite3.connect(old / "memory.sqlite") as store:
        store.execute(f"PRAGMA user_version = {layout.VERSION + 1}")
        store.execute("UPDATE about SET id = 'sealed in another way'")
    for write in (True, False):
        with pytest.raises(MemoryFault, match="use a newer rumpus"):
            Memory.open(old, write)


def test_a_migration_cut_short_leaves_the_old_layout(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "_TALLY", "SELECT no_such_function()")
    with pytest.raises(MemoryFault):
        Memory.open(old)
    monkeypatch.undo()
    with Memory.open(old) as memory:
        assert len(memory) == 20
