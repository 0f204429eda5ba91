"""What of a run's own files is not what was written; `memory/verify.py` is for its memory.

Nothing proves what was in them: a run goes on from a copy of them, or from memory alone, and its
figures go on without what is lost. It is looked at without torch, also while the run plays on.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec

from rumpus import atomic_file
from rumpus.errors import RunError, missing_extra
from rumpus.memory import acknowledged
from rumpus.memory.database import lock
from rumpus.replay import places
from rumpus.run import metrics, mind_file
from rumpus.run.folder import from_memory, put_aside
from rumpus.run.layout import id_of, memory_in


def flaws(run: Path) -> Iterator[str]:
    """A sentence for each file of a run that is not what was written; none of a memory alone."""
    file = run / "run.json"
    if not file.exists() and not (run / mind_file.FILE_NAME).exists():
        return
    remedy = f"put it back from a copy, or {from_memory(run)}"
    try:
        if not (id_ := id_of(run)):
            raise FileNotFoundError("it is gone, or of an older rumpus")
    except (OSError, msgspec.DecodeError) as error:
        yield f"{file} cannot be understood: {error}; {remedy}"
        return
    try:
        yield from _flaws_of_mind(run, id_, remedy)
        if wrong := metrics.unproved(run):
            yield f"{wrong:,} lines of {run / metrics.FILE_NAME} are not what was written in it"
    except RunError as error:
        yield str(error)
    if not _has_its_places(run):
        yield f"{run / places.FILE_NAME} is not what was written; play counts places anew"


def _flaws_of_mind(run: Path, id_: str, remedy: str) -> Iterator[str]:
    mind, log = run / mind_file.FILE_NAME, run / metrics.FILE_NAME
    if not mind.exists():
        if any("training/train_s" in line for _, line in metrics.figures(run)):
            yield f"The mind {mind} is gone; {remedy}"
        return
    try:
        _, about = mind_file.read(mind)
        # After it: memory and log only grow while the run plays on.
        told = acknowledged.read(memory_in(run)) or acknowledged.Acknowledged()
        about.check(id_, told.memory)
    except ModuleNotFoundError as error:
        yield f"The mind {mind} {missing_extra(error)}"
    except mind_file.DAMAGE as error:
        yield f"The mind {mind} cannot be used: {error}; {remedy}"
    else:
        if about.steps > told.count > 0:
            yield f"The mind {mind} has learned from {about.steps:,} steps; memory has fewer"
        if _size(log) < about.log_bytes:
            yield f"The end of {log} is gone"


def mend(run: Path) -> Iterator[str]:
    """Let a run's figures go on without what is not proved; a sentence for all that was done.

    Raises:
        MemoryFault: when another program plays or learns there.
    """
    mind, log = run / mind_file.FILE_NAME, run / metrics.FILE_NAME
    with lock(memory_in(run)):
        try:
            if wrong := metrics.unproved(run):
                proved, kept = metrics.proved(run), put_aside(log)
                atomic_file.write(log, proved)
                yield f"{wrong:,} lines of {log} were left out; {kept} has them"
        except RunError as error:
            yield str(error)
        with suppress(*mind_file.DAMAGE):
            arrays, about = mind_file.read(mind)
            if (size := _size(log)) < about.log_bytes:
                mind_file.write(mind, arrays, replace(about, log_bytes=size))
                yield f"What is gone from the end of {log} is no longer missed: lines of figures"
        if not _has_its_places(run):
            yield f"What places it counted was left out; {put_aside(run / places.FILE_NAME)} has it"


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _has_its_places(run: Path) -> bool:
    told, file = acknowledged.read(memory_in(run)), run / places.FILE_NAME
    return told is None or not file.exists() or places.load(file, told.memory).known > 0
