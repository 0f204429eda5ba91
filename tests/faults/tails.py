"""A log cut off at any byte: what lay before is there, and repair knows the rest."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import writer
from killing import good_steps

from rumpus.errors import MemoryFault
from rumpus.memory import Memory, acknowledged
from rumpus.memory.database import FILE_NAME
from rumpus.memory.repair import repair

LOG = f"{FILE_NAME}-wal"
FRAME_BYTES = 24 + 16384  # of the log: a header and a page, see SQLite's file format, section 4.1


@dataclass
class Cut:
    """What so many cuts did.

    Attributes:
        cuts: how many there were.
        unopened: memories that did not open for reading after a cut.
        wrong: steps before a cut that were not what was written.
        missed: acknowledged steps that were gone before repair, in all.
        uncounted: cuts after which the memory did not say how many steps were missing.
        lost: acknowledged steps that were gone after repair.
    """

    cuts: int = 0
    unopened: int = 0
    wrong: int = 0
    missed: int = 0
    uncounted: int = 0
    lost: int = 0


def kill_writer(folder: Path, steps: int) -> None:
    """Let a writer live until it has acknowledged that many steps, and kill it.

    Where the kill came between a group's reaching the disk and anybody's being told, it is done
    again: of such a group nothing could be missed, whatever is cut.
    """
    stored = -1
    while stored < 0 or stored != known_n(folder):
        shutil.rmtree(folder, ignore_errors=True)
        command = [sys.executable, writer.__file__, str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as life:
            assert life.stdout is not None
            while int(life.stdout.readline()) < steps:
                pass
            life.send_signal(signal.SIGKILL)
        with Memory.open(folder, write=False) as memory:
            stored = len(memory)


def known_n(folder: Path) -> int:
    """How many steps are said to be durable."""
    told = acknowledged.read(folder)
    return told.count if told else -1


def cut_at(folder: Path, offsets: Iterable[int]) -> Cut:
    """Cut the log of a killed writer's memory at each offset from its end, and repair it."""
    stored = {name: (folder / name).read_bytes() for name in (FILE_NAME, LOG, "acknowledged")}
    known, toll = known_n(folder), Cut()
    for offset in offsets:
        for name, data in stored.items():
            (folder / name).write_bytes(data)
        (folder / LOG).write_bytes(stored[LOG][:-offset])
        (folder / f"{FILE_NAME}-shm").unlink(missing_ok=True)
        toll.cuts += 1
        _look(folder, known, toll)
    return toll


def _look(folder: Path, acknowledged: int, toll: Cut) -> None:
    try:
        with Memory.open(folder, write=False) as memory:
            toll.wrong += len(memory) - good_steps(memory)
            toll.missed += memory.missing()
            toll.uncounted += len(memory) + memory.missing() != acknowledged
        repair(folder, lambda done, total: None)
        with Memory.open(folder, write=False) as memory:
            toll.lost += acknowledged - good_steps(memory)
    except MemoryFault:
        toll.unopened += 1
