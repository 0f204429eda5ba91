"""What makes files and their names durable: they are there after power loss too."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Make a file, or a folder and all in it, durable; its own name is `sync_name`'s."""
    if path.is_dir():
        for part in path.iterdir():
            sync(part)
    _sync(path)


def sync_name(path: Path) -> None:
    """Make the name of a file or folder durable; its own fsync does not cover it."""
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
