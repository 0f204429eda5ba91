"""What makes files and their names durable: they are there after power loss too.

A file's own fsync does not bring its name, nor its folder's, to the disk.
"""

import os
from pathlib import Path


def make_folder(folder: Path) -> None:
    """Make a folder, with those above it, that no power loss takes away again."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        sync_name(path)


def settle(new: Path, path: Path) -> None:
    """Give a finished file its name; it appears there whole or not at all."""
    sync(new)
    new.rename(path)
    sync_name(path)


def sync(path: Path) -> None:
    """Make a file, or a folder and all in it, durable; its own name is `sync_name`'s."""
    if path.is_dir():
        for part in path.iterdir():
            sync(part)
    _sync(path)


def sync_name(path: Path) -> None:
    """Make the name of a file or folder durable."""
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
