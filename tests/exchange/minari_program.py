"""What the tests let Minari itself do; runs where minari is installed, and knows no rumpus.

read ID FILE: load a dataset by its id and write all that Minari hands out into an .npz.
write FILE: let Minari record toy/raw-v0, toy/jpeg-v0 and toy/bare-v0, and the truth as an .npz.
"""

import sys
from typing import Any

import gymnasium as gym
import minari
import numpy as np

Lived = dict[str, np.ndarray[Any, Any]]


def read(name: str, file: str) -> None:
    dataset = minari.load_dataset(name)
    told: dict[str, Any] = {
        "lengths": [len(e) for e in dataset],
        "total_steps": dataset.total_steps,
    }
    for k, episode in enumerate(dataset):
        assert dataset.observation_space.contains(
            {sensor: frames[0] for sensor, frames in episode.observations.items()}
        )
        told |= {f"{k}/{sensor}": frames for sensor, frames in episode.observations.items()}
        told |= {f"{k}/{name}": getattr(episode, name) for name in ("actions", "terminations")}
        told[f"{k}/infos/action"] = episode.infos["action"]
    assert name in minari.list_local_datasets()
    np.savez(file, **told)


def lived(rng: np.random.Generator, moves: int) -> Lived:
    """What one episode was: pictures, readings and moves, all by chance."""
    shade = np.linspace(0, 255, 36)[None, None, :, None] * rng.uniform(0.2, 1, (moves + 1, 1, 1, 3))
    return {
        "camera": np.broadcast_to(shade, (moves + 1, 40, 36, 3)).astype(np.uint8),
        "arm": rng.normal(size=(moves + 1, 2)),
        "actions": np.array([5.0, -1.0]) + rng.uniform(-1, 1, (moves, 2)),
    }


def buffer(episode: Lived, bare: bool, terminated: bool) -> Any:
    moves = len(episode["actions"])
    seen = {sensor: list(episode[sensor]) for sensor in ("camera", "arm")}
    return minari.data_collector.EpisodeBuffer(
        seed=3,
        observations=seen["arm"] if bare else seen,
        actions=list(episode["actions"]),
        rewards=[1.0] * moves,
        terminations=[False] * (moves - 1) + [terminated],
        truncations=[False] * (moves - 1) + [not terminated],
        infos={"warm": [0.5] * (moves + 1)},
    )


def write(file: str) -> None:
    rng = np.random.default_rng(1)
    episodes = [lived(rng, 4), lived(rng, 3)]
    camera = gym.spaces.Box(0, 255, (40, 36, 3), np.uint8)
    arm = gym.spaces.Box(-np.inf, np.inf, (2,), np.float64)
    for name, bare, jpeg in (("raw", False, False), ("jpeg", False, True), ("bare", True, False)):
        minari.create_dataset_from_buffers(
            dataset_id=f"toy/{name}-v0",
            buffer=[buffer(e, bare, terminated=k == 0) for k, e in enumerate(episodes)],
            action_space=gym.spaces.Box(np.array([0, -2]), np.array([10, 2]), dtype=np.float64),
            observation_space=arm if bare else gym.spaces.Dict(camera=camera, arm=arm),
            data_format="hdf5",
            jpeg_encoding=jpeg,
        )
    np.savez(
        file,
        allow_pickle=False,
        **{name: np.concatenate([e[name] for e in episodes]) for name in episodes[0]},
    )


if __name__ == "__main__":
    task = read if sys.argv[1] == "read" else write
    task(*sys.argv[2:])
