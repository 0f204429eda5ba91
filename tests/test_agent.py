"""The mind as one object: sees, acts, imagines, learns; saved and restored it is the same mind."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from rumpus.agent import Agent, AgentConfig
from rumpus.objectives.base import Objective
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Batch, Hindsight

SPEC = RobotSpec(
    "toy", (SensorSpec("camera", (16, 16, 3)), SensorSpec("joint", (2,), -1.0, 1.0)), 2, 10.0
)
LIVED_N = 60


def lived() -> dict[str, Array]:
    rng = np.random.default_rng(0)
    return {
        "camera": rng.integers(0, 256, (LIVED_N, 16, 16, 3), dtype=np.uint8),
        "joint": rng.uniform(-1, 1, (LIVED_N, 2)).astype(np.float32),
    }


def learn(agent: Agent, seed: int, rounds: int = 2) -> dict[str, float]:
    """A few gradient steps of everything that learns."""
    rng, memories, losses = np.random.default_rng(seed), lived(), dict[str, float]()
    for _ in range(rounds):
        index = rng.integers(0, LIVED_N - 6, 8)[:, None] + np.arange(5)
        actions = rng.uniform(-1, 1, (8, 5, 2)).astype(np.float32)
        windows = {name: readings[index] for name, readings in memories.items()}
        losses |= agent.update(Batch(windows, actions, index)).losses
        agent.recall([memories], LIVED_N)
        here, goal = rng.integers(0, LIVED_N - 1, 32), rng.integers(0, LIVED_N, 32)
        losses |= agent.practise(Hindsight(here, goal))
    return losses


def make(seed: int = 0, actor: Literal["policy", "planner", "rollout"] = "policy") -> Agent:
    return Agent(SPEC, AgentConfig(actor=actor), seed)


def differing(one: dict[str, Tensor], two: dict[str, Tensor]) -> list[str]:
    assert set(one) == set(two)
    return [name for name in one if not torch.equal(one[name], two[name])]


def kept_on_disk(agent: Agent, path: Path) -> dict[str, Tensor]:
    save_file(agent.state(), path)
    return load_file(path)


def test_a_restored_mind_is_bit_equal_and_learns_on_as_if_never_stopped(tmp_path: Path) -> None:
    first = make(seed=0)
    learn(first, seed=1)
    kept = kept_on_disk(first, tmp_path / "mind.safetensors")
    second = make(seed=5)
    second.restore(kept)
    assert differing(first.state(), second.state()) == []
    losses = [learn(agent, seed=2) for agent in (first, second)]
    assert losses[0] == losses[1]
    assert differing(first.state(), second.state()) == []
    assert differing(first.state(), kept)  # it did learn


PARTS = {
    "learning_model", "world_model", "temporal_distance", "learning_policy", "policy", "decoders",
}  # fmt: skip


def test_without_its_optimiser_it_would_learn_otherwise(tmp_path: Path) -> None:
    """The control of the test above: the optimiser's state matters and is in what is saved."""
    first = make(seed=0)
    learn(first, seed=1)
    kept = kept_on_disk(first, tmp_path / "mind.safetensors")
    second = make(seed=5)
    second.restore({name: t for name, t in kept.items() if not name.startswith("adam.")})
    for agent in (first, second):
        learn(agent, seed=2)
    parts = {name.split(".")[0] for name in differing_weights(first, second)}
    assert parts == PARTS


def differing_weights(one: Agent, two: Agent) -> list[str]:
    weights = [
        {name: t for name, t in agent.state().items() if not name.startswith("adam.")}
        for agent in (one, two)
    ]
    return differing(*weights)


def test_a_mind_of_another_robot_is_not_taken_up(tmp_path: Path) -> None:
    kept = kept_on_disk(make(), tmp_path / "mind.safetensors")
    other = RobotSpec("other", (SensorSpec("camera", (16, 16, 3)),), 3, 10.0)
    with pytest.raises(RuntimeError):
        Agent(other, AgentConfig(), 0).restore(kept)


def test_the_same_seed_makes_the_same_mind() -> None:
    assert differing(make(seed=3).state(), make(seed=3).state()) == []
    assert differing(make(seed=3).state(), make(seed=4).state())


def test_learning_changes_every_part_and_gives_finite_losses() -> None:
    agent = make()
    before = {name: tensor.clone() for name, tensor in agent.state().items()}
    losses = learn(agent, seed=1)
    assert all(np.isfinite(list(losses.values()))), losses
    after = {name: tensor for name, tensor in agent.state().items() if name in before}
    changed = differing(before, after)
    assert any(name.startswith("temporal_distance.slow.") for name in changed)
    moved = {name.split(".")[0] for name in changed}
    assert moved == PARTS | {"chance"}


def test_the_policy_s_practice_does_not_move_what_judges_it() -> None:
    """The policy descends through the model and the distance; they must not follow it."""
    agent = make()
    agent.recall([lived()], LIVED_N)
    before = {name: tensor.clone() for name, tensor in agent.world_model.state_dict().items()}
    index = np.arange(32)
    agent.practise(Hindsight(index, index + 5))
    after = agent.world_model.state_dict()
    assert differing(before, after) == []
    assert all(weight.grad is None for weight in agent.world_model.parameters())
    assert all(w.requires_grad for w in agent.temporal_distance.metric.parameters())


@pytest.mark.parametrize("actor", ["policy", "planner", "rollout"])
def test_an_action_can_be_done_and_depends_on_the_goal(
    actor: Literal["policy", "planner", "rollout"],
) -> None:
    agent = make(actor=actor)
    seen = agent.see(lived())
    assert seen.shape == (LIVED_N, agent.latents.shape[1])

    def act(goal: Tensor) -> Array:
        return agent.act(seen[0], goal, np.random.default_rng(0))

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
    agent = make(actor="rollout")
    learn(agent, seed=1)
    watched = agent.objective = Watched(agent.objective)
    here, goal = agent.see(lived())[:2]
    action = agent.act(here, goal, np.random.default_rng(0))
    config = agent.config.rollout
    assert watched.imagined.shape == (config.candidates, config.horizon, len(here))
    latent = here
    for own in watched.imagined[0]:
        latent = agent.imagine(latent, agent.react(latent, goal)[None])[0]
        torch.testing.assert_close(own, latent, atol=1e-4, rtol=1e-4)
    begun = agent.imagine(here, action[None])[0]
    best = watched.imagined[watched.costs.argmin(), 0]
    torch.testing.assert_close(begun, best, atol=1e-4, rtol=1e-4)
    assert watched.costs.argmin() != 0  # a policy this young is not the best of 64


def test_what_is_imagined_can_be_drawn() -> None:
    agent = make()
    latent, goal = agent.see(lived())[:2]
    imagined = agent.imagine(latent, np.ones((4, 2), np.float32))
    assert imagined.shape == (4, len(latent))
    assert (imagined[0] != imagined[3]).any()
    drawn = agent.draw(imagined)
    assert list(drawn) == ["camera"]
    assert drawn["camera"].shape == (4, 16, 16, 3)
    assert agent.intend(latent, goal, 3, np.random.default_rng(0)).shape == (3, len(latent))


def test_recalled_moments_mean_what_they_mean_when_seen() -> None:
    agent, memories = make(), lived()
    chunks = [{name: r[k : k + 25] for name, r in memories.items()} for k in (0, 25, 50)]
    agent.recall(chunks, LIVED_N)
    one = agent.see({name: r[40] for name, r in memories.items()})
    torch.testing.assert_close(agent.latents[40], one, atol=0.05, rtol=0)  # bf16
    assert agent.places().shape[0] == LIVED_N
    assert agent.steps_to(one, one) < 0.01
