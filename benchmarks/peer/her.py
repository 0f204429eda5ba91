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

import numpy as np
from peer.goal_world import GoalWorld, observed
from peer.trial import Sight, aimed_at, vector
from stable_baselines3 import SAC, HerReplayBuffer
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from rumpus.types import Array
from rumpus.worlds.base import World

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

    @property
    def steps(self) -> int:
        """See `Peer`."""
        return int(self._sac.num_timesteps)

    def train(self, count: int) -> None:
        """See `Peer`."""
        self._sac.learn(count, reset_num_timesteps=False)

    def act(self, seen: Sight, goal: Sight) -> Array:
        """See `Peer`."""
        told = observed(vector(seen.state, self._names), vector(seen.state, self._aimed),
                        vector(goal.state, self._aimed))  # fmt: skip
        action, _ = self._sac.predict(self._env.normalize_obs(told), deterministic=True)
        return np.asarray(action, np.float32)
