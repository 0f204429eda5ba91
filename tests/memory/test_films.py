"""Old pictures become films: every byte comes back, and nothing is lost whatever happens."""

import dataclasses
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from rumpus.errors import MemoryFault
from rumpus.memory import Memory
from rumpus.memory.films import SEGMENT_STEPS, decode_video, encode_video
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Observation, Step

SPEC = RobotSpec(
    "toy",
    (SensorSpec("colour", (4, 5, 3)), SensorSpec("gel", (3, 2, 1)), SensorSpec("q", (2,), -1, 1)),
    action_size=1,
    rate_hz=10.0,
)
LIVED_N = 2 * SEGMENT_STEPS + 30


def step(k: int) -> Step:
    rng = np.random.default_rng(k)
    readings: dict[str, Array] = {
        "colour": rng.integers(0, 256, (4, 5, 3), dtype=np.uint8),
        "gel": rng.integers(0, 256, (3, 2, 1), dtype=np.uint8),
        "q": rng.normal(size=2).astype(np.float32),
    }
    action = rng.uniform(-1, 1, 1).astype(np.float32)
    return Step(Observation(readings, 0.1 * k), action, action, intervention=k % 7 == 0)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A memory of a few segments, none of them filmed."""
    path = tmp_path_factory.mktemp("lived") / "memory"
    with Memory.create(path, SPEC) as memory:
        for k in range(LIVED_N):
            if k % 777 == 0:
                memory.begin_episode("life")
            memory.append(step(k))
    return path


@pytest.fixture
def folder(lived: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(lived, tmp_path / "memory"))


def film_all(memory: Memory) -> int:
    gone = 0
    while bytes_gone := memory.film():
        gone += bytes_gone
    return gone


def assert_all_there(memory: Memory) -> None:
    kept = [found for _, found in memory.steps(0, LIVED_N)]
    assert len(kept) == LIVED_N
    for k, found in enumerate(kept):
        expected = step(k)
        for name, reading in expected.observation.readings.items():
            np.testing.assert_array_equal(found.observation.readings[name], reading)
        np.testing.assert_array_equal(found.action, expected.action)
        assert found.intervention == expected.intervention


def test_every_byte_comes_back_from_the_films(folder: Path) -> None:
    with Memory.open(folder) as memory:
        assert memory.segments() == 4  # two of each picture sensor; the last steps are not full yet
        assert film_all(memory) == 2 * SEGMENT_STEPS * (4 * 5 * 3 + 3 * 2)
        assert memory.segments() == 0
        assert_all_there(memory)
        assert memory.missing() == 0
    assert len(list((folder / "movies").iterdir())) == 4
    shutil.rmtree(folder / "view")
    with Memory.open(folder) as memory:  # the view is made again, from films
        assert_all_there(memory)
        np.testing.assert_array_equal(
            memory.frames("gel")[1234], step(1234).observation.readings["gel"]
        )
        memory.begin_episode("more")
        memory.append(step(LIVED_N))


def test_the_pictures_leave_the_store_and_their_room_is_used_again(folder: Path) -> None:
    with Memory.open(folder) as memory:
        film_all(memory)
    with sqlite3.connect(folder / "memory.sqlite") as store:
        sizes = store.execute(
            "SELECT sum(length(sensor_0)), sum(length(sensor_1)), sum(length(sensor_2)) FROM step"
        ).fetchone()
    assert sizes == (30 * 60, 30 * 6, LIVED_N * 8)


def test_a_reader_sees_them_too(folder: Path) -> None:
    with Memory.open(folder) as memory, Memory.open(folder, write=False) as before:
        film_all(memory)
        assert_all_there(before)
        with Memory.open(folder, write=False) as after:
            assert_all_there(after)


@pytest.mark.parametrize("harm", ["gone", "cut", "flipped", "not a film"])
def test_a_damaged_film_is_named_by_its_first_step(folder: Path, harm: str) -> None:
    with Memory.open(folder) as memory:
        film_all(memory)
    film = folder / "movies" / f"0-{SEGMENT_STEPS:010}.mkv"
    held = bytearray(film.read_bytes())
    if harm == "gone":
        film.unlink()
    elif harm == "cut":
        film.write_bytes(held[: len(held) // 2])
    elif harm == "flipped":
        held[len(held) * 3 // 4] ^= 0x55
        film.write_bytes(held)
    else:
        film.write_text("once upon a time")
    with (
        Memory.open(folder, write=False) as memory,
        pytest.raises(MemoryFault, match="damaged: step 1") as fault,
    ):
        assert_all_there(memory)
    assert SEGMENT_STEPS <= int(str(fault.value).split("step ")[1].split()[0]) < 2 * SEGMENT_STEPS


def test_no_film_is_made_of_damaged_pictures(folder: Path) -> None:
    with sqlite3.connect(folder / "memory.sqlite") as store:
        store.execute("UPDATE step SET sensor_0 = zeroblob(60) WHERE step = 500")
    with (
        Memory.open(folder, write=False) as memory,
        pytest.raises(MemoryFault, match="damaged: step 500"),
    ):
        assert_all_there(memory)
    with Memory.open(folder) as memory:
        with pytest.raises(MemoryFault, match="damaged: step 500"):
            film_all(memory)
        assert memory.segments() == 4
        memory.begin_episode("life goes on")
        memory.append(step(0))


def test_what_a_crash_left_of_a_film_is_in_nobody_s_way(folder: Path) -> None:
    (folder / "movies").mkdir()
    (folder / "movies" / "0-0000000000.mkv.part").write_bytes(b"half a film")
    (folder / "movies" / "1-0000000000.mkv").write_bytes(b"a film that the store never took")
    with Memory.open(folder) as memory:
        film_all(memory)
        assert_all_there(memory)


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 3, 1), (17, 33, 3), (48, 48, 3)])
def test_a_film_loses_nothing(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (7, *shape), dtype=np.uint8)
    encode_video(tmp_path / "film.mkv", pictures, 10.0)
    np.testing.assert_array_equal(decode_video(tmp_path / "film.mkv", shape), pictures)


def test_captured_times_and_interventions_are_kept(tmp_path: Path) -> None:
    first = step(0)
    seen = dataclasses.replace(first.observation, captured_s={"gel": -0.25})
    with Memory.create(tmp_path / "memory", SPEC) as memory:
        memory.begin_episode("life")
        memory.append(dataclasses.replace(first, observation=seen))
        memory.append(step(1))
    with Memory.open(tmp_path / "memory") as memory:
        assert memory.step(0).observation.captured_s == {"gel": -0.25}
        assert memory.step(1).observation.captured_s == {}
        assert memory.captured_s("gel").tolist() == [-0.25, 0.1]
        assert memory.captured_s("colour").tolist() == [0.0, 0.1]
        assert memory.intervention.tolist() == [True, False]
