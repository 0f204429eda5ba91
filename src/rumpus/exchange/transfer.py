"""What all formats have in common: a target that appears whole, and what is told of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rumpus.atomic_file import sync, sync_name
from rumpus.errors import InputError, MemoryFault
from rumpus.memory.episode import Episode
from rumpus.spec import RobotSpec

WHOLE, WITH_ABSENCES = 1, 2  # versions of what rumpus alone reads in a dataset


@dataclass(frozen=True)
class Transfer:
    """What went out of a memory or came into one, and what did not.

    Attributes:
        path: the file or folder that was written or read.
        episodes: how many.
        steps: how many, over all of them.
        lost: one sentence for each thing that could not be kept.
    """

    path: Path
    episodes: int
    steps: int
    lost: tuple[str, ...]


@dataclass(frozen=True)
class Ours:
    """What a dataset that rumpus wrote tells rumpus alone.

    Attributes:
        spec: the robot.
        episodes: as they were in the memory, in the order of the dataset.
        version: the first rumpus that reads it right: `WHOLE`, or `WITH_ABSENCES` of readings.
    """

    spec: RobotSpec
    episodes: tuple[Episode, ...] = ()
    version: int = WHOLE

    def episode(self, number: int) -> Episode | None:
        """One of them, counted from 0; None where there is none."""
        return self.episodes[number] if number < len(self.episodes) else None

    def check(self, file: Path) -> None:
        """Refuse what a newer rumpus wrote.

        Raises:
            InputError: naming the file.
        """
        if self.version > WITH_ABSENCES:
            raise InputError(
                f"{file} has rumpus's version {self.version}, but this rumpus knows "
                f"{WITH_ABSENCES}; use a newer rumpus."
            )


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """Give a place to write to, beside the target, that becomes it when all went well.

    A file or folder under the target's own name is thus always a whole one, also after power loss;
    a killed export leaves its NAME.new-*, which nothing needs.

    Raises:
        InputError: when the target is there already.
        MemoryFault: when the disk does not take it.
    """
    if target.exists() or target.is_symlink():
        raise InputError(f"{target} is there already, and is not overwritten; give another name.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f"{target.name}.new-", dir=target.parent) as scratch:
            new = Path(scratch) / target.name
            yield new
            sync(new)
            new.rename(target)
        sync_name(target)
    except OSError as error:
        raise MemoryFault(
            f"{target} cannot be written: {error.strerror or error}; make room there, or name "
            "another place."
        ) from error
