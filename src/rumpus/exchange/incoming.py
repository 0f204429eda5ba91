"""Datasets come into a memory: looked through as a whole before the first step is taken.

A format gives rows, as they lie in it. What they become in a memory is decided here, once for all
formats: actions in [-1, 1], steps with a time and a chosen action, new goals.
"""

from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rumpus.errors import InputError, WorldError
from rumpus.exchange.transfer import Ours, Transfer, appearing, scaled, step_of
from rumpus.memory.episode import Episode, Origin
from rumpus.memory.memory import Memory
from rumpus.spec import Readings, RobotSpec
from rumpus.types import Array, Step

Limits = tuple[Array, Array]  # lowest and highest motor command, float64 (A,) each


class IncomingRow(NamedTuple):
    """One step on its way into a memory.

    Attributes:
        episode: number of its episode in its dataset, from 0.
        name: what tells where its episode comes from, where rumpus did not write it.
        columns: what its dataset knows of it, by the names of `transfer.kinds_of`; `step_index`, by
            which goals are told, and `executed_action`, a motor command, are always there.
        readings: of all sensors.
    """

    episode: int
    name: str
    columns: Mapping[str, Any]
    readings: Readings


class Dataset(ABC):
    """A dataset that is open for reading, of whatever format.

    Attributes:
        folder: where it is.
        spec: the robot.
        ours: what rumpus tells, where rumpus wrote it.
        stored: by number, the episodes that it tells of.
        limits: the motor commands that become -1 and 1.
        announced: how many episodes and steps it says that it has.
        is_blurred: its pictures are not exactly those that were seen.
        notes: sentences on what cannot be kept as it is, each once.
    """

    spec: RobotSpec
    limits: Limits = (np.full(1, -1.0), np.full(1, 1.0))
    announced: tuple[int, int] = (0, 0)
    is_blurred: bool = False

    def __init__(self, folder: Path, ours: Ours | None) -> None:
        """Begin without a note; whoever derives from this says what `spec` is."""
        self.folder, self.ours = folder, ours
        self.stored = dict(enumerate(ours.episodes if ours else ()))
        self.notes: dict[str, None] = {}

    @abstractmethod
    def rows(self) -> Iterator[IncomingRow]:
        """All there are, one episode after the other, from the first on whenever it is called.

        Raises:
            InputError: when one is damaged.
        """

    def note(self, sentence: str) -> None:
        """Say something once, however often it is found."""
        self.notes[sentence] = None

    def motor_ranges(self, action_size: int) -> tuple[tuple[float, float], ...]:
        """The motor commands that become -1 and 1, for each of A motors."""
        low, high = (np.broadcast_to(np.ravel(end), action_size).tolist() for end in self.limits)
        return tuple(zip(low, high, strict=True))

    @property
    def range(self) -> str:
        """The motor commands that are scaled to [-1, 1], in words; "" where they are in it."""
        low, high = self.limits
        if (low == -1.0).all() and (high == 1.0).all():
            return ""
        return f"{np.ravel(low).tolist()} to {np.ravel(high).tolist()}"


def import_dataset(dataset: Dataset, memory: Memory) -> Transfer:
    """Add all episodes of a dataset to a memory, as new ones; a refused one changes nothing.

    Raises:
        InputError: when the dataset is of another robot, or damaged.
        MemoryFault: when the disk does not take it; what came before that stays.
    """
    _check_robot(dataset, memory)
    looked = _looked_through(dataset, memory)
    goals, astray = _goals(looked, len(memory))
    known = {(e.origin.memory, e.origin.episode) for e in memory.episodes()}
    begun: list[int] = []
    for (row, step), goal in zip(_steps(dataset), goals.tolist(), strict=True):
        if row.episode not in begun[-1:]:
            memory.begin_episode(*_origin(dataset, row, memory, known))
            begun.append(row.episode)
        memory.append(replace(step, goal_index=goal))
    memory.flush()
    lost = (*dataset.notes, *_missed(dataset, len(begun), len(looked), astray))
    return Transfer(dataset.folder, len(begun), len(looked), lost)


@contextmanager
def memory_for(place: Path, spec: RobotSpec) -> Iterator[Memory]:
    """The memory at a place, or a new one, which appears there only when all went well."""
    if Memory.exists(place):
        with Memory.open(place) as memory:
            yield memory
    else:
        with appearing(place) as new, Memory.create(new, spec) as memory:
            yield memory


def _check_robot(dataset: Dataset, memory: Memory) -> None:
    def of(spec: RobotSpec) -> tuple[Any, ...]:
        return {s.name: s.shape for s in spec.sensors}, spec.rate_hz

    one, other = dataset.spec, memory.spec
    if of(one) != of(other) or not one.moves_like(other):
        raise InputError(
            f"{dataset.folder} is of the robot {dataset.spec}, but the memory {memory.path} is of "
            f"{memory.spec}; create a memory for the robot of the dataset."
        )


def _looked_through(dataset: Dataset, memory: Memory) -> Array:
    """Index and goal of every step, int64 (N, 2); all can be read and are of this robot."""
    found = array("q")
    for row, step in _steps(dataset):
        try:
            memory.check(step)
        except (WorldError, InputError) as error:
            raise InputError(f"{dataset.folder} cannot be taken in: {error}") from error
        found.extend((int(row.columns["step_index"]), step.goal_index))
    return np.reshape(np.asarray(found, np.int64), (-1, 2))


def _steps(dataset: Dataset) -> Iterator[tuple[IncomingRow, Step]]:
    """All rows, each with the step that it becomes."""
    spec = dataset.spec
    for row in dataset.rows():
        given = row.columns
        if "action" not in given:
            dataset.note("It has one action: that stands for the chosen and the executed one.")
        if "time_s" not in given:
            dataset.note(f"It has no clock: {spec.rate_hz:g} steps are taken for a second.")
        for name, reading in row.readings.items():
            if not np.can_cast(reading.dtype, spec.sensor(name).dtype):
                dataset.note(f"Readings of '{name}' were {reading.dtype}, and are float32 now.")
        seen = {s.name: row.readings[s.name].astype(s.dtype, copy=False) for s in spec.sensors}
        time_s = given["step_index"] / spec.rate_hz
        columns = {"time_s": time_s, "action": given["executed_action"], **given}
        for name in ("action", "executed_action"):
            columns[name] = scaled(columns[name], *dataset.limits)
        yield row, step_of(spec, seen, columns)


def _goals(looked: Array, base: int) -> tuple[Array, int]:
    """Where in memory the goal of each step will be, -1 where it does not come; how many do not."""
    index, wanted = looked.T
    order = np.argsort(index)
    at = order[np.searchsorted(index, wanted, sorter=order).clip(max=len(index) - 1)]
    comes = index[at] == wanted
    return np.where(comes, base + at, -1), int((~comes & (wanted >= 0)).sum())


def _origin(
    dataset: Dataset, row: IncomingRow, memory: Memory, known: set[tuple[str, int]]
) -> tuple[str, Episode | None]:
    """Provenance of an episode, and what is kept of when and where it was lived.

    One that is here already, or whose pictures are blurred, comes as one of its own.
    """
    stored = dataset.stored.get(row.episode)
    if stored is None:
        scaling = f"; actions scaled from {dataset.range}" if dataset.range else ""
        return row.name + scaling, None
    if dataset.is_blurred or (stored.origin.memory, stored.origin.episode) in known:
        stored = replace(stored, origin=Origin(memory.id))
    return stored.provenance, stored


def _missed(dataset: Dataset, episodes: int, steps: int, astray: int) -> Iterator[str]:
    """Sentences on what is other than in the dataset, given what came."""
    if dataset.range:
        yield "Actions were scaled to [-1, 1]; each episode's provenance tells from which range."
    all_episodes, all_steps = dataset.announced
    if steps < all_steps:
        yield (
            f"Lost: {all_episodes - episodes:,} of {all_episodes:,} episodes and "
            f"{all_steps - steps:,} of {all_steps:,} frames."
        )
    if astray:
        yield f"{astray:,} goals lie in steps that did not come; they are -1."
