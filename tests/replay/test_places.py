"""Where a robot has been: its firsts are the right steps, counted once, in bounded room."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from rumpus.memory import Memory
from rumpus.replay import places
from rumpus.replay.places import Places, load
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Observation, Step

EYE, JOINT = SensorSpec("eye", (32, 32, 3)), SensorSpec("joint", (2,), -9.0, 9.0)


def square(x: int, y: int) -> Array:
    picture = np.full((32, 32, 3), 20, np.uint8)
    picture[4 * y : 4 * y + 4, 4 * x : 4 * x + 4] = 200
    return picture


def remember(memory: Memory, *readings: dict[str, Array]) -> None:
    still = np.zeros(1, np.float32)
    memory.begin_episode("toy")
    for reading in readings:
        memory.append(Step(Observation(reading, float(len(memory))), still, still))


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    """A square that stands, steps aside, comes back and goes on."""
    made = Memory.create(tmp_path, RobotSpec("toy", (EYE,), 1, 10.0))
    walk = [(1, 1), (1, 1), (2, 1), (1, 1), (1, 1), (2, 1), (5, 6), (5, 6), (1, 1)]
    remember(made, *({"eye": square(*at)} for at in walk))
    return made


def test_firsts_are_the_steps_at_which_something_was_there_for_the_first_time(
    memory: Memory,
) -> None:
    found = Places()
    look = found.look(memory)
    assert look.firsts == found.steps.tolist() == [0, 2, 6]
    assert found.visits.tolist() == [5, 2, 2]
    assert found.rarest == 2
    assert found.even == pytest.approx(2.7, abs=0.1)
    remember(memory, *[{"eye": square(*at)} for at in [(1, 1), (7, 0), (7, 0), (1, 1)]])
    look = found.look(memory)
    assert look.firsts == [10]
    assert look.novelty == 0.5
    assert found.quiet == 0
    remember(memory, *[{"eye": square(1, 1)}] * 3)
    assert found.look(memory).firsts == []
    assert found.quiet == 1


def test_what_only_trembles_is_no_new_place(memory: Memory) -> None:
    rng, found = np.random.default_rng(0), Places()
    found.look(memory)
    noise = rng.integers(-6, 7, (50, 32, 32, 3))
    remember(memory, *({"eye": (square(1, 1) + n).astype(np.uint8)} for n in noise))
    assert found.look(memory).firsts == []


def test_a_picture_that_was_only_shown_is_no_place(memory: Memory) -> None:
    remember(memory, {"eye": square(7, 7)})
    assert Places().look(memory).firsts == [0, 2, 6]


def test_a_sensor_that_gave_nothing_makes_no_place(tmp_path: Path) -> None:
    memory = Memory.create(tmp_path, RobotSpec("toy", (EYE, JOINT), 1, 10.0))
    low, high = np.zeros(2, np.float32), np.array([0.0, 0.3], np.float32)
    eye = {"eye": square(1, 1)}
    told = [eye | {"joint": low}, eye | {"joint": high}, eye, {"joint": high}, eye]
    remember(memory, *told)
    assert Places().look(memory).firsts == [0, 1]


def test_a_restart_goes_on_with_the_same_counts(memory: Memory, tmp_path: Path) -> None:
    file, lasting = tmp_path / "places.npz", Places()
    for at in [(3, 3), (1, 1), (1, 1), (0, 7), (3, 3)]:
        woken = load(file, memory.id)
        assert woken.look(memory) == lasting.look(memory)
        woken.save(file, memory.id)
        assert load(file, memory.id).quiet == lasting.quiet
        remember(memory, *[{"eye": square(*at)}] * 4)
    last = load(file, memory.id)
    assert last.steps.tolist() == lasting.steps.tolist() == [0, 2, 6, 9, 21]
    assert last.visits.tolist() == lasting.visits.tolist()
    assert (last.known, last.quiet) == (lasting.known, lasting.quiet)


@pytest.mark.parametrize("harm", ["gone", "torn", "another's"])
def test_a_file_of_no_use_is_made_anew(memory: Memory, tmp_path: Path, harm: str) -> None:
    file, found = tmp_path / "places.npz", Places()
    found.look(memory)
    found.save(file, "another" if harm == "another's" else memory.id)
    if harm == "torn":
        file.write_bytes(file.read_bytes()[:100])
    if harm == "gone":
        file.unlink()
    anew = load(file, memory.id)
    assert anew.known == 0
    assert anew.look(memory).firsts == [0, 2, 6]


@dataclass
class Life:
    """A long life of one number, that notes which steps are looked at."""

    count: int
    spec: RobotSpec = field(default=RobotSpec("toy", (JOINT,), 1, 10.0))
    asked: list[int] = field(default_factory=list)
    id: str = "toy"

    def __len__(self) -> int:
        return self.count

    @property
    def episode_of(self) -> Array:
        return np.zeros(self.count, np.int64)

    def frames(self, sensor: str) -> "Life":
        return self

    def __getitem__(self, step: int) -> Array:
        self.asked.append(int(step))
        return np.array([step % 2000, step % 3], np.float32)

    def present(self, sensor: str) -> Array:
        return np.ones(self.count, bool)


def test_only_what_is_new_is_looked_at_and_never_more_than_so_much() -> None:
    life, found = Life(0), Places()
    for count in (100, 100, 130, 1_000_000, 1_000_400):
        before, life.count, life.asked = life.count, count, []
        found.look(life)  # type: ignore[arg-type]
        assert len(set(life.asked)) <= places.MOST_LOOKED
        assert all(before <= step < count for step in life.asked)
    assert found.visits.sum() == 100 + 30 + 500 + 400


def test_places_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "MOST_PLACES", 4)
    life, found = Life(500), Places()
    found.look(life)  # type: ignore[arg-type]
    assert len(found.steps) == len(found.visits) == len(found.points) == 4
    assert found.are_full
    assert found.visits.sum() == 500
    life.count = 600
    assert found.look(life).firsts == []  # type: ignore[arg-type]
    assert found.quiet == 0  # what is new cannot be told any more, so nobody says that nothing is


def test_no_flipped_bit_of_the_file_gives_other_places(memory: Memory, tmp_path: Path) -> None:
    file, found, chance = tmp_path / "places.npz", Places(), np.random.default_rng(0)
    found.look(memory)
    found.save(file, memory.id)
    whole = file.read_bytes()
    for at in chance.integers(0, len(whole), 500).tolist():
        flipped = bytearray(whole)
        flipped[at] ^= 1 << int(chance.integers(8))
        file.write_bytes(flipped)
        assert load(file, memory.id).steps.tolist() in ([], found.steps.tolist())
