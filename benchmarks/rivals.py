"""One store of steps, measured alone: how fast it takes them and gives them back.

    python benchmarks/rivals.py h5py 48 4000 /tmp/somewhere

Called by memory.py, once for each store, each in the Python that has it: nothing here imports
rumpus but the store named rumpus. Prints one JSON object. Every store takes the same steps, one at
a time as a robot lives them, a picture and six numbers each; then gives single pictures at random,
and batches of 64 windows of 6 pictures. Every store is set up as its own documentation shows it.
"""

import json
import shutil
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

EPISODE_STEPS, GROUP_STEPS = 100, 1000
BATCH, WINDOW = 64, 6
READ_S = 3.0  # how long each kind of reading is measured
Picture = np.ndarray[Any, np.dtype[np.uint8]]
Read = Callable[[int], Any]


class Rumpus:
    """rumpus: durable in groups of a second, pictures drawn from the memory-mapped view."""

    package = "rumpus"

    def __init__(self, folder: Path, side: int) -> None:
        from rumpus.memory import Memory
        from rumpus.spec import RobotSpec, SensorSpec

        spec = RobotSpec("bench", (SensorSpec("camera", (side, side, 3)),), 6, 10.0)
        self.memory = Memory.create(folder, spec)

    def write(self, index: int, picture: Picture, action: Any) -> None:
        from rumpus.types import Observation, Step

        if index % EPISODE_STEPS == 0:
            self.memory.begin_episode("bench")
        self.memory.append(Step(Observation({"camera": picture}, index / 10.0), action, action))

    def finish(self) -> None:
        self.memory.flush()

    def close(self) -> None:
        self.memory.close()

    def reader(self) -> Read:
        frames = self.memory.frames("camera")
        return lambda index: np.array(frames[index])

    def windows(self) -> Callable[[np.random.Generator], Any]:
        from rumpus.replay import sampler

        return lambda rng: sampler.sample(self.memory, rng, BATCH, WINDOW)[0].readings["camera"]


class H5py:
    """HDF5: one frame a chunk, flushed after each group. A kill between may leave it unreadable."""

    package = "h5py"

    def __init__(self, folder: Path, side: int) -> None:
        import h5py

        folder.mkdir(parents=True)
        self.file: Any = h5py.File(folder / "steps.hdf5", "w")
        shape = (side, side, 3)
        self.pictures = self.file.create_dataset(
            "pictures", (0, *shape), np.uint8, maxshape=(None, *shape), chunks=(1, *shape)
        )
        self.actions = self.file.create_dataset("actions", (0, 6), np.float32, maxshape=(None, 6))

    def write(self, index: int, picture: Picture, action: Any) -> None:
        self.pictures.resize(index + 1, 0)
        self.actions.resize(index + 1, 0)
        self.pictures[index], self.actions[index] = picture, action
        if index % GROUP_STEPS == GROUP_STEPS - 1:
            self.file.flush()

    def finish(self) -> None:
        self.file.flush()

    def reader(self) -> Read:
        return lambda index: self.pictures[index]

    def windows(self) -> Callable[[np.random.Generator], Any]:
        return _slices(lambda first: self.pictures[first : first + WINDOW], len(self.pictures))


class Zarr:
    """zarr 3: one frame a chunk, a thousand chunks a shard, written shard by shard."""

    package = "zarr"

    def __init__(self, folder: Path, side: int) -> None:
        import zarr

        shape = (side, side, 3)
        self.array: Any = zarr.create_array(
            str(folder), shape=(0, *shape), chunks=(1, *shape), shards=(GROUP_STEPS, *shape),
            dtype="uint8",
        )  # fmt: skip
        self.group: list[Picture] = []

    def write(self, index: int, picture: Picture, action: Any) -> None:
        self.group.append(picture)
        if len(self.group) == GROUP_STEPS:
            self.finish()

    def finish(self) -> None:
        if self.group:
            self.array.append(np.stack(self.group))
            self.group = []

    def reader(self) -> Read:
        return lambda index: self.array[index]

    def windows(self) -> Callable[[np.random.Generator], Any]:
        return _slices(lambda first: self.array[first : first + WINDOW], self.array.shape[0])


class TorchRl:
    """TorchRL: its memory-mapped storage. Its room is fixed beforehand; its count is in RAM."""

    package = "torchrl"

    def __init__(self, folder: Path, side: int) -> None:
        from torchrl.data import LazyMemmapStorage, ReplayBuffer

        self.storage: Any = LazyMemmapStorage(1_000_000, scratch_dir=str(folder))
        self.buffer: Any = ReplayBuffer(storage=self.storage, batch_size=BATCH)

    def write(self, index: int, picture: Picture, action: Any) -> None:
        import torch
        from tensordict import TensorDict

        self.buffer.add(
            TensorDict({"picture": torch.from_numpy(picture), "action": torch.from_numpy(action)})
        )

    def finish(self) -> None:
        """Nothing: nothing says when it is on the disk."""

    def reader(self) -> Read:
        return lambda index: self.storage[index]["picture"].clone()

    def windows(self) -> Callable[[np.random.Generator], Any]:
        def draw(rng: np.random.Generator) -> Any:
            first = rng.integers(0, len(self.storage) - WINDOW, BATCH)
            return self.storage[first[:, None] + np.arange(WINDOW)]["picture"]

        return draw


class LeRobot:
    """LeRobot: a dataset of PNG pictures, saved episode by episode, finalized at the end."""

    package = "lerobot"

    def __init__(self, folder: Path, side: int) -> None:
        from lerobot.datasets.lerobot_dataset import LeRobotDataset

        features = {
            "observation.images.camera": {
                "dtype": "image", "shape": (side, side, 3),
                "names": ["height", "width", "channels"],
            },
            "action": {"dtype": "float32", "shape": (6,), "names": None},
        }  # fmt: skip
        self.made: Any = LeRobotDataset
        self.folder = folder
        self.set: Any = LeRobotDataset.create("bench", 10, features, root=folder, use_videos=False)

    def write(self, index: int, picture: Picture, action: Any) -> None:
        self.set.add_frame(
            {"observation.images.camera": picture, "action": action, "task": "bench"}
        )
        if index % EPISODE_STEPS == EPISODE_STEPS - 1:
            self.set.save_episode()

    def finish(self) -> None:
        self.set.finalize()
        self.set = self.made("bench", root=self.folder)

    def reader(self) -> Read:
        return lambda index: self.set[index]["observation.images.camera"]

    def windows(self) -> Callable[[np.random.Generator], Any]:
        read = self.reader()
        return _slices(lambda first: [read(first + k) for k in range(WINDOW)], len(self.set))


STORES: dict[str, Any] = {
    "rumpus": Rumpus, "before": Rumpus, "h5py": H5py, "zarr": Zarr, "torchrl": TorchRl,
    "lerobot": LeRobot,
}  # fmt: skip


def main() -> None:
    """Measure the store that the arguments name."""
    name, side, steps, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    shutil.rmtree(folder, ignore_errors=True)
    store, rng = STORES[name](folder, side), np.random.default_rng(0)
    pictures = [_picture(rng, side) for _ in range(200)]
    actions = rng.uniform(-1, 1, (200, 6)).astype(np.float32)
    begun_s = time.perf_counter()
    for index in range(steps):
        store.write(index, pictures[index % 200], actions[index % 200])
    store.finish()
    write_s = time.perf_counter() - begun_s
    found = {
        "version": version(store.package),
        "writes_hz": round(steps / write_s, 1),
        "reads_hz": _rate(store.reader(), lambda: int(rng.integers(steps))),
        "window_frames_hz": _rate(store.windows(), lambda: rng) * BATCH * WINDOW,
    }
    if isinstance(store, Rumpus):
        store.close()  # its log goes into the store; the others have written theirs
    found["bytes_per_step"] = round(_bytes(folder) / steps, 1)
    print(json.dumps(found))


def _picture(rng: np.random.Generator, side: int) -> Picture:
    """A picture with shading and noise, neither flat nor pure noise."""
    ramp = np.linspace(0, 200, side)[:, None, None] * rng.uniform(0.2, 1, 3)
    noise = rng.normal(0, 4, (side, side, 3))
    picture: Picture = np.clip(ramp + noise + 20, 0, 255).astype(np.uint8)
    return picture


def _slices(read: Read, steps: int) -> Callable[[np.random.Generator], Any]:
    return lambda rng: [read(int(first)) for first in rng.integers(0, steps - WINDOW, BATCH)]


def _rate(act: Callable[[Any], Any], given: Callable[[], Any]) -> float:
    """How often a second, after one time that does not count."""
    act(given())
    done, begun_s = 0, time.perf_counter()
    while time.perf_counter() - begun_s < READ_S:
        act(given())
        done += 1
    return round(done / (time.perf_counter() - begun_s), 1)


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())


if __name__ == "__main__":
    main()
