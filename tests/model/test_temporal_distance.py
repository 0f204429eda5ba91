"""The distance is bounded whatever its weights, and leans on the best of what happened."""

from dataclasses import replace

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rumpus.model.temporal_distance import DistanceNet, TemporalDistance, TemporalDistanceConfig

SMALL = TemporalDistanceConfig(hidden=32)


@given(st.integers(0, 2**31))
@settings(max_examples=30)
@torch.no_grad()
def test_nothing_is_nearer_than_here_or_farther_than_out_of_reach(seed: int) -> None:
    """With random weights far larger than any it starts with."""
    torch.manual_seed(seed)
    net = DistanceNet(6, SMALL)
    for weight in net.parameters():
        weight.data.add_(torch.randn_like(weight))
    latents = 3.0 * torch.randn(12, 6)
    between = net(latents[:, None], latents[None])
    assert between.shape == (12, 12)
    assert (between >= 0.0).all()
    assert (between <= 50.001).all()
    torch.testing.assert_close(between[3, 7], net(latents[3], latents[7]), atol=0.5, rtol=0.0)


def learn_fork(imagined: bool) -> float:
    """At a fork, half of all steps led to the goal and half to where they stayed for ever."""
    torch.manual_seed(0)
    distance = TemporalDistance(3, replace(SMALL, target_rate=0.05))
    adam = torch.optim.Adam(distance.net.parameters(), 3e-3)
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
    weight, slow = next(distance.net.parameters()), next(distance.target.parameters())
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
