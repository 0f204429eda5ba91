"""How play chooses: a wish is gone for, judged where it led, and followed by a little exploring."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rumpus.memory import Memory
from rumpus.play import checkpoint
from rumpus.play.checkpoint import Mind
from rumpus.play.collect import PlayConfig, Player
from rumpus.play.loop import Until, make_mind, open_memory, play
from rumpus.play.run import RunConfig, begin, open_run
from rumpus.worlds.catalogue import load


def playing(path: Path, memory: Memory, config: PlayConfig) -> tuple[Mind, Player]:
    """The dot's mind and a player that begins with a wish."""
    mind = make_mind(memory.spec, open_run(path).config)
    checkpoint.restore(path / "checkpoint.safetensors", mind)
    mind.goals.attempts.clear()
    mind.learner.recall(memory)
    return mind, Player(mind.agent, mind.goals, config, mind.rng, memory)


def test_a_wish_out_of_reach_is_judged_after_its_last_step(dot: Path) -> None:
    config = PlayConfig(random_steps=40, goal_steps=3, explore_steps=2, reached_steps=-1.0)
    with Memory.open(dot / "memory", write=False) as memory:
        mind, player = playing(dot, memory, config)
        wished, judged = [], []
        for k in range(10):
            wished.append(player.choose(memory.step(k).observation).goal_index >= 0)
            judged.append(len(mind.goals.attempts))
    assert wished == [True, True, True, False, False] * 2
    assert judged == [0, 0, 0, 1, 1, 1, 1, 1, 2, 2]
    assert not any(reached for _, reached in mind.goals.attempts)


def test_a_wish_that_is_reached_ends_at_once(dot: Path) -> None:
    config = PlayConfig(random_steps=40, goal_steps=30, explore_steps=1, reached_steps=1e9)
    with Memory.open(dot / "memory", write=False) as memory:
        mind, player = playing(dot, memory, config)
        wished = [player.choose(memory.step(k).observation).goal_index >= 0 for k in range(6)]
    assert wished == [True, False] * 3
    assert [reached for _, reached in mind.goals.attempts] == [True] * 3


def test_a_wish_is_seen_with_today_s_eyes(dot: Path) -> None:
    """What the wished-for moment means may change in a sleep, also while it is under way."""
    config = PlayConfig(random_steps=40, goal_steps=30, reached_steps=-1.0)
    with Memory.open(dot / "memory", write=False) as memory:
        mind, player = playing(dot, memory, config)
        here = memory.step(0).observation
        before = player.choose(here)
        mind.agent.latents = -mind.agent.latents
        after = player.choose(here)
    assert before.goal_index == after.goal_index
    assert np.abs(before.action - after.action).max() > 1e-3


@pytest.mark.parametrize("steps", [1, 4])
def test_a_life_too_short_to_learn_from_is_remembered_all_the_same(
    steps: int, tmp_path: Path
) -> None:
    config = RunConfig("outside_image:DotEnv", play=PlayConfig(random_steps=1))
    mind = make_mind(load(config.world).spec, config)
    run = begin(tmp_path / "run", config)
    with open_memory(run, mind.agent.spec) as memory:
        play(run, load(config.world), memory, mind, Until(steps), lambda progress: None)
        assert len(memory) == steps
    assert mind.learner.updates == mind.learner.practised == 0


def test_episodes_shorter_than_a_window_never_stop_play(tmp_path: Path) -> None:
    """Every start begins an episode: a robot that is switched off every few steps goes on."""
    config = RunConfig("outside_image:DotEnv", play=PlayConfig(random_steps=5))
    config = replace(config, learn=replace(config.learn, sleep_every=5))
    run = begin(tmp_path / "run", config)
    mind = make_mind(load(config.world).spec, config)
    with open_memory(run, mind.agent.spec) as memory:
        for steps in (4, 8, 12):
            play(run, load(config.world), memory, mind, Until(steps), lambda progress: None)
        assert mind.learner.updates == 0
        play(run, load(config.world), memory, mind, Until(22), lambda progress: None)
    assert mind.learner.updates > 0
