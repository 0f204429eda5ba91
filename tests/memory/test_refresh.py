"""Whoever reads sees what another program writes, while it writes, and costs it nothing."""

import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tests.memory import refreshing_writer
from tests.memory.refreshing_writer import SPEC, step

from rumpus.errors import MemoryFault
from rumpus.memory import Memory
from rumpus.memory.durable_store import Store
from rumpus.memory.view import GROWTH_STEPS, View

STEPS_N = GROWTH_STEPS + 700  # so that the view's files grow meanwhile


def add(memory: Memory, count: int) -> None:
    if not len(memory) or memory.acknowledged == len(memory):
        memory.begin_episode("play")
    for _ in range(count):
        memory.append(step(len(memory)))
    memory.flush()


def assert_told(reader: Memory, first: int, stop: int) -> None:
    for k in range(first, stop):
        put, found = step(k), reader.step(k)
        assert found.goal_reason == put.goal_reason
        assert found.action.tobytes() == put.action.tobytes() == reader.actions[k].tobytes()
        assert set(found.observation.readings) == set(put.observation.readings)
        for name, reading in put.observation.readings.items():
            assert found.observation.readings[name].tobytes() == reading.tobytes()
            assert reader.frames(name)[k].tobytes() == reading.tobytes()


def test_a_reader_sees_every_step_of_a_program_that_writes_meanwhile(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    Memory.create(folder, SPEC).close()
    program = [sys.executable, refreshing_writer.__file__, str(folder), str(STEPS_N)]
    seen, news = 0, []
    with Memory.open(folder, write=False) as reader, subprocess.Popen(program) as writer:
        deadline_s = time.monotonic() + 60.0
        while seen < STEPS_N and time.monotonic() < deadline_s:
            new = reader.refresh()
            assert len(reader) == seen + new == reader.acknowledged
            assert_told(reader, seen, seen + new)
            seen += new
            news += [new] if new else []
        assert writer.wait(60) == 0  # nobody blocked it
        assert seen == STEPS_N
        assert len(news) > 5  # else it was not seen while it was written
        assert sum(e.length for e in reader.episodes()) == STEPS_N
        assert reader.missing() == 0


def test_only_new_steps_are_read_and_no_step_is_read_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    examine = Store.examine

    def counting(store: Store, index: int) -> object:
        asked.append(index)
        return examine(store, index)

    with Memory.create(tmp_path / "m", SPEC) as memory:
        add(memory, 500)
        with Memory.open(tmp_path / "m", write=False) as reader:
            add(memory, 7)
            monkeypatch.setattr(Store, "examine", counting)
            monkeypatch.setattr(View, "resembles", None)  # no probe is made again
            assert reader.refresh() == 7
            assert reader.refresh() == 0
            assert asked == list(range(500, 507))


def test_steps_that_are_not_acknowledged_yet_are_not_seen(tmp_path: Path) -> None:
    with Memory.create(tmp_path / "m", SPEC) as memory:
        add(memory, 5)
        with Memory.open(tmp_path / "m", write=False) as reader:
            memory.append(step(5))
            assert reader.refresh() == 0
            memory.flush()
            assert reader.refresh() == 1
            assert_told(reader, 0, 6)


def test_arrays_that_were_handed_out_stay_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Memory.create(tmp_path / "m", SPEC) as memory:
        add(memory, 20)
        with Memory.open(tmp_path / "m", write=False) as reader:
            early, before = reader.frames("q"), reader.frames("q").copy()
            add(memory, GROWTH_STEPS)
            monkeypatch.setattr(View, "resembles", None)  # the files that grew are still trusted
            assert reader.refresh() == GROWTH_STEPS
            np.testing.assert_array_equal(early, before)
            np.testing.assert_array_equal(reader.frames("q")[:20], before)


@pytest.mark.parametrize("harm", ["gone", "spoilt"])
def test_a_reader_with_a_copy_of_its_own_follows_too(tmp_path: Path, harm: str) -> None:
    with Memory.create(tmp_path / "m", SPEC) as memory:
        add(memory, 20)
        if harm == "gone":
            (tmp_path / "m" / "view" / "mark.json").unlink()
        else:
            (tmp_path / "m" / "view" / "mark.json").write_text("[]")
        with Memory.open(tmp_path / "m", write=False) as reader:
            add(memory, 5)
            assert reader.refresh() == 5
            assert_told(reader, 0, 25)


def test_a_view_that_was_made_anew_meanwhile_is_found(tmp_path: Path) -> None:
    with Memory.create(tmp_path / "m", SPEC) as memory:
        add(memory, 20)
    with Memory.open(tmp_path / "m", write=False) as reader:
        (tmp_path / "m" / "view" / "mark.json").unlink()
        with Memory.open(tmp_path / "m") as memory:
            add(memory, 5)
        assert reader.refresh() == 5
        assert_told(reader, 0, 25)


def test_a_store_that_was_made_anew_meanwhile_is_found(tmp_path: Path) -> None:
    with Memory.create(tmp_path / "m", SPEC) as memory:
        add(memory, 20)
    with Memory.open(tmp_path / "m", write=False) as reader:
        store = (tmp_path / "m" / "memory.sqlite").read_bytes()
        (tmp_path / "m" / "memory.sqlite").unlink()
        (tmp_path / "m" / "memory.sqlite").write_bytes(store)
        with Memory.open(tmp_path / "m") as memory:
            add(memory, 5)
        assert reader.refresh() == 5
        assert_told(reader, 0, 25)


def test_another_memory_in_its_place_is_said(tmp_path: Path) -> None:
    for name in ("m", "other"):
        with Memory.create(tmp_path / name, SPEC) as memory:
            add(memory, 3)
    with Memory.open(tmp_path / "m", write=False) as reader:
        shutil.copyfile(tmp_path / "other" / "memory.sqlite", tmp_path / "new")
        (tmp_path / "new").rename(tmp_path / "m" / "memory.sqlite")
        with pytest.raises(MemoryFault, match="is of the memory"):
            reader.refresh()
        assert len(reader) == 3


def test_a_new_step_that_is_damaged_is_named(tmp_path: Path) -> None:
    with Memory.create(tmp_path / "m", SPEC) as memory:
        add(memory, 3)
        with Memory.open(tmp_path / "m", write=False) as reader:
            add(memory, 3)
            with sqlite3.connect(tmp_path / "m" / "memory.sqlite") as store:
                store.execute("UPDATE step SET time_s = 77.0 WHERE step = 4")
            assert reader.refresh() == 3  # the others can be looked at
            with pytest.raises(MemoryFault, match="damaged: step 4"):
                reader.step(4)
            assert reader.step(5).observation.time_s == step(5).observation.time_s


def test_who_writes_has_nothing_to_refresh(tmp_path: Path) -> None:
    with Memory.create(tmp_path / "m", SPEC) as memory:
        add(memory, 3)
        assert memory.refresh() == 0
        assert len(memory) == 3
