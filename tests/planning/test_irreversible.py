"""A hand on a line beside a block: what it explores by is pushing the block, not moving about."""

import numpy as np
import pytest
import torch

from rumpus.errors import InputError
from rumpus.objectives._irreversibility import Irreversibility
from rumpus.objectives.check import straight_distance
from rumpus.planning._irreversible import Irreversible, IrreversibleConfig
from rumpus.types import Array

CONFIG = IrreversibleConfig(horizon=6, candidates=32, begun=4)
START = np.array([0.0, 2.5], np.float32)  # the hand, and the block that it pushes to the right


def step(places: Array, actions: Array) -> Array:
    """Hand and block (N, 2) after actions (N, 1)."""
    hand = places[:, :1] + actions
    return np.concatenate([hand, np.maximum(places[:, 1:], hand)], 1)


def imagine(candidates: Array) -> tuple[torch.Tensor, Array]:
    """The policy brings the hand back; nobody brings the block back."""
    here = np.repeat(START[None], len(candidates), 0)
    places, actions = [], []
    for k in range(candidates.shape[1]):
        back = np.clip(START[:1] - here[:, :1], -1.0, 1.0)
        actions.append(np.where(np.isnan(candidates[:, k]), back, candidates[:, k]))
        here = step(here, actions[-1])
        places.append(here)
    return torch.from_numpy(np.stack(places, 1)), np.stack(actions, 1)


def moved(actions: Array) -> float:
    """How far a course of actions (K, 1) pushes the block."""
    here = START[None]
    for action in actions:
        here = step(here, action[None])
    return float(here[0, 1] - START[1])


def test_it_begins_what_its_policy_cannot_undo() -> None:
    score = Irreversibility(straight_distance(2)).score(torch.from_numpy(START))
    planner, rng = Irreversible(1, CONFIG), np.random.default_rng(0)
    plans = [planner.plan(imagine, score, rng).actions for _ in range(20)]
    assert {plan.shape for plan in plans} == {(4, 1)}
    assert np.abs(plans).max() <= 1.0
    held = [np.repeat(rng.uniform(-1, 1, (1, 1)), 4, 0) for _ in range(200)]  # random motion
    assert np.mean([moved(plan) > 0.3 for plan in plans]) > 0.8
    assert np.mean([moved(plan) > 0.3 for plan in held]) < 0.3


def test_the_way_back_is_left_to_the_policy() -> None:
    given = list[Array]()

    def watched(candidates: Array) -> tuple[Array, Array]:
        given.append(candidates)
        return candidates, np.nan_to_num(candidates)

    Irreversible(2, CONFIG).plan(watched, lambda _: np.arange(32.0), np.random.default_rng(0))
    [courses] = given
    assert courses.shape == (32, 12, 2)
    assert np.isnan(courses[:, 6:]).all()
    turns = (np.diff(courses[:, :6], axis=1) != 0).any(-1).sum(1)
    assert set(turns.tolist()) == {0, 1}  # one action held, then another


def test_more_steps_begun_than_lead_there_are_refused() -> None:
    with pytest.raises(InputError, match="9 steps of courses of 8 were to be begun"):
        IrreversibleConfig(begun=9)
