from collections.abc import Callable

import numpy as np
import pytest

from rumpus.body.random_motion import smoothed_actions
from rumpus.types import Array
from rumpus.worlds.base import World

Play = Callable[[World, int, int], dict[str, Array]]


@pytest.fixture
def play() -> Play:
    """Smoothed random play of so many steps from a seed: the true state at every step."""

    def played(world: World, steps: int, seed: int) -> dict[str, Array]:
        states = []
        rng = np.random.default_rng(seed)
        for action in smoothed_actions(rng, steps, world.spec.action_size):
            world.act(action)
            states.append(dict(world.state()))
        return {name: np.array([state[name] for state in states]) for name in states[0]}

    return played
