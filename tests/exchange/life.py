"""Small robots and what they live, for the exchange's tests."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from rumpus.memory import Memory
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Observation, Step

ARM = RobotSpec(
    "arm",
    (SensorSpec("camera/left", (16, 24, 3)), SensorSpec("state", (4,), -2.0, 2.0)),
    action_size=2,
    rate_hz=10.0,
)
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)


@dataclass(frozen=True)
class Life:
    """Episodes to be lived: a provenance and a length for each."""

    spec: RobotSpec
    episodes: list[tuple[str, int]]
    seed: int

    def into(self, memory: Memory) -> None:
        rng = np.random.default_rng(self.seed)
        for provenance, length in self.episodes:
            memory.begin_episode(provenance)
            for _ in range(length):
                memory.append(step(self.spec, rng, len(memory)))


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Any robot with a sensor, any few episodes, empty ones too."""
    size = st.integers(1, 5)
    pictures = draw(st.lists(st.tuples(size, size, st.integers(1, 4)), max_size=2))
    vectors = draw(st.lists(st.tuples(size), min_size=not pictures, max_size=2))
    names = ["state", "a/b", "a_b", 'joint "q"', "é"]
    named = draw(st.permutations(names))
    sensors = tuple(
        SensorSpec(name, shape) for name, shape in zip(named, [*pictures, *vectors], strict=False)
    )
    spec = RobotSpec("toy", sensors, draw(size), draw(st.sampled_from([10.0, 12.5, 30.0])))
    lived = draw(st.lists(st.tuples(WORDS, st.integers(0, 6)), min_size=1, max_size=4))
    return Life(spec, [*lived, ("last", 1)], draw(st.integers(0, 2**32)))


def step(spec: RobotSpec, rng: np.random.Generator, index: int) -> Step:
    """A step that is like no other."""
    readings: dict[str, Array] = {
        sensor.name: rng.integers(0, 256, sensor.shape, dtype=np.uint8)
        if sensor.is_picture
        else rng.normal(size=sensor.shape).astype(np.float32)
        for sensor in spec.sensors
    }
    time_s = index / spec.rate_hz + rng.uniform(0.0, 0.01)
    slow = {spec.sensors[0].name: time_s - 0.02} if rng.random() < 0.5 else {}
    return Step(
        Observation(readings, time_s, slow),
        action=rng.uniform(-1, 1, spec.action_size).astype(np.float32),
        executed_action=rng.uniform(-1, 1, spec.action_size).astype(np.float32),
        clip_reason=str(rng.choice(["", "too fast"])),
        goal_index=int(rng.integers(-1, index)) if index else -1,
        goal_reason=str(rng.choice(["", "rare, é"])),
        terminated=bool(rng.random() < 0.2),
        truncated=bool(rng.random() < 0.2),
        intervention=bool(rng.random() < 0.2),
        outcome=str(rng.choice(["", '{"reward": -1.0}'])),
    )


@contextmanager
def lived(life: Life) -> Iterator[tuple[Memory, Path]]:
    """The memory of a life, and an empty folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Memory.create(folder / "memory", life.spec) as memory:
            life.into(memory)
            yield memory, folder


def assert_same(got: Step, put: Step, pictures: bool = True) -> None:
    """Every number and every word of two steps is the same."""
    for name, reading in put.observation.readings.items():
        if pictures or reading.ndim != 3:
            np.testing.assert_array_equal(got.observation.readings[name], reading)
            assert got.observation.readings[name].dtype == reading.dtype
    np.testing.assert_array_equal(got.action, put.action)
    np.testing.assert_array_equal(got.executed_action, put.executed_action)
    words = ("clip_reason", "goal_index", "goal_reason", "terminated", "truncated", "intervention",
             "outcome")  # fmt: skip
    assert [getattr(got, word) for word in words] == [getattr(put, word) for word in words]
    assert got.observation.time_s == put.observation.time_s
    for name in put.observation.readings:
        assert captured_s(got, name) == captured_s(put, name)


def captured_s(step: Step, sensor: str) -> float:
    return step.observation.captured_s.get(sensor, step.observation.time_s)
