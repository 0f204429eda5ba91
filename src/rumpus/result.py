"""One shape for every figure that rumpus measures: rows, and where they were measured.

A row is one variant with one seed; metric names carry their units; a rate carries its Wilson
interval and a median its bootstrap interval over trials, both of 95 %.
"""

import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from rumpus import atomic_file
from rumpus.errors import writing

RESAMPLES = 2000
Z_95 = 1.959964  # standard deviations that hold 95 % of a normal distribution
TOLD_VERSIONS = ("torch", "numpy", "mujoco", "gymnasium")
Metric = float | tuple[float, float]


@dataclass(frozen=True)
class Row:
    """One variant, measured once.

    Attributes:
        variant: what was measured, e.g. "agent, handle" or "never touch, handle".
        seed: of the run.
        n: trials behind the figures.
        steps: steps that the robot had played.
        wall_s: how long it took.
        metrics: figures by name with unit; an interval is (low, high).
    """

    variant: str
    seed: int
    n: int
    steps: int
    wall_s: float
    metrics: dict[str, Metric]

    def json(self) -> str:
        """One line of JSON."""
        return msgspec.json.encode(self).decode()


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % bootstrap interval of a median over trials, the same for the same values."""
    drawn = np.random.default_rng(0).choice(np.asarray(values), (RESAMPLES, len(values)))
    low, high = np.quantile(np.median(drawn, axis=1), (0.025, 0.975))
    return round(float(low), 5), round(float(high), 5)


def wilson_interval(successes: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a rate (Wilson 1927)."""
    rate, z2 = successes / n, Z_95**2
    middle = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 / (1 + z2 / n) * float(np.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n)))
    return round(max(middle - half, 0.0), 4), round(min(middle + half, 1.0), 4)


def circumstances() -> dict[str, Any]:
    """With which command, code, machine and versions a figure came about, and when."""
    command = " ".join([Path(sys.argv[0]).name.replace("__main__.py", "rumpus"), *sys.argv[1:]])
    versions = {name: version for name in TOLD_VERSIONS if (version := _version(name))}
    return {
        "command": command, "commit": _commit(), "date": date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {_gpu()}",
        "versions": {"python": platform.python_version(), **versions},
    }  # fmt: skip


def write_result(path: Path, name: str, rows: Sequence[Row], **more: Any) -> None:
    """Write a result file: its name, its circumstances, its rows, and whatever else is given.

    The folder is made where there is none: what took an hour to measure is not lost for that.

    Raises:
        RunError: when the disk does not take it.
    """
    result = {"name": name, **circumstances(), **more, "rows": list(rows)}
    with writing("result", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_file.write(path, msgspec.json.format(msgspec.json.encode(result)) + b"\n")


def over_seeds(rows: Sequence[Row], headline: str) -> list[str]:
    """For each variant one line: the figure of every seed, its middle one and its worst.

    Args:
        rows: of any number of variants and seeds.
        headline: the metric; of a rate the smallest is worst, of anything else the greatest. Rows
            without it are left out.
    """
    worst = min if headline.endswith("_rate") else max
    figures: dict[str, list[float]] = {}
    for row in rows:
        if isinstance(figure := row.metrics.get(headline), float):
            figures.setdefault(row.variant, []).append(figure)
    return [
        f"{variant:34} {headline}: middle {statistics.median_low(each):.4f}, "
        f"worst {worst(each):.4f}, seeds {' '.join(f'{figure:.4f}' for figure in each)}"
        for variant, each in figures.items()
    ]


def _gpu() -> str:
    """Which GPU this process used. Who used one has loaded torch, which is not needed else."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return "no GPU used"
    return f"GPU {torch.cuda.get_device_name()} used"


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The commit of the source that runs, marked where it was edited; None outside of git."""
    asked = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        told = subprocess.run(asked, cwd=Path(__file__).parent, capture_output=True, text=True)
    except OSError:
        return None
    return told.stdout.strip() or None
