"""What surprised is drawn more often, what was never gone over first of all."""

import numpy as np

from rumpus.replay.priority import Priorities
from rumpus.types import Array


def one_episode(steps: int) -> Array:
    return np.zeros(steps, np.int64)


def test_windows_are_drawn_in_proportion_to_surprise() -> None:
    surprise, rng = Priorities(), np.random.default_rng(0)
    surprise.starts(rng, 1, one_episode(4), 1)
    surprise.report(np.arange(4), np.array([0.0, 1.0, 3.0, 0.0]))
    drawn = np.concatenate([surprise.starts(rng, 100, one_episode(4), 1) for _ in range(100)])[
        2000:
    ]
    shares = np.bincount(drawn, minlength=4) / len(drawn)
    np.testing.assert_allclose(shares, [0.0, 0.25, 0.75, 0.0], atol=0.02)


def test_new_steps_come_first() -> None:
    surprise, rng = Priorities(), np.random.default_rng(0)
    surprise.starts(rng, 1, one_episode(1000), 1)
    surprise.report(np.arange(1000), np.full(1000, 0.01))
    drawn = surprise.starts(rng, 1000, one_episode(1100), 1)
    assert np.mean(drawn >= 1000) > 0.95
    assert drawn.max() < 1100


def test_what_was_kept_goes_on() -> None:
    surprise, rng = Priorities(), np.random.default_rng(0)
    surprise.starts(rng, 1, one_episode(5), 1)
    surprise.report(np.array([2]), np.array([0.5]))
    again = Priorities(surprise.values)
    one, two = (
        s.starts(np.random.default_rng(1), 50, one_episode(5), 1)
        for s in (Priorities(surprise.values), again)
    )
    np.testing.assert_array_equal(one, two)
    assert again.values[2] < 1.0 < again.values[0]


def test_no_window_begins_where_none_fits() -> None:
    """The last steps of an episode stay new for ever; they must not take the draws."""
    surprise, rng = Priorities(), np.random.default_rng(0)
    episode_of = np.repeat(np.arange(50), 20)
    fitting = np.arange(1000) % 20 <= 14
    for _ in range(40):
        starts = surprise.starts(rng, 100, episode_of, 6)
        assert fitting[starts].all()
        surprise.report(starts, np.full(100, 0.01))
    assert len(set(starts)) > 20
    assert not len(surprise.starts(rng, 100, np.arange(1000), 6))
