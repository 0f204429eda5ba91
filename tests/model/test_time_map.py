"""The map of time keeps distances: points lie as far apart as steps do, there and back alike."""

import torch

from rumpus.model.time_map import TimeMap, TimeMapConfig


def stress(learned: bool) -> float:
    """The share of the variance of distances that the map gets wrong, on pairs it never saw."""
    torch.manual_seed(0)
    net = TimeMap(3, TimeMapConfig(points=4, hidden=32))
    adam = torch.optim.Adam(net.parameters(), 3e-3)
    for _ in range(300 if learned else 0):
        here, there = torch.rand(2, 128, 3)
        loss = net.loss(here, there, apart(here, there))
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
    here, there = torch.rand(2, 500, 3)
    with torch.no_grad():
        wrong = net.loss(here, there, apart(here, there))
    return float(wrong / apart(here, there).var())


def apart(here: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
    """A distance in which the first direction counts ten times and the last not at all."""
    distances: torch.Tensor = ((here - there) * torch.tensor([10.0, 1.0, 0.0])).norm(dim=-1)
    return distances


def test_the_map_learns_to_keep_distances() -> None:
    assert stress(learned=True) < 0.05
    assert stress(learned=False) > 0.5
