"""What a run's log says of its train phases; read without torch, also while the run plays on."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from rumpus.errors import RunError
from rumpus.replay.measured import Measured

T = TypeVar("T")
TAIL_BYTES = 1 << 16  # of the log, in which the newest record lies


class _Line(msgspec.Struct):
    """A line of the log; those without progress are of something else."""

    progress: Measured | None = None


def read(run: Path) -> list[Measured]:
    """What was measured at every train phase of a run, oldest first; none in an older run.

    Raises:
        RunError: when the disk does not give the log.
    """
    with _opened(run) as file:
        return _measured(file)


def newest(run: Path) -> Measured | None:
    """What was measured last; takes no longer in a long life."""
    with (run / "metrics.jsonl").open("rb") as file:
        file.seek(max(file.seek(0, 2) - TAIL_BYTES, 0))
        found = _measured(file)
    return found[-1] if found else None


def figures(run: Path) -> list[tuple[int, dict[str, float]]]:
    """All numbers in a run's log: (steps, number by name) of each line, losses included.

    Raises:
        RunError: when the disk does not give the log.
    """
    with _opened(run) as file:
        lines = _decoded(file, dict[str, Any])
        return [(line.pop("steps"), dict(_numbers("training", line))) for line in lines
                if isinstance(line.get("steps"), int)]  # fmt: skip


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
        with suppress(msgspec.DecodeError, UnicodeDecodeError):  # cut off by a full disk, say
            yield msgspec.json.decode(line, type=kind)


@contextmanager
def _opened(run: Path) -> Iterator[Iterable[bytes]]:
    """The lines of a run's log; none where it has none."""
    try:
        with (run / "metrics.jsonl").open("rb") as file:
            yield file
    except FileNotFoundError:
        yield ()
    except OSError as error:
        raise RunError(
            f"The figures of {run} cannot be read: {error.strerror}; let the disk give them."
        ) from error
