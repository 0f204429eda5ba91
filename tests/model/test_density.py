"""The density ranks what is usual above what is rare, by the true law of nearest neighbours."""

import pytest
import torch
from torch import Tensor

from rumpus.model.density import NearestNeighbourDensity


def uniform(count: int, size: int, side: float, seed: int) -> Tensor:
    return side * torch.rand(count, size, generator=torch.Generator().manual_seed(seed))


def test_the_usual_is_denser_than_the_rare() -> None:
    sample = torch.cat([uniform(900, 2, 1.0, 0), 5.0 + uniform(100, 2, 3.0, 1)])
    log_p = NearestNeighbourDensity().log_density(sample, sample)
    usual, rare = log_p[:900], log_p[900:]
    assert log_p.shape == (1000,)
    assert (usual[:, None] > rare[None]).float().mean() > 0.97
    far = NearestNeighbourDensity().log_density(torch.full((1, 2), 50.0), sample)
    assert far < rare.min()


@pytest.mark.parametrize("size", [1, 2, 3])
def test_half_as_wide_is_two_to_the_dimension_as_dense(size: int) -> None:
    """So the estimate of the intrinsic dimension is right, also inside a larger space."""
    flat = torch.zeros(1500, 8, dtype=torch.float64)
    flat[:, :size] = torch.cat([uniform(750, size, 1.0, 0), 10.0 + uniform(750, size, 2.0, 1)])
    points = torch.cat([flat[:150], flat[750:900]])
    sample = torch.cat([flat[150:750], flat[900:]])  # no point is its own neighbour
    log_p = NearestNeighbourDensity().log_density(points, sample)
    ratio = float(log_p[:150].mean() - log_p[150:].mean()) / torch.log(torch.tensor(2.0))
    assert float(ratio) == pytest.approx(size, rel=0.25)


def test_a_point_seen_many_times_is_finite_and_dense() -> None:
    sample = torch.cat([torch.zeros(50, 2), uniform(50, 2, 4.0, 0)])
    log_p = NearestNeighbourDensity().log_density(sample, sample)
    assert torch.isfinite(log_p).all()
    assert log_p[:50].min() > log_p[50:].max()


def test_a_short_life_has_a_density_too() -> None:
    points = uniform(3, 2, 1.0, 0)
    for count in (1, 2, 4):
        sample = uniform(count, 2, 1.0, 1)
        log_p = NearestNeighbourDensity(neighbours=10).log_density(points, sample)
        assert torch.isfinite(log_p).all()
