"""LeRobot's side of the exchange; runs in LeRobot's own environment, never in rumpus's.

python lerobot_side.py read DATASET FRAMES.npz
python lerobot_side.py write DATASET FRAMES.npz image|video finalized|killed
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lerobot.datasets.lerobot_dataset import LeRobotDataset

LENGTHS = [7, 2, 30, 11]


def read(folder: Path, out: Path) -> None:
    """Every frame as LeRobot's reader gives it, pictures as uint8 (n, h, w, c)."""
    dataset = LeRobotDataset("rumpus/test", root=folder)
    frames = [dataset[k] for k in range(len(dataset))]
    torch.utils.data.default_collate(frames)  # as its training does
    columns = {key: np.array([_plain(frame[key]) for frame in frames]) for key in frames[0]}
    told = {f"stats of {key}": stats["mean"] for key, stats in dataset.meta.stats.items()}
    columns |= told | {"episodes": np.array(dataset.num_episodes), "fps": np.array(dataset.fps)}
    np.savez(out, **columns)  # type: ignore[arg-type]


def _plain(value: Any) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    if value.ndim == 3 and value.dtype == torch.float32:
        return (value * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return value.numpy()


def write(folder: Path, out: Path, mode: str, end: str) -> None:
    """A recording as LeRobot makes it, its actions in degrees; killed ones end in mid-episode."""
    features: dict[str, Any] = {
        "observation.images.top": {
            "dtype": mode,
            "shape": (64, 96, 3),
            "names": ["height", "width", "channels"],
        },
        "observation.state": {"dtype": "float32", "shape": (6,), "names": list("abcdef")},
        "observation.grid": {"dtype": "float32", "shape": (2, 3), "names": None},
        "observation.pressed": {"dtype": "bool", "shape": (1,), "names": None},
        "action": {"dtype": "float32", "shape": (6,), "names": list("abcdef")},
        "next.reward": {"dtype": "float32", "shape": (1,), "names": None},
    }
    dataset = LeRobotDataset.create(
        "rumpus/test", 10, features, robot_type="arm", root=folder, use_videos=mode == "video"
    )
    lived: list[dict[str, Any]] = []
    for episode, length in enumerate(LENGTHS):
        for _ in range(length):
            lived.append(_frame(len(lived), features))
            dataset.add_frame({**lived[-1], "task": f"task {episode % 2}"})
        dataset.save_episode()
    np.savez(out, **{key: np.stack([f[key] for f in lived]) for key in features})  # type: ignore[arg-type]
    if end == "finalized":
        dataset.finalize()
        return
    for k in range(5):
        dataset.add_frame({**_frame(1000 + k, features), "task": "never saved"})
    os.kill(os.getpid(), signal.SIGKILL)


def _frame(k: int, features: dict[str, Any]) -> dict[str, Any]:
    rng = np.random.default_rng(k)
    frame: dict[str, Any] = {
        key: rng.uniform(-90.0, 90.0, feature["shape"]).astype(np.float32)
        for key, feature in features.items()
    }
    frame["observation.pressed"] = rng.integers(0, 2, 1).astype(bool)
    x, y = np.meshgrid(np.arange(96), np.arange(64))
    colours = (x * 2 + 9 * k, y * 3 + 9 * k, x + y + 14 * k)  # moves more than AV1 blurs
    frame["observation.images.top"] = (np.stack(colours, -1) % 256).astype(np.uint8)
    return frame


if __name__ == "__main__":
    verb, folder, out, *rest = sys.argv[1:]
    if verb == "read":
        read(Path(folder), Path(out))
    else:
        write(Path(folder), Path(out), *rest)
