"""The distance is a quasimetric whatever its weights, and leans on the best of what happened."""

from dataclasses import replace

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from rumpus.model.temporal_distance import Quasimetric, TemporalDistance, TemporalDistanceConfig

SMALL = TemporalDistanceConfig(components=2, both_ways=4, one_way=3, hidden=32)


def points(seed: int, count: int) -> tuple[Quasimetric, Tensor]:
    """A distance with random weights, far larger than any it starts with, and random latents."""
    torch.manual_seed(seed)
    metric = Quasimetric(6, SMALL)
    for weight in metric.parameters():
        weight.data.add_(torch.randn_like(weight))
    return metric, 3.0 * torch.randn(count, 6)


@given(st.integers(0, 2**31))
@settings(max_examples=30)
@torch.no_grad()
def test_it_is_a_quasimetric(seed: int) -> None:
    metric, latents = points(seed, 12)
    between = metric(latents[:, None], latents[None])
    assert between.shape == (12, 12)
    assert (between >= 0).all()
    assert torch.diagonal(between).max() < 0.01
    assert (between + torch.eye(12) > 0.01).all()
    # d(x, z) <= d(x, y) + d(y, z) for every x, y, z
    over = between[:, :, None] + between[None, :, :]
    assert (between[:, None, :] <= over + 1e-3 * (1.0 + over)).all()


@torch.no_grad()
def test_there_and_back_may_differ() -> None:
    metric, latents = points(0, 12)
    between = metric(latents[:, None], latents[None])
    assert (between - between.T).abs().max() > 0.1


@torch.no_grad()
def test_points_are_as_far_apart_as_the_way_that_is_the_same_both_ways() -> None:
    metric, latents = points(0, 12)
    straight = torch.cdist(metric.points(latents), metric.points(latents))
    embedded = metric.embed(latents)
    embedded.view(12, *metric.parts)[..., metric.both_ways :] = 0.0
    same = metric.between(embedded[:, None], embedded[None])
    ratio = (straight / same)[~torch.eye(12, dtype=torch.bool)]
    assert 0.99 < ratio.min() < ratio.max() < 1.3


def test_embedded_points_are_as_far_as_their_latents() -> None:
    metric, latents = points(0, 2)
    embedded = metric.between(metric.embed(latents[0]), metric.embed(latents[1]))
    torch.testing.assert_close(embedded, metric(latents[0], latents[1]))


@torch.no_grad()
def test_a_way_that_is_free_one_way_costs_nothing_and_never_less() -> None:
    metric, _ = points(0, 1)
    here, there = torch.zeros(2, metric.embed(torch.zeros(6)).shape[0])
    there.view(metric.parts)[:, metric.both_ways :] = 5.0
    torch.testing.assert_close(metric.between(here, there), torch.tensor(0.0), atol=0.01, rtol=0)
    torch.testing.assert_close(metric.between(there, here), torch.tensor(5.0), atol=0.01, rtol=0)


def learn_fork(imagined: bool) -> float:
    """At a fork, half of all steps led to the goal and half to where they stayed for ever."""
    torch.manual_seed(0)
    distance = TemporalDistance(3, replace(SMALL, target_rate=0.05))
    adam = torch.optim.Adam(distance.metric.parameters(), 3e-3)
    fork, goal, lost = torch.eye(3)
    here = torch.stack([fork, fork, lost, goal])
    lived = torch.stack([goal, lost, lost, goal])
    better = torch.stack([goal, goal, lost, goal])
    following = torch.stack([lived, better]) if imagined else lived[None]
    arrived = torch.tensor([False, False, False, True])
    for _ in range(250):
        loss = distance.loss(here, following, goal.expand(4, 3), arrived)
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        distance.move_target()
    with torch.no_grad():
        assert distance(lost, goal) > 5.0
        return float(distance(fork, goal))


def test_the_better_of_the_stored_and_the_imagined_step_counts() -> None:
    hopeful, sober = learn_fork(imagined=True), learn_fork(imagined=False)
    assert 0.5 < hopeful < 1.5
    assert sober > 2.0 * hopeful


def test_the_slow_copy_follows_slowly() -> None:
    distance = TemporalDistance(3, TemporalDistanceConfig(target_rate=0.25))
    weight, slow = next(distance.metric.parameters()), next(distance.target.parameters())
    before = slow.clone()
    weight.data.add_(1.0)
    distance.move_target()
    torch.testing.assert_close(slow - before, torch.full_like(slow, 0.25))
    assert not slow.requires_grad


def test_a_person_is_told_steps_and_not_discounted_ones() -> None:
    distance = TemporalDistance(3, TemporalDistanceConfig(discount=0.98))
    after_forty = sum(0.98**step for step in range(40))
    assert abs(distance.steps(after_forty) - 40.0) < 1e-6
    assert distance.steps(0.0) == 0.0
    assert 227 < distance.steps(49.9) == distance.steps(60.0) < 229
