"""Repair puts back what the checksums prove, names what they do not, and guesses nothing."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.memory.conftest import StepOf

from rumpus.errors import MemoryFault
from rumpus.memory import Memory
from rumpus.memory.films import SEGMENT_STEPS
from rumpus.memory.merge import merge
from rumpus.memory.repair import Repaired, repair
from rumpus.memory.verify import Verified, verify
from rumpus.replay.sampler import draw
from rumpus.replay.window import starts
from rumpus.spec import RobotSpec

LIVED_N = SEGMENT_STEPS + 60
Harm = Callable[[Path], None]


def quiet(done: int, total: int) -> None:
    assert done <= total


def verified(folder: Path) -> Verified:
    return verify(folder, quiet)


@pytest.fixture
def folder(tmp_path: Path, spec: RobotSpec, step_of: StepOf) -> Path:
    with Memory.create(tmp_path / "memory", spec) as memory:
        for k in range(LIVED_N):
            if k % 400 == 0:
                memory.begin_episode("life")
            memory.append(step_of(k))
    return tmp_path / "memory"


def sql(*statements: str) -> Harm:
    def harm(folder: Path) -> None:
        with sqlite3.connect(folder / "memory.sqlite") as store:
            for statement in statements:
                store.execute(statement)

    return harm


def films_gone(folder: Path) -> None:
    with Memory.open(folder) as memory:
        while memory.film():
            pass
    shutil.rmtree(folder / "movies")


def film_flipped(folder: Path) -> None:
    with Memory.open(folder) as memory:
        while memory.film():
            pass
    [film] = (folder / "movies").iterdir()
    held = bytearray(film.read_bytes())
    for k in range(len(held) // 2, len(held), 997):
        held[k] ^= 0x55
    film.write_bytes(held)


MENDED: dict[str, tuple[Harm, list[int]]] = {
    "a picture": (sql("UPDATE step SET sensor_0 = zeroblob(60) WHERE step = 500"), [500]),
    "deeds": (sql("UPDATE step SET executed_action = action WHERE step IN (3, 7)"), [3, 7]),
    "a time": (sql("UPDATE step SET time_s = 0.0 WHERE step = 900"), [900]),
    "an intervention": (sql("UPDATE step SET intervention = 1 WHERE step = 9"), [9]),
    "an impossible one": (sql(f"UPDATE step SET intervention = {2**62} WHERE step = 9"), [9]),
    "less than none": (sql("UPDATE step SET intervention = -1 WHERE step = 9"), [9]),
    "a film that is gone": (films_gone, list(range(SEGMENT_STEPS))),
}


@pytest.mark.parametrize("name", MENDED)
def test_what_the_checksum_proves_comes_back(folder: Path, step_of: StepOf, name: str) -> None:
    assert verified(folder).good
    harm, steps = MENDED[name]
    harm(folder)
    found = verified(folder)
    assert not found.good
    assert found.whole == LIVED_N - len(steps)
    named = {(d.step, d.episode) for d in found.damages if d.episode}
    assert named == {(k, k // 400 + 1) for k in steps}
    done = repair(folder, quiet)
    assert sorted(d.step for d in done.repaired) == steps
    assert not done.lost
    assert verified(folder).good
    with Memory.open(folder) as memory:
        assert memory.step(steps[0]).goal_reason == step_of(steps[0]).goal_reason
        while memory.film():
            pass
    assert verified(folder).good


def test_a_film_with_a_flipped_byte_comes_back_whole(folder: Path) -> None:
    film_flipped(folder)
    assert not verified(folder).good
    assert not repair(folder, quiet).lost
    assert verified(folder).good


def both_gone(folder: Path) -> None:
    sql("UPDATE step SET sensor_0 = zeroblob(60) WHERE step = 500")(folder)
    shutil.rmtree(folder / "view")


def test_what_nothing_proves_is_named_and_kept_apart(folder: Path) -> None:
    both_gone(folder)
    done = repair(folder, quiet)
    assert [d.step for d in done.lost] == [500]
    assert not done.repaired
    assert not done.recalled
    with sqlite3.connect(folder / "memory.sqlite") as store:  # the damaged one is kept
        assert store.execute("SELECT step FROM damaged_6").fetchall() == [(500,)]


RECALLED: dict[str, tuple[Harm, list[int]]] = {
    "a reason": (sql("UPDATE step SET goal_reason = 'for fun' WHERE step = 500"), [500]),
    "a reason that is no text": (
        sql("UPDATE step SET goal_reason = CAST(x'77f4' AS TEXT) WHERE step = 500"),
        [500],
    ),
    "a reason that is bytes": (sql("UPDATE step SET goal_reason = x'77' WHERE step = 500"), [500]),
    "a checksum": (sql("UPDATE step SET checksum = checksum + 1 WHERE step = 500"), [500]),
    "steps gone from the middle": (sql("DELETE FROM step WHERE step IN (399, 400)"), [399, 400]),
    "steps gone from the end": (
        sql(f"DELETE FROM step WHERE step >= {LIVED_N - 5}"),
        list(range(LIVED_N - 5, LIVED_N)),
    ),
    "an episode and all its steps": (
        sql("DELETE FROM step WHERE step >= 800", "DELETE FROM episode WHERE first >= 800"),
        list(range(800, LIVED_N)),
    ),
}


@pytest.mark.parametrize("name", RECALLED)
def test_what_the_view_alone_proves_comes_back_without_reasons(
    folder: Path, step_of: StepOf, name: str
) -> None:
    harm, steps = RECALLED[name]
    harm(folder)
    done = repair(folder, quiet)
    assert [d.step for d in done.recalled] == steps
    assert not done.lost
    assert verified(folder).good
    with Memory.open(folder) as memory:
        assert len(memory) == LIVED_N
        assert [e.first for e in memory.episodes()] == [0, 400, 800]
        for k in steps:
            lived, back = step_of(k), memory.step(k)
            assert back.goal_reason == back.clip_reason == ""
            assert back.observation.time_s == lived.observation.time_s
            assert back.action.tobytes() == lived.action.tobytes()
            for name_, reading in lived.observation.readings.items():
                assert back.observation.readings[name_].tobytes() == reading.tobytes()


def test_a_flipped_byte_in_the_view_proves_nothing(folder: Path) -> None:
    sql("DELETE FROM step WHERE step >= 1050")(folder)
    file = folder / "view" / "sensor_0.raw"
    held = bytearray(file.read_bytes())
    held[1055 * 60 + 7] ^= 1
    file.write_bytes(held)
    done = repair(folder, quiet)
    assert [d.step for d in done.lost] == [1055]
    assert [d.step for d in done.recalled] == [k for k in range(1050, LIVED_N) if k != 1055]


def test_of_a_film_that_nothing_replaces_what_can_be_read_stays(
    folder: Path, step_of: StepOf
) -> None:
    film_flipped(folder)
    shutil.rmtree(folder / "view")
    lost = {damage.step for damage in repair(folder, quiet).lost}
    assert 0 < len(lost) < SEGMENT_STEPS
    assert_gone(folder, lost, step_of)


def assert_gone(folder: Path, lost: set[int], step_of: StepOf, lived: int = LIVED_N) -> None:
    """So many steps are written off, all others are there, and the robot can go on."""
    found = verified(folder)
    assert (found.good, found.lost) == (True, len(lost))
    with Memory.open(folder) as memory:
        assert len(memory) == lived
        gone = [k for e in memory.lost() for k in range(e.first, e.first + e.length)]
        assert set(gone) == lost
        there = [k for e in memory.episodes() for k in range(e.first, e.first + e.length)]
        assert sorted(gone + there) == list(range(lived))
        for episode in memory.episodes():
            ids = {id_ for id_, _ in memory.steps(episode.first, episode.first + episode.length)}
            assert ids == {episode.id}
            assert (memory.episode_of[episode.first : episode.first + episode.length] ==
                    episode.id).all()  # fmt: skip
            assert episode.origin.first == (episode.first - 400 * (episode.origin.episode - 1))
        for k in set(there):
            assert memory.step(k).goal_reason in (step_of(k).goal_reason, "")
            np.testing.assert_array_equal(memory.actions[k], step_of(k).action)
        for k in lost:
            assert not memory.readings(k)
            assert not memory.step(k).observation.readings
        memory.begin_episode("on")
        memory.append(step_of(lived))
    assert verified(folder).good


@pytest.mark.parametrize("gone", [{500}, {0}, {399, 400}, {799, 800, 801}, {LIVED_N - 1}, {3, 5}])
@pytest.mark.parametrize("harm", ["changed", "deleted"])
def test_whatever_a_bad_step_is_the_others_stay(
    folder: Path, tmp_path: Path, step_of: StepOf, gone: set[int], harm: str
) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    change = "DELETE FROM step" if harm == "deleted" else "UPDATE step SET sensor_0 = zeroblob(60)"
    sql(f"{change} WHERE step IN ({', '.join(map(str, gone))})")(folder)
    shutil.rmtree(folder / "view")
    with Memory.open(folder, write=False) as memory:  # to be looked at as it is
        for k in set(range(LIVED_N)) - gone:
            np.testing.assert_array_equal(memory.actions[k], step_of(k).action)
        assert len(memory.episodes()) == 3 or harm == "deleted"
    found = {damage.step for damage in verified(folder).damages if damage.step >= 0}
    assert found == gone
    done = repair(folder, quiet)
    if harm == "deleted" and LIVED_N - 1 in gone:
        assert done.forgotten == 1
        assert_gone(folder, set(), step_of, LIVED_N - 1)
        return
    assert {damage.step for damage in done.lost} == gone
    assert_gone(folder, gone, step_of)
    assert repair(folder, quiet) == Repaired()
    with (
        Memory.open(folder, write=False) as lacking,
        Memory.create(tmp_path / "new", lacking.spec) as new,
    ):
        assert merge(lacking, new, quiet).steps == LIVED_N + 1 - len(gone)  # one lived on
        assert (new.episode_of > 0).all()
    with Memory.open(tmp_path / "copy", write=False) as copy, Memory.open(folder) as memory:
        assert merge(copy, memory, quiet).steps == len(gone)  # what a copy has comes back
        assert merge(copy, memory, quiet).steps == 0


def test_windows_hold_no_lost_step(folder: Path) -> None:
    sql("UPDATE step SET sensor_0 = zeroblob(60) WHERE step % 7 = 3")(folder)
    shutil.rmtree(folder / "view")
    for _ in range(2):  # as it is, and repaired
        with Memory.open(folder, write=False) as memory:
            drawn = draw(np.random.default_rng(0), memory.episode_of, 500, 4)
            every = starts(memory.episode_of, 4)
        assert not (drawn % 7 == 3).any()
        assert not ((every[:, None] + np.arange(4)) % 7 == 3).any()
        assert set(drawn[:, 0]) <= set(every)
        repair(folder, quiet)


def test_a_lost_end_is_written_off(folder: Path, step_of: StepOf) -> None:
    sql(f"DELETE FROM step WHERE step >= {LIVED_N - 5}")(folder)
    shutil.rmtree(folder / "view")
    assert verified(folder).acknowledged == LIVED_N
    with pytest.raises(MemoryFault, match="lacks 5 of the steps"):
        Memory.open(folder)
    assert repair(folder, quiet).forgotten == 5
    with Memory.open(folder) as memory:
        assert len(memory) == LIVED_N - 5
        assert [e.provenance for e in memory.lost()] == ["lost: 5 steps gone from the end"]
        memory.begin_episode("on")
        memory.append(step_of(LIVED_N - 5))
    assert verified(folder).good
    assert repair(folder, quiet) == Repaired()


def test_a_lost_end_with_whole_episodes_in_it_is_written_off(folder: Path, step_of: StepOf) -> None:
    sql("DELETE FROM step WHERE step >= 500")(folder)
    shutil.rmtree(folder / "view")
    assert repair(folder, quiet).forgotten == LIVED_N - 500
    with Memory.open(folder) as memory:
        assert memory.begin_episode("on") == 4
        memory.append(step_of(500))
        assert [(e.first, e.length) for e in memory.episodes()] == [(0, 400), (400, 100), (500, 1)]
    assert verified(folder).good


def test_episodes_of_which_only_steps_are_left_are_known_again(folder: Path) -> None:
    sql("DELETE FROM episode WHERE id < 3")(folder)
    repair(folder, quiet)
    with Memory.open(folder) as memory:
        assert [(e.id, e.first) for e in memory.episodes()] == [(1, 0), (2, 400), (3, 800)]


def test_nobody_mends_what_another_writes(folder: Path) -> None:
    with Memory.open(folder), pytest.raises(MemoryFault, match="another rumpus"):
        repair(folder, quiet)
