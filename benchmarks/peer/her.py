"""SAC with hindsight goals, of stable-baselines3, that is told the truth instead of pictures.

Its observation is `world.state()`, its goal what the measure is about (the door's angle, the puck's
place), its reward 0 within the world's tolerance and -1 outside. Goals for play are drawn from
trials of other seeds than the evaluation's, so it also knows what will be asked of it; rumpus is
told none of this. Its recipe is that of the zoo of stable-baselines3 for Fetch: "reach" has SAC's
own, for FetchReach (`hyperparams/sac.yml`), "push" the numbers for FetchPush, which the zoo gives
for TQC alone (`hyperparams/tqc.yml`).

Source: HER (Andrychowicz 2017, arXiv 1707.01495).

Differs from the zoo: nothing is reset, the end of an episode only brings the next goal; an episode
is as long as a trial; observations are normalised in both recipes, as metres are small numbers.
"""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict
from peer.trial import Sight, aimed_at, vector
from stable_baselines3 import SAC, HerReplayBuffer
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from rumpus.body.safe_robot import SafeRobot
from rumpus.types import Array
from rumpus.worlds.base import World

GOALS_N, GOALS_SEED = 500, 10_000  # of each kind; the seed of a life is added
RECIPES: dict[str, dict[str, Any]] = {
    "reach": {"batch_size": 256, "policy_kwargs": {"net_arch": [64, 64]}},
    "push": {"batch_size": 2048, "tau": 0.05, "policy_kwargs": {"net_arch": [512, 512, 512]}},
}
SHARED = {"buffer_size": 1_000_000, "gamma": 0.95, "learning_rate": 1e-3, "learning_starts": 1000}
RELABELLED = {"goal_selection_strategy": "future", "n_sampled_goal": 4}


class Her:
    """Lives in a world, knowing its truth, and learns to bring it to a goal.

    Args:
        world: is never reset.
        seed: of all chance.
        recipe: one of `RECIPES`.
        steps: of its life, for the size of its buffer.
    """

    def __init__(self, world: World, seed: int, recipe: str, steps: int) -> None:
        self._names, self._aimed = list(world.state()), aimed_at(world)
        self._env = VecNormalize(DummyVecEnv([lambda: GoalWorld(world, seed)]), gamma=0.95)
        shared = SHARED | {"buffer_size": min(steps, SHARED["buffer_size"])}
        self._sac = SAC(
            "MultiInputPolicy", self._env, seed=seed, device="cpu", **shared, **RECIPES[recipe],
            replay_buffer_class=HerReplayBuffer, replay_buffer_kwargs=RELABELLED,
        )  # fmt: skip

    def train(self, count: int) -> None:
        """See `Peer`."""
        self._sac.learn(count, reset_num_timesteps=False)

    def act(self, seen: Sight, goal: Sight) -> Array:
        """See `Peer`."""
        told = observed(vector(seen.state, self._names), vector(seen.state, self._aimed),
                        vector(goal.state, self._aimed))  # fmt: skip
        action, _ = self._sac.predict(self._env.normalize_obs(told), deterministic=True)
        return np.asarray(action, np.float32)


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
