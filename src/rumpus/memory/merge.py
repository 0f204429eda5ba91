"""Two memories become one: every step that is not there yet is taken over, once.

A step is known by where it was recorded (memory, episode, which step of it), and keeps that name
wherever it is taken; so merging twice, or in circles, adds nothing twice. Interview 28:31.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rumpus.errors import MemoryFault
from rumpus.memory.episode import Episode
from rumpus.memory.memory import Memory
from rumpus.memory.verify import Tick, ticking
from rumpus.spec import RobotSpec
from rumpus.types import Array


@dataclass(frozen=True)
class Merged:
    """What came over.

    Attributes:
        steps: that are new.
        known: steps that were there already.
    """

    steps: int
    known: int


def merge(source: Memory, into: Memory, tick: Tick) -> Merged:
    """Take over what `into` does not hold yet; `source` is only read.

    Raises:
        MemoryFault: when they are of different robots, one memory, or copies of one that both went
            on; or when a step of `source` is damaged: what was taken over before stays, and the
            next merge goes on from there.
    """
    if not source.spec.is_like(into.spec):
        raise MemoryFault(
            f"The memory {source.path} is of the robot {source.spec}, but {into.path} is of "
            f"{into.spec}; only memories of the same robot can be merged."
        )
    if source.path.resolve() == into.path.resolve():
        raise MemoryFault(f"The memory {into.path} was to be merged with itself; name another.")
    by_id = {episode.id: episode for episode in source.episodes()}
    place = places(list(by_id.values()), len(source), source.path, into)
    known, lost = place >= 0, source.episode_of < 0
    for index in ticking(len(source), tick):
        if known[index] or lost[index]:
            continue
        id_, step = next(source.steps(index, index + 1))
        skipped = index - by_id[id_].first
        if skipped == 0 or known[index - 1]:
            begin(into, by_id[id_], skipped)
        goal = place[step.goal_index] if 0 <= step.goal_index < len(place) else -1
        place[index] = into.append(replace(step, goal_index=int(goal)))
    into.flush()
    return Merged(int((~known & ~lost).sum()), int(known.sum()))


def places(episodes: Sequence[Episode], steps: int, source: Path, into: Memory) -> Array:
    """Where in a memory each step of another one, or of a dataset, is already; -1 where it is not.

    Args:
        episodes: of the other one, each with its place there.
        steps: how many it has.
        source: where it is.
        into: the memory.

    Returns:
        int64 (steps,).

    Raises:
        MemoryFault: when they are copies of one memory that both went on.
    """
    pieces: dict[tuple[str, int], list[Episode]] = defaultdict(list)  # of what was recorded as one
    for episode in into.episodes():
        pieces[episode.origin.memory, episode.origin.episode].append(episode)
    place = np.full(steps, -1)
    for episode in episodes:
        duplicates = pieces[episode.origin.memory, episode.origin.episode]
        if any(duplicate.begun_unix_s != episode.begun_unix_s for duplicate in duplicates):
            raise MemoryFault(
                f"{source} and {into.path} are copies of one memory that both went "
                f"on: each has its own episode {episode.origin.episode}; they cannot be told apart "
                "by name and so not be merged."
            )
        for piece in duplicates:
            skipped = piece.origin.first - episode.origin.first
            at = np.arange(max(skipped, 0), min(skipped + piece.length, episode.length))
            place[episode.first + at] = piece.first + at - skipped
    return place


def unsaid(one: RobotSpec, other: RobotSpec) -> tuple[str, ...]:
    """What is to be told of two robots that are taken for one, as far as both say."""
    is_told = bool(one.motor_ranges) == bool(other.motor_ranges)
    doubt = (
        "One of the two does not say how far its motors go: as far as the other's, it is believed."
    )
    return () if is_told else (doubt,)


def begin(into: Memory, episode: Episode, skipped: int) -> None:
    """Begin an episode of another memory, or of a dataset, from one of its steps on."""
    origin = replace(episode.origin, first=episode.origin.first + skipped)
    into.begin_episode(episode.provenance, replace(episode, origin=origin))
