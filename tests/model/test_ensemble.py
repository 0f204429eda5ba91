"""Doubt is small where steps were lived, and plans keep out of a place where the model is wrong.

The world is a floor on which a point goes a quarter as far as it is told to. In a disc behind the
start no step was ever lived, and there the dynamics have learned of a wormhole: every step, they
say, leads to the goal.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor

from rumpus.actor import Actor, MindConfig, Nets, fresh_nets
from rumpus.model.encoder import EncoderConfig
from rumpus.model.ensemble import EnsembleConfig
from rumpus.model.world_model import WorldModelConfig
from rumpus.planning.cem import CemConfig
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array

STEP, FLOOR, DISC = 0.25, 2.5, 0.8
START, GOAL, HOLE = torch.tensor([[0.0, 0.0], [2.2, 0.0], [-1.3, 0.0]])
LIVED_N, UPDATES_N, BATCH, STEPS_N, TRIALS_N = 4000, 1500, 256, 15, 5
SPEC = RobotSpec("point", (SensorSpec("place", (2,), -FLOOR, FLOOR),), 2, 10.0)


def config(doubt_weight: float) -> MindConfig:
    model = WorldModelConfig(EncoderConfig(latent_size=2))
    return MindConfig(
        model, EnsembleConfig(weight=doubt_weight), acts_by="cem", cem=CemConfig(elites=19)
    )


def in_hole(here: Tensor) -> Tensor:
    inside: Tensor = (here - HOLE).norm(dim=-1) < DISC
    return inside


@cache
def learned() -> Nets:
    """Nets whose latents are places; the dynamics alone have learned of the wormhole."""
    torch.manual_seed(0)
    here = (2.0 * torch.rand(LIVED_N, 2) - 1.0) * FLOOR
    action = 2.0 * torch.rand(LIVED_N, 2) - 1.0
    following = torch.where(in_hole(here)[:, None], GOAL, here + STEP * action)
    lived = torch.nonzero(~in_hole(here))[:, 0]
    nets = fresh_nets(SPEC, config(1.0))
    adam = torch.optim.Adam([*nets.dynamics.parameters(), *nets.ensemble.parameters()], 1e-3)
    for _ in range(UPDATES_N):
        told = torch.randint(LIVED_N, (BATCH,))
        some = lived[torch.randint(len(lived), (BATCH,))]
        wrong = (nets.dynamics(here[told], action[told]) - following[told]).square().mean()
        apart = nets.ensemble.loss(here[some], action[some], following[some])
        adam.zero_grad()
        (wrong + apart).backward()
        adam.step()
        imagined = nets.dynamics(here[some], action[some])
        nets.ensemble.follow(here[some], action[some], imagined)
    return nets


class Straight:
    """Courses cost as far as their steps are from the goal."""

    def score(self, goal: Tensor) -> Callable[[Tensor], Array]:
        def cost(latents: Tensor) -> Array:
            apart: Array = (latents - goal).norm(dim=-1).sum(-1).numpy()
            return apart

        return cost


def doubts(here: Tensor, seed: int = 1) -> Array:
    """How much one step from each place is doubted, by chance of the action."""
    nets = learned()
    action = 2.0 * torch.rand(here.shape, generator=torch.Generator().manual_seed(seed)) - 1.0
    with torch.no_grad():
        found: Array = nets.ensemble.doubt(here, action, nets.dynamics(here, action)).numpy()
    return found


def test_of_steps_like_those_lived_one_in_a_hundred_is_doubted_and_in_the_hole_all() -> None:
    here = (2.0 * torch.rand(2000, 2, generator=torch.Generator().manual_seed(2)) - 1.0) * FLOOR
    assert 0.0 < (doubts(here[~in_hole(here)]) > 1.0).mean() < 0.03
    assert (doubts(HOLE + 0.2 * (torch.rand(200, 2) - 0.5)) > 1.0).all()


@pytest.mark.parametrize(("doubt_weight", "arrives"), [(1.0, True), (0.0, False)])
def test_plans_keep_out_of_a_place_where_the_model_is_wrong(
    doubt_weight: float, arrives: bool
) -> None:
    actor = Actor(SPEC, config(doubt_weight), learned(), 1, 1)
    actor.objective = Straight()
    for seed in range(TRIALS_N):
        here, rng, trapped = START, np.random.default_rng(seed), 0
        for _ in range(STEPS_N):
            action = actor.plan_action(here, GOAL, rng)
            here = here + STEP * torch.from_numpy(action)
            trapped += int(in_hole(here))
        assert (float((here - GOAL).norm()) < 0.3) == arrives, (seed, here)
        assert (trapped == 0) == arrives
