"""Candidates for goals: where they lie, and which of them differ most."""

import numpy as np
import torch

from rumpus.goals.base import Candidates


def test_the_spread_takes_the_newest_and_then_ever_the_farthest() -> None:
    points = torch.tensor([[0.0], [0.1], [5.0], [9.9], [10.0], [0.2]])
    steps = np.array([3, 7, 20, 21, 22, 40])
    candidates = Candidates(points, steps)
    np.testing.assert_array_equal(candidates.spread(1), [40])
    np.testing.assert_array_equal(candidates.spread(2), [22, 40])
    np.testing.assert_array_equal(candidates.spread(3), [20, 22, 40])
    np.testing.assert_array_equal(candidates.spread(99), steps)
