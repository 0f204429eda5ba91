"""Random motion that gets somewhere: each action keeps most of the one before."""

import numpy as np

from rumpus.types import Array

KEEP = 0.8
NOISE = 0.6  # keeps the spread at 1 where nothing is clipped: 0.8^2 + 0.6^2 = 1


def smoothed_action(
    rng: np.random.Generator, last: Array, keep: float = KEEP, noise: float = NOISE
) -> Array:
    """The random action after `last`, float32 (A,) in [-1, 1].

    Args:
        rng: where chance comes from.
        last: the action before, (A,).
        keep: share of `last` that is kept.
        noise: standard deviation of what is added.
    """
    fresh = keep * last + noise * rng.standard_normal(len(last))
    return np.clip(fresh, -1.0, 1.0).astype(np.float32)


def smoothed_actions(rng: np.random.Generator, count: int, action_size: int) -> Array:
    """`count` smoothed random actions, float32 (count, A) in [-1, 1]."""
    actions = np.zeros((count, action_size), np.float32)
    action = np.zeros(action_size, np.float32)
    for row in actions:
        action = smoothed_action(rng, action)
        row[:] = action
    return actions
