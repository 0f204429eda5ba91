"""Objectives: courses that lead to the goal score lower than courses that lead away."""

import pytest
import torch

from rumpus.objectives.base import Objective
from rumpus.objectives.check import straight_distance
from rumpus.objectives.latent_distance import LatentDistanceObjective
from rumpus.objectives.temporal_distance import TemporalDistanceObjective

SIZE_N = 4
OBJECTIVES = [
    LatentDistanceObjective(),
    TemporalDistanceObjective(straight_distance(SIZE_N)),
]


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda o: type(o).__name__)
def test_a_course_at_the_goal_costs_least_and_every_step_counts(objective: Objective) -> None:
    goal = torch.ones(SIZE_N)
    there, off = goal.expand(3, -1), goal.expand(3, -1).clone()
    off[1] += 2.0
    with torch.no_grad():
        at_goal, once_off, never = objective.score(goal)(torch.stack([there, off, there + 2.0]))
    assert at_goal < once_off < never
    assert at_goal < never / 3


def test_the_latent_distance_is_summed_along_the_way() -> None:
    course = torch.tensor([[[3.0, 4.0], [0.0, 1.0]]])
    [cost] = LatentDistanceObjective().score(torch.zeros(2))(course)
    assert cost == pytest.approx(6.0)
