"""How many different places the robot has been in: an online cover of everything it sensed.

A place is a stored step that differed from every place before it: in some reading (a cell of a
picture, a number) by more than half of all that this reading was ever seen to do. Nothing in it is
learned, so that its figures mean the same over a whole life. Only what was stored since the last
look is looked at, and places are bounded, so that neither time nor room grows with a life.

Source: the leader algorithm (Hartigan 1975, chapter 3), with the greatest difference as distance.
docs/decisions/0008-progress.md says how the constants were chosen.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rumpus import atomic_file
from rumpus.errors import writing
from rumpus.replay.base import StoredSteps
from rumpus.replay.cells import cells
from rumpus.replay.window import lived
from rumpus.spec import RobotSpec
from rumpus.types import Array

SIDE_CELLS = 8  # a picture is the brightness of SIDE_CELLS x SIDE_CELLS cells
NEW_SHARE = 0.5  # of the range that a reading was seen to have
LEAST_LEVELS, LEAST_RANGE = 13.0, 1e-3  # a smaller range is noise: of a cell, of a number
MOST_PLACES = 1000
MOST_LOOKED = 500  # new steps looked at in one look; of more, so many evenly spaced
FILE_NAME = "places.npz"
LAYOUT = 1  # of the file, and of what a place is


@dataclass(frozen=True)
class Look:
    """What a look at new steps found.

    Attributes:
        firsts: positions of those that are new places, in order.
        novelty: share of the steps looked at that were in places which this look found.
    """

    firsts: list[int]
    novelty: float


@dataclass
class Places:
    """Where a robot has been; see the module. P places, F readings.

    Attributes:
        known: stored steps that were looked at, or passed over.
        quiet: looks in a row that found nothing new.
        steps: int64 (P,), the stored steps that are places, in order.
        visits: int64 (P,), how many of the steps looked at were nearest to each.
        points: float32 (P, F), what was sensed there.
        low: float32 (F,), the least of each reading that was ever seen.
        high: float32 (F,), the most.
    """

    known: int = 0
    quiet: int = 0
    steps: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    visits: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    points: Array = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    low: Array = field(default_factory=lambda: np.zeros(0, np.float32))
    high: Array = field(default_factory=lambda: np.zeros(0, np.float32))

    @property
    def are_full(self) -> bool:
        """Whether no more places are kept, so that what is new cannot be told any more."""
        return len(self.steps) >= MOST_PLACES

    @property
    def even(self) -> float:
        """How many places, all visited alike, would be as varied: exp of the visits' entropy."""
        if not len(self.visits):
            return 0.0
        share = self.visits / self.visits.sum()
        return float(np.exp(-(share * np.log(share)).sum()))

    @property
    def rarest(self) -> int:
        """Visits of the place that was visited least; 0 where there is none."""
        return int(self.visits.min()) if len(self.visits) else 0

    def look(self, stored: StoredSteps) -> Look:
        """Look at what was stored since the last look."""
        index, self.known = _new(stored, min(self.known, len(stored))), len(stored)
        if not len(index):
            return Look([], 0.0)
        points = features(stored, index)
        ends = [points] if not len(self.steps) else [points, self.low[None], self.high[None]]
        self.low = np.fmin.reduce(np.concatenate(ends))
        self.high = np.fmax.reduce(np.concatenate(ends))
        before, visited = len(self.steps), self._visit(index, points, _noise(stored.spec))
        firsts = self.steps[before:].tolist()
        self.quiet = 0 if firsts or self.are_full else self.quiet + 1
        return Look(firsts, float((visited >= before).mean()))

    def _visit(self, index: Array, points: Array, noise: Array) -> Array:
        """Count steps (n,) to their nearest places, (n,), making new ones of those far off."""
        scale = 1.0 / np.fmax(self.high - self.low, noise)
        count, visited = len(self.steps), np.empty(len(index), np.int64)
        known = np.empty((points.shape[1], min(count + len(index), MOST_PLACES)), np.float32)
        known[:, :count] = (self.points * scale).T if count else 0.0
        founding = []
        for row, point in enumerate(points * scale):
            gaps = np.fmax.reduce(np.abs(known[:, :count] - point[:, None]), axis=0)
            gaps[np.isnan(gaps)] = np.inf  # no sensor gave something both here and there
            nearest = int(gaps.argmin()) if count else 0
            if count < known.shape[1] and not (count and gaps[nearest] <= NEW_SHARE):
                known[:, count], nearest, count = point, count, count + 1
                founding.append(row)
            visited[row] = nearest
        self.steps = np.concatenate([self.steps, index[founding]])
        self.points = np.concatenate([self.points.reshape(-1, points.shape[1]), points[founding]])
        more = np.bincount(visited, minlength=count)
        more[: len(self.visits)] += self.visits
        self.visits = more
        return visited

    def save(self, file: Path, memory: str) -> None:
        """Keep it in a file, for `load`.

        Args:
            file: the .npz to replace.
            memory: id of the memory whose places they are.

        Raises:
            RunError: when the disk does not take it.
        """
        about: dict[str, Any] = {"layout": LAYOUT, "memory": memory, "known": self.known}
        about |= {"quiet": self.quiet} | {name: getattr(self, name) for name in ARRAYS}
        with writing("places", file), atomic_file.replacing(file) as part, part.open("wb") as open_:
            np.savez(open_, **about)


ARRAYS = ("steps", "visits", "points", "low", "high")


def load(file: Path, memory: str) -> Places:
    """The places of a memory as they were saved; none, to be looked for anew, where they are not.

    Everything in the file came out of memory and can be found in it again, so a file that is
    damaged or of another layout or memory is nothing to refuse.
    """
    try:
        with np.load(file) as saved:
            if (int(saved["layout"]), str(saved["memory"])) != (LAYOUT, memory):
                return Places()
            arrays = {name: saved[name] for name in ARRAYS}
            return Places(int(saved["known"]), int(saved["quiet"]), **arrays)
    except Exception:  # zip, zlib and NumPy have a dozen of their own for a damaged file
        return Places()


def features(stored: StoredSteps, index: Array) -> Array:
    """What was sensed at steps (n,), with nothing learned in it: float32 (n, F).

    A picture is the brightness of its cells, 0 to 255, a vector its numbers; NaN where a sensor
    gave nothing.
    """
    told = []
    for sensor in stored.spec.sensors:
        frames = stored.frames(sensor.name)
        rows = [cells(frames[k], SIDE_CELLS).mean(-1) if sensor.is_picture else frames[k]
                for k in index]  # fmt: skip
        flat = np.array(rows, np.float32).reshape(len(index), -1)
        flat[~stored.present(sensor.name)[index]] = np.nan
        told.append(flat)
    return np.concatenate(told, axis=1)


def _noise(spec: RobotSpec) -> Array:
    """The range below which a reading only trembles, float32 (F,)."""
    parts = [
        np.full(min(s.shape[0], SIDE_CELLS) * min(s.shape[1], SIDE_CELLS), LEAST_LEVELS)
        if s.is_picture else np.full(s.shape[0], LEAST_RANGE)
        for s in spec.sensors
    ]  # fmt: skip
    return np.concatenate(parts).astype(np.float32)


def _new(stored: StoredSteps, first: int) -> Array:
    """Which steps to look at, int64 (n,); a picture that was only shown is no place."""
    count = len(stored) - first
    spaced = first + np.linspace(0, count - 1, min(count, MOST_LOOKED)).astype(np.int64)
    return spaced[lived(stored.episode_of, spaced)]
