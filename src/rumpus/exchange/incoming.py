"""Datasets come into a memory: looked through as a whole before the first step is taken."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from rumpus.errors import InputError, WorldError
from rumpus.exchange.transfer import Transfer, appearing
from rumpus.memory.episode import Episode, Origin
from rumpus.memory.memory import Memory
from rumpus.spec import RobotSpec
from rumpus.types import Array, Step


@dataclass(frozen=True)
class IncomingEpisode:
    """One episode on its way into a memory.

    Attributes:
        provenance: where it comes from.
        steps: each with its index where it was recorded; their goals are such indices too.
        stored: what is known of when and where, where rumpus wrote the dataset.
    """

    provenance: str
    steps: Iterator[tuple[int, Step]]
    stored: Episode | None


class Dataset(Protocol):
    """A dataset that is open for reading, of whatever format."""

    folder: Path

    @property
    def spec(self) -> RobotSpec:
        """The robot."""

    def episodes(self) -> Iterator[IncomingEpisode]:
        """All there are, from the first on whenever it is called; one is read before the next."""

    def lost(self, episodes: int, steps: int) -> Iterator[str]:
        """Sentences on what did not come, given how many did."""


def import_dataset(dataset: Dataset, memory: Memory) -> Transfer:
    """Add all episodes of a dataset to a memory, as new ones; a refused one changes nothing.

    Raises:
        InputError: when the dataset is of another robot, or damaged.
        MemoryFault: when the disk does not take it; what came before that stays.
    """
    _check_robot(dataset, memory)
    index, base = _looked_through(dataset, memory), len(memory)
    goal_at = _finder(index, base)
    known = {(e.origin.memory, e.origin.episode) for e in memory.episodes()}
    episodes = astray = 0
    for incoming in dataset.episodes():
        for k, (_, step) in enumerate(incoming.steps):
            if k == 0:
                memory.begin_episode(incoming.provenance, _stored(incoming, memory, known))
                episodes += 1
            goal = goal_at(step.goal_index)
            astray += goal < 0 <= step.goal_index
            memory.append(replace(step, goal_index=goal))
    memory.flush()
    lost = list(dataset.lost(episodes, len(index)))
    if astray:
        lost.append(f"{astray:,} goals lie in steps that did not come; they are -1.")
    return Transfer(dataset.folder, episodes, len(index), tuple(lost))


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
        return {s.name: s.shape for s in spec.sensors}, spec.action_size, spec.rate_hz

    if of(dataset.spec) != of(memory.spec):
        raise InputError(
            f"{dataset.folder} is of the robot {dataset.spec}, but the memory {memory.path} is of "
            f"{memory.spec}; create a memory for the robot of the dataset."
        )


def _looked_through(dataset: Dataset, memory: Memory) -> Array:
    """The index of every step, all of which can be read and are of this robot."""

    def indices() -> Iterator[int]:
        for incoming in dataset.episodes():
            for index, step in incoming.steps:
                try:
                    memory.check(step)
                except (WorldError, InputError) as error:
                    raise InputError(f"{dataset.folder} cannot be taken in: {error}") from error
                yield index

    return np.fromiter(indices(), np.int64)


def _finder(index: Array, base: int) -> Callable[[int], int]:
    """Where in memory a step will be, given its index in the dataset; -1 where it does not come."""
    order = np.argsort(index)

    def find(wanted: int) -> int:
        at = int(np.searchsorted(index, wanted, sorter=order))
        at = int(order[min(at, len(index) - 1)])
        return base + at if wanted == index[at] else -1

    return find


def _stored(
    incoming: IncomingEpisode, memory: Memory, known: set[tuple[str, int]]
) -> Episode | None:
    """What is kept of when and where; an episode that is here already comes as one of its own."""
    stored = incoming.stored
    if stored is not None and (stored.origin.memory, stored.origin.episode) in known:
        return replace(stored, origin=Origin(memory.id))
    return stored
