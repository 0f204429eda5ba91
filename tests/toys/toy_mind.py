"""A small robot, some steps of it, and batches of them, for tests of the mind."""

import numpy as np

from rumpus.learner import Learner
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Batch, GoalBatch, TokenBatch

SPEC = RobotSpec(
    "toy", (SensorSpec("camera", (16, 16, 3)), SensorSpec("joint", (2,), -1.0, 1.0)), 2, 10.0
)
STORED_N = 60


def stored() -> dict[str, Array]:
    rng = np.random.default_rng(0)
    return {
        "camera": rng.integers(0, 256, (STORED_N, 16, 16, 3), dtype=np.uint8),
        "joint": rng.uniform(-1, 1, (STORED_N, 2)).astype(np.float32),
    }


def windows(rng: np.random.Generator) -> Batch:
    index = rng.integers(0, STORED_N - 6, 8)[:, None] + np.arange(5)
    actions = rng.uniform(-1, 1, (8, 5, 2)).astype(np.float32)
    return Batch({n: r[index] for n, r in stored().items()}, np.ones((8, 5, 2), bool), actions)


def goals(learner: Learner, rng: np.random.Generator, ahead: int = 0) -> GoalBatch:
    tokens, here = learner.snapshot().tokens(stored()), rng.integers(0, STORED_N - 6, 32)
    goal = here + ahead if ahead else rng.integers(0, STORED_N, 32)
    present = np.ones((32, 2), bool)
    matter = rng.random((32, 2)) < 0.5
    return GoalBatch(
        tokens[here], present, tokens[here + 1], tokens[goal], matter, goal == here,
        learner.world_model_updates,
    )  # fmt: skip


def token_windows(learner: Learner, rng: np.random.Generator) -> TokenBatch:
    batch, tokens = windows(rng), learner.snapshot().tokens(stored())
    index = rng.integers(0, STORED_N - 6, 8)[:, None] + np.arange(5)
    return TokenBatch(tokens[index], batch.present, batch.action, learner.world_model_updates)


def learn(learner: Learner, seed: int, rounds: int = 2) -> dict[str, float]:
    """A few gradient steps of everything that learns."""
    rng, losses = np.random.default_rng(seed), dict[str, float]()
    for _ in range(rounds):
        losses |= learner.update_world_model(windows(rng)).losses
        losses |= learner.update_dynamics(token_windows(learner, rng))
        losses |= learner.update_value_and_policy(goals(learner, rng))
    return losses
