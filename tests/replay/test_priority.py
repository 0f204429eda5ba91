"""What prioritiesd is drawn more often, what was never gone over first of all."""

import numpy as np

from rumpus.replay.priority import Priorities
from rumpus.types import Array


def one_episode(steps: int) -> Array:
    return np.zeros(steps, np.int64)


def test_windows_are_drawn_in_proportion_to_their_error() -> None:
    priorities, rng = Priorities(), np.random.default_rng(0)
    priorities.reorder(np.full(4, -1))
    priorities.report(np.arange(4), np.array([0.0, 1.0, 3.0, 0.0]))
    drawn = np.concatenate([priorities.starts(rng, 100, one_episode(4), 1) for _ in range(100)])[
        2000:
    ]
    shares = np.bincount(drawn, minlength=4) / len(drawn)
    np.testing.assert_allclose(shares, [0.0, 0.25, 0.75, 0.0], atol=0.02)


def test_new_steps_come_first() -> None:
    priorities, rng = Priorities(), np.random.default_rng(0)
    priorities.reorder(np.full(1000, -1))
    priorities.report(np.arange(1000), np.full(1000, 0.01))
    priorities.reorder(np.append(np.arange(1000), np.full(100, -1)))
    drawn = priorities.starts(rng, 1000, one_episode(1100), 1)
    assert np.mean(drawn >= 1000) > 0.95
    assert drawn.max() < 1100


def test_what_was_kept_goes_on() -> None:
    priorities = Priorities()
    priorities.reorder(np.full(5, -1))
    priorities.report(np.array([2]), np.array([0.5]))
    again = Priorities(priorities.values)
    one, two = (
        s.starts(np.random.default_rng(1), 50, one_episode(5), 1)
        for s in (Priorities(priorities.values), again)
    )
    np.testing.assert_array_equal(one, two)
    assert again.values[2] < 1.0 < again.values[0]


def test_no_window_begins_where_none_fits() -> None:
    """The last steps of an episode stay new for ever; they must not take the draws."""
    priorities, rng = Priorities(), np.random.default_rng(0)
    episode_of = np.repeat(np.arange(50), 20)
    priorities.reorder(np.full(1000, -1))
    fitting = np.arange(1000) % 20 <= 14
    for _ in range(40):
        starts = priorities.starts(rng, 100, episode_of, 6)
        assert fitting[starts].all()
        priorities.report(starts, np.full(100, 0.01))
    assert len(set(starts)) > 20
    assert not len(priorities.starts(rng, 100, np.arange(1000), 6))


def test_errors_follow_their_steps_when_the_working_set_changes() -> None:
    priorities = Priorities()
    priorities.reorder(np.full(3, -1))
    priorities.report(np.arange(3), np.array([0.1, 0.2, 0.3]))
    kept = priorities.values.copy()
    priorities.reorder(np.array([2, -1, 0]))
    np.testing.assert_array_equal(priorities.values[[0, 2]], kept[[2, 0]])
    assert priorities.values[1] > 1.0


def test_what_was_saved_in_the_middle_of_running_sums_goes_on_alike() -> None:
    """Old running sums are used for some draws: a refresh ends them, resumed or not."""
    one, episode = Priorities(), one_episode(50)
    one.reorder(np.full(50, -1))
    rng = np.random.default_rng(0)
    for _ in range(7):
        starts = one.starts(rng, 10, episode, 3)
        one.report(starts, rng.random(10))
    other = Priorities(one.values.copy())
    for priorities in (one, other):
        priorities.reorder(np.arange(50))
    for seed in range(60):
        drawn = one.starts(np.random.default_rng(seed), 10, episode, 3)
        again = other.starts(np.random.default_rng(seed), 10, episode, 3)
        np.testing.assert_array_equal(drawn, again)
        for priorities in (one, other):
            priorities.report(drawn, np.full(10, 0.1 * seed))
