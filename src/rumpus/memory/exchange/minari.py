"""Minari: a dataset in the HDF5 layout of Minari 0.5, out of a memory and into one.

A dataset is a folder with `data/metadata.json` and `data/main_data.hdf5`. An episode of N steps
has N observations and the N - 1 moves between them; `infos` are as long as the observations, and
there every step keeps what Minari has no place for, so that a memory comes back as it went.
"""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from rumpus.errors import InputError
from rumpus.memory.episode import Episode
from rumpus.memory.exchange.hdf5_file import PatientFile, new_hdf5
from rumpus.memory.exchange.minari_dataset import Dataset, open_dataset
from rumpus.memory.exchange.minari_layout import (
    DATA,
    METADATA,
    MINARI_VERSION,
    OURS,
    action_space,
    columns,
    key,
    observation_space,
)
from rumpus.memory.exchange.transfer import Transfer, appearing, chosen
from rumpus.memory.memory import Memory
from rumpus.spec import RobotSpec
from rumpus.types import Array, Step

USUAL_RATE_HZ = 10.0
BLOCK = 256  # steps in RAM at once
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
    lived = chosen(memory, episodes)
    steps = sum(episode.length for episode in lived)
    spoilt = 0
    with appearing(folder) as new:
        (new / DATA).parent.mkdir(parents=True)
        with new_hdf5(new / DATA) as (file, disk):
            for k, episode in enumerate(lived):
                spoilt += _write(file.create_group(f"episode_{k}"), memory, episode, k, disk)
        about = {
            "dataset_id": _dataset_id(folder.name),
            "total_episodes": len(lived),
            "total_steps": steps - len(lived),
            "dataset_size": round((new / DATA).stat().st_size / 1e6, 1),
            **_about(memory.spec),
        }
        (new / METADATA).write_text(json.dumps(about))
    return Transfer(folder, len(lived), steps, _lost(spoilt))


def minari_spec(folder: Path, rate_hz: float = USUAL_RATE_HZ) -> RobotSpec:
    """The robot whose memory can take a Minari dataset: create a memory for it, then import.

    Args:
        folder: of the dataset.
        rate_hz: control steps a second, which Minari does not tell; where rumpus wrote the
            dataset, the robot's own rate is known and this one does not matter.

    Raises:
        InputError: when the folder holds no Minari dataset, or one of a robot that rumpus is not
            made for.
    """
    return open_dataset(folder, rate_hz).spec


def import_minari(folder: Path, memory: Memory) -> Transfer:
    """Add all episodes of a Minari dataset to a memory, as new ones.

    A dataset that rumpus wrote comes back as it was: also wishes, times, goals and reasons. In any
    other one the actions were both wish and deed, they are brought to [-1, 1], the last step of an
    episode has the action 0, and the clock ticks at the robot's rate. All but the bytes of pictures
    is checked before the first step is taken.

    Raises:
        InputError: when the folder holds no such dataset, it is damaged, or it is of a robot with
            other sensors or another action.
        MemoryFault: when the disk does not take it.
        ModuleNotFoundError: when h5py is missing.
    """
    dataset = open_dataset(folder, memory.spec.rate_hz)
    _check_same(dataset, memory)
    with dataset.episodes() as episodes:
        lived = np.concatenate([episode.columns()["step_index"] for episode in episodes])
        base = len(memory)
        strange = 0
        for episode in episodes:
            told = episode.columns()
            moved = _moved(told["goal_index"], lived, base)
            strange += int(np.sum((moved < 0) & (told["goal_index"] >= 0)))
            memory.begin_episode(episode.provenance)
            for step in episode.steps(told | {"goal_index": moved}):
                memory.append(step)
        memory.flush()
        lost = [sentence for episode in episodes for sentence in episode.lost()]
    return Transfer(folder, len(episodes), len(lived), _not_taken(dataset, lost, strange))


def _check_same(dataset: Dataset, memory: Memory) -> None:
    for part in ("sensors", "action_size"):
        theirs, ours = getattr(dataset.spec, part), getattr(memory.spec, part)
        if theirs != ours:
            raise InputError(
                f"The Minari dataset {dataset.folder} is of a robot with the {part} {theirs}, but "
                f"the memory {memory.path} has {ours}; import it into a memory of its own."
            )


def _moved(goals: Array, lived: Array, base: int) -> Array:
    """Where in memory the goals are now; -1 for none, and where the goal's step did not come."""
    order = np.argsort(lived)
    at = order[np.searchsorted(lived, goals, sorter=order).clip(max=len(lived) - 1)]
    return np.where(lived[at] == goals, base + at, -1)


def _not_taken(dataset: Dataset, lost: list[str], strange: int) -> tuple[str, ...]:
    if dataset.ours:
        told = ["The wall clock of each episode's beginning is that of the import."]
    else:
        told = [
            f"The clock ticks {dataset.spec.rate_hz:g} times a second: Minari keeps no times.",
            "Minari keeps one action for wish and deed; they are equal, in [-1, 1], and 0 at the "
            "last step of an episode.",
        ]
    if strange:
        told.append(f"{strange:,} goals were lived in episodes that are not in it; they are -1.")
    return tuple(dict.fromkeys(told + lost))


def _write(group: Any, memory: Memory, episode: Episode, number: int, disk: PatientFile) -> int:
    """Write one episode; returns how many of its texts HDF5 could not hold as they are."""
    group.attrs.update(
        id=number,
        total_steps=episode.length - 1,
        rumpus_id=episode.id,
        provenance=episode.provenance.replace(NUL, REPLACEMENT),
        begun_unix_s=episode.begun_unix_s,
    )
    spoilt = int(NUL in episode.provenance)
    for first in range(0, episode.length, BLOCK):
        last = min(first + BLOCK, episode.length)
        steps = [memory.step(episode.first + k) for k in range(first, last)]
        for sensor in memory.spec.sensors:
            frames = np.stack([step.observation.sensors[sensor.name] for step in steps])
            _extend(group, f"observations/{key(sensor.name)}", frames)
        infos = _infos(memory.spec, steps, episode.first + first)
        for name, values in infos.items():
            _extend(group, f"infos/{name}", values)
        for name, values in _moves(infos, first == 0, last == episode.length):
            _extend(group, name, values)
        disk.check()
        spoilt += sum(NUL in step.goal_reason or NUL in step.clip_reason for step in steps)
    return spoilt


def _infos(spec: RobotSpec, steps: list[Step], first: int) -> dict[str, Array]:
    """The rows of `columns` for some consecutive steps."""
    seen = [step.observation for step in steps]
    rows: dict[str, Any] = {
        "time_s": [moment.time_s for moment in seen],
        "step_index": range(first, first + len(steps)),
    }
    for sensor in spec.sensors:
        times = [moment.captured_s.get(sensor.name, moment.time_s) for moment in seen]
        rows[f"captured_s/{key(sensor.name)}"] = times
    infos = {}
    for name, (dtype, _) in columns(spec).items():
        values = rows[name] if name in rows else [getattr(step, name) for step in steps]
        infos[name] = _texts(values) if dtype is str else np.array(values, dtype)
    return infos


def _texts(values: list[str]) -> Array:
    return np.array([value.replace(NUL, REPLACEMENT) for value in values], object)


def _moves(infos: dict[str, Array], begins: bool, ends: bool) -> Iterator[tuple[str, Array]]:
    """A move is the deed at one step, and whether the next step ended the episode."""
    left = slice(0, -1) if ends else slice(None)
    reached = slice(1, None) if begins else slice(None)
    yield "actions", infos["executed_action"][left]
    yield "rewards", np.zeros(len(infos["terminated"][reached]))
    yield "terminations", infos["terminated"][reached]
    yield "truncations", infos["truncated"][reached]


def _extend(group: Any, name: str, values: Array) -> None:
    """Add rows to a dataset that can grow; made where it is missing."""
    import h5py

    if name not in group:
        shape, text = values.shape[1:], values.dtype == object
        fit = CHUNK_BYTES // max(1, values[:1].nbytes)  # whole pictures, so that one is read alone
        group.create_dataset(
            name,
            (0, *shape),
            h5py.string_dtype() if text else values.dtype,
            chunks=(max(1, min(fit, len(values))), *shape),
            maxshape=(None, *shape),
            fletcher32=not text,  # a checksum, by which HDF5 notices a flipped byte
        )
    dataset = group[name]
    dataset.resize(len(dataset) + len(values), axis=0)
    if len(values):
        dataset[-len(values) :] = values


def _about(spec: RobotSpec) -> dict[str, Any]:
    """The metadata of every dataset of one robot; the last entry is for rumpus alone."""
    return {
        "data_format": "hdf5",
        "jpeg_encoding": False,  # Minari's own way with pictures is lossy
        "observation_space": observation_space(spec),
        "action_space": action_space(spec),
        "minari_version": MINARI_VERSION,
        "algorithm_name": "rumpus",
        "description": f"The memory of the robot {spec.name}, which played without reward.",
        OURS: {"spec": msgspec.to_builtins(spec)},
    }


def _dataset_id(folder: str) -> str:
    """The folder's name where Minari can read it, else the nearest that it can."""
    if re.fullmatch(r"[-\w]+-v\d+", folder):
        return folder
    return re.sub(r"[^-\w]", "-", folder) + "-v0"


def _lost(spoilt: int) -> tuple[str, ...]:
    lost = (
        "Rewards are all 0: a robot that plays has none.",
        "Minari has no place for wishes, times, goals, people's interventions, reasons and the "
        "deed at an episode's last step; they are in infos, where rumpus finds them again.",
    )
    if not spoilt:
        return lost
    return (*lost, f"{spoilt:,} texts held NUL characters, which HDF5 cannot; they are \ufffd now.")
