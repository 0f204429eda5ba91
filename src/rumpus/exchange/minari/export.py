"""A memory becomes a Minari dataset."""

import io
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import msgspec
import numpy as np

from rumpus.exchange.minari.layout import DATA, METADATA, key
from rumpus.exchange.transfer import (
    BLOCK,
    Ours,
    Transfer,
    absences,
    appearing,
    blocks_of,
    chosen,
    reward_of,
)  # fmt: skip
from rumpus.memory.episode import Episode
from rumpus.memory.memory import Memory

# The first version that reads pictures which are not JPEG; older ones refuse it by its number.
MINARI_VERSION = "0.5.4"
CHUNK_BYTES = 2**20  # what HDF5 reads at once
NUL, REPLACEMENT = "\0", "\ufffd"


def export_minari(memory: Memory, folder: Path, episodes: Sequence[int] | None = None) -> Transfer:
    """Write episodes as a Minari dataset, pictures exact, for any program that reads Minari.

    `minari.load_dataset` finds it where the folder has a name such as door-v0 and lies in
    MINARI_DATASETS_PATH; `minari.MinariDataset(folder / "data")` finds it anywhere.

    Args:
        memory: whose episodes.
        folder: the dataset to make; it appears when it is whole.
        episodes: their ids; all that hold a step where left out.

    Raises:
        InputError: when the memory holds no step, there is no such episode, or the folder is
            there already.
        MemoryFault: when a step is damaged, or the disk does not take the dataset.
    """
    stored = chosen(memory, episodes)
    steps = sum(episode.length for episode in stored)
    with appearing(folder) as new:
        (new / DATA).parent.mkdir(parents=True)
        with new_hdf5(new / DATA) as (file, disk):
            spoilt = sum(
                _write(file.create_group(f"episode_{k}"), memory, episode, k, disk)
                for k, episode in enumerate(stored)
            )
        about = {
            "dataset_id": _dataset_id(folder.name),
            "total_steps": steps - len(stored),
            "dataset_size": round((new / DATA).stat().st_size / 1e6, 1),
            **_about(memory, stored),
        }
        (new / METADATA).write_text(json.dumps(about))
    absent = absences(memory, stored, "it is 0 there, and infos/present says where.")
    return Transfer(folder, len(stored), steps, (*_lost(spoilt), *absent))


def _about(memory: Memory, stored: Sequence[Episode]) -> dict[str, Any]:
    """What the metadata tells of the robot and its episodes."""
    spec = memory.spec
    sensors = {key(s.name): _box(s.shape, s.dtype, s.low, s.high) for s in spec.sensors}
    action = _box((spec.action_size,), np.dtype(np.float32), -1.0, 1.0)
    return {
        "total_episodes": len(stored),
        "data_format": "hdf5",
        "jpeg_encoding": False,  # Minari's own way with pictures is lossy
        "observation_space": json.dumps({"type": "Dict", "subspaces": sensors}),
        "action_space": json.dumps(action),
        "minari_version": MINARI_VERSION,
        "algorithm_name": "rumpus",
        "description": f"The memory of {spec.name}, which played without reward.",
        "rumpus": msgspec.to_builtins(Ours(spec, tuple(stored))),
    }


def _box(shape: tuple[int, ...], dtype: np.dtype[Any], low: float, high: float) -> dict[str, Any]:
    return {
        "type": "Box",
        "dtype": str(dtype),
        "shape": list(shape),
        "low": np.full(shape, low, dtype).tolist(),
        "high": np.full(shape, high, dtype).tolist(),
    }


def _write(group: Any, memory: Memory, episode: Episode, number: int, disk: "PatientFile") -> int:
    """Write one episode; returns how many of its texts HDF5 could not hold as they are."""
    group.attrs.update(id=number, total_steps=episode.length - 1)
    spoilt = 0
    for columns, readings in blocks_of(memory, episode):
        for name in ("goal_reason", "clip_reason", "outcome"):
            spoilt += sum(NUL in text for text in columns[name])
            columns[name][:] = [text.replace(NUL, REPLACEMENT) for text in columns[name]]
        named = {f"infos/{name}": rows for name, rows in columns.items()}
        named |= {f"observations/{key(name)}": rows for name, rows in readings.items()}
        first = int(columns["step_index"][0]) - episode.first
        for name, rows in named.items():
            if name not in group:
                _make_room(group, name, (episode.length, *rows.shape[1:]), rows.dtype)
            group[name][first : first + len(rows)] = rows
        disk.check()
    # A move is the action executed at one step, and whether the next step ended the episode.
    moves = {
        "actions": group["infos/executed_action"][:-1],
        "rewards": [reward_of(outcome) for outcome in group["infos/outcome"].asstr()[:-1]],
        "terminations": group["infos/terminated"][1:],
        "truncations": group["infos/truncated"][1:],
    }
    for name, values in moves.items():
        _make_room(group, name, np.shape(values), np.asarray(values).dtype)
        group[name][()] = values
    return spoilt


def _make_room(group: Any, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Make a dataset of HDF5, in chunks of a few rows, so that one picture is read alone."""
    row_bytes = int(np.prod(shape[1:])) * dtype.itemsize
    rows = min(CHUNK_BYTES // max(1, row_bytes), shape[0], BLOCK)
    group.create_dataset(
        name, shape, h5py.string_dtype() if dtype.hasobject else dtype,
        chunks=(max(1, rows), *shape[1:]), maxshape=(None, *shape[1:]),
        fletcher32=not dtype.hasobject,  # a checksum, by which HDF5 notices a flipped byte
    )  # fmt: skip


def _dataset_id(folder: str) -> str:
    """The folder's name where Minari can read it, else the nearest that it can."""
    if re.fullmatch(r"[-\w]+-v\d+", folder):
        return folder
    return re.sub(r"[^-\w]", "-", folder) + "-v0"


def _lost(spoilt: int) -> tuple[str, ...]:
    lost = (
        "A reward is what the environment itself said, and 0 where it said nothing; nobody learned "
        "from it.",
        "Minari has no place for chosen actions, times, goals, people's interventions, reasons and "
        "the action at an episode's last step; they are in infos, where rumpus finds them again.",
    )
    if not spoilt:
        return lost
    return (*lost, f"{spoilt:,} texts held NUL characters, which HDF5 cannot; they are \ufffd now.")


class PatientFile(io.FileIO):
    """The file that HDF5 writes through; after the disk's first refusal, writes go nowhere.

    Where the disk refuses a write, HDF5 cannot close its file any more and ends the whole program
    by a signal (seen with HDF5 2.0). So it never hears of it: the refusal is kept and told after.

    Attributes:
        refusal: the disk's first.
    """

    refusal: OSError | None = None

    def check(self) -> None:
        """Raise the refusal."""
        if self.refusal is not None:
            raise self.refusal

    def write(self, data: Any, /) -> int:
        left = memoryview(data)
        try:
            while left and self.refusal is None:
                left = left[super().write(left) :]
        except OSError as refusal:
            self.refusal = refusal
        return len(data)

    def truncate(self, size: int | None = None, /) -> int:
        try:
            return super().truncate(size)
        except OSError as refusal:
            self.refusal = self.refusal or refusal
            return size or 0


@contextmanager
def new_hdf5(path: Path) -> Iterator[tuple[Any, PatientFile]]:
    """A new HDF5 file, and where to `check` for refusals while it is written.

    Raises:
        OSError: when the disk refused something.
    """
    with PatientFile(path, "w+") as under:
        with h5py.File(under, "w") as file:
            yield file, under
        under.check()
