"""Datasets come into a memory: looked through as a whole before the first step is taken.

A format gives rows, as they lie in it. What they become in a memory is decided here, once for all
formats: actions in [-1, 1], steps with a time and a chosen action, new goals. They come in one
transaction, all or none, and an episode that is here already comes no second time: it is known by
where it was recorded, or, where rumpus did not record it, by what it holds.
"""

import hashlib
from abc import ABC, abstractmethod
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rumpus.errors import InputError, RumpusError, WorldError
from rumpus.exchange.transfer import Ours, Transfer, appearing, scaled, step_of
from rumpus.memory.episode import Episode, Origin
from rumpus.memory.memory import Memory
from rumpus.memory.merge import begin, places, unsaid
from rumpus.spec import Readings, RobotSpec
from rumpus.types import Array, Step

TOLERANCE = 1e-4  # of a motor's range, in which floats are rounded
Limits = tuple[Array, Array]  # lowest and highest motor command, float64 (A,) each


class IncomingRow(NamedTuple):
    """One step on its way into a memory.

    Attributes:
        episode: number of its episode in its dataset, from 0.
        frame: which of its episode's steps it is; 0 begins one.
        name: what tells where its episode comes from, where rumpus did not write it.
        columns: what its dataset knows of it, by the names of `transfer.kinds_of`; `step_index`, by
            which goals are told, and `executed_action`, a motor command, are always there.
        readings: of all sensors.
    """

    episode: int
    frame: int
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


@contextmanager
def understood(folder: Path) -> Iterator[None]:
    """Whatever a library makes of a damaged dataset leaves as one sentence.

    Raises:
        InputError: naming the dataset.
    """
    try:
        with np.errstate(all="ignore"):  # what does not fit is infinite, and refused
            yield
    except (RumpusError, ModuleNotFoundError):
        raise
    except Exception as error:  # each library has its own, of any kind
        said = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise InputError(
            f"{folder} cannot be taken in, something in it is damaged ({said}); take another copy."
        ) from error


def import_dataset(dataset: Dataset, memory: Memory) -> Transfer:
    """Add all episodes of a dataset to a memory that it has not yet: all of them, or none.

    Raises:
        InputError: when the dataset is of another robot, damaged, or nothing of it can come.
        MemoryFault: when the disk does not take it, or the memory and what the dataset was made
            of are copies of one memory that both went on.
    """
    _check_robot(dataset, memory)
    episodes, indices = _looked_through(dataset, memory)
    if not episodes:
        why = [note for note in dataset.notes if "lost" in note.lower()] or ["It holds no step."]
        raise InputError(f"Nothing of {dataset.folder} can come in. {why[0]}")
    steps = len(indices)
    place = places(episodes, steps, dataset.folder, memory)
    is_new = place < 0
    place[is_new] = len(memory) + np.arange(is_new.sum())
    goals, astray = _goals(indices, place)
    new = [e for e in episodes if is_new[e.first : e.first + e.length].any()]
    if new:
        with memory.as_one():
            _append(dataset, memory, {e.first: e for e in episodes}, is_new, goals)
    lost = (*dataset.notes, *_missed(dataset, len(episodes), steps, astray))
    lost += unsaid(dataset.spec, memory.spec)
    if known := int((~is_new).sum()):
        lost += (f"{known:,} steps were there already, and do not come twice.",)
    return Transfer(dataset.folder, len(new), steps - known, lost)


@contextmanager
def memory_for(place: Path, spec: RobotSpec) -> Iterator[Memory]:
    """The memory at a place, or a new one, which appears there only when all went well."""
    if Memory.exists(place):
        with Memory.open(place) as memory:
            yield memory
    else:
        with appearing(place) as new, Memory.create(new, spec) as memory:
            yield memory


def _append(
    dataset: Dataset, memory: Memory, begun: dict[int, Episode], is_new: Array, goals: Array
) -> None:
    """Add the steps that are new; an episode of which some are known goes on as one of its own."""
    episode = begun[0]
    every = zip(_steps(dataset), is_new.tolist(), goals.tolist(), strict=True)
    for k, ((_, step), is_missing, goal) in enumerate(every):
        episode = begun.get(k, episode)
        if is_missing:
            if k == episode.first or not is_new[k - 1]:
                begin(memory, episode, k - episode.first)
            memory.append(replace(step, goal_index=goal))


def _check_robot(dataset: Dataset, memory: Memory) -> None:
    def of(spec: RobotSpec) -> tuple[Any, ...]:
        return {s.name: s.shape for s in spec.sensors}, spec.rate_hz

    one, other = dataset.spec, memory.spec
    if of(one) != of(other) or not one.moves_like(other):
        raise InputError(
            f"{dataset.folder} is of the robot {dataset.spec}, but the memory {memory.path} is of "
            f"{memory.spec}; create a memory for the robot of the dataset."
        )


def _looked_through(dataset: Dataset, memory: Memory) -> tuple[list[Episode], Array]:
    """All episodes as they lie in the dataset, and index and goal of every step, int64 (N, 2).

    Every step can be read and is of this robot.
    """
    found, begun = array("q"), list[tuple[IncomingRow, int, Any]]()
    for row, step in _steps(dataset):
        try:
            memory.check(step)
        except (WorldError, InputError) as error:
            raise InputError(
                f"{dataset.folder} cannot be taken in: step {row.frame} of its episode "
                f"{row.episode}: {error}"
            ) from error
        if row.frame == 0:
            begun.append((row, len(found) // 2, hashlib.blake2b(digest_size=16)))
        begun[-1][2].update(_content(step))
        found.extend((int(row.columns["step_index"]), step.goal_index))
    indices = np.reshape(np.asarray(found, np.int64), (-1, 2))
    return _named(dataset, begun, len(indices)), indices


def _named(
    dataset: Dataset, begun: list[tuple[IncomingRow, int, Any]], steps: int
) -> list[Episode]:
    """The episodes that begin with some rows, with what is known of where each was lived.

    Where rumpus did not write it, or its pictures are blurred, it has the name of its content, and
    what a dataset holds twice is counted. Nothing says when that was: it began at 0.
    """
    given, contents, episodes = set[Origin](), Counter[str](), list[Episode]()
    scaling = f"; actions scaled from {dataset.range}" if dataset.range else ""
    stops = [*(first for _, first, _ in begun[1:]), steps]
    for (row, first, digest), stop in zip(begun, stops, strict=False):  # none has no stop
        content = digest.hexdigest()
        contents[content] += 1
        origin = Origin(content, contents[content])
        episode = dataset.stored.get(row.episode, Episode(0, 0, 0, row.name + scaling, 0.0, origin))
        if dataset.is_blurred or episode.origin in given:
            episode = replace(episode, origin=origin)
        given.add(episode.origin)
        episodes.append(replace(episode, first=first, length=stop - first))
    return episodes


def _content(step: Step) -> bytes:
    """What makes a step the one that it is: neither its time nor its place in a dataset."""
    seen = [reading.tobytes() for reading in step.observation.readings.values()]
    done = [step.action.tobytes(), step.executed_action.tobytes(), step.outcome.encode()]
    return b"".join([*seen, *done, bytes([step.terminated, step.truncated])])


def _steps(dataset: Dataset) -> Iterator[tuple[IncomingRow, Step]]:
    """All rows, each with the step that it becomes."""
    spec = dataset.spec
    for k, row in enumerate(dataset.rows()):
        given = row.columns
        if "action" not in given:
            dataset.note("It has one action: that stands for the chosen and the executed one.")
        if "time_s" not in given:
            dataset.note(f"No clock of its own comes in: {spec.rate_hz:g} steps make a second.")
        for name, reading in row.readings.items():
            if not np.can_cast(reading.dtype, spec.sensor(name).dtype):
                dataset.note(f"Readings of '{name}' were {reading.dtype}, and are float32 now.")
        seen = {s.name: row.readings[s.name].astype(s.dtype, copy=False) for s in spec.sensors}
        columns = {"time_s": k / spec.rate_hz, "action": given["executed_action"], **given}
        for name in ("action", "executed_action"):
            command, columns[name] = columns[name], scaled(columns[name], *dataset.limits)
            if dataset.ours is None and np.abs(columns[name]).max() > 1.0 + TOLERANCE:
                raise InputError(
                    f"Step {row.frame} of episode {row.episode} in {dataset.folder} has the action "
                    f"{np.ravel(command)}, but it tells of {spec.motors}; write the true "
                    "ranges into it."
                )
        yield row, step_of(spec, seen, columns)


def _goals(indices: Array, place: Array) -> tuple[Array, int]:
    """Where in memory the goal of each step will be, -1 where none comes before it; how many."""
    index, wanted = indices.T
    order = np.argsort(index)
    at = order[np.searchsorted(index, wanted, sorter=order).clip(max=len(index) - 1)]
    comes = (index[at] == wanted) & (wanted >= 0) & (place[at] < place)
    return np.where(comes, place[at], -1), int((~comes & (wanted >= 0)).sum())


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
    if steps > all_steps > 0:
        yield f"It holds {steps:,} steps, but tells of {all_steps:,}: all that it holds came."
    if astray:
        yield f"{astray:,} goals lie in no step that came before; they are -1."
