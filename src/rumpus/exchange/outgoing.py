"""What goes out of a memory: which episodes, block by block, and what they lack."""

from collections.abc import Iterator, Sequence

import numpy as np

from rumpus.errors import InputError
from rumpus.exchange.columns import Columns, columns_of, readings_of
from rumpus.exchange.transfer import WHOLE, WITH_ABSENCES, Ours
from rumpus.memory.episode import Episode
from rumpus.memory.memory import Memory

BLOCK = 256  # steps in RAM at once


def blocks_of(memory: Memory, episode: Episode) -> Iterator[tuple[Columns, Columns]]:
    """An episode's columns and its readings by sensor name, up to `BLOCK` rows at a time.

    Readings are zeros where a sensor gave nothing: `present`, bool (n, S), says where.
    `step_index` is where in memory each step lies.

    Raises:
        MemoryFault: when a step is damaged.
    """
    end = episode.first + episode.length
    for first in range(episode.first, end, BLOCK):
        steps = [step for _, step in memory.steps(first, min(first + BLOCK, end))]
        index = np.arange(first, first + len(steps))
        columns = columns_of(memory.spec, steps) | {"step_index": index}
        yield columns, readings_of(memory.spec, steps)


def ours_of(memory: Memory, episodes: Sequence[Episode]) -> Ours:
    """What is written for rumpus alone beside these episodes."""
    version = WITH_ABSENCES if any(absences(memory, episodes, "")) else WHOLE
    return Ours(memory.spec, tuple(episodes), version)


def absences(memory: Memory, episodes: Sequence[Episode], instead: str) -> Iterator[str]:
    """A sentence for each sensor that gave nothing at some steps, and what is there instead."""
    for sensor in memory.spec.sensors:
        present = memory.present(sensor.name)
        spans = [slice(e.first, e.first + e.length) for e in episodes]
        if absent := sum(int((~present[span]).sum()) for span in spans):
            yield f"'{sensor.name}' gave nothing at {absent:,} steps; {instead}"


def chosen(memory: Memory, episodes: Sequence[int] | None) -> list[Episode]:
    """The episodes that were asked for by id; all that hold a step where None was asked for.

    Raises:
        InputError: when the memory holds no step, or an episode is not in it or holds none.
    """
    stored = {episode.id: episode for episode in memory.episodes() if episode.length}
    if not stored:
        raise InputError(f"The memory {memory.path} holds no step yet; let the robot play first.")
    if episodes is None:
        return list(stored.values())
    for id_ in episodes:
        if id_ not in stored:
            raise InputError(
                f"The memory {memory.path} has no episode {id_} with a step in it; "
                f"it has {len(stored)}, with ids from {min(stored)} to {max(stored)}."
            )
    if not episodes:
        raise InputError("No episode was named; name at least one, or leave them out for all.")
    return [stored[id_] for id_ in dict.fromkeys(episodes)]
