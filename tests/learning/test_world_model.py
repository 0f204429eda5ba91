"""Must learn: what a picture will show if the robot acts, in a world with one moving dot.

The yardstick is persistence: believing that nothing moves. The control learned from the same
pictures with shuffled actions, and cannot know where the dot is pushed.
"""

import numpy as np
import pytest
import torch
from torch import Tensor

from rumpus.agent import Agent, AgentConfig
from rumpus.body.random_motion import smoothed_actions
from rumpus.types import Array, Batch
from rumpus.worlds.catalogue import load

LIVED_N, UPDATES, WINDOW = 2000, 700, 6
HORIZONS = (1, 5)


def live(seed: int) -> tuple[Array, Array]:
    """Random play: pictures (N, h, w, c) and the actions done from each (N, A)."""
    world = load("outside_image:DotEnv", seed)
    actions = smoothed_actions(np.random.default_rng(seed), LIVED_N, world.spec.action_size)
    pictures = []
    for action in actions:
        pictures.append(world.observe().readings["observation"])
        world.act(action)
    return np.stack(pictures), actions


def windows(rng: np.random.Generator, count: int, pictures: Array, actions: Array) -> Batch:
    index = rng.integers(0, LIVED_N - WINDOW, count)[:, None] + np.arange(WINDOW)
    return Batch({"observation": pictures[index]}, actions[index], index)


def learn(shuffled: bool) -> Agent:
    agent = Agent(load("outside_image:DotEnv").spec, AgentConfig(), seed=0)
    rng = np.random.default_rng(0)
    pictures, actions = live(seed=0)
    if shuffled:
        actions = rng.permutation(actions)
    for _ in range(UPDATES):
        agent.update(windows(rng, 64, pictures, actions))
    return agent


def error(imagined: Tensor, happened: Tensor, horizon: int) -> float:
    return float((imagined - happened)[:, horizon - 1].square().mean())


def errors(agent: Agent, horizon: int) -> tuple[float, float]:
    """On life never learned from: errors over that of persistence, as acted and shuffled."""
    rng = np.random.default_rng(2)
    batch = windows(rng, 300, *live(seed=1))
    seen = agent.see(batch.readings)
    happened, actions = seen[:, 1:], batch.executed_action[:, :-1]
    unmoved = error(seen[:, :1].expand_as(happened), happened, horizon)
    acted = error(agent.imagine(seen[:, 0], actions), happened, horizon)
    shuffled = error(agent.imagine(seen[:, 0], rng.permutation(actions)), happened, horizon)
    return acted / unmoved, shuffled / unmoved


@pytest.fixture
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.usefixtures("outside", "one_thread")
def test_prediction_beats_persistence_and_needs_the_actions() -> None:
    agent = learn(shuffled=False)
    for horizon in HORIZONS:
        acted, shuffled = errors(agent, horizon)
        assert acted < 0.5, horizon
        assert shuffled > 2.0 * acted, horizon


@pytest.mark.usefixtures("outside", "one_thread")
def test_who_learned_from_shuffled_actions_predicts_no_better_than_persistence() -> None:
    agent = learn(shuffled=True)
    for horizon in HORIZONS:
        acted, shuffled = errors(agent, horizon)
        assert acted > 0.6, horizon
        assert shuffled < 1.5 * acted, horizon
