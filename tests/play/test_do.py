"""A goal is gone for as long as the episode lasts, and no further."""

from functools import partial
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from rumpus.body.safe_robot import SafeRobot
from rumpus.errors import InputError
from rumpus.memory import Memory
from rumpus.play.do import do
from rumpus.play.named_goal import named_readings
from rumpus.run.config import RunConfig
from rumpus.run.session import make_mind
from rumpus.types import Goal
from rumpus.worlds._bare_robot import BareRobot
from rumpus.worlds.base import World
from rumpus.worlds.door import Door
from rumpus.worlds.gymnasium_env import GymnasiumWorld


class Ending(gym.Env[Any, Any]):
    """Ends after three steps, as some end where they arrive, and counts its beginnings."""

    def __init__(self, as_goal_env: bool = False) -> None:
        box = gym.spaces.Box(-9, 9, (1,), np.float32)
        names = ("achieved_goal", "desired_goal", "place") if as_goal_env else ("place",)
        self.observation_space = gym.spaces.Dict(dict.fromkeys(names, box))
        self.action_space = gym.spaces.Box(-1, 1, (1,), np.float32)
        self.resets, self._names = 0, names

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.resets, self._steps = self.resets + 1, 0
        return self._seen(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self._steps += 1
        return self._seen(), 0.0, self._steps == 3, False, {}

    def compute_reward(self, achieved: Any, desired: Any, info: Any) -> float:
        return -float(np.abs(achieved - desired).max())

    def _seen(self) -> dict[str, Any]:
        return {name: np.array([self._steps], np.float32) for name in self._names}


def test_an_episode_that_ends_ends_the_attempt(tmp_path: Path) -> None:
    env = Ending()
    world = GymnasiumWorld(lambda: env, "ending")
    with Memory.create(tmp_path / "memory", world.spec) as memory:
        mind = make_mind(memory, RunConfig("ending"))
        goal = Goal({"place": np.array([3.0], np.float32)}, "test", "to the end")
        done = do(SafeRobot(world), memory, mind.learner.snapshot(), goal, 10,
                  np.random.default_rng(0), lambda *_: None)  # fmt: skip
        places = [float(readings["place"][0]) for readings in done.happened]
        assert places == [0.0, 1.0, 2.0, 3.0]  # and not where it would have begun anew
        assert env.resets == 1
        assert len(memory) == 4
        assert (memory.step(3).terminated, memory.step(3).truncated) == (True, False)


def test_only_what_its_trials_ask_for_can_be_asked_for_by_name() -> None:
    def goals() -> World:
        return GymnasiumWorld(partial(Ending, True), "goals")

    readings, _ = named_readings("reading_achieved_goal_0=0", goals(), goals)
    assert set(readings) == {"achieved_goal"}
    with pytest.raises(InputError, match=r"names 'reading_place_0'.*reading_achieved_goal_0"):
        named_readings("reading_place_0=1", goals(), goals)


def test_a_robot_without_a_truth_is_not_made_twice_to_be_asked() -> None:
    def never() -> World:
        raise AssertionError("it would be a second robot on the same wires")

    with pytest.raises(InputError, match=r"names 'angle_rad'.*nothing is known"):
        named_readings("angle_rad=0.5", BareRobot(Door(0), "arm"), never)
