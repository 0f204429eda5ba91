"""A world of rumpus as a goal environment of Gymnasium, told by its truth and never put back."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict
from peer.trial import aimed_at, vector

from rumpus.body.safe_robot import SafeRobot
from rumpus.types import Array
from rumpus.worlds.base import World

GOALS_N, GOALS_SEED = 500, 10_000  # of each kind; the seed of a life is added


class GoalWorld(gymnasium.Env[dict[str, Array], Array]):
    """A world as a goal environment that is never put back: `reset` only draws the next goal."""

    def __init__(self, world: World, seed: int) -> None:
        self._world, self._robot = world, SafeRobot(world)
        self._names, self._aimed = list(world.state()), aimed_at(world)
        trials = [trial for kind in world.trial_kinds
                  for trial in world.trials(GOALS_N, GOALS_SEED + seed, kind)]  # fmt: skip
        self._goals = np.stack([vector(trial.goal, self._aimed) for trial in trials])
        self._goal, self._left = self._goals[0], 0
        self._rng = np.random.default_rng(seed)
        many, few = (Box(-np.inf, np.inf, (len(n),)) for n in (self._names, self._aimed))
        self.observation_space = Dict(observed(many, few, few))  # type: ignore[assignment]
        self.action_space = Box(-1.0, 1.0, (world.spec.action_size,))

    def reset(self, **_: Any) -> tuple[dict[str, Array], dict[str, Any]]:
        """The next goal, and everything else as it is; chance is that of the life's seed."""
        self._goal = self._goals[self._rng.integers(len(self._goals))]
        self._left = self._world.measure.steps
        return self._observed(), {}

    def step(self, action: Array) -> tuple[dict[str, Array], float, bool, bool, dict[str, Any]]:
        """One control step; an episode that is over is truncated, never terminated."""
        self._robot.act(action)
        self._left -= 1
        now = self._observed()
        reward = float(self.compute_reward(now["achieved_goal"], self._goal, None))
        return now, reward, False, self._left == 0, {}

    def compute_reward(self, achieved: Array, desired: Array, _: Any) -> Array:
        """0 within the world's tolerance, -1 outside, for states and goals (..., k)."""
        measure = self._world.measure
        errors = [
            self._world.errors(dict(zip(self._aimed, one, strict=True)),
                               dict(zip(self._aimed, other, strict=True)))[measure.name]
            for one, other in zip(np.atleast_2d(achieved).tolist(),
                                  np.atleast_2d(desired).tolist(), strict=True)
        ]  # fmt: skip
        rewards = -(np.array(errors, np.float32) > measure.tolerance).astype(np.float32)
        return rewards.reshape(achieved.shape[:-1])

    def _observed(self) -> dict[str, Array]:
        state = self._world.state()
        return observed(vector(state, self._names), vector(state, self._aimed), self._goal)


def observed(everything: Any, achieved: Any, desired: Any) -> dict[str, Any]:
    """By the names that goal environments have for them."""
    return {"observation": everything, "achieved_goal": achieved, "desired_goal": desired}
