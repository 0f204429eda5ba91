"""A short life is gone over whole; of a long one a bounded part, which changes and always holds
the newest."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from rumpus.replay.replay import Replay, ReplayConfig
from rumpus.replay.working_set import SEGMENT_STEPS, WorkingSet
from rumpus.spec import Readings, RobotSpec, SensorSpec
from rumpus.types import Array

MOST = 10 * SEGMENT_STEPS
SPEC = RobotSpec("toy", (SensorSpec("gauge", (1,)), SensorSpec("other", (1,))), 1, 10.0)


@dataclass
class Life:
    """Stored steps: episodes of 700, and goals that were commanded now and then."""

    count: int
    spec: RobotSpec = field(default=SPEC)
    id: str = "life"

    def __len__(self) -> int:
        return self.count

    @property
    def episode_of(self) -> Array:
        return np.arange(self.count) // 700

    @property
    def goal_index(self) -> Array:
        steps = np.arange(self.count)
        return np.where(steps % 100 == 0, steps // 2, -1)

    @property
    def actions(self) -> Array:
        return np.ones((self.count, 1), np.float32)

    @property
    def intervention(self) -> Array:
        by_person: Array = np.arange(self.count) % 11 == 0
        return by_person

    @property
    def executed_actions(self) -> Array:
        return np.zeros((self.count, 1), np.float32)

    def frames(self, sensor: str) -> Array:
        return np.arange(self.count, dtype=np.float32)[:, None] + (sensor == "other") * 0.5

    def present(self, sensor: str) -> Array:
        return np.arange(self.count) % 7 != 0 if sensor == "other" else np.ones(self.count, bool)


def refreshed(*counts: int) -> WorkingSet:
    working_set, rng = WorkingSet(MOST), np.random.default_rng(0)
    for count in counts:
        working_set.refresh(Life(count), rng)
    return working_set


@pytest.mark.parametrize("count", [0, 1, 699, 701, MOST])
def test_a_short_life_is_gone_over_whole(count: int) -> None:
    working_set = refreshed(count)
    np.testing.assert_array_equal(working_set.steps, np.arange(count))
    np.testing.assert_array_equal(working_set.episode_of, Life(count).episode_of)
    np.testing.assert_array_equal(working_set.goal_rows, Life(count).goal_index)
    assert len(working_set.goals) == 0


@pytest.mark.parametrize("counts", [(MOST + 1,), (MOST, MOST + 501), (300_000,), (40_000, 41_234)])
def test_a_long_life_is_gone_over_in_a_bounded_part_with_the_newest_in_it(
    counts: tuple[int, ...],
) -> None:
    working_set = refreshed(*counts)
    assert 0.8 * MOST < len(working_set.steps) <= MOST
    assert (np.diff(working_set.steps) > 0).all()
    newest = np.arange(counts[-1] - counts[-1] % SEGMENT_STEPS, counts[-1])
    assert np.isin(newest, working_set.steps).all()


def test_rows_without_a_cut_between_them_follow_each_other_in_one_episode() -> None:
    working_set = refreshed(100_000)
    same = np.diff(working_set.episode_of) == 0
    follows = np.diff(working_set.steps) == 1
    one_life = np.diff(Life(100_000).episode_of[working_set.steps]) == 0
    np.testing.assert_array_equal(same, follows & one_life)
    assert (~follows).sum() > 3


def test_every_part_of_a_long_life_comes_round() -> None:
    life, rng = Life(60_000), np.random.default_rng(0)
    working_set, seen = WorkingSet(MOST), np.zeros(60_000, bool)
    before, changed = np.zeros(0), []
    for _ in range(2000):
        working_set.refresh(life, rng)
        seen[working_set.steps] = True
        changed.append(len(np.setdiff1d(working_set.segments, before)))
        before = working_set.segments
    assert seen.all()
    assert max(changed[2:]) <= 2  # of nine: most stays from one refresh to the next


def test_each_row_knows_where_it_was_before() -> None:
    working_set, rng = WorkingSet(MOST), np.random.default_rng(0)
    working_set.refresh(Life(50_000), rng)
    before = working_set.steps
    was = working_set.refresh(Life(50_700), rng)
    known = was >= 0
    np.testing.assert_array_equal(before[was[known]], working_set.steps[known])
    assert not np.isin(working_set.steps[~known], before).any()
    assert 0.5 < known.mean() < 1.0


def test_goals_that_were_commanded_are_found_wherever_they_are_stored() -> None:
    working_set, life = refreshed(90_000), Life(90_000)
    every = np.concatenate([working_set.steps, working_set.goals])
    commanded = life.goal_index[working_set.steps]
    asked = commanded >= 0
    np.testing.assert_array_equal(every[working_set.goal_rows[asked]], commanded[asked])
    assert (working_set.goal_rows[~asked] == -1).all()
    assert len(working_set.goals) > 10
    assert not np.isin(working_set.goals, working_set.steps).any()


def encode(readings: Readings) -> Array:
    """Tokens that tell the step: (B, 2, 1)."""
    return np.stack([readings["gauge"], readings["other"]], 1).astype(np.float32)


def replay(count: int, partial: float = 0.0) -> Replay:
    config = ReplayConfig(
        goal_batch=2000,
        working_set_steps=MOST,
        windows=32,
        prioritized_windows=24,
        partial_goal_rate=partial,
        partial_step_rate=partial,
    )
    made = Replay(Life(count), config, np.random.default_rng(0))
    made.refresh()
    assert made.encode(encode, 5, lambda done, total: True)
    return made


@pytest.mark.parametrize("count", [3000, 90_000])
def test_tokens_are_of_the_steps_that_follow_each_other(count: int) -> None:
    batch = replay(count).goal_batch()
    here, following = batch.tokens[:, 0, 0], batch.next_tokens[:, 0, 0]
    np.testing.assert_array_equal(following, here + 1)
    np.testing.assert_array_equal(here // 700, following // 700)
    np.testing.assert_array_equal(batch.goal_tokens[:, 0, 0] == here, batch.arrived)
    told = (here % 7 != 0) & (following % 7 != 0)
    np.testing.assert_array_equal(batch.present, np.stack([np.ones(2000, bool), told], 1))
    assert batch.encoder_version == 5


def test_some_steps_and_goals_are_told_by_some_sensors_but_always_by_one() -> None:
    batch = replay(3000, partial=0.5).goal_batch()
    here, goal = batch.tokens[:, 0, 0], batch.goal_tokens[:, 0, 0]
    whole = {"step": (here % 7 != 0) & ((here + 1) % 7 != 0), "goal": goal % 7 != 0}
    for name, chosen in (("step", batch.present), ("goal", batch.goal_present)):
        assert chosen.any(1).all(), name
        assert not chosen[~whole[name], 1].any(), name  # what gave nothing is never counted
        some = chosen[whole[name]]
        assert 0.2 < (~some.all(1)).mean() < 0.5, name
        for sensor in (0, 1):
            assert (some.sum(1) == 1)[some[:, sensor]].mean() > 0.1, name
    assert replay(3000).goal_batch().goal_present[:, 0].all()


def test_the_model_learns_from_what_was_asked_for_or_from_what_a_person_did() -> None:
    batch, _ = replay(3000).batch()
    by_person = batch.readings["gauge"][..., 0] % 11 == 0
    np.testing.assert_array_equal(batch.action[..., 0], np.where(by_person, 0.0, 1.0))


def test_candidates_stay_those_that_were_encoded() -> None:
    made = replay(90_000)
    tokens, _, steps = made.candidates()
    np.testing.assert_array_equal(tokens[:, 0, 0], steps)
    made.refresh()
    assert not made.encode(encode, 6, lambda done, total: False)
    tokens, _, again = made.candidates()
    np.testing.assert_array_equal(again, steps)
    assert made.encoder_version == 5


def test_what_was_saved_goes_on() -> None:
    one = replay(90_000)
    _, starts = one.batch()
    one.report(starts, np.full(len(starts), 0.25))
    other = Replay(one.stored, one.config, np.random.default_rng(0))
    other.restore(one.state())
    for name, array in one.state().items():
        np.testing.assert_array_equal(other.state()[name], array)
