"""The half of the mind that learns: every part moves, and what is saved goes on as it was."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from toy_mind import SPEC, goals, learn, stored, token_windows, windows

from rumpus.actor import MindConfig
from rumpus.learner import Learner
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Batch, GoalBatch

PARTS = {
    "world_model", "temporal_distance", "time_map", "policy", "decoders", "dynamics", "ensemble",
}  # fmt: skip

SIZE = MindConfig().world_model.encoder.latent_size


def make(seed: int = 0, spec: RobotSpec = SPEC) -> Learner:
    return Learner(spec, MindConfig(), seed)


def differing(one: dict[str, Tensor], two: dict[str, Tensor]) -> list[str]:
    assert set(one) == set(two)
    return [name for name in one if not torch.equal(one[name], two[name])]


def saved(learner: Learner, path: Path) -> dict[str, Tensor]:
    save_file(learner.state_dict(), path)
    return load_file(path)


def weights(learner: Learner) -> dict[str, Tensor]:
    return {name: t.clone() for name, t in learner.state_dict().items() if ".adam." not in name}


def test_a_restored_mind_is_bit_equal_and_learns_on_as_if_never_stopped(tmp_path: Path) -> None:
    first, second = make(seed=0), make(seed=5)
    learn(first, seed=1)
    kept = saved(first, tmp_path / "mind.safetensors")
    second.load_state_dict(kept, (2, 2))
    assert differing(first.state_dict(), second.state_dict()) == []
    losses = [learn(learner, seed=2) for learner in (first, second)]
    assert losses[0] == losses[1]
    assert differing(first.state_dict(), second.state_dict()) == []
    assert differing(first.state_dict(), kept)  # it did learn


def test_without_its_optimiser_it_would_learn_otherwise(tmp_path: Path) -> None:
    """The control of the test above: the optimiser's state matters and is in what is saved."""
    first, second = make(seed=0), make(seed=5)
    learn(first, seed=1)
    kept = saved(first, tmp_path / "mind.safetensors")
    second.load_state_dict({n: t for n, t in kept.items() if ".adam." not in n}, (2, 2))
    for learner in (first, second):
        learn(learner, seed=2)
    changed = differing(weights(first), weights(second))
    assert {name.split(".")[0] for name in changed} == PARTS


def test_a_mind_of_another_robot_is_not_taken_up(tmp_path: Path) -> None:
    kept = saved(make(), tmp_path / "mind.safetensors")
    other = RobotSpec("other", (SensorSpec("camera", (16, 16, 3)),), 3, 10.0)
    with pytest.raises(RuntimeError):
        make(spec=other).load_state_dict(kept, (0, 0))


def test_the_same_seed_makes_the_same_mind() -> None:
    assert differing(make(seed=3).state_dict(), make(seed=3).state_dict()) == []
    assert differing(make(seed=3).state_dict(), make(seed=4).state_dict())


def test_learning_changes_every_part_and_gives_finite_losses() -> None:
    learner = make()
    before = weights(learner)
    losses = learn(learner, seed=1)
    assert all(np.isfinite(list(losses.values()))), losses
    changed = differing(before, weights(learner))
    assert any(name.startswith("temporal_distance.learned.target.") for name in changed)
    assert {".".join(name.split(".")[:2]) for name in changed} == {
        "world_model.learned", "world_model.average", "temporal_distance.learned",
        "policy.learned", "policy.average", "decoders.learned", "chance", "dynamics.learned",
        "dynamics.average", "time_map.learned", "ensemble.learned",
    }  # fmt: skip


def test_what_is_hidden_from_a_window_is_not_asked_of_it() -> None:
    asked, first, second = (Learner(SPEC, MindConfig(hidden_sensor_rate=1.0), 1) for _ in range(3))
    batch = windows(np.random.default_rng(0))
    shown = asked._some_hidden(None, batch.action.shape[:2])
    assert shown is not None
    hidden = ~shown[:, 0, 0].numpy()
    assert 0 < hidden.sum() < len(hidden)
    camera = batch.readings["camera"].copy()
    camera[hidden] = 255 - camera[hidden]
    other = replace(batch, readings={**batch.readings, "camera": camera})
    assert first.update_world_model(batch).losses == second.update_world_model(other).losses


def test_the_policy_does_not_move_what_judges_it() -> None:
    """The policy descends through the model and the distance; they must not follow it."""
    learner = make()
    model = learner.dynamics.average
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    learner.update_value_and_policy(goals(learner, np.random.default_rng(0), ahead=5))
    assert differing(before, dict(model.state_dict())) == []
    assert all(weight.grad is None for weight in model.parameters())
    net = learner.temporal_distance.learned.net
    assert all(weight.requires_grad for weight in net.parameters())


def test_a_snapshot_stays_as_it_was_while_the_learner_goes_on() -> None:
    learner = make()
    actor = learner.snapshot()
    before = {name: tensor.clone() for name, tensor in actor.state_dict().items()}
    learn(learner, seed=1)
    assert differing(before, actor.state_dict()) == []
    later = learner.snapshot()
    assert differing(before, later.state_dict())
    assert (actor.version, actor.encoder_version) == (0, 0)
    assert (later.version, later.encoder_version) == (4, 2)
    assert not any(weight.requires_grad for weight in later.nets.parameters())


def test_tokens_of_another_encoder_are_refused() -> None:
    learner = make()
    batch = goals(learner, np.random.default_rng(0))
    tokens = token_windows(learner, np.random.default_rng(0))
    learner.update_world_model(windows(np.random.default_rng(0)))
    with pytest.raises(ValueError, match="encoded by version 0 of the encoder, expected 1"):
        learner.update_value_and_policy(batch)
    with pytest.raises(ValueError, match="encoded by version 0 of the encoder, expected 1"):
        learner.update_dynamics(tokens)


def test_it_imagines_by_the_dynamics_of_the_encoder_it_sees_with() -> None:
    learner = make()
    tokens, seen = token_windows(learner, np.random.default_rng(0)), stored()
    losses = [learner.update_dynamics(tokens)["dynamics"] for _ in range(200)]
    assert losses[-1] < 0.5 * losses[0]
    actor, rows = learner.snapshot(), slice(0, 1)
    latent = actor.encode({name: readings[rows] for name, readings in seen.items()})
    action = np.zeros((1, 2), np.float32)
    ahead = actor.imagine(latent[0], action)
    assert torch.equal(ahead[0], learner.dynamics.average(latent[0], torch.zeros(2)))


def test_what_is_absent_teaches_nothing() -> None:
    """Whatever stands where a reading is missing, the gradient step is the same."""
    losses = []
    for noise in (0, 200):
        learner, batch = make(), windows(np.random.default_rng(0))
        present = batch.present.copy()
        present[:4, :, 0] = present[2:6, 3:, 1] = False
        camera, joint = batch.readings["camera"].copy(), batch.readings["joint"].copy()
        camera[~present[..., 0]], joint[~present[..., 1]] = noise, noise
        gone = Batch({"camera": camera, "joint": joint}, present, batch.action)
        losses.append([learner.update_world_model(gone).losses for _ in range(3)])
    assert losses[0] == losses[1]


def like(
    steps: Array, goals: Array, told: Array, arrived: Array, joints: Array | None = None
) -> GoalBatch:
    """Steps and goals by their camera's tokens (B, D), the joint's zero, and what goals tell."""
    still = np.zeros_like(steps) if joints is None else joints
    tokens, wanted = np.stack([steps, still], 1), np.stack([goals, np.zeros_like(goals)], 1)
    everything = np.ones((len(steps), 2), bool)
    return GoalBatch(tokens, everything, tokens, wanted, told, arrived, 0)


def test_the_last_goals_of_a_batch_are_changed_for_those_most_like_their_steps() -> None:
    learner = Learner(SPEC, MindConfig(near_goals=0.5), 0)
    learner.policy_updates = 10_000  # compared are more and more; of the first alone none is near
    one, other, bit = np.random.default_rng(0).normal(size=(3, SIZE)).astype(np.float32)
    steps, goals = np.stack([-one, -other, one, other]), np.stack([other, one, one, other])
    goals[[0, 2]] += 0.1 * bit
    arrived = np.array([False, False, False, True])
    batch = like(steps, goals, np.ones((4, 2), bool), arrived)
    drawn = latents(learner, batch.goal_tokens)
    near, still = learner.near_goals(batch, drawn)
    # The third step's own is nearest but for one that is the same; the fourth had arrived.
    assert torch.equal(near, drawn[[0, 1, 2, 0]])
    assert still.tolist() == [False, False, False, False]
    assert torch.equal(drawn, latents(learner, batch.goal_tokens))  # left as it was drawn


def test_what_is_like_a_goal_is_told_by_the_sensors_that_matter_in_it() -> None:
    learner = Learner(SPEC, MindConfig(near_goals=0.25), 0)
    learner.policy_updates = 10_000
    one, other, bit, joint = np.random.default_rng(0).normal(size=(4, SIZE)).astype(np.float32)
    goals = np.stack([one + 0.1 * bit, one, one + other, other])
    told = np.array([[True, True], [False, True], [True, True], [True, False]])
    steps, joints = np.stack([one] * 4), np.stack([9.0 * joint] * 4)  # its joint is like no goal's
    batch = like(steps, goals, told, np.zeros(4, bool), joints)
    near, _ = learner.near_goals(batch, latents(learner, batch.goal_tokens, told))
    # The second tells nothing of the camera, which alone matters to the last.
    seen = np.array([[True, False]])
    assert torch.equal(near[3:], latents(learner, batch.goal_tokens[:1], seen))


def test_where_nothing_ever_happens_goals_stay_as_they_were_drawn() -> None:
    learner = Learner(SPEC, MindConfig(near_goals=1.0), 0)
    learner.policy_updates = 10_000
    alike, arrived = np.ones((6, SIZE), np.float32), np.arange(6) < 3
    batch = like(alike, alike, np.ones((6, 2), bool), arrived)
    drawn = latents(learner, batch.goal_tokens)
    near, still = learner.near_goals(batch, drawn)
    assert torch.equal(near, drawn)
    assert still.tolist() == arrived.tolist()


def latents(learner: Learner, tokens: Array, told: Array | None = None) -> Tensor:
    """As the learner sees tokens (B, S, D), of sensors that are told, bool (B, S)."""
    there = None if told is None else torch.from_numpy(told)
    with torch.no_grad():
        return learner.world_model.average.encoder.combine(torch.from_numpy(tokens), there)
