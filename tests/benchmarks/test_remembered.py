"""A fingertip that remembers: what it read some steps ago, and nothing from before it was put."""

import numpy as np
import pytest

from rumpus.errors import InputError
from rumpus.worlds.catalogue import load

STICK = "worlds.remembered:remembered,ago_n=2,world=stick"


def test_it_tells_what_it_read_so_many_steps_ago() -> None:
    world, seen, before = load(STICK, 0), [], []
    for _ in range(6):
        readings = world.observe().readings
        seen.append(readings["joints"])
        before.append(readings["joints_before"])
        world.act(np.array([1.0, 0.5, -0.5], np.float32))
    assert not np.array_equal(seen[0], seen[1])
    np.testing.assert_array_equal(before, [seen[0], seen[0], *seen[:4]])


def test_what_was_read_before_it_was_put_elsewhere_is_forgotten_and_no_goal() -> None:
    world = load(STICK, 0)
    for _ in range(4):
        world.act(np.array([1.0, 0.5, -0.5], np.float32))
        world.observe()
    assert list(world.stage(world.trials(1, 0, world.trial_kinds[0])[0]).readings) == ["gel"]
    readings = world.observe().readings
    np.testing.assert_array_equal(readings["joints"], readings["joints_before"])


def test_what_is_no_world_of_touch_is_refused() -> None:
    with pytest.raises(InputError, match="no world of touch 'door'"):
        load("worlds.remembered:remembered,world=door", 0)
