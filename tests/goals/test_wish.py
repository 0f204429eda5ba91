"""A wish is gone for by steps that show it, the nearest first, with play between two attempts."""

import numpy as np
import torch

from rumpus.goals.base import Candidates, Situation
from rumpus.goals.wish import WishGoalSource
from rumpus.types import Goal, GoalReference

STORED = Candidates(torch.arange(50.0)[:, None], np.arange(50) * 2)  # every second step


def goal_at(step: int, source: str, reason: str) -> Goal:
    return Goal({}, source, reason, GoalReference("memory", 1, step))


def situation(point: float = 0.0, seed: int = 1) -> Situation:
    rng = np.random.default_rng(seed)
    return Situation(torch.zeros(4), torch.tensor([point]), STORED, 10.0, goal_at, rng)


def test_the_nearest_step_that_shows_it_is_gone_for() -> None:
    wish = WishGoalSource(name="open", believed=np.array([20, 60, 61, 96]))
    for point, step in ((0.0, 20), (29.0, 60), (49.0, 96)):
        goal = wish.wished(situation(point))
        assert goal is not None
        assert (goal.step, goal.source) == (step, "wish")
        assert goal.reason == "'open', as believed of 4 remembered steps"


def test_between_two_attempts_at_the_wish_it_plays() -> None:
    wish = WishGoalSource(believed=np.array([20]))
    goals = [wish.next_goal(situation(seed=seed)) for seed in range(6)]
    assert [goal.source for goal in goals if goal] == ["wish", "skew"] * 3
    for goal in goals:
        assert goal is not None
        wish.record_attempt(goal, reached=False)
    assert wish.attempts_n == 3
    assert len(wish.play.attempts) == 3  # type: ignore[attr-defined]


def test_until_something_shows_it_what_was_shown_is_gone_for_and_without_that_it_plays() -> None:
    shown = WishGoalSource(examples=np.array([7, 9]))
    goal = shown.wished(situation())
    assert goal is not None
    assert (goal.step in (7, 9), goal.reason) == (True, "'wish', as it was shown")
    goal = WishGoalSource(believed=np.array([21, 33])).wished(situation())  # no longer candidates
    assert goal is not None
    assert goal.source == "skew"
