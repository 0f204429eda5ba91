"""What is held out was never learned from, lies within one episode, and is seen evenly."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from rumpus.replay.held_out import MOST_WINDOWS, held_out
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array


@dataclass
class Life:
    """Steps that read their own number, in episodes of some length."""

    count: int
    episode_steps: int
    spec: RobotSpec = field(default=RobotSpec("toy", (SensorSpec("gauge", (1,)),), 1, 10.0))
    id: str = "life"

    def __len__(self) -> int:
        return self.count

    @property
    def episode_of(self) -> Array:
        return np.arange(self.count) // self.episode_steps

    @property
    def actions(self) -> Array:
        return np.arange(self.count, dtype=np.float32)[:, None]

    @property
    def executed_actions(self) -> Array:
        return self.actions

    @property
    def goal_index(self) -> Array:
        return np.full(self.count, -1)

    @property
    def intervention(self) -> Array:
        return np.zeros(self.count, bool)

    def frames(self, sensor: str) -> Array:
        return self.actions

    def present(self, sensor: str) -> Array:
        return np.ones(self.count, bool)


def test_windows_are_of_new_steps_of_one_episode_with_what_was_done_in_them() -> None:
    life = Life(3000, 100)
    found = held_out(life, 2000)
    assert found is not None
    assert found.horizons == (1, 5, 10)
    seen = found.readings["gauge"][..., 0].astype(int)
    assert len(seen) == MOST_WINDOWS
    assert seen.min() >= 2000
    assert seen.max() < 3000
    np.testing.assert_array_equal(seen - seen[:, :1], [[0, 1, 5, 10]] * len(seen))
    np.testing.assert_array_equal(life.episode_of[seen[:, 0]], life.episode_of[seen[:, -1]])
    np.testing.assert_array_equal(found.action[..., 0], seen[:, :1] + np.arange(10))
    assert (np.abs(found.other_action - found.action) > 100).all()
    assert sorted(found.other_action.ravel()) == sorted(found.action.ravel())


@pytest.mark.parametrize(("episode_steps", "horizons"), [(11, (1, 5, 10)), (10, (1, 5)), (2, (1,))])
def test_short_episodes_have_short_horizons(episode_steps: int, horizons: tuple[int, ...]) -> None:
    found = held_out(Life(300, episode_steps), 0)
    assert found is not None
    assert found.horizons == horizons


@pytest.mark.parametrize("life", [Life(0, 5), Life(300, 1), Life(102, 500)])
def test_too_little_is_nothing(life: Life) -> None:
    assert held_out(life, max(len(life) - 2, 0) if life.episode_steps > 1 else 0) is None
