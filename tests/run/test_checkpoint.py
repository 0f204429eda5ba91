"""The mind on disk: everything comes back, and it learns and chooses on as if never away."""

import os
import stat
from pathlib import Path

import checkpoints
import numpy as np
import pytest
import torch

from rumpus.errors import RunError
from rumpus.memory import Memory
from rumpus.play.explore import PlayChooser
from rumpus.replay.update_ratio import TrainConfig
from rumpus.run import checkpoint
from rumpus.run.checkpoint import Mind
from rumpus.run.folder import open_run
from rumpus.run.session import make_mind


def awake(path: Path, memory: Memory) -> Mind:
    run = open_run(path)
    mind, saved = make_mind(memory, run.config), checkpoint.read(run)
    assert saved is not None
    assert checkpoint.restore(saved, mind) == 60
    return mind


def go_on(mind: Mind, memory: Memory) -> list[object]:
    """Choose and learn on for a while; all that came of it."""
    schedule, config = mind.schedule, open_run(memory.path.parent).config.play
    chooser = PlayChooser(mind.goals, config, mind.rng, memory)
    schedule.replay.refresh()
    schedule.encode(lambda *_: True)
    trained = schedule.trained()
    assert trained is not None
    chooser.take(trained.actor, trained.candidates)
    chosen = [chooser.choose(memory.step(k).observation) for k in range(45)]
    schedule.learner.world_model_updates -= 3
    schedule.learner.policy_updates -= 3
    losses = schedule.train(lambda phase, done, owed: True)
    weights = torch.cat([t.flatten().double() for t in schedule.learner.state_dict().values()])
    choices = [(c.action.tolist(), c.goal and (c.goal.step, c.goal.reason)) for c in chosen]
    assert any(goal for _, goal in choices)
    return [choices, losses, weights.tolist(), mind.goals.attempts, mind.rng.random()]


def test_two_awakenings_go_on_alike_to_the_last_bit(dot: Path) -> None:
    with Memory.open(dot / "memory", write=False) as memory:
        one, other = awake(dot, memory), awake(dot, memory)
        paid = one.learner.world_model_updates, one.learner.policy_updates
        assert paid == TrainConfig().owed(60, 0, 0)
        assert go_on(one, memory) == go_on(other, memory)


def test_what_is_saved_comes_back(dot: Path) -> None:
    with Memory.open(dot / "memory", write=False) as memory:
        mind = awake(dot, memory)
        mind.goals.attempts = [(3, True), (5, False)]
        mind.rng.random(7)
        checkpoint.save(open_run(dot), mind, 60)
        again = awake(dot, memory)
    assert again.goals.attempts == [(3, True), (5, False)]
    assert again.rng.random() == mind.rng.random()
    for name, tensor in mind.learner.state_dict().items():
        assert torch.equal(tensor, again.learner.state_dict()[name]), name
    for name, array in mind.replay.state().items():
        np.testing.assert_array_equal(array, again.replay.state()[name])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"run": "another"}, "is of the run another, and this one is"),
        ({"mind_hash": "0" * 64}, "another config of the mind"),
        ({"layout": 99}, "has layout 99"),
        ({"layout": 3}, "has layout 3, of an older rumpus; .* or go on from memory alone"),
    ],
)
def test_a_mind_that_does_not_fit_is_refused(
    dot: Path, changes: dict[str, object], says: str
) -> None:
    checkpoints.change(dot / "checkpoint.safetensors", **changes)
    with pytest.raises(RunError, match=says):
        checkpoint.read(open_run(dot))


def test_a_byte_that_flipped_is_noticed(dot: Path) -> None:
    path = dot / "checkpoint.safetensors"
    data = bytearray(path.read_bytes())
    data[-1000] ^= 1
    path.write_bytes(data)
    with pytest.raises(RunError, match="its bytes are not what was written"):
        checkpoint.read(open_run(dot))


def test_a_mind_that_cannot_be_written_leaves_the_old_one(dot: Path) -> None:
    path = dot / "checkpoint.safetensors"
    before = path.read_bytes()
    path.with_name(f"{path.name}.part").mkdir()  # stands in the way of what is written first
    with Memory.open(dot / "memory", write=False) as memory:
        mind = awake(dot, memory)
    with pytest.raises(RunError, match="cannot be written"):
        checkpoint.save(open_run(dot), mind, 60)
    assert path.read_bytes() == before
    assert stat.S_ISREG(os.stat(path).st_mode)
    assert np.isfinite(mind.rng.random())
