"""Must learn: what a picture will show if the robot acts, in a world with one moving dot.

The yardstick is persistence: believing that nothing moves. The control learned from the same
pictures with shuffled actions, and cannot know where the dot is pushed.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from rumpus.actor import Actor, MindConfig
from rumpus.body.random_motion import smoothed_actions
from rumpus.learner import Learner
from rumpus.memory import Memory
from rumpus.replay.replay import Replay, ReplayConfig
from rumpus.replay.update_ratio import TrainConfig
from rumpus.types import Array, Batch, Observation, Step, TokenBatch
from rumpus.update_schedule import UpdateSchedule
from rumpus.worlds.catalogue import load

PLAYED_N, UPDATES, WINDOW = 2000, 450, 6
HORIZONS = (1, 5)
OUTSIDE = Path(__file__).parents[1] / "outside"


def play(seed: int) -> tuple[Array, Array]:
    """Random play: pictures (N, h, w, c) and the actions done from each (N, A)."""
    world = load("outside_image:DotEnv", seed)
    actions = smoothed_actions(np.random.default_rng(seed), PLAYED_N, world.spec.action_size)
    pictures = []
    for action in actions:
        pictures.append(world.observe().readings["observation"])
        world.act(action)
    return np.stack(pictures), actions


def windows(rng: np.random.Generator, count: int, pictures: Array, actions: Array) -> Batch:
    index = rng.integers(0, PLAYED_N - WINDOW, count)[:, None] + np.arange(WINDOW)
    return Batch({"observation": pictures[index]}, np.ones((*index.shape, 1), bool), actions[index])


def token_windows(
    rng: np.random.Generator, learner: Learner, tokens: Array, actions: Array
) -> TokenBatch:
    index = rng.integers(0, PLAYED_N - WINDOW, 128)[:, None] + np.arange(WINDOW)
    present = np.ones((*index.shape, 1), bool)
    return TokenBatch(tokens[index], present, actions[index], learner.world_model_updates)


def learn(shuffled: bool) -> Learner:
    learner = Learner(load("outside_image:DotEnv").spec, MindConfig(), seed=0)
    rng = np.random.default_rng(0)
    pictures, actions = play(seed=0)
    if shuffled:
        actions = rng.permutation(actions)
    for _ in range(UPDATES):
        learner.update_world_model(windows(rng, 64, pictures, actions))
    tokens = learner.snapshot().tokens({"observation": pictures})
    for _ in range(UPDATES):
        learner.update_dynamics(token_windows(rng, learner, tokens, actions))
    return learner


def error(imagined: Tensor, happened: Tensor, horizon: int) -> float:
    return float((imagined - happened)[:, horizon - 1].square().mean())


def errors(actor: Actor, horizon: int) -> tuple[float, float]:
    """On play never learned from: errors over that of persistence, as acted and shuffled."""
    rng = np.random.default_rng(2)
    batch = windows(rng, 300, *play(seed=1))
    seen = actor.encode(batch.readings)
    happened, actions = seen[:, 1:], batch.action[:, :-1]
    unmoved = error(seen[:, :1].expand_as(happened), happened, horizon)
    acted = error(actor.imagine(seen[:, 0], actions), happened, horizon)
    shuffled = error(actor.imagine(seen[:, 0], rng.permutation(actions)), happened, horizon)
    return acted / unmoved, shuffled / unmoved


@pytest.fixture(scope="module")
def learners() -> Iterator[dict[bool, Learner]]:
    """Who learned from what was done, and who learned from shuffled actions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(OUTSIDE)
        yield {shuffled: learn(shuffled) for shuffled in (False, True)}


@pytest.mark.usefixtures("outside")
def test_prediction_beats_persistence_and_needs_the_actions(
    learners: dict[bool, Learner],
) -> None:
    for horizon in HORIZONS:
        acted, shuffled = errors(learners[False].snapshot(), horizon)
        assert acted < 0.5, horizon
        assert shuffled > 2.0 * acted, horizon


@pytest.mark.usefixtures("outside")
def test_who_learned_from_shuffled_actions_predicts_no_better_than_persistence(
    learners: dict[bool, Learner],
) -> None:
    for horizon in HORIZONS:
        acted, shuffled = errors(learners[True].snapshot(), horizon)
        assert acted > 0.6, horizon
        assert shuffled < 1.5 * acted, horizon


@pytest.mark.usefixtures("outside")
def test_what_a_train_phase_measures_tells_the_two_apart(
    learners: dict[bool, Learner], tmp_path: Path
) -> None:
    pictures, actions = play(seed=1)
    with Memory.create(tmp_path, learners[False].spec) as memory:
        memory.begin_episode("play")
        for k in range(400):
            seen = Observation({"observation": pictures[k]}, k / 10.0)
            memory.append(Step(seen, actions[k], actions[k]))
        rng = np.random.default_rng(0)
        told = {
            shuffled: UpdateSchedule(
                learner, Replay(memory, ReplayConfig(), rng), TrainConfig()
            ).predict(100)
            for shuffled, learner in learners.items()
        }
        before = Learner(memory.spec, MindConfig(), seed=0)
        fresh = UpdateSchedule(before, Replay(memory, ReplayConfig(), rng), TrainConfig())
        assert fresh.predict(100) is None  # it has learned nothing
    knows, believes = told[False], told[True]
    assert knows is not None
    assert believes is not None
    for ahead in ("1", "5", "10"):
        assert knows.acted[ahead] < 0.6, ahead
        assert knows.shuffled[ahead] > 1.5 * knows.acted[ahead], ahead
    for ahead in ("1", "5"):
        assert believes.acted[ahead] > 0.6, ahead
