"""How many steps were acknowledged, written down apart from the store that holds them.

Were the end of the store lost (a cut file, an older copy put back), the store alone would not
know. The figure is written after each transaction and left to the system to bring to the disk:
it survives kill -9; after power loss it may be an older one, never one too great. It says of which
memory it is, and has a checksum: a store put in from elsewhere and a wrong digit are told.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from rumpus.atomic_file import sealed, unsealed

FILE_NAME = "acknowledged"
_OLDER_BYTES = 21  # of the figure alone, as it was written before it had a checksum


@dataclass(frozen=True)
class Acknowledged:
    """What the file says.

    Attributes:
        memory: id of the memory; "" where that is not said.
        count: steps that are durable.
    """

    memory: str = ""
    count: int = 0


def write(folder: Path, memory: str, count: int) -> None:
    """Write down that so many steps are durable; over the old figure, so that it needs no room."""
    descriptor = os.open(folder / FILE_NAME, os.O_WRONLY | os.O_CREAT, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(sealed(f"{memory} {count:020}\n".encode()))
        file.truncate()


def read(folder: Path) -> Acknowledged | None:
    """What is said to be durable; None where nothing is said that can be believed."""
    # Twice, as another program may just be writing it.
    return _read(folder) or _read(folder)


def _read(folder: Path) -> Acknowledged | None:
    try:
        file = (folder / FILE_NAME).read_bytes()
        if len(file) == _OLDER_BYTES:
            return Acknowledged("", int(file))
        memory, count = (unsealed(file) or b"").decode().split()
        return Acknowledged(memory, int(count))
    except (FileNotFoundError, ValueError):
        return None
