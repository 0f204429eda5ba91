"""LeRobot datasets: a memory becomes one, and one becomes a memory.

LeRobot itself is not needed and never imported; its dataset format v3.0 is spoken here. What that
format cannot hold is told in sentences. Needs the extra `exchange` (pyarrow, and av for videos).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rumpus.errors import InputError, missing_extra
from rumpus.exchange.incoming import import_dataset
from rumpus.exchange.transfer import Transfer
from rumpus.memory.memory import Memory
from rumpus.spec import RobotSpec


def export_lerobot(memory: Memory, folder: Path, video: bool = False) -> Transfer:
    """Write a whole memory as a LeRobot dataset v3.0, which LeRobot's own reader loads.

    The dataset appears under its name only when it is whole. `action` is the executed one, as
    LeRobot's users expect; the chosen one is `rumpus.action`.

    Args:
        memory: may still be written to by another program; its durable steps are taken.
        folder: where to; must not exist.
        video: pictures as H.264 videos, smaller and lossy, instead of PNG, bit for bit.

    Raises:
        InputError: when the folder exists, the memory is empty, a picture does not fit, or the
            extra `exchange` is not installed.
        MemoryFault: when the disk does not take it, or a step is damaged.
    """
    with _extra():
        from rumpus.exchange.lerobot import export

        return export.export(memory, folder, video)


def import_lerobot(folder: Path, memory: Memory) -> Transfer:
    """Take a LeRobot dataset v3.0 into a memory: rumpus's own, or anybody's.

    A dataset whose recording was killed lacks the footers of its files, and of a video the end;
    what is whole comes in, every episode up to its first lack, and what is lost is told.

    Args:
        folder: the dataset, left as it is.
        memory: open for writing, of a robot as `lerobot_spec` says it.

    Raises:
        InputError: when the dataset cannot be read, nothing of it survives, its robot is not the
            memory's, or the extra `exchange` is not installed; the memory is as it was.
        MemoryFault: when the disk does not take it.
    """
    with _extra():
        from rumpus.exchange.lerobot.dataset import LeRobotDataset

        return import_dataset(LeRobotDataset(folder), memory)


def lerobot_spec(folder: Path) -> RobotSpec:
    """The robot of a LeRobot dataset, to create a memory for it.

    Raises:
        InputError: when the dataset cannot be read, or has neither a sensor nor an action that
            rumpus knows.
    """
    with _extra():
        from rumpus.exchange.lerobot.dataset import LeRobotDataset

        return LeRobotDataset(folder).spec


@contextmanager
def _extra() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if (remedy := missing_extra(error)) is None:
            raise
        raise InputError(f"Exchange with LeRobot {remedy}") from error
