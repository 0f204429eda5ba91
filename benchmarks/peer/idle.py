"""What every figure stands beside: doing nothing, and random motion."""

import numpy as np
from peer.trial import Sight

from rumpus.body.random_motion import smoothed_action
from rumpus.types import Array


class Still:
    """Does nothing.

    Args:
        action_size: of the robot.

    Attributes:
        steps: none are lived.
    """

    steps = 0

    def __init__(self, action_size: int) -> None:
        self._last = np.zeros(action_size, np.float32)

    def train(self, count: int) -> None:
        """See `Peer`."""

    def act(self, seen: Sight, goal: Sight) -> Array:
        """See `Peer`."""
        return self._last


class RandomMotion(Still):
    """Moves as rumpus does at the beginning of a life.

    Args:
        action_size: of the robot.
        seed: of all chance.
    """

    def __init__(self, action_size: int, seed: int) -> None:
        super().__init__(action_size)
        self._rng = np.random.default_rng(seed)

    def act(self, seen: Sight, goal: Sight) -> Array:
        """See `Peer`."""
        self._last = smoothed_action(self._rng, self._last)
        return self._last
