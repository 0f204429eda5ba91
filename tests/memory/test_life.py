"""The memory as a state machine: whatever happens to it in whatever order, it keeps its word."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rumpus.memory import Memory, MemoryConfig, films
from rumpus.memory.merge import merge
from rumpus.memory.repair import repair
from rumpus.memory.verify import verify
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Observation, Step

SENSORS = (SensorSpec("eye", (2, 2, 3)), SensorSpec("touch", (2,)))
SPEC = RobotSpec("toy", SENSORS, action_size=1, rate_hz=10.0)


def step(name: int) -> Step:
    """A step told from every other by all it holds."""
    rng = np.random.default_rng(name)
    readings: dict[str, Array] = {
        "eye": rng.integers(1, 256, (2, 2, 3), dtype=np.uint8),
        "touch": rng.uniform(0.1, 1.0, 2).astype(np.float32),
    }
    if name % 5 < 2:  # one of them gave nothing
        del readings["eye" if name % 5 else "touch"]
    action = np.array([name], np.float32)
    return Step(Observation(readings, float(name)), action, action, clip_reason=str(name))


def quiet(done: int, total: int) -> None:
    assert done <= total


class Life(RuleBasedStateMachine):
    """A robot's memory and that of another, with the truth kept beside them as lists of names."""

    def __init__(self) -> None:
        super().__init__()
        self.segment_steps, films.SEGMENT_STEPS = (
            films.SEGMENT_STEPS,
            10,
        )  # so that a short life has films
        self.folder = Path(tempfile.mkdtemp())
        self.memory = Memory.create(self.folder / "one", SPEC)
        self.other = Memory.create(self.folder / "two", SPEC)
        self.lived: list[int] = []  # in order
        self.kept = 0  # of them, those acknowledged
        self.elsewhere: list[int] = []
        self.names = iter(range(1_000_000))
        self.episode_open = False

    @rule(count=st.integers(1, 8))
    def live(self, count: int) -> None:
        if not self.episode_open:
            self.memory.begin_episode("life")
            self.episode_open = True
        for _ in range(count):
            name = next(self.names)
            assert self.memory.append(step(name)) == len(self.lived)
            self.lived.append(name)

    @rule()
    def flush(self) -> None:
        self.memory.flush()
        self.kept = len(self.lived)
        assert self.memory.acknowledged == self.kept

    @rule(durability=st.sampled_from(["group", "step"]))
    def sleep_and_wake(self, durability: str) -> None:
        self.memory.close()
        self.kept = len(self.lived)
        self._open(MemoryConfig(durability))  # type: ignore[arg-type]
        assert len(self.memory) == self.kept

    @rule()
    def kill(self) -> None:
        """Nothing that is open reaches the disk any more: as kill -9 leaves it."""
        self.kept = max(self.kept, self.memory.acknowledged)
        self.memory._store._connection.rollback()
        self.memory._write = False  # closing writes nothing
        self.memory.close()
        self._open(MemoryConfig())
        assert self.kept <= len(self.memory) <= len(self.lived)
        del self.lived[len(self.memory) :]
        self.kept = len(self.lived)

    @rule()
    def film(self) -> None:
        self.memory.film()
        self.kept = len(self.lived)

    @rule(count=st.integers(1, 5))
    def live_elsewhere(self, count: int) -> None:
        self.other.begin_episode("another life")
        for _ in range(count):
            self.elsewhere.append(next(self.names))
            self.other.append(step(self.elsewhere[-1]))

    @rule()
    def take_over(self) -> None:
        new = [name for name in self.elsewhere if name not in self.lived]
        assert merge(self.other, self.memory, quiet).steps == len(new)
        self.lived += new
        self.kept, self.episode_open = len(self.lived), False

    @rule()
    def lose_the_view(self) -> None:
        self.memory.close()
        shutil.rmtree(self.folder / "one" / "view")
        self.kept = len(self.lived)
        self._open(MemoryConfig())

    @precondition(lambda self: self.lived)
    @rule(data=st.data())
    def damage_and_repair(self, data: st.DataObject) -> None:
        self.memory.close()
        self.kept = len(self.lived)
        index = data.draw(st.integers(0, len(self.lived) - 1))
        store = Memory.open(self.folder / "one")
        store._store._connection.execute(
            "UPDATE step SET action = x'99999999' WHERE step = ?", (index,)
        )
        store.close()
        done = repair(self.folder / "one", quiet)
        assert [damage.step for damage in done.repaired] == [index]
        assert not done.lost
        self._open(MemoryConfig())

    @rule()
    def verify(self) -> None:
        self.memory.flush()
        self.kept = len(self.lived)
        found = verify(self.memory.path, quiet)
        assert found.good
        assert (found.acknowledged, found.drawable) == (len(self.lived), len(self.lived))

    @invariant()
    def everything_lived_is_there(self) -> None:
        assert len(self.memory) == len(self.lived)
        for k, name in enumerate(self.lived):
            put, drawn = step(name).observation.readings, self.memory.readings(k)
            assert (set(drawn), self.memory.present("eye")[k]) == (set(put), "eye" in put)
            for sensor, reading in put.items():
                np.testing.assert_array_equal(drawn[sensor], reading)
                np.testing.assert_array_equal(self.memory.frames(sensor)[k], reading)
        for k, name in enumerate(self.lived):
            stored = self.memory.step(k)
            assert stored.clip_reason == str(name)
            assert set(stored.observation.readings) == set(step(name).observation.readings)
        assert sum(episode.length for episode in self.memory.episodes()) == len(self.lived)

    def _open(self, config: MemoryConfig) -> None:
        self.memory, self.episode_open = Memory.open(self.folder / "one", config=config), False

    def teardown(self) -> None:
        self.memory.close()
        self.other.close()
        shutil.rmtree(self.folder)
        films.SEGMENT_STEPS = self.segment_steps


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=20, stateful_step_count=20, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
