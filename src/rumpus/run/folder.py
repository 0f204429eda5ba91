"""A run is a folder: config, memory, checkpoint, metrics, report. The same command goes on with it.

RUN/run.json                  the run's id, the world, the seed and every config, written once
RUN/memory/                   every step
RUN/checkpoint.safetensors    the mind: weights, optimisers, priorities, counters, chance, attempts
RUN/metrics.jsonl             a line for every train phase
RUN/report/                   pictures and figures for people

A memory that was there first, an imported one say, may lie in RUN itself instead of RUN/memory.
"""

import itertools
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from rumpus import atomic_file
from rumpus.errors import InputError, RunError, writing
from rumpus.memory.database import FILE_NAME, lock
from rumpus.run import metrics, mind_file
from rumpus.run.layout import memory_in, sealed

if TYPE_CHECKING:  # it loads torch, and a folder that is none should be told at once
    from rumpus.run.config import RunConfig


@dataclass(frozen=True)
class Run:
    """The folder of one run and what it was begun with.

    Attributes:
        path: the folder.
        id: of the run; "" where it was begun before runs had one.
        config: what it was begun with.
    """

    path: Path
    id: str
    config: "RunConfig"

    @property
    def memory(self) -> Path:
        """Where every step is kept."""
        return memory_in(self.path)

    @property
    def checkpoint(self) -> Path:
        """Where the mind is saved."""
        return self.path / mind_file.FILE_NAME

    @property
    def log_file(self) -> Path:
        """Where a line of figures is kept for every train phase."""
        return self.path / metrics.FILE_NAME

    @property
    def report(self) -> Path:
        """Where pictures and figures for people go; made when asked for."""
        folder = self.path / "report"
        with writing("report", folder):
            folder.mkdir(exist_ok=True)
        return folder

    def log(self, line: dict[str, Any]) -> None:
        """Append one line of figures to metrics.jsonl.

        Raises:
            RunError: when the disk does not take it.
        """
        with writing("figures", self.log_file), self.log_file.open("ab") as file:
            file.write(metrics.sealed(self.id, line))


def begin(path: Path, config: "RunConfig", anew: bool = False) -> Run:
    """Make the folder of a new run, or make one of a folder that holds a memory alone.

    Args:
        path: the folder.
        config: what it is begun with.
        anew: whether a run that lost its run.json, or has one that means nothing, begins again with
            its memory.

    Raises:
        RunError: when the folder cannot be made or holds something else.
        MemoryFault: when another program writes the memory in it.
    """
    with _making(path):
        # What is left of a run whose beginning was cut short is no reason to refuse.
        left = {path / "run.json.part"}
        taken = path.exists() and (not path.is_dir() or set(path.iterdir()) - left)
        memory = memory_in(path) if anew else path
        if (memory / FILE_NAME).exists():
            with lock(memory):
                pass  # whoever plays there has read its run.json, and goes on by it
        elif taken:
            check_not_lost(path)
            raise RunError(f"{path} exists and is not a run of rumpus; name a new folder.")
        atomic_file.make_folder(path)
        for file in (path / "run.json", path / metrics.FILE_NAME):  # a new run has another id
            put_aside(file)
    return _written(Run(path, uuid.uuid4().hex, config))


def put_aside(file: Path) -> str:
    """Give what cannot be used another name, so that nothing is written over it; which one."""
    others = (file.with_name(f"{file.name}.old{n}") for n in itertools.count(1))
    aside = next(other for other in others if not other.exists())
    if file.exists():
        file.rename(aside)
        atomic_file.sync_name(file)
    return aside.name


def give_world(run: Run, world: str) -> Run:
    """Give a run that learned from a memory alone the world that it plays in from now on.

    Raises:
        RunError: when the folder does not take it.
    """
    return _written(replace(run, config=replace(run.config, world=world)))


def _written(run: Run) -> Run:
    with _making(run.path):
        atomic_file.write(run.path / "run.json", sealed(run.id, run.config))
    return run


@contextmanager
def _making(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunError(f"The run {path} cannot be made: {error.strerror}; name a folder "
                       "on a disk with room that you may write to.") from error  # fmt: skip


def is_run(path: Path) -> bool:
    """Whether a run was begun there."""
    return (path / "run.json").is_file()


def check_run(path: Path) -> None:
    """Refuse a folder in which no run was begun, before anything is loaded for it.

    Raises:
        RunError: naming the folder.
    """
    if not is_run(path):
        check_not_lost(path)
        raise RunError(f"There is no run in {path}: it holds no run.json; "
                       "give the folder that `rumpus play` was given as --run.")  # fmt: skip


def check_not_lost(path: Path) -> None:
    """Refuse a folder that holds what a run remembers, but not what it was begun with.

    Raises:
        RunError: saying how its memory goes on.
    """
    if (path / "memory").is_dir():
        raise RunError(f"The run {path} has lost its run.json, which says how it began; put it "
                       f"back from a copy, or {from_memory(path)}")  # fmt: skip


def from_memory(path: Path) -> str:
    """How a run goes on whose run.json or mind cannot be used."""
    return f"go on from memory alone: rumpus play WORLD --run {path} --new-mind."


def open_run(path: Path) -> Run:
    """The run in a folder.

    Raises:
        RunError: when there is none, or its run.json cannot be understood.
    """
    check_run(path)
    from rumpus.run.config import decode

    try:
        file = decode((path / "run.json").read_bytes())
    except (msgspec.DecodeError, InputError) as error:
        raise RunError(f"{path / 'run.json'} cannot be understood: {error}; put it back from a "
                       f"copy, or {from_memory(path)}") from error  # fmt: skip
    except OSError as error:
        raise RunError(f"{path / 'run.json'} cannot be read: {error.strerror}.") from error
    return Run(path, file.id, file.config)
