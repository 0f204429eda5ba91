"""What the tests let Minari itself do; runs where minari is installed, and knows no rumpus.

read ID FILE: load a dataset by its id and write all that Minari hands out into an .npz.
write FILE: let Minari record toy/raw-v0, toy/jpeg-v0 and toy/bare-v0, and the truth as an .npz.
"""

import sys

import gymnasium as gym
import minari
import numpy as np


def read(name, file):
    dataset = minari.load_dataset(name)
    told = {"lengths": [len(e) for e in dataset], "total_steps": dataset.total_steps}
    for k, episode in enumerate(dataset):
        assert dataset.observation_space.contains(
            {sensor: frames[0] for sensor, frames in episode.observations.items()}
        )
        told |= {f"{k}/{sensor}": frames for sensor, frames in episode.observations.items()}
        told |= {f"{k}/{name}": getattr(episode, name) for name in ("actions", "terminations")}
        told[f"{k}/infos/action"] = episode.infos["action"]
    assert name in minari.list_local_datasets()
    np.savez(file, **told)


class Toy(gym.Env):
    """Two episodes' worth of chance; ends after four steps, is cut after three."""

    action_space = gym.spaces.Box(np.array([0, -2]), np.array([10, 2]), dtype=np.float64)

    def __init__(self, bare=False):
        camera = gym.spaces.Box(0, 255, (40, 36, 3), np.uint8)
        arm = gym.spaces.Box(-np.inf, np.inf, (2,), np.float64)
        self.bare, self.steps, self.seen = bare, 0, []
        self.observation_space = arm if bare else gym.spaces.Dict(camera=camera, arm=arm)
        self.rng = np.random.default_rng(1)

    def _observe(self):
        shade = np.linspace(0, 255, 36)[None, :, None] * self.rng.uniform(0.2, 1, 3)
        camera = np.broadcast_to(shade, (40, 36, 3)).astype(np.uint8)
        self.seen.append({"camera": camera, "arm": self.rng.normal(size=2)})
        return self.seen[-1]["arm"] if self.bare else dict(self.seen[-1])

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return self._observe(), {"warm": 0.0}

    def step(self, action):
        self.steps += 1
        return self._observe(), 1.0, self.steps == 4, False, {"warm": 1.0}


def write(file):
    for name, bare, jpeg in (("raw", False, False), ("jpeg", False, True), ("bare", True, False)):
        env = Toy(bare)
        spec = gym.envs.registration.EnvSpec("Toy-v0", entry_point="nowhere:Toy")
        env.spec = spec
        collector = minari.DataCollector(env, record_infos=True, jpeg_encoding=jpeg)
        actions = []
        for length in (4, 3):
            collector.reset(seed=3)
            for _ in range(length):
                actions.append(np.array([5.0, -1.0]) + env.rng.uniform(-1, 1, 2))
                collector.step(actions[-1])
        collector.create_dataset(dataset_id=f"toy/{name}-v0")
        seen = {key: np.stack([s[key] for s in env.seen]) for key in ("camera", "arm")}
        if name == "raw":
            truth = {**seen, "actions": np.stack(actions)}
    np.savez(file, **truth)


if __name__ == "__main__":
    {"read": read, "write": write}[sys.argv[1]](*sys.argv[2:])
