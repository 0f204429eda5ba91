"""A saved simulation goes on exactly as it did, so that a planner may imagine with the truth."""

import numpy as np
import pytest

from rumpus.body.random_motion import smoothed_actions
from rumpus.types import Array
from rumpus.worlds.door import Door
from rumpus.worlds.pusher import Pusher


def live(world: Door | Pusher, actions: Array) -> Array:
    truth = []
    for action in actions:
        world.act(action)
        truth.append(list(world.state().values()))
    return np.array(truth)


@pytest.mark.parametrize("make", [Door, Pusher])
def test_a_saved_simulation_goes_on_exactly_as_it_did(make: type[Door] | type[Pusher]) -> None:
    world, other = make(0), make(1)
    actions = smoothed_actions(np.random.default_rng(0), 60, world.spec.action_size)
    live(world, actions[:20])
    saved, picture = world.save(), world.observe().readings["camera"]
    future = live(world, actions[20:])
    assert np.ptp(future, axis=0).max() > 0.01
    for place in (world, other):
        place.restore(saved)
        np.testing.assert_array_equal(place.observe().readings["camera"], picture)
        np.testing.assert_array_equal(live(place, actions[20:]), future)
