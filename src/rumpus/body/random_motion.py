"""Random motion that gets somewhere: each action keeps most of the one before."""

import numpy as np

from rumpus.types import Array

KEEP = 0.8  # share of the last action
NOISE = 0.5  # standard deviation of what is added


def smoothed_action(rng: np.random.Generator, last: Array) -> Array:
    """The random action after `last`, (A,) to float32 (A,) in [-1, 1]."""
    fresh = KEEP * last + NOISE * rng.standard_normal(len(last))
    return np.clip(fresh, -1.0, 1.0).astype(np.float32)


def smoothed_actions(rng: np.random.Generator, count: int, action_size: int) -> Array:
    """`count` smoothed random actions, float32 (count, A) in [-1, 1]."""
    actions = np.zeros((count, action_size), np.float32)
    action = np.zeros(action_size, np.float32)
    for row in actions:
        action = smoothed_action(rng, action)
        row[:] = action
    return actions
