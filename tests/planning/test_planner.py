"""Every planner finds what chance does not, goes on from its last plan, asks the policy, ends."""

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rumpus.planning.base import Plan, Planner, begin
from rumpus.planning.cem import Cem, CemConfig
from rumpus.planning.icem import Icem, IcemConfig
from rumpus.planning.mppi import Mppi, MppiConfig
from rumpus.planning.random_shooting import RandomShooting, RandomShootingConfig
from rumpus.planning.rollout import Rollout, RolloutConfig
from rumpus.types import Array

H = 6
BEST = np.stack([np.linspace(0.8, -0.4, H), np.linspace(-0.2, 0.6, H)], 1).astype(np.float32)
SEEDS = range(5)
# Each planner, with a little effort: some 500 candidates.
SEARCHES: dict[str, tuple[type[Any], Any]] = {
    "cem": (Cem, CemConfig(H, candidates=60, elites=6, iterations=8)),
    "icem": (Icem, IcemConfig(H, candidates=120, elites=6, kept=2, iterations=8, exponent=1.0)),
    "mppi": (Mppi, MppiConfig(H, candidates=60, iterations=8, spread=0.4)),
}
ALL = SEARCHES | {
    "random_shooting": (RandomShooting, RandomShootingConfig(H, candidates=60)),
    "rollout": (Rollout, RolloutConfig(H, candidates=60)),
}


@dataclass
class Walk:
    """A point that moves by its actions, and should move as the best would, from some step on.

    Attributes:
        policy: what it does where a candidate is NaN, (H, A).
        begun: steps of the best course that are done already.
        imagined: every candidate so far, as it was given.
    """

    policy: Array
    begun: int = 0

    def __post_init__(self) -> None:
        self.imagined = list[Array]()

    def imagine(self, candidates: Array) -> tuple[Array, Array]:
        self.imagined.append(candidates)
        policy = self.policy[: candidates.shape[1]]
        actions = np.where(np.isnan(candidates), policy, candidates)
        return np.cumsum(actions, 1), actions

    def score(self, places: Array) -> Array:
        best = np.concatenate([BEST[self.begun :], BEST[-1:].repeat(self.begun, 0)])
        costs: Array = np.square(places - np.cumsum(best, 0)).sum((1, 2))
        return costs

    def cost(self, actions: Array) -> float:
        return float(self.score(self.imagine(actions[None])[0])[0])

    def plan(self, planner: Planner, seed: int, **given: Any) -> Plan:
        return planner.plan(self.imagine, self.score, np.random.default_rng(seed), **given)


def idle(begun: int = 0) -> Walk:
    """A walk whose policy does nothing."""
    return Walk(np.zeros((H, 2), np.float32), begun)


def made(name: str, **changed: Any) -> Planner:
    planner, config = ALL[name]
    return planner(2, replace(config, **changed))  # type: ignore[no-any-return]


def nearly_best() -> Plan:
    """A last plan, of which one step is done."""
    noise = 0.1 * np.random.default_rng(0).standard_normal(BEST.shape)
    return Plan((BEST + noise).astype(np.float32), 0.0)


@pytest.mark.parametrize("name", SEARCHES)
def test_what_is_best_is_found_where_as_much_chance_does_not_find_it(name: str) -> None:
    for seed in SEEDS:
        walk = idle()
        found = walk.plan(made(name), seed)
        tried = sum(map(len, walk.imagined))
        chance = walk.plan(made("random_shooting", candidates=tried), seed)
        assert found.cost < 0.5 < 1.0 < chance.cost


def test_random_shooting_finds_what_chance_can_find() -> None:
    """One step: of many by chance one is near, and one by chance is not."""

    def plan(candidates: int, seed: int) -> Plan:
        shots = RandomShooting(2, RandomShootingConfig(1, candidates, proposals=0))
        rng = np.random.default_rng(seed)
        return shots.plan(idle().imagine, lambda x: np.square(x - BEST[0]).sum((1, 2)), rng)

    assert max(plan(288, seed).cost for seed in SEEDS) < 0.02
    assert np.mean([plan(1, seed).cost for seed in SEEDS]) > 0.3


@pytest.mark.parametrize("name", SEARCHES)
def test_going_on_from_the_last_plan_finds_more_in_one_round_than_from_nothing_in_two(
    name: str,
) -> None:
    last, walk = nearly_best(), idle(begun=1)
    warm = [walk.plan(made(name, iterations=1), seed, last=last).cost for seed in SEEDS]
    cold = [walk.plan(made(name, iterations=2), seed).cost for seed in SEEDS]
    assert sum(warm) < 0.5 * sum(cold)


@pytest.mark.parametrize("name", ["icem", "random_shooting", "rollout"])
def test_what_takes_the_cheapest_course_does_no_worse_than_the_rest_of_its_last(name: str) -> None:
    walk, last = idle(begun=1), nearly_best()
    rest = walk.cost(np.concatenate([last.actions[1:], last.actions[-1:]]))
    for seed in SEEDS:
        few = made(name, candidates=20)
        assert walk.plan(few, seed, last=last).cost <= rest + 1e-5
        assert walk.plan(few, seed).cost > 2 * rest


def test_the_last_plan_goes_a_step_on_and_its_end_is_repeated() -> None:
    last = Plan(np.array([[0.1], [0.2], [0.3]], np.float32), 0.0)
    for steps, expected in ((2, [0.2, 0.3]), (3, [0.2, 0.3, 0.3])):
        np.testing.assert_allclose(begin(last, 0, (steps, 1))[0, :, 0], expected)
    assert (begin(last, 0, (9, 1))[0, 2:] == np.float32(0.3)).all()
    begun = begin(None, 2, (3, 1))
    assert (begun[0] == 0.0).all()
    assert np.isnan(begun[1:]).all()
    assert begun.shape == (3, 3, 1)


@pytest.mark.parametrize("name", SEARCHES)
def test_after_the_deadline_the_best_so_far_is_the_plan(name: str) -> None:
    walk = idle()

    def slow(candidates: Array) -> tuple[Array, Array]:
        time.sleep(0.01)
        return walk.imagine(candidates)

    def plan(deadline_s: float) -> tuple[Plan, float]:
        planner, rng = made(name, iterations=1_000), np.random.default_rng(0)
        begun_s = time.monotonic()
        found = planner.plan(slow, walk.score, rng, deadline_s=begun_s + deadline_s)
        return found, time.monotonic() - begun_s

    found, took_s = plan(0.1)
    assert 0.1 < took_s < 1.0  # all rounds would take 10 s
    assert 2 <= len(walk.imagined) <= 12
    walk.imagined.clear()
    late, _ = plan(-1.0)
    assert len(walk.imagined) <= 2  # a round there always is
    assert found.cost < late.cost < walk.cost(np.zeros((H, 2), np.float32))


@pytest.mark.parametrize("name", ["cem", "icem", "mppi", "random_shooting"])
def test_the_policys_own_course_is_the_plan_where_nothing_is_better(name: str) -> None:
    knows = Walk(BEST)
    for seed in SEEDS:
        asked = knows.plan(made(name, candidates=20, proposals=1), seed)
        np.testing.assert_array_equal(asked.actions, BEST)
        assert asked.cost == 0.0
    own = [np.isnan(tried).all((1, 2)).sum() for tried in knows.imagined]
    assert own[0] == 1
    unasked = Walk(BEST)
    assert unasked.plan(made(name, candidates=20, proposals=0), 0).cost > 0.2
    assert not any(np.isnan(tried).any() for tried in unasked.imagined)


@pytest.mark.parametrize("name", ALL)
@given(st.integers(0, 2**32 - 1), st.floats(-1, 1, width=32), st.booleans())
def test_whatever_the_policy_does_a_plan_costs_what_it_says_and_no_more_than_the_policys(
    name: str, seed: int, action: float, warm: bool
) -> None:
    walk = Walk(np.full((H, 2), action, np.float32))
    given = {"last": Plan(walk.policy, 0.0)} if warm else {}
    planner = made(name, proposals=1) if name != "rollout" else made(name)
    plan = walk.plan(planner, seed, **given)
    assert plan.actions.shape == (H, 2)
    assert plan.actions.dtype == np.float32
    assert np.abs(plan.actions).max() <= 1.0
    assert walk.cost(plan.actions) == pytest.approx(plan.cost, rel=1e-4, abs=1e-5)
    assert plan.cost <= walk.cost(walk.policy) + 1e-4
    assert np.nanmax(np.abs(np.concatenate(walk.imagined))) <= 1.0


@pytest.mark.parametrize("name", ALL)
def test_a_plan_depends_on_what_is_given_alone(name: str) -> None:
    planner, walk = made(name), idle()
    first = walk.plan(planner, 3)
    walk.plan(planner, 4, last=first)
    again = walk.plan(planner, 3)
    np.testing.assert_array_equal(first.actions, again.actions)
    assert (walk.plan(planner, 4).actions != first.actions).any()
