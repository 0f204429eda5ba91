"""Merging takes everything over once, whatever is merged with what, and how often."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rumpus.errors import MemoryFault
from rumpus.memory import Memory
from rumpus.memory.merge import Merged, merge
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Observation, Step

SPEC = RobotSpec("toy", (SensorSpec("q", (1,), -1, 1),), action_size=1, rate_hz=10.0)


def step(life: int, k: int, goal: int) -> Step:
    """Step k of a life, told from all others by its reading."""
    reading = np.array([1000 * life + k], np.float32)
    action = np.zeros(1, np.float32)
    return Step(Observation({"q": reading}, 0.1 * k), action, action, goal_index=goal)


def live(memory: Memory, life: int, steps: int) -> None:
    """Go on with a life for one episode; every step is after the one two steps before it."""
    memory.begin_episode(f"life {life}")
    for k in range(len(memory), len(memory) + steps):
        memory.append(step(life, k, max(k - 2, -1)))


def quiet(done: int, total: int) -> None:
    assert done <= total


def held(memory: Memory) -> list[tuple[float, float]]:
    """Every step with the one it was after, by their readings: where they lie does not matter."""
    readings = memory.frames("q")[:, 0].tolist()
    wishes = [readings[g] if g >= 0 else -1.0 for g in memory.goal_index]
    return sorted(zip(readings, wishes, strict=True))


def test_merging_takes_all_over_and_then_nothing(tmp_path: Path) -> None:
    with (
        Memory.create(tmp_path / "one", SPEC) as one,
        Memory.create(tmp_path / "two", SPEC) as two,
    ):
        live(one, 1, 7)
        live(two, 2, 5)
        live(two, 2, 3)
        both = sorted(held(one) + held(two))
        assert merge(two, one, quiet) == Merged(8, 0)
        assert held(one) == both
        assert [e.provenance for e in one.episodes()] == ["life 1", "life 2", "life 2"]
        assert [e.origin.memory for e in one.episodes()][1] == two.episodes()[0].origin.memory
        assert merge(two, one, quiet) == Merged(0, 8)
        assert merge(one, two, quiet) == Merged(7, 8)  # what came from it is known again
        assert held(two) == both


def test_an_episode_that_grew_is_taken_over_from_where_it_was(tmp_path: Path) -> None:
    with (
        Memory.create(tmp_path / "one", SPEC) as one,
        Memory.create(tmp_path / "two", SPEC) as two,
    ):
        live(two, 2, 4)
        merge(two, one, quiet)
        for k in range(4, 9):
            two.append(step(2, k, k - 2))
        assert merge(two, one, quiet) == Merged(5, 4)
        assert held(one) == held(two)
        assert [(e.first, e.origin.first) for e in one.episodes()] == [(0, 0), (4, 4)]
        with Memory.create(tmp_path / "three", SPEC) as three:  # both pieces know their place
            merge(one, three, quiet)
            assert merge(two, three, quiet) == Merged(0, 9)


def test_another_robot_s_memory_is_refused(tmp_path: Path) -> None:
    other = RobotSpec("other", SPEC.sensors, action_size=2, rate_hz=10.0)
    with (
        Memory.create(tmp_path / "one", SPEC) as one,
        Memory.create(tmp_path / "two", other) as two,
        pytest.raises(MemoryFault, match="only memories of the same robot"),
    ):
        merge(one, two, quiet)


def test_motors_that_go_elsewhere_are_another_robot(tmp_path: Path) -> None:
    weak, strong = (replace(SPEC, motor_ranges=((-k, k),) * SPEC.action_size) for k in (1.0, 5.0))
    with (
        Memory.create(tmp_path / "unsaid", SPEC) as unsaid,
        Memory.create(tmp_path / "weak", weak) as one,
        Memory.create(tmp_path / "strong", strong) as two,
    ):
        live(one, 1, 3)
        assert merge(one, unsaid, quiet).steps == 3  # nobody said that they differ
        with pytest.raises(MemoryFault, match=r"from -1 to 1.*from -5 to 5.*only memories of the"):
            merge(one, two, quiet)
    with pytest.raises(MemoryFault, match=r"from -1 to 1.*from -5 to 5"):
        Memory.open(tmp_path / "weak", spec=strong)
    Memory.open(tmp_path / "weak", spec=SPEC).close()


def test_copies_that_both_went_on_are_refused(tmp_path: Path) -> None:
    with Memory.create(tmp_path / "one", SPEC) as one:
        live(one, 1, 3)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    with Memory.open(tmp_path / "one") as one, Memory.open(tmp_path / "two") as two:
        assert merge(two, one, quiet) == Merged(0, 3)
        live(one, 1, 3)
        assert merge(one, two, quiet) == Merged(3, 3)  # one of them went on: nothing to tell apart
        live(one, 1, 3)
        live(two, 1, 3)
        with pytest.raises(MemoryFault, match="copies of one memory that both went on"):
            merge(two, one, quiet)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("live"), st.integers(0, 2), st.integers(1, 4)),
            st.tuples(st.just("merge"), st.integers(0, 2), st.integers(0, 2)),
        ),
        max_size=12,
    )
)
def test_in_whatever_order_nothing_is_lost_or_doubled(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("merge")
    memories = [Memory.create(folder / str(k), SPEC) for k in range(3)]
    truth: list[set[float]] = [set(), set(), set()]
    lived = [0, 0, 0]
    for act, one, two in acts:
        if act == "live":
            memories[one].begin_episode(f"life {one}")
            for _ in range(two):
                memories[one].append(step(one, lived[one], -1))
                truth[one].add(1000.0 * one + lived[one])
                lived[one] += 1
        elif one != two:
            merge(memories[one], memories[two], quiet)
            truth[two] |= truth[one]
    for memory, expected in zip(memories, truth, strict=True):
        assert sorted(memory.frames("q")[:, 0].tolist()) == sorted(expected)
        memory.close()
