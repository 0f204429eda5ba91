"""Hindsight goals were really reached, in the shares asked for, and never across a cut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rumpus.errors import InputError
from rumpus.replay.hindsight import HindsightConfig, hindsight
from rumpus.types import Array

AHEAD_ONLY = HindsightConfig(anywhere=0.0, commanded=0.0, arrived=0.0)


def episode_of(lengths: list[int]) -> Array:
    return np.repeat(np.arange(len(lengths)), lengths)


def draw(
    lengths: list[int], batch: int, config: HindsightConfig, seed: int = 0, command: int = -1
) -> tuple[Array, Array]:
    episode = episode_of(lengths)
    goal_rows = np.full(len(episode), command)
    return hindsight(np.random.default_rng(seed), episode, goal_rows, batch, config)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9), st.integers(0, 2**32 - 1))
def test_no_step_and_no_goal_ahead_crosses_a_cut(lengths: list[int], seed: int) -> None:
    if max(lengths) < 2:
        return
    here, goal = draw(lengths, 30, HindsightConfig(anywhere=0.0), seed)
    episode = episode_of(lengths)
    assert here.shape == goal.shape == (30,)
    assert (episode[here] == episode[here + 1]).all()
    assert (episode[here] == episode[goal]).all()
    assert (goal >= here).all()


def test_the_shares_are_as_asked() -> None:
    config = HindsightConfig(anywhere=0.3, commanded=0.1, arrived=0.2, mean_ahead=5.0)
    here, goal = draw([5000, 5000], 20_000, config, command=9999)
    assert np.mean(goal == here) == pytest.approx(0.2, abs=0.015)
    assert np.mean(goal == 9999) == pytest.approx(0.1, abs=0.015)
    # Half of what is drawn anywhere, and of what was commanded, lies in the other episode.
    episode = episode_of([5000, 5000])
    across = episode[goal] != episode[here]
    assert np.mean(across) == pytest.approx((0.3 + 0.1) / 2, abs=0.015)


def test_goals_ahead_lie_ahead_by_the_mean_asked_for() -> None:
    here, goal = draw(
        [100_000], 20_000, HindsightConfig(anywhere=0.0, commanded=0.0, arrived=0.0, mean_ahead=7.0)
    )
    steps = goal - here
    assert steps.min() >= 1
    assert steps.mean() == pytest.approx(7.0, rel=0.05)


def test_a_goal_beyond_the_end_is_the_end() -> None:
    config = HindsightConfig(anywhere=0.0, commanded=0.0, arrived=0.0, mean_ahead=1000.0)
    here, goal = draw([3, 3], 200, config)
    assert np.mean(goal == np.where(here < 3, 2, 5)) > 0.9


def test_goals_from_anywhere_come_from_everywhere() -> None:
    _, goal = draw([2] * 50, 5000, HindsightConfig(anywhere=1.0, arrived=0.0))
    assert len(np.unique(goal)) == 100


def test_every_step_with_a_follower_is_drawn_equally_often() -> None:
    index = draw([2, 1, 4], 8000, AHEAD_ONLY)[0]
    drawn, count = np.unique(index, return_counts=True)
    np.testing.assert_array_equal(drawn, [0, 3, 4, 5])
    assert np.abs(count - 2000).max() < 200  # five standard deviations


@pytest.mark.parametrize("lengths", [[1, 1, 1], [1], []])
def test_episodes_of_one_step_are_refused(lengths: list[int]) -> None:
    sentence = rf"needs an episode of two steps.*holds {len(lengths)} steps"
    with pytest.raises(InputError, match=sentence):
        draw(lengths, 8, HindsightConfig())


def test_the_same_chance_draws_the_same_steps() -> None:
    one, two = (draw([40, 40], 64, HindsightConfig(), seed=7) for _ in range(2))
    np.testing.assert_array_equal(one, two)
