"""A verdict is worth what remembered moments say that it is worth."""

from pathlib import Path

import numpy as np
import pytest

from rumpus.memory import Memory
from rumpus.play.verdict import Calibration, calibrate, sentence
from rumpus.spec import Readings, RobotSpec, SensorSpec
from rumpus.types import Array, Observation, Step

SPEC = RobotSpec("walker", (SensorSpec("place", (1,)), SensorSpec("noise", (1,))), 1, 10.0)


class Knowing:
    """Knows how far two places are apart, or is wrong about it by a factor."""

    def __init__(self, wrong: float = 0.0, factor: float = 1.0) -> None:
        self.rng, self.wrong, self.factor = np.random.default_rng(0), wrong, factor

    def encode(self, readings: Readings) -> Array:
        return readings["place"]

    def predicted_steps(self, latent: Array, goal: Array) -> float:
        true = float(np.abs(latent - goal).sum())
        return self.factor * true * float(np.exp(self.wrong * self.rng.normal()))


class Guessing(Knowing):
    """Believes what it will."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.rng = np.random.default_rng(seed)

    def predicted_steps(self, latent: Array, goal: Array) -> float:
        return float(self.rng.exponential(10.0))


@pytest.fixture
def walk(tmp_path: Path) -> Memory:
    """A life of one place a step, in episodes of 150."""
    memory, still = Memory.create(tmp_path / "memory", SPEC), np.zeros(1, np.float32)
    for _ in range(6):
        memory.begin_episode("walk")
        for place in range(150):
            at = {"place": np.array([place], np.float32), "noise": np.zeros(1, np.float32)}
            memory.append(Step(Observation(at, float(len(memory))), still, still))
    memory.flush()
    return memory


def found(believer: Knowing, memory: Memory) -> Calibration:
    calibration = calibrate(believer, memory, ["place"], np.random.default_rng(1))
    assert calibration is not None
    return calibration


def test_who_knows_is_sure(walk: Memory) -> None:
    knowing = found(Knowing(), walk)
    assert knowing.verdict(0.0).chance > 0.99
    assert knowing.verdict(3.0).reached
    assert not knowing.verdict(6.0).reached
    assert knowing.verdict(30.0).chance < 0.01


def test_who_exaggerates_is_understood(walk: Memory) -> None:
    """What counts is what its numbers meant, not what they say."""
    assert found(Knowing(factor=10.0), walk).verdict(30.0).reached
    assert not found(Knowing(factor=0.1), walk).verdict(3.0).reached


def test_who_is_often_wrong_is_less_sure(walk: Memory) -> None:
    sure, unsure = (found(Knowing(wrong), walk).verdict(0.5).chance for wrong in (0.0, 1.5))
    assert 0.5 < unsure < sure - 0.05


def test_of_who_knows_nothing_no_verdict_is_asked_for(walk: Memory) -> None:
    """Nor of who guesses: a hair more right than a coin is no knowledge."""
    assert calibrate(Knowing(factor=0.0), walk, ["place"], np.random.default_rng(1)) is None
    guesses = [
        calibrate(Guessing(seed), walk, ["place"], np.random.default_rng(1)) for seed in range(10)
    ]
    assert guesses.count(None) >= 9
    backwards = Knowing(factor=-0.005)  # believes what is far to be near
    assert calibrate(backwards, walk, ["place"], np.random.default_rng(1)) is None


def test_of_a_short_life_no_verdict_is_given(tmp_path: Path) -> None:
    memory, still = Memory.create(tmp_path / "short", SPEC), np.zeros(1, np.float32)
    for _ in range(100):  # each too short for two moments that are far apart
        memory.begin_episode("walk")
        for place in range(5):
            at = {"place": np.array([place], np.float32), "noise": np.zeros(1, np.float32)}
            memory.append(Step(Observation(at, float(len(memory))), still, still))
    assert calibrate(Knowing(), memory, ["place"], np.random.default_rng(1)) is None


def test_a_verdict_in_words() -> None:
    calibration = Calibration(2.0, -1.5, 800)
    assert sentence(calibration.verdict(0.0)).startswith("It got there, as it sees it: of the rem")
    assert "their goal, 88% were at most 3 steps from it" in sentence(calibration.verdict(0.0))
    assert sentence(calibration.verdict(50.0)).startswith("It did not get there")
    assert "cannot tell" in sentence(None)
