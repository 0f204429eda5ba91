"""Files that are written whole or not at all, and that power loss does not take away again.

A file's own fsync does not bring its name, nor its folder's, to the disk. What is sealed is
believed only as it was written: a checksum lies beside it.
"""

import json
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


def write(path: Path, data: bytes) -> None:
    """Write a file, over the old one where there is one; returns when the disk has it.

    Raises:
        OSError: when the disk does not take it; the old file is as it was.
    """
    with replacing(path) as part:
        part.write_bytes(data)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a place to write to, NAME.part, which becomes the file when all went well.

    What is left of an earlier attempt may lie there; what this one leaves is deleted.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        yield part
        sync(part)
        part.rename(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    sync_name(path)


def make_folder(folder: Path) -> None:
    """Make a folder, with those above it, that no power loss takes away again."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
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


def checksum(*values: Any) -> int:
    """The CRC-32 of numbers and texts; of anything else, which is damaged, another."""
    return zlib.crc32(json.dumps(values, default=repr).encode())


def sealed(data: bytes) -> bytes:
    """What a small file or a line of one holds: a CRC-32, and what it is of."""
    return b"%08x %b" % (zlib.crc32(data), data)


def unsealed(held: bytes) -> bytes | None:
    """What was sealed; None where it is not what was written."""
    told, _, data = held.partition(b" ")
    return data if told == b"%08x" % zlib.crc32(data) else None
