"""The skew goes for the rare, by the paper's weights, and gives up on what cannot be reached."""

import numpy as np
import pytest
import torch

from rumpus.goals.base import Candidates, Situation
from rumpus.goals.skew_fit import SkewFit, SkewFitConfig, ago, skew
from rumpus.types import Array, Goal, GoalReference

RARE_N, USUAL_N = 40, 960


def candidates() -> Candidates:
    """Many steps within a small room, and a few spread over a far larger one."""
    rng = np.random.default_rng(0)
    usual = rng.uniform(0, 4, (USUAL_N, 2))
    rare = rng.uniform(20, 40, (RARE_N, 2))
    points = torch.tensor(np.concatenate([usual, rare]), dtype=torch.float32)
    return Candidates(points, np.arange(USUAL_N + RARE_N))


def goal_at(step: int, source: str, reason: str) -> Goal:
    return Goal({}, source, reason, GoalReference("memory", 1, step))


def situation(stored: Candidates, seed: int = 1) -> Situation:
    return Situation(
        torch.zeros(4), torch.zeros(1), stored, 10.0, goal_at, np.random.default_rng(seed)
    )


def share_of_rare(skew_exponent: float, source: SkewFit | None = None) -> float:
    source = source or SkewFit(SkewFitConfig(skew_exponent=skew_exponent))
    asked = situation(candidates())
    goals = [source.next_goal(asked) for _ in range(100)]
    return float(np.mean([goal.step >= USUAL_N for goal in goals if goal]))


def test_weights_are_the_density_to_the_power_alpha() -> None:
    # 200 equally rare steps stand above the 99 % quantile, so that nothing is clipped.
    density = np.concatenate([np.full(200, 0.25), np.full(200, 4.0)])
    weight = skew(np.log(density), -0.5)
    np.testing.assert_allclose(weight[:200], 2.0 / 500.0)  # 0.25^-0.5 = 2, 4^-0.5 = 0.5
    np.testing.assert_allclose(weight[200:], 0.5 / 500.0)  # 200 * 2 + 200 * 0.5 = 500
    assert weight.sum() == pytest.approx(1.0)


def test_alpha_of_minus_one_makes_two_places_equally_likely() -> None:
    """A place seen 9 times as often has 9 times the density, and a ninth of the weight."""
    density = np.concatenate([np.full(100, 1.0), np.full(900, 9.0)])
    weight = skew(np.log(density), -1.0)
    assert weight[:100].sum() == pytest.approx(weight[100:].sum())


def test_alpha_of_zero_is_uniform() -> None:
    log_density: Array = np.random.default_rng(0).normal(size=50)
    np.testing.assert_allclose(skew(log_density, 0.0), 1.0 / 50.0)


def test_no_single_step_takes_over() -> None:
    log_density = np.zeros(1000)
    log_density[0] = -1000.0
    assert skew(log_density, -1.0)[0] < 0.1


def test_rare_steps_are_gone_for_far_more_often() -> None:
    assert share_of_rare(0.0) < 0.12  # they are 4 % of what happened
    assert share_of_rare(-1.0) > 0.5
    assert share_of_rare(0.0) < share_of_rare(-0.3) < share_of_rare(-1.0)


def test_a_place_commanded_often_and_never_reached_loses_weight() -> None:
    source = SkewFit(SkewFitConfig(skew_exponent=-1.0))
    for index in range(USUAL_N, USUAL_N + RARE_N):
        for _ in range(4):
            source.record_attempt(goal_at(index, "", ""), reached=False)
    assert share_of_rare(-1.0, source) < 0.8 * share_of_rare(-1.0)


def test_reachability_is_the_smoothed_share_that_arrived() -> None:
    source, stored = SkewFit(SkewFitConfig()), candidates()
    here, elsewhere = USUAL_N, 0
    points = stored.points[[here, elsewhere]]
    np.testing.assert_array_equal(source.reachability(points, stored), [1.0, 1.0])
    for reached in (False, False, True, False):
        source.record_attempt(goal_at(here, "", ""), reached)
    np.testing.assert_allclose(source.reachability(points, stored), [2.0 / 5.0, 1.0])
    # An attempt at a step that is no candidate at present tells nothing.
    others = Candidates(stored.points[:here], stored.step[:here])
    np.testing.assert_array_equal(source.reachability(points, others), [1.0, 1.0])


def test_only_the_last_attempts_are_remembered() -> None:
    source = SkewFit(SkewFitConfig(remembered_attempts=3))
    for index in range(5):
        source.record_attempt(goal_at(index, "", ""), reached=True)
    assert source.attempts == [(2, True), (3, True), (4, True)]


def test_the_reason_says_how_often_and_when_last() -> None:
    points = torch.tensor([[0.0, 0.0], [50.0, 0.0], [50.1, 0.0], [50.2, 0.0], [0.0, 0.0]])
    asked = situation(Candidates(points, np.array([0, 100, 200, 36300, 72300])))
    source = SkewFit(SkewFitConfig(near_steps=1.0))
    assert source.reason(1, asked) == "seen 3 times in 5 steps, last 60 min ago"
    alone = situation(Candidates(points[:2], np.array([0, 100])))
    assert source.reason(0, alone) == "seen once in 2 steps, last 10 s ago"
    goal = source.next_goal(asked)
    assert goal is not None
    assert goal.reason.startswith("seen ")
    assert goal.step in (0, 100, 200, 36300, 72300)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0, "0 s"), (119.0, "119 s"), (120.0, "2 min"), (7199.0, "120 min"), (7200.0, "2.0 h")],
)
def test_time_is_told_as_a_person_would(seconds: float, words: str) -> None:
    assert ago(seconds) == words


def test_the_same_chance_makes_the_same_goal() -> None:
    source, stored = SkewFit(SkewFitConfig()), candidates()
    assert source.next_goal(situation(stored, 2)) == source.next_goal(situation(stored, 2))
