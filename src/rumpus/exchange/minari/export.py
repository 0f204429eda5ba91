"""A memory becomes a Minari dataset."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from rumpus.exchange.minari import layout
from rumpus.exchange.minari.hdf5_file import PatientFile, new_hdf5
from rumpus.exchange.outgoing import BLOCK, absences, blocks_of, chosen, ours_of
from rumpus.exchange.transfer import Transfer, appearing
from rumpus.memory.episode import Episode
from rumpus.memory.memory import Memory

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
        ModuleNotFoundError: when h5py is missing.
    """
    stored = chosen(memory, episodes)
    steps = sum(episode.length for episode in stored)
    with appearing(folder) as new:
        (new / layout.DATA).parent.mkdir(parents=True)
        with new_hdf5(new / layout.DATA) as (file, disk):
            spoilt = sum(
                _write(file.create_group(f"episode_{k}"), memory, episode, k, disk)
                for k, episode in enumerate(stored)
            )
        about = {
            "dataset_id": _dataset_id(folder.name),
            "total_steps": steps - len(stored),
            "dataset_size": round((new / layout.DATA).stat().st_size / 1e6, 1),
            **_about(memory, stored),
        }
        (new / layout.METADATA).write_text(json.dumps(about))
    absent = absences(memory, stored, "it is 0 there, and infos/present says where.")
    return Transfer(folder, len(stored), steps, (*_lost(spoilt), *absent))


def _about(memory: Memory, stored: Sequence[Episode]) -> dict[str, Any]:
    """What the metadata tells of the robot and its episodes."""
    spec = memory.spec
    return {
        "total_episodes": len(stored),
        "data_format": "hdf5",
        "jpeg_encoding": False,  # Minari's own way with pictures is lossy
        "observation_space": layout.observation_space(spec),
        "action_space": layout.action_space(spec),
        "minari_version": layout.MINARI_VERSION,
        "algorithm_name": "rumpus",
        "description": f"The memory of {spec.name}, which played without reward.",
        layout.OURS: msgspec.to_builtins(ours_of(memory, stored)),
    }


def _write(group: Any, memory: Memory, episode: Episode, number: int, disk: PatientFile) -> int:
    """Write one episode; returns how many of its texts HDF5 could not hold as they are."""
    group.attrs.update(id=number, total_steps=episode.length - 1)
    pictures = {
        s: _room(group, f"observations/{layout.key(s.name)}", (episode.length, *s.shape), s.dtype)
        for s in memory.spec.sensors
    }
    blocks = []
    for columns, readings in blocks_of(memory, episode):
        blocks.append(columns)
        for sensor, room in pictures.items():
            room[columns["step_index"] - episode.first] = readings[sensor.name]
        disk.check()
    columns = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    spoilt = 0
    for name in ("goal_reason", "clip_reason"):
        spoilt += sum(NUL in text for text in columns[name])
        columns[name] = np.array([text.replace(NUL, REPLACEMENT) for text in columns[name]], object)
    # A move is the action executed at one step, and whether the next step ended the episode.
    moves = {
        "actions": columns["executed_action"][:-1],
        "rewards": np.zeros(episode.length - 1),
        "terminations": columns["terminated"][1:],
        "truncations": columns["truncated"][1:],
    }
    for name, values in ({f"infos/{name}": rows for name, rows in columns.items()} | moves).items():
        _room(group, name, values.shape, values.dtype)[()] = values
    return spoilt


def _room(group: Any, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """A new dataset of HDF5, in chunks of a few rows, so that one picture is read alone."""
    import h5py

    row_bytes = int(np.prod(shape[1:])) * dtype.itemsize
    rows = min(CHUNK_BYTES // max(1, row_bytes), shape[0], BLOCK)
    return group.create_dataset(
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
        "Rewards are all 0: a robot that plays has none.",
        "Minari has no place for chosen actions, times, goals, people's interventions, reasons and "
        "the action at an episode's last step; they are in infos, where rumpus finds them again.",
    )
    if not spoilt:
        return lost
    return (*lost, f"{spoilt:,} texts held NUL characters, which HDF5 cannot; they are \ufffd now.")
