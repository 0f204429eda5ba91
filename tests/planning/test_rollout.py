"""A policy that walks straight into a wall gets around it by trying other beginnings."""

from collections.abc import Callable
from functools import partial

import numpy as np

from rumpus.planning.base import Imagine
from rumpus.planning.rollout import Rollout, RolloutConfig
from rumpus.types import Array

CONFIG = RolloutConfig(horizon=14, candidates=64, longest_hold=6)
START, GOAL = np.array([-0.1, 0.0], np.float32), np.array([1.0, 0.0], np.float32)
STEP = 0.2


def walk(place: Array, action: Array) -> Array:
    """Places (N, 2) after actions (N, 2); a wall at x = 0 lets through above and below 0.3."""
    after: Array = place + STEP * action
    through = (place[:, :1] < 0.0) & (after[:, :1] >= 0.0) & (np.abs(after[:, 1:]) < 0.3)
    moved: Array = np.where(through, place, after)
    return moved


def straight(place: Array) -> Array:
    """The policy: straight on to the goal, (N, 2) to (N, 2)."""
    ahead: Array = np.clip((GOAL - place) / STEP, -1.0, 1.0)
    return ahead


def imagine_from(place: Array) -> Imagine[Array]:
    def imagine(candidates: Array) -> tuple[Array, Array]:
        here = np.repeat(place[None], len(candidates), 0)
        places, actions = [], []
        for step in range(candidates.shape[1]):
            asked = candidates[:, step]
            actions.append(np.where(np.isnan(asked), straight(here), asked))
            here = walk(here, actions[-1])
            places.append(here)
        return np.stack(places, 1), np.stack(actions, 1)

    return imagine


def far_off(places: Array) -> Array:
    """Distances to the goal, summed over each course: (N, H, 2) to (N,)."""
    costs: Array = np.linalg.norm(places - GOAL, axis=-1).sum(1)
    return costs


def left_over(choose: Callable[[Array], Array]) -> float:
    """How far from the goal 20 steps end, each action (2,) chosen from the place (2,)."""
    place = START
    for _ in range(20):
        place = walk(place[None], choose(place)[None])[0]
    return float(np.linalg.norm(place - GOAL))


def test_it_gets_around_a_wall_where_the_policy_alone_is_stuck() -> None:
    assert left_over(lambda place: straight(place[None])[0]) > 1.0
    for seed in range(5):
        rng, rollout = np.random.default_rng(seed), Rollout(2, CONFIG)
        assert left_over(partial(beginning, rollout, rng)) < 0.2


def beginning(rollout: Rollout, rng: np.random.Generator, place: Array) -> Array:
    first: Array = rollout.plan(imagine_from(place), far_off, rng).actions[0]
    return first


def test_a_course_is_a_beginning_held_and_then_the_policy() -> None:
    tried: list[Array] = []

    def imagine(candidates: Array) -> tuple[Array, Array]:
        tried.append(candidates)
        return imagine_from(START)(candidates)

    plan = Rollout(2, CONFIG).plan(imagine, far_off, np.random.default_rng(0))
    [candidates] = tried
    assert candidates.shape == (64, CONFIG.horizon, 2)
    assert candidates.dtype == np.float32
    assert np.nanmax(np.abs(candidates)) <= 1.0
    held = (~np.isnan(candidates[..., 0])).sum(1)
    assert held[0] == 0  # the policy's own course is among them
    assert set(held[1:].tolist()) == set(range(1, CONFIG.longest_hold + 1))
    for candidate, steps in zip(candidates, held, strict=True):
        assert (candidate[:steps] == candidate[:1]).all()  # one action, from the first step on
        assert np.isnan(candidate[steps:]).all()
    assert plan.actions.shape == (CONFIG.horizon, 2)
    costs = far_off(imagine_from(START)(candidates)[0])
    assert plan.cost == costs.min() < costs[0]


def test_the_policy_acts_where_nothing_is_better() -> None:
    free = np.array([0.5, 0.0], np.float32)
    plan = Rollout(2, CONFIG).plan(imagine_from(free), far_off, np.random.default_rng(0))
    np.testing.assert_array_equal(plan.actions[0], straight(free[None])[0])


def test_the_same_chance_makes_the_same_plan() -> None:
    def plan(seed: int) -> Array:
        rng = np.random.default_rng(seed)
        return Rollout(2, CONFIG).plan(imagine_from(START), far_off, rng).actions

    np.testing.assert_array_equal(plan(3), plan(3))
    assert (plan(3) != plan(4)).any()
