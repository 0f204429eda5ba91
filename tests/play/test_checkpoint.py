"""The mind on disk: everything comes back, and it learns and chooses on as if never away."""

import os
import stat
from pathlib import Path

import numpy as np
import pytest
import torch

from rumpus.agent import Agent
from rumpus.errors import RunError
from rumpus.memory import Memory
from rumpus.play import checkpoint
from rumpus.play.checkpoint import Mind
from rumpus.play.collect import Player
from rumpus.play.learn import LearnConfig
from rumpus.play.loop import make_mind
from rumpus.play.run import open_run


def awake(path: Path, memory: Memory) -> Mind:
    mind = make_mind(memory.spec, open_run(path).config)
    assert checkpoint.restore(path / "checkpoint.safetensors", mind) == 60
    return mind


def go_on(mind: Mind, memory: Memory) -> list[object]:
    """Choose and learn on for a while; all that came of it."""
    mind.learner.recall(memory)
    player = Player(
        mind.agent, mind.goals, open_run(memory.path.parent).config.play, mind.rng, memory
    )
    decisions = [player.choose(memory.step(k).observation) for k in range(45)]
    mind.learner.updates -= 3
    mind.learner.practised -= 3
    losses = mind.learner.sleep(memory, lambda phase, done, owed: True)
    weights = torch.cat([tensor.flatten().double() for tensor in mind.agent.state().values()])
    choices = [(d.action.tolist(), d.goal_index, d.goal_reason) for d in decisions]
    assert any(index >= 0 for _, index, _ in choices)
    return [choices, losses, weights.tolist(), mind.goals.attempts, mind.rng.random()]


def test_two_awakenings_go_on_alike_to_the_last_bit(dot: Path) -> None:
    with Memory.open(dot / "memory", write=False) as memory:
        one, other = awake(dot, memory), awake(dot, memory)
        assert one.learner.updates == int(60 * LearnConfig().updates_per_step)
        assert one.learner.practised == int(60 * LearnConfig().practice_per_step)
        assert go_on(one, memory) == go_on(other, memory)


def test_what_is_saved_comes_back(dot: Path) -> None:
    path = dot / "checkpoint.safetensors"
    with Memory.open(dot / "memory", write=False) as memory:
        mind = awake(dot, memory)
        mind.goals.attempts = [(3, True), (5, False)]
        mind.rng.random(7)
        checkpoint.save(path, mind, 60)
        again = awake(dot, memory)
    assert again.goals.attempts == [(3, True), (5, False)]
    assert again.rng.random() == mind.rng.random()
    for name, tensor in mind.agent.state().items():
        assert torch.equal(tensor, again.agent.state()[name]), name


def test_another_seed_makes_another_mind(dot: Path) -> None:
    run = open_run(dot)
    with Memory.open(dot / "memory", write=False) as memory:
        one, other = (Agent(memory.spec, run.config.agent, seed) for seed in (0, 1))
    assert not all(torch.equal(tensor, other.state()[name]) for name, tensor in one.state().items())


def test_a_mind_that_cannot_be_written_leaves_the_old_one(dot: Path) -> None:
    path = dot / "checkpoint.safetensors"
    before = path.read_bytes()
    path.with_name(f"{path.name}.part").mkdir()  # stands in the way of what is written first
    with Memory.open(dot / "memory", write=False) as memory:
        mind = awake(dot, memory)
    with pytest.raises(RunError, match="cannot be written"):
        checkpoint.save(path, mind, 60)
    assert path.read_bytes() == before
    assert stat.S_ISREG(os.stat(path).st_mode)
    assert np.isfinite(mind.rng.random())
