"""Pictures that mean something to a robot are told from those that do not, both ways."""

from pathlib import Path

import numpy as np
import pytest

from rumpus.memory import Memory
from rumpus.replay.familiarity import familiarity
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Observation, Step

SPEC = RobotSpec("toy", (SensorSpec("eye", (24, 24, 3)),), 1, 10.0)


def square(x: float, y: float, level: int = 200) -> Array:
    """A bright square on a dark ground."""
    picture = np.full((24, 24, 3), 20, np.uint8)
    picture[int(y) : int(y) + 6, int(x) : int(x) + 6] = level
    return picture


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    """A square that wanders about all over, for 600 steps."""
    made = Memory.create(tmp_path, SPEC)
    made.begin_episode("toy")
    rng = np.random.default_rng(0)
    at, still = np.array([9.0, 9.0]), np.zeros(1, np.float32)
    for k in range(600):
        at = (at + rng.normal(0.0, 3.0, 2)).clip(0, 18)
        made.append(Step(Observation({"eye": square(*at)}, k / 10.0), still, still))
    return made


def test_what_was_seen_is_familiar_and_what_never_was_is_not(memory: Memory) -> None:
    rng = np.random.default_rng(1)
    for step in (50, 300, 550):
        seen = memory.frames("eye")[step].astype(float) + rng.normal(0.0, 3.0, (24, 24, 3))
        found = familiarity(memory, "eye", seen.clip(0, 255).astype(np.uint8), rng)
        assert found is not None
        assert not found.is_foreign
    foreign = [
        np.zeros((24, 24, 3), np.uint8),
        np.random.default_rng(2).integers(0, 256, (24, 24, 3), np.uint8),
        255 - square(9, 9),
        np.maximum(square(3, 3), square(15, 15)),  # two squares at once
    ]
    for picture in foreign:
        found = familiarity(memory, "eye", picture, rng)
        assert found is not None
        assert found.is_foreign
        assert found.distance > found.usual


def test_a_picture_that_was_only_shown_stays_unfamiliar(memory: Memory) -> None:
    foreign, still = 255 - square(9, 9), np.zeros(1, np.float32)
    memory.begin_episode("shown foreign.png")
    memory.append(Step(Observation({"eye": foreign}, 99.0), still, still, truncated=True))
    found = familiarity(memory, "eye", foreign, np.random.default_rng(1))
    assert found is not None
    assert found.is_foreign


def test_a_young_memory_cannot_tell(tmp_path: Path) -> None:
    with Memory.create(tmp_path / "young", SPEC) as young:
        assert familiarity(young, "eye", square(3, 3), np.random.default_rng(0)) is None
