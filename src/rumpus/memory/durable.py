"""Durable names: a file's own fsync does not bring its name, nor its folder's, to the disk."""

import os
from pathlib import Path


def make_folder(folder: Path) -> None:
    """Make a folder, with those above it, that no power loss takes away again."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        sync_folder(path.parent)


def settle(new: Path, path: Path) -> None:
    """Give a finished file its name; it appears there whole or not at all."""
    with new.open("rb") as file:
        os.fsync(file.fileno())
    new.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
