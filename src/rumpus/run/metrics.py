"""What a run's log says of its train phases; read without torch, also while the run plays on.

A line is a JSON object whose last value is a checksum over the others and the run's id: what is not
what was written, or is another run's, is passed over, and `unproved` counts it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from rumpus.atomic_file import checksum
from rumpus.errors import RunError
from rumpus.replay.measured import Measured
from rumpus.run.layout import id_of

T = TypeVar("T")
FILE_NAME = "metrics.jsonl"
TAIL_BYTES = 1 << 16  # of the log, in which the newest record lies
_SEAL = b', "checksum": '


class _Line(msgspec.Struct):
    """A line of the log; those without progress are of something else."""

    progress: Measured | None = None


def sealed(run: str, line: Mapping[str, Any]) -> bytes:
    """A line of the log of the run of that id."""
    told = json.dumps(line)[:-1]
    return b"%b%b%d}\n" % (told.encode(), _SEAL, checksum(run, told))


def read(run: Path) -> list[Measured]:
    """What was measured at every train phase of a run, oldest first; none in an older run.

    Raises:
        RunError: when the disk does not give the log, or nothing says whose it is.
    """
    return _measured(_proved(run))


def newest(run: Path) -> Measured | None:
    """What was measured last; takes no longer in a long life."""
    found = _measured(_proved(run, TAIL_BYTES))
    return found[-1] if found else None


def figures(run: Path) -> list[tuple[int, dict[str, float]]]:
    """All numbers in a run's log: (steps, number by name) of each line, losses included.

    Raises:
        RunError: when the disk does not give the log, or nothing says whose it is.
    """
    lines = _decoded(_proved(run), dict[str, Any])
    return [(line.pop("steps"), dict(_numbers("training", line))) for line in lines
            if isinstance(line.get("steps"), int)]  # fmt: skip


def unproved(run: Path) -> int:
    """How many lines of a run's log are not what was written in it.

    Raises:
        RunError: when the disk does not give the log, or nothing says whose it is.
    """
    return sum(line is None for line in _lines(run))


def proved(run: Path) -> bytes:
    """A run's log with the lines alone that are what was written in it.

    Raises:
        RunError: when the disk does not give the log, or nothing says whose it is.
    """
    id_ = id_of(run)
    return b"".join(sealed(id_, json.loads(line)) for line in _proved(run))


def _numbers(group: str, named: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in named.items():
        if isinstance(value, Mapping):
            yield from _numbers(name, value)
        elif isinstance(value, int | float):
            yield f"{group}/{name}", float(value)


def _measured(lines: Iterable[bytes]) -> list[Measured]:
    told = (line.progress for line in _decoded(lines, _Line))
    return [measured for measured in told if measured is not None]


def _decoded(lines: Iterable[bytes], kind: type[T]) -> Iterator[T]:
    for line in lines:
        with suppress(msgspec.ValidationError):  # of something that this rumpus does not know
            yield msgspec.json.decode(line, type=kind)


def _proved(run: Path, tail_bytes: int | None = None) -> Iterator[bytes]:
    return (line for line in _lines(run, tail_bytes) if line is not None)


def _lines(run: Path, tail_bytes: int | None = None) -> Iterator[bytes | None]:
    """The lines of a run's log, or of its end, without their seals; None for what is not proved."""
    try:
        id_ = id_of(run)
        with (run / FILE_NAME).open("rb") as file:
            if tail_bytes is not None:
                file.seek(max(file.seek(0, 2) - tail_bytes, 0))
            for line in file:
                told, _, seal = line.rpartition(_SEAL)
                text = told.decode(errors="replace")
                yield told + b"}" if seal == b"%d}\n" % checksum(id_, text) else None
    except FileNotFoundError:
        return
    except (OSError, msgspec.DecodeError) as error:
        raise RunError(f"The figures of {run} cannot be read: {error}; let the disk give them, or "
                       "put back a copy of run.json.") from error  # fmt: skip
