"""The agents of OGBench, offline, on the pictures and actions of a rumpus run's memory.

GCIQL, QRL, CRL and HIQL as their authors wrote them, from a checkout of their repository; nothing
of it is copied here. The encoder is their smallest for pictures, `impala_small`, and the numbers
are those that `hyperparameters.sh` has for play from pictures (visual-cube-single-play and
visual-scene-play, which agree).

Source: OGBench (Park 2025, arXiv 2410.20092).

Differs from the paper: pictures of 48 x 48; as many gradient steps as are asked for, not 500,000;
a life has no resets, so it is cut into trajectories of 1,000 steps, as long as theirs, and no step
is lost at a cut.
"""

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from peer.trial import Sight

from rumpus.memory.memory import Memory
from rumpus.types import Array

PLAY: dict[str, dict[str, Any]] = {
    "gciql": {"alpha": 1.0},
    "qrl": {"alpha": 0.3},
    "crl": {"alpha": 3.0},
    "hiql": {"high_alpha": 3.0, "low_alpha": 3.0, "low_actor_rep_grad": True, "subgoal_steps": 10},
}
SHARED = {"batch_size": 256, "encoder": "impala_small", "p_aug": 0.5}
TRAJECTORY_STEPS = 1000
CLIPPED = 1 - 1e-5  # their largest action
ONE_THREAD = "--xla_cpu_multi_thread_eigen=false"


class Ogbench:
    """Learns from a memory by one of OGBench's agents, and acts by it.

    Args:
        memory: folder of a run's memory.
        agent: one of `PLAY`.
        seed: of all chance.
        source: a checkout of OGBench; its folder `impls` is used.

    Attributes:
        steps: in the memory, but for the last of each episode.
    """

    def __init__(self, memory: Path, agent: str, seed: int, source: Path) -> None:
        os.environ.setdefault("XLA_FLAGS", ONE_THREAD)  # read when jax is first imported
        sys.path.insert(0, str(source / "impls"))
        self._jax: Any = import_module("jax")
        datasets: Any = import_module("utils.datasets")
        module: Any = import_module(f"agents.{agent}")
        np.random.seed(seed)  # theirs draw from it
        config = module.get_config()
        config.update(SHARED | PLAY[agent])
        self._camera, lived = steps_of(memory)
        self.steps = len(lived["actions"])
        data = datasets.Dataset.create(**lived)
        self._data = getattr(datasets, config["dataset_class"])(data, config)
        some = self._data.sample(1)
        made = next(each for name, each in vars(module).items() if name.endswith("Agent"))
        self._agent = made.create(seed, some["observations"], some["actions"], config)
        self._batch, self._key = config["batch_size"], self._jax.random.PRNGKey(seed)

    def train(self, count: int) -> None:
        """See `Peer`."""
        for _ in range(count):
            self._agent, _ = self._agent.update(self._data.sample(self._batch))
        self._jax.block_until_ready(self._agent)

    def act(self, seen: Sight, goal: Sight) -> Array:
        """See `Peer`."""
        action = self._agent.sample_actions(
            seen.readings[self._camera],
            goal.readings[self._camera],
            seed=self._key,
            temperature=0.0,
        )
        found: Array = np.clip(np.asarray(action), -1.0, 1.0)
        return found


def steps_of(folder: Path) -> tuple[str, dict[str, Array]]:
    """The camera's name, and what OGBench calls a dataset: from every step to the next one."""
    with Memory.open(folder, write=False) as memory:
        camera = next(sensor.name for sensor in memory.spec.sensors if sensor.is_picture)
        pictures, episode = np.array(memory.frames(camera)), np.array(memory.episode_of)
        actions = np.clip(memory.executed_actions, -CLIPPED, CLIPPED)
    goes_on = np.flatnonzero(episode[1:] == episode[:-1])
    return camera, {
        "observations": pictures[goes_on],
        "actions": actions[goes_on],
        "next_observations": pictures[goes_on + 1],
        "terminals": cut(episode[goes_on]),
    }


def cut(episode: Array) -> Array:
    """1 at the last step of each trajectory, else 0, float32 (N,), from the episode of each."""
    first = np.flatnonzero(np.diff(episode, prepend=-1))
    since = np.arange(len(episode)) - np.repeat(first, np.diff(first, append=len(episode)))
    ends = (since + 1) % TRAJECTORY_STEPS == 0
    ends[np.append(first[1:], len(episode)) - 1] = True
    found: Array = ends.astype(np.float32)
    return found
