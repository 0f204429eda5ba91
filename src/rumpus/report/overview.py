"""Runs as a list and side by side shows them: read from their folders alone, without deep learning.

A folder that is no run, or a broken one, is told in its own line and keeps no other from being
shown.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from rumpus.errors import InputError, MemoryFault, RunError
from rumpus.memory import acknowledged
from rumpus.memory.database import FILE_NAME
from rumpus.memory.durable_store import Store
from rumpus.memory.fault import faults
from rumpus.result import Row
from rumpus.run.layout import flat, memory_in, understood
from rumpus.worlds.base import Measure

NONE = "-"  # stands for what there is not
NUMBER = re.compile(r"[\d,.]+%?|[\d,]+ of [\d,]+|-")


@dataclass(frozen=True)
class StoredEvaluation:
    """An evaluation as its file keeps it.

    Attributes:
        name: of the evaluation.
        date: when it was made.
        command: by which it was made.
        measure: how the world judged.
        rows: the robot's first, then the baselines'.
    """

    name: str
    date: str
    command: str
    measure: Measure
    rows: list[Row]

    def figures(self) -> dict[str, str]:
        """The robot's figures with their intervals, by name, as a person reads them."""
        row = self.rows[0]
        metrics = msgspec.to_builtins(row.metrics)
        median = metrics[f"median_{self.measure.name}"]
        (low, high), (least, most) = metrics["median_interval"], metrics["success_interval"]
        return {
            f"{row.variant}, median {self.measure.name}": f"{median:.4g} ({low:.3g} to {high:.3g})",
            f"{row.variant}, within {self.measure.tolerance:.3g}":
                f"{metrics['success_rate']:.0%} ({least:.0%} to {most:.0%}), n = {row.n}",
        }  # fmt: skip

    @property
    def headline(self) -> str:
        """Its success rate in a few words, with its interval and n."""
        name, figure = list(self.figures().items())[-1]
        return f"{name}: {figure}"


@dataclass(frozen=True)
class Overview:
    """A run as it is shown among others.

    Attributes:
        run: its folder.
        fault: why nothing or not all of it can be shown, or "".
        world: the world's name, "" where it has none.
        seed: of the run.
        steps: in its memory.
        size_mb: of all its files.
        played: when its memory last grew, as ISO 8601 in local time; "" where it never did.
        settings: by name.
        evaluations: those that were kept, the latest first.
    """

    run: str
    fault: str = ""
    world: str = ""
    seed: int = 0
    steps: int = 0
    size_mb: float = 0.0
    played: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    evaluations: Sequence[StoredEvaluation] = ()


def listed(folder: Path) -> list[Overview]:
    """The runs in a folder, or the one that it is itself; each with its latest evaluation.

    Hidden folders are passed by.

    Raises:
        InputError: when there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}; name one that holds runs.")
    inside = [folder] if (folder / "run.json").is_file() else sorted(folder.iterdir())
    found = [look(path) for path in inside if path.is_dir() and not path.name.startswith(".")]
    return [replace(each, evaluations=each.evaluations[:1]) for each in found]


def look(path: Path) -> Overview:
    """One run, as far as it can be read."""
    found = Overview(str(path), size_mb=_size_mb(path))
    try:
        config = understood((path / "run.json").read_bytes())["config"]
        found = replace(found, world=str(config.get("world", "")), seed=int(config.get("seed", 0)),
                        settings=dict(flat(config)))  # fmt: skip
    except FileNotFoundError:
        found = replace(found, fault="it is no run, as it holds no run.json")
    except OSError as error:
        return replace(found, fault=f"run.json cannot be read: {error.strerror}")
    except (msgspec.DecodeError, ValueError, TypeError, LookupError, AttributeError) as error:
        return replace(found, fault=f"run.json cannot be understood: {error}")
    return _with_evaluations(_with_memory(found, memory_in(path)), path / "report")


def _with_memory(found: Overview, memory: Path) -> Overview:
    if not memory.is_dir():
        return found
    try:
        with faults(memory), closing(Store(memory, write=False)) as store:
            steps, spec = store.count, store.schema.spec
    except MemoryFault as fault:
        return replace(found, fault=found.fault or str(fault))
    if found.fault:
        hint = f"it is a memory of {spec.name}, {steps:,} steps; see `rumpus learn`"
        if memory != Path(found.run):
            hint = f"it has lost its run.json, and remembers {steps:,} steps of {spec.name}"
        return replace(found, fault=hint, steps=steps)
    written = [
        file for name in (acknowledged.FILE_NAME, FILE_NAME) if (file := memory / name).exists()
    ]
    return replace(found, steps=steps, played=_moment(_modified_s(written[0])) if steps else "")


def _with_evaluations(found: Overview, report: Path) -> Overview:
    told, wrong = [], ""
    for file in sorted(report.rglob("evaluate-*.json"), key=_modified_s, reverse=True):
        try:
            told.append(read_evaluation(file))
        except RunError as error:
            wrong = str(error)
    return replace(found, evaluations=told, fault=found.fault or wrong)


def read_evaluation(file: Path) -> StoredEvaluation:
    """An evaluation's figures.

    Raises:
        RunError: when they cannot be understood.
    """
    try:
        told = msgspec.json.decode(file.read_bytes(), type=StoredEvaluation)
        told.figures()
    except (msgspec.DecodeError, ValueError, TypeError, LookupError) as error:
        raise RunError(f"The figures {file} cannot be understood: {error}; delete that file and "
                       "evaluate again.") from error  # fmt: skip
    return told


def lines(found: Sequence[Overview]) -> list[str]:
    """Runs as a table, those that cannot be shown as a sentence each."""
    head = ["run", "world", "seed", "steps", "MB", "last played", "latest evaluation"]
    rows = [
        [each.run, each.world or NONE, str(each.seed), f"{each.steps:,}", f"{each.size_mb:,.1f}",
         each.played[:16].replace("T", " ") or NONE,
         each.evaluations[0].headline if each.evaluations else NONE]
        for each in found if each.settings
    ]  # fmt: skip
    return [*aligned([head, *rows] if rows else []), *_faults(found)]


def beside(found: Sequence[Overview]) -> list[str]:
    """Runs side by side: how far they are, the settings that differ, the latest figures."""
    shown = [each for each in found if each.settings]
    # Of each kind of trial the latest counts.
    figures = [
        {
            name: figure
            for told in reversed(each.evaluations)
            for name, figure in told.figures().items()
        }
        for each in shown
    ]
    settings = [each.settings for each in shown]
    rows = [
        ["", *(each.run for each in shown)],
        *([name, *(_plain(of.get(name, NONE)) for of in settings)] for name in _names(settings)
          if any(of.get(name, NONE) != settings[0].get(name, NONE) for of in settings)),
        ["steps", *(f"{each.steps:,}" for each in shown)],
        *([name, *(of.get(name, NONE) for of in figures)] for name in _names(figures)),
    ]  # fmt: skip
    return [*aligned(rows if shown else [], numbers_right=False), *_faults(found)]


def _faults(found: Sequence[Overview]) -> list[str]:
    return [f"{each.run}: {' '.join(each.fault.split())}" for each in found if each.fault]


def _names(each: Sequence[Mapping[str, Any]]) -> list[str]:
    """All names, in the order in which they come."""
    return list(dict.fromkeys(name for names in each for name in names))


def aligned(rows: Sequence[Sequence[str]], numbers_right: bool = True) -> list[str]:
    """A head and rows of cells as lines of text; columns of numbers may stand to the right."""
    columns = [_column(cells, numbers_right) for cells in zip(*rows, strict=True)]
    return ["  ".join(row).rstrip() for row in zip(*columns, strict=True)]


def _column(cells: Sequence[str], numbers_right: bool) -> list[str]:
    width = max(map(len, cells))
    is_right = numbers_right and cells[-1] != NONE and all(map(NUMBER.fullmatch, cells[1:]))
    return [cell.rjust(width) if is_right else cell.ljust(width) for cell in cells]


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _size_mb(path: Path) -> float:
    blocks = 0
    for file in path.rglob("*"):
        with suppress(OSError):  # what a run that plays has just taken away
            blocks += file.stat().st_blocks  # what the disk gave: holes in a file take nothing
    return round(blocks * 512 / 1e6, 3)


def _moment(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s).astimezone().isoformat(timespec="seconds")


def _modified_s(file: Path) -> float:
    return file.stat().st_mtime
