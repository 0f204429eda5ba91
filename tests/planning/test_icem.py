"""The noise has the spectrum that it claims, rounds shrink, elites stay, and the best is acted."""

import numpy as np
import pytest

from rumpus.planning.icem import Icem, IcemConfig, coloured_noise
from rumpus.types import Array

CONFIG = IcemConfig(horizon=6, candidates=100, elites=10, kept=3, iterations=6, shrinking=2.0)


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0, 3.5])
def test_the_noise_has_the_spectrum_that_it_claims(exponent: float) -> None:
    steps = 64
    noise = coloured_noise(np.random.default_rng(0), (2_000, steps, 2), exponent)
    power = (np.abs(np.fft.rfft(noise, axis=1)) ** 2).mean((0, 2))
    frequency = np.fft.rfftfreq(steps)
    slope = np.polyfit(np.log(frequency[1:]), np.log(power[1:]), 1)[0]
    assert slope == pytest.approx(-exponent, abs=0.03)
    assert power[0] == pytest.approx(power[1], rel=0.1)
    assert noise.std() == pytest.approx(1.0, abs=0.02)
    assert noise.mean() == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("steps", [1, 2, 5, 8])
def test_noise_of_any_length_has_unit_spread_at_every_step(steps: int) -> None:
    noise = coloured_noise(np.random.default_rng(0), (20_000, steps, 2), 2.0)
    assert noise.shape == (20_000, steps, 2)
    assert noise.dtype == np.float32
    np.testing.assert_allclose(noise.std(0), 1.0, atol=0.03)
    apart = np.corrcoef(noise[..., 0].T, noise[..., 1].T)[:steps, steps:]
    assert np.abs(apart).max() < 0.03  # each action has its own


def test_rounds_shrink_elites_stay_and_the_cheapest_of_all_is_the_plan() -> None:
    rounds, costs = list[Array](), list[Array]()

    def imagine(candidates: Array) -> tuple[Array, Array]:
        rounds.append(candidates)
        return candidates, np.nan_to_num(candidates, nan=0.3)

    def score(candidates: Array) -> Array:
        actions = np.nan_to_num(candidates, nan=0.3)
        costs.append(np.square(actions - 0.5).sum((1, 2)))
        return costs[-1]

    plan = Icem(2, CONFIG).plan(imagine, score, np.random.default_rng(0))
    # Doing nothing and the policy first; then three elites; the mean at the end.
    assert [len(tried) for tried in rounds] == [102, 53, 28, 23, 23, 24]
    for before, cost, after in zip(rounds[1:], costs[1:], rounds[2:], strict=False):
        best = np.clip(before[np.argsort(cost)[:3]], -1.0, 1.0)
        assert (after[:, None] == best[None]).all((2, 3)).any(0).all()
    assert plan.cost == min(cost.min() for cost in costs)
    assert any((tried == plan.actions).all((1, 2)).any() for tried in rounds)
