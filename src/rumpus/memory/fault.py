"""Turns what the disk or SQLite says into one sentence with a remedy."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rumpus.errors import MemoryFault, missing_extra
from rumpus.memory.damage import damaged_by
from rumpus.memory.database import is_corrupt

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_TOO_MANY = {errno.EMFILE, errno.ENFILE}


@contextmanager
def faults(path: Path) -> Iterator[None]:
    """Whatever goes wrong inside with the memory at `path` leaves as a MemoryFault.

    Raises:
        Damaged: when what is on the disk is not what was written.
        MemoryFault: naming the path, what happened and what to do.
    """
    try:
        yield
    except (sqlite3.Error, OSError, MemoryError, UnicodeDecodeError) as error:
        if is_corrupt(error):
            raise damaged_by("memory", path, str(error)) from error
        raise MemoryFault(f"The memory {path} {_sentence(error)}") from error
    except ModuleNotFoundError as error:
        if extra := missing_extra(error):  # what films need
            raise MemoryFault(f"The memory {path} {extra}") from error
        raise


def _sentence(error: Exception) -> str:
    number = error.errno if isinstance(error, OSError) else None
    text = str(error)
    if number in _FULL or "disk is full" in text:
        return "does not fit on its disk, which is full or over quota; make room and start again."
    if number in _FORBIDDEN or "readonly" in text or "unable to open" in text:
        return f"cannot be opened or written here ({text}); make its folder writable by you."
    if number in _TOO_MANY:
        return f"needs more open files than it may have ({text}); raise that limit: ulimit -n."
    if number == errno.ENOMEM or isinstance(error, MemoryError):
        return "needs more RAM than it may have; close other programs, or raise its limit."
    if "locked" in text:
        return f"is held by another program ({text}); close that program and start again."
    return f"met a disk error ({text}); check the disk's room, quota and health."
