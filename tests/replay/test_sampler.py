"""Windows never cross a cut, and everything that can be drawn is drawn equally often."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rumpus.errors import InputError
from rumpus.replay import sampler
from rumpus.replay.window import starts

LIVES = st.lists(st.integers(0, 9), max_size=12)


def episode_of(lengths: list[int]) -> np.ndarray:
    return np.repeat(np.arange(len(lengths)), lengths)


@given(LIVES, st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_no_window_crosses_a_cut(lengths: list[int], length: int, seed: int) -> None:
    episode = episode_of(lengths)
    if max(lengths, default=0) < length:
        with pytest.raises(InputError, match=f"window of {length} steps"):
            sampler.draw(np.random.default_rng(seed), episode, 20, length)
        return
    index = sampler.draw(np.random.default_rng(seed), episode, 20, length)
    assert index.shape == (20, length)
    assert index.dtype == np.int64
    assert (np.diff(index, axis=1) == 1).all()
    assert (episode[index] == episode[index[:, :1]]).all()


@given(LIVES, st.integers(1, 6))
def test_every_step_of_a_long_enough_episode_can_be_drawn(lengths: list[int], length: int) -> None:
    windows = starts(episode_of(lengths), length)[:, None] + np.arange(length)
    long_enough = [n for n in lengths if n >= length]
    assert len(windows) == sum(n - length + 1 for n in long_enough)
    assert len(np.unique(windows)) == sum(long_enough)


def test_every_window_is_drawn_equally_often() -> None:
    episode = episode_of([3, 10, 1, 5])
    every = starts(episode, 3)
    drawn = sampler.draw(np.random.default_rng(0), episode, 12_000, 3)[:, 0]
    first, count = np.unique(drawn, return_counts=True)
    np.testing.assert_array_equal(first, every)
    assert abs(count - 1000).max() < 150  # five standard deviations


def test_the_one_long_episode_among_many_short_ones_is_found() -> None:
    episode = episode_of([2] * 5000 + [9] + [2] * 5000)
    drawn = sampler.draw(np.random.default_rng(0), episode, 300, 8)[:, 0]
    assert set(drawn) == {10_000, 10_001}


def test_the_same_chance_draws_the_same_windows() -> None:
    episode = episode_of([50, 50])
    one, two = (sampler.draw(np.random.default_rng(7), episode, 16, 4) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_an_empty_window_is_refused() -> None:
    with pytest.raises(InputError, match="at least 1"):
        starts(episode_of([5]), 0)


def test_recent_steps_are_of_the_age_that_was_asked_and_reach_back_to_the_first() -> None:
    drawn = sampler.recent(np.random.default_rng(0), 100_000, 20_000, 500.0)
    age = 99_999 - drawn
    assert age.min() == 0
    assert 480 < age.mean() < 520
    everything = sampler.recent(np.random.default_rng(0), 30, 5000, 500.0)
    assert set(everything) == set(range(30))


def test_skewed_steps_come_as_often_as_they_weigh() -> None:
    def weigh(steps: np.ndarray) -> np.ndarray:
        return np.where(steps % 10 == 0, 9.0, 1.0)

    drawn = sampler.skewed(np.random.default_rng(0), 3000, 20_000, weigh, candidates=3000)
    assert 0.47 < (drawn % 10 == 0).mean() < 0.53
    few = [sampler.skewed(np.random.default_rng(k), 10**6, 1, weigh)[0] for k in range(2000)]
    assert 0.46 < (np.array(few) % 10 == 0).mean() < 0.54


@pytest.mark.parametrize("weights", [0.0, np.nan, -1.0])
def test_weights_that_draw_nothing_are_refused(weights: float) -> None:
    with pytest.raises(InputError, match="mend the weights"):
        sampler.skewed(np.random.default_rng(0), 10, 4, lambda steps: np.full(len(steps), weights))


def test_preferred_windows_come_first_and_never_cross_a_cut() -> None:
    episode = episode_of([5, 5])
    first = sampler.draw(np.random.default_rng(0), episode, 3, 3, np.array([2, 4, 7]))[:, 0]
    assert list(first[:2]) == [2, 7]
    assert first[2] in starts(episode, 3)


def test_preferred_windows_come_first_where_few_windows_fit() -> None:
    episode = episode_of([2] * 5000 + [9] + [2] * 5000)
    first = sampler.draw(np.random.default_rng(0), episode, 4, 8, np.array([10_001, 3]))[:, 0]
    assert first[0] == 10_001
    assert set(first) <= {10_000, 10_001}
