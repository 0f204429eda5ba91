"""The planner finds what is best to do in a toy world that it knows only through two functions."""

from collections.abc import Callable

import numpy as np
import pytest

from rumpus.planning.base import correlated_noise
from rumpus.planning.cem import Cem, CemConfig
from rumpus.types import Array

SMALL = CemConfig(horizon=5, candidates=100, elites=20, iterations=10)
BEST = np.linspace([0.7, -0.2], [0.2, -0.7], 5, dtype=np.float32)


def walk(actions: Array) -> Array:
    """A point that moves by its actions: (N, H, 2) to places (N, H, 2)."""
    return np.cumsum(actions, axis=1)


def imagine(actions: Array) -> tuple[Array, Array]:
    """What a planner is given: places, and the actions that were asked for."""
    return walk(actions), actions


def away_from(best: Array) -> Callable[[Array], Array]:
    """Squared distance to the places that the best actions lead through."""
    return lambda places: np.square(places - walk(best[None])).sum((1, 2))


def cost_of(actions: Array) -> float:
    return float(away_from(BEST)(walk(actions[None]))[0])


@pytest.mark.parametrize("seed", range(5))
def test_the_optimum_of_a_quadratic_is_found(seed: int) -> None:
    plan = Cem(2, SMALL).plan(imagine, away_from(BEST), np.random.default_rng(seed))
    assert plan.actions.shape == (5, 2)
    assert plan.actions.dtype == np.float32
    np.testing.assert_allclose(plan.actions, BEST, atol=0.25)
    assert plan.cost == pytest.approx(cost_of(plan.actions), rel=1e-4)
    assert plan.cost < 0.1


@pytest.mark.parametrize("seed", range(5))
def test_narrowing_beats_as_many_random_candidates(seed: int) -> None:
    plan = Cem(2, SMALL).plan(imagine, away_from(BEST), np.random.default_rng(seed))
    count = SMALL.iterations * (SMALL.candidates + SMALL.elites + 1)
    shots = np.random.default_rng(seed).uniform(-1, 1, (count, 5, 2)).astype(np.float32)
    shooting = float(away_from(BEST)(walk(shots)).min())
    assert cost_of(plan.actions) < 0.1 * shooting


def test_what_is_imagined_and_planned_can_be_done() -> None:
    imagined: list[Array] = []

    def noted(actions: Array) -> tuple[Array, Array]:
        imagined.append(actions)
        return imagine(actions)

    plan = Cem(2, SMALL).plan(noted, away_from(10 * BEST), np.random.default_rng(0))
    assert len(imagined) == SMALL.iterations + 1
    np.testing.assert_array_equal(imagined[-1], plan.actions[None])  # for what it costs
    for actions in [*imagined, plan.actions[None]]:
        assert np.abs(actions).max() <= 1.0
    np.testing.assert_allclose(plan.actions, np.sign(BEST), atol=0.05)


def test_who_is_there_already_stays() -> None:
    config = CemConfig(horizon=5, candidates=30, elites=1, iterations=1)
    here = np.zeros((5, 2), np.float32)
    plan = Cem(2, config).plan(imagine, away_from(here), np.random.default_rng(0))
    np.testing.assert_array_equal(plan.actions, here)


def test_the_same_chance_makes_the_same_plan() -> None:
    def plan(seed: int) -> Array:
        return Cem(2, SMALL).plan(imagine, away_from(BEST), np.random.default_rng(seed)).actions

    np.testing.assert_array_equal(plan(3), plan(3))
    assert (plan(3) != plan(4)).any()


@pytest.mark.parametrize("persistence", [0.0, 0.6, 0.9])
def test_noise_has_unit_spread_and_lasts_from_step_to_step(persistence: float) -> None:
    noise = correlated_noise(np.random.default_rng(0), (20_000, 6, 1), persistence)[..., 0]
    np.testing.assert_allclose(noise.std(0), 1.0, atol=0.03)
    for step in range(5):
        together = np.corrcoef(noise[:, step], noise[:, step + 1])[0, 1]
        assert together == pytest.approx(persistence, abs=0.03)
