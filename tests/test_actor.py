"""The half of the mind that acts: it encodes any sensors, acts, imagines and decodes."""

from collections.abc import Callable
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
import torch
from torch import Tensor
from toy_mind import SPEC, STORED_N, learn, stored

from rumpus.actor import Actor, Courses, MindConfig
from rumpus.catalogue import find, names
from rumpus.errors import WorldError
from rumpus.learner import Learner
from rumpus.model.ensemble import EnsembleConfig
from rumpus.objectives.base import Objective
from rumpus.planning.base import Plan
from rumpus.types import Array

BY = get_args(get_type_hints(MindConfig)["acts_by"])


def make(acts_by: Any = "policy", rounds: int = 0, doubt_weight: float = 1.0) -> Actor:
    doubt = EnsembleConfig(weight=doubt_weight)
    learner = Learner(SPEC, MindConfig(acts_by=acts_by, ensemble=doubt), 0)
    learn(learner, seed=1, rounds=rounds)
    return learner.snapshot()


def test_it_acts_by_its_policy_or_by_any_planner_that_is_here() -> None:
    assert set(BY) == {"policy", *names("planner")}
    for name in names("planner"):
        actor = make(name)
        assert type(actor.planner) is find("planner", name)
        assert vars(actor.planner)["config"] is getattr(actor.config, name)


@pytest.mark.parametrize("acts_by", BY)
def test_an_action_can_be_carried_out_and_depends_on_the_goal(acts_by: str) -> None:
    actor = make(acts_by, rounds=60)
    seen = actor.encode(stored())
    assert seen.shape == (STORED_N, actor.config.world_model.encoder.latent_size)

    def act(goal: Tensor) -> Array:
        return actor.plan_action(seen[0], goal, np.random.default_rng(0))

    assert len({act(goal).tobytes() for goal in seen[2:20]}) > 1
    action = act(seen[1])
    assert action.shape == (2,)
    assert action.dtype == np.float32
    assert np.abs(action).max() <= 1.0
    np.testing.assert_array_equal(action, act(seen[1]))


class Watched:
    """An objective that notes what it scores."""

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self.imagined, self.costs = torch.zeros(0), np.zeros(0)

    def score(self, goal: Tensor) -> Callable[[Tensor], Array]:
        def cost(imagined: Tensor) -> Array:
            self.imagined, self.costs = imagined, self.objective.score(goal)(imagined)
            return self.costs

        return cost


def test_when_asked_it_begins_the_best_of_the_courses_that_its_policy_ends() -> None:
    actor = make("rollout", rounds=2, doubt_weight=0.0)
    watched = actor.objective = Watched(actor.objective)
    here, goal = actor.encode(stored())[:2]
    action = actor.plan_action(here, goal, np.random.default_rng(0))
    config = actor.config.rollout
    assert watched.imagined.shape == (config.candidates, config.horizon, len(here))
    latent = here
    for own in watched.imagined[0]:
        latent = actor.imagine(latent, actor.policy_action(latent, goal)[None])[0]
        torch.testing.assert_close(own, latent, atol=1e-4, rtol=1e-4)
    begun = actor.imagine(here, action[None])[0]
    best = watched.imagined[watched.costs.argmin(), 0]
    torch.testing.assert_close(begun, best, atol=1e-4, rtol=1e-4)
    assert watched.costs.argmin() != 0  # a policy this young is not the best of 64


@pytest.mark.parametrize("acts_by", ["icem", "mppi", "random_shooting", "rollout"])
def test_what_it_plans_costs_no_more_than_its_policys_own_course(acts_by: str) -> None:
    actor = make(acts_by, rounds=2)
    here, goal = actor.encode(stored())[:2]
    policy = np.full((1, getattr(actor.config, acts_by).horizon, 2), np.nan, np.float32)
    courses, _ = actor._imagination(here, goal)(policy)
    assert np.isnan(policy).all()  # what was asked is left as it is
    own = float(actor._score(goal)(courses)[0])
    assert actor.plan(here, goal, np.random.default_rng(0)).cost <= own + 1e-4


def test_what_is_doubted_beyond_what_was_lived_costs_a_plan() -> None:
    actor = make()
    goal = actor.encode(stored())[1]
    latents = goal.expand(3, 4, -1)
    doubt = torch.tensor([[0.0] * 4, [1.0] * 4, [0.5, 1.5, 3.0, 1.0]])
    doubted = actor._score(goal)(Courses(latents, doubt))
    alone = actor.objective.score(goal)(latents)
    np.testing.assert_allclose(doubted - alone, [0.0, 0.0, 2.5], atol=1e-4)


def test_a_plan_is_doubted_as_much_as_what_it_was_searched_among() -> None:
    actor = make("rollout", rounds=2)
    here, goal = actor.encode(stored())[:2]
    courses, actions = actor._imagination(here, goal)(np.full((1, 4, 2), np.nan, np.float32))
    np.testing.assert_allclose(actor.doubt(here, actions[0]), courses.doubt[0], rtol=1e-4)
    assert (courses.doubt > 0.0).all()


def test_a_planner_is_handed_the_last_plan_and_the_deadline() -> None:
    actor = make("icem", rounds=2)
    here, goal = actor.encode(stored())[:2]

    def plan(**given: Any) -> Plan:
        return actor.plan(here, goal, np.random.default_rng(0), **given)

    usual, late = plan(), plan(deadline_s=0.0)
    assert late.cost > usual.cost  # one round of three
    assert plan(last=late).actions.tobytes() != usual.actions.tobytes()


def test_the_policy_chooses_for_those_alone_that_leave_it_to_it() -> None:
    actor = make(rounds=2)
    here, goal = actor.encode(stored())[:2]
    rng = np.random.default_rng(0)
    given = rng.uniform(-1, 1, (5, 3, 2)).astype(np.float32)
    left = given.copy()
    left[2], left[3, 1:], left[4, 0, 1] = np.nan, np.nan, np.nan
    _, taken = actor._imagination(here, goal)(left)
    asked = np.isnan(left)
    np.testing.assert_array_equal(taken[~asked], given[~asked])
    assert (np.abs(taken[asked] - given[asked]) > 1e-6).all()
    np.testing.assert_allclose(taken[2, 0], actor.policy_action(here, goal), atol=1e-5)
    after = actor.imagine(here, given[3, :1])[0]
    np.testing.assert_allclose(taken[3, 1], actor.policy_action(after, goal), atol=1e-5)


def test_what_is_imagined_can_be_decoded() -> None:
    actor = make()
    latent, goal = actor.encode(stored())[:2]
    imagined = actor.imagine(latent, np.ones((4, 2), np.float32))
    assert imagined.shape == (4, len(latent))
    assert (imagined[0] != imagined[3]).any()
    decoded = actor.decode(imagined)
    assert list(decoded) == ["camera"]
    assert decoded["camera"].shape == (4, 16, 16, 3)
    latents, doubt = actor.imagine_policy(latent, goal, 3, np.random.default_rng(0))
    assert latents.shape == (3, len(latent))
    assert doubt.shape == (3,)


def test_kept_tokens_mean_what_their_readings_mean() -> None:
    actor, readings = make(), stored()
    tokens, whole = actor.tokens(readings), np.ones((STORED_N, 2), bool)
    combined = actor.nets.encoder.combine(torch.from_numpy(tokens))
    one = actor.encode({name: r[40] for name, r in readings.items()})
    torch.testing.assert_close(combined[40], one, atol=0.05, rtol=0)  # bf16
    assert actor.goal_embeddings(tokens, whole).shape[0] == STORED_N
    blind = whole.copy()
    blind[:, 0] = False
    joint = actor.encode({"joint": readings["joint"]})
    hidden = actor.nets.encoder.combine(torch.from_numpy(tokens), torch.from_numpy(blind))
    torch.testing.assert_close(joint, hidden)


def test_sensors_that_are_left_out_do_not_matter_and_the_others_do() -> None:
    actor, readings = make(), stored()
    joint, both = actor.encode({"joint": readings["joint"]}), actor.encode(readings)
    assert (joint - both).abs().amax(1).min() > 1e-3
    assert (joint[0] - joint[1]).abs().max() > 1e-3


@pytest.mark.parametrize("names", [[], ["camera", "nose"]])
def test_readings_of_no_sensor_of_its_robot_are_refused(names: list[str]) -> None:
    readings = {name: np.zeros((16, 16, 3), np.uint8) for name in names}
    with pytest.raises(WorldError, match="it has the sensors camera, joint"):
        make().encode(readings)
