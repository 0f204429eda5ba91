"""The cheaper a course, the more it counts, by hand."""

import numpy as np
import pytest

from rumpus.planning.mppi import Mppi, MppiConfig, weights
from rumpus.types import Array

COSTS = np.array([1.0, 2.0, 4.0])
BY_HAND = np.array([1.0, np.exp(-1.0), np.exp(-3.0)]) / (1.0 + np.exp(-1.0) + np.exp(-3.0))


def test_three_courses_weigh_what_they_weigh_by_hand() -> None:
    temperature = 1.0 / np.sqrt(14.0 / 9.0)  # in standard deviations: 1 in costs
    np.testing.assert_allclose(weights(COSTS, temperature), BY_HAND, rtol=1e-6)
    np.testing.assert_allclose(weights(1_000 * COSTS - 7, temperature), BY_HAND, rtol=1e-6)
    assert weights(COSTS, 1e-3) == pytest.approx([1.0, 0.0, 0.0])
    np.testing.assert_allclose(weights(COSTS, 1e3), 1 / 3, rtol=0.01)
    np.testing.assert_array_equal(weights(np.ones(3), 0.1), 1 / 3)


def test_the_plan_is_the_mean_of_the_courses_so_weighted() -> None:
    tried = list[Array]()

    def imagine(candidates: Array) -> tuple[Array, Array]:
        tried.append(candidates)
        return candidates, candidates

    def score(candidates: Array) -> Array:
        return COSTS[: len(candidates)]

    config = MppiConfig(4, 2, 1, temperature=1.0 / np.sqrt(14.0 / 9.0), proposals=0)
    plan = Mppi(2, config).plan(imagine, score, np.random.default_rng(0))
    assert len(tried[0]) == 3  # two by chance, and the mean, which is doing nothing
    np.testing.assert_allclose(plan.actions, np.tensordot(BY_HAND, tried[0], 1), rtol=1e-5)
    np.testing.assert_array_equal(tried[1], plan.actions[None])
