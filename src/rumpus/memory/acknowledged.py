"""How many steps were acknowledged, written down apart from the store that holds them.

Were the end of the store lost (a cut file, an older copy put back), the store alone would not
know. The figure is written after each transaction and left to the system to bring to the disk:
it survives kill -9; after power loss it may be an older one, never one too great.
"""

import os
from pathlib import Path

FILE_NAME = "acknowledged"


def write(folder: Path, count: int) -> None:
    """Write down that so many steps are durable; over the old figure, so that it needs no room."""
    descriptor = os.open(folder / FILE_NAME, os.O_WRONLY | os.O_CREAT, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(f"{count:020}\n".encode())


def read(folder: Path) -> int:
    """How many steps were said to be durable; 0 where nothing is said that can be understood."""
    try:
        return int((folder / FILE_NAME).read_bytes())
    except (FileNotFoundError, ValueError):
        return 0
