"""A run is a folder: config, memory, checkpoint, metrics, report. The same command goes on with it.

RUN/run.json                  the run's id, the world, the seed and every config, written once
RUN/memory/                   every step
RUN/checkpoint.safetensors    the mind: weights, optimisers, priorities, counters, chance, attempts
RUN/metrics.jsonl             a line for every train phase
RUN/report/                   pictures and figures for people
"""

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from rumpus import atomic_file
from rumpus.errors import RunError
from rumpus.run.config import LAYOUT, RunConfig, RunFile, decode


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
    config: RunConfig

    @property
    def memory(self) -> Path:
        """Where every step is kept."""
        return self.path / "memory"

    @property
    def checkpoint(self) -> Path:
        """Where the mind is saved."""
        return self.path / "checkpoint.safetensors"

    @property
    def report(self) -> Path:
        """Where pictures and figures for people go; made when asked for."""
        folder = self.path / "report"
        folder.mkdir(exist_ok=True)
        return folder

    def log(self, line: dict[str, Any]) -> None:
        """Append one line of figures to metrics.jsonl.

        Raises:
            RunError: when the disk does not take it.
        """
        try:
            with (self.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise RunError(
                f"The figures of {self.path} cannot be written: {error.strerror}; "
                "make room on the disk and run the same command again."
            ) from error


def begin(path: Path, config: RunConfig) -> Run:
    """Make the folder of a new run.

    Raises:
        RunError: when the folder cannot be made or holds something else.
    """
    try:
        # What is left of a run whose beginning was cut short is no reason to refuse.
        if path.exists() and (not path.is_dir() or set(path.iterdir()) - {path / "run.json.part"}):
            raise RunError(f"{path} exists and is not a run of rumpus; name a new folder.")
        atomic_file.make_folder(path)
        file = RunFile(LAYOUT, uuid.uuid4().hex, config)
        atomic_file.write(path / "run.json", msgspec.json.format(msgspec.json.encode(file)))
    except OSError as error:
        raise RunError(f"The run {path} cannot be made: {error.strerror}; name a folder "
                       "on a disk with room that you may write to.") from error  # fmt: skip
    return Run(path, file.id, config)


def is_run(path: Path) -> bool:
    """Whether a run was begun there."""
    return (path / "run.json").is_file()


def open_run(path: Path) -> Run:
    """The run in a folder.

    Raises:
        RunError: when there is none, or its run.json cannot be understood.
    """
    if not is_run(path):
        raise RunError(f"There is no run in {path}: it holds no run.json; "
                       "give the folder that `rumpus play` was given as --run.")  # fmt: skip
    try:
        file = decode((path / "run.json").read_bytes())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RunError(f"{path / 'run.json'} cannot be understood: {error}; "
                       "restore it or begin a new run.") from error  # fmt: skip
    except OSError as error:
        raise RunError(f"{path / 'run.json'} cannot be read: {error.strerror}.") from error
    return Run(path, file.id, file.config)
