"""A LeRobot dataset becomes a memory."""

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import numpy as np

from rumpus.exchange.columns import kinds_of, scaled, step_of
from rumpus.exchange.incoming import IncomingEpisode, import_dataset
from rumpus.exchange.lerobot.layout import OWN, column_of
from rumpus.exchange.lerobot.rows import DAMAGES, picture
from rumpus.exchange.lerobot.source import Source, opened
from rumpus.exchange.lerobot.videos import Film, places, showing
from rumpus.exchange.transfer import Transfer
from rumpus.memory.episode import Origin
from rumpus.memory.memory import Memory
from rumpus.spec import SensorSpec
from rumpus.types import Array, Step

Row = dict[str, Any]  # by feature: a number, numbers (k,), a string, or a picture's file
WIDER = ("float64", "int32", "int64", "uint32", "uint64")  # than float32


def load(folder: Path, memory: Memory) -> Transfer:
    """See lerobot.import_lerobot."""
    with opened(folder) as source:
        return import_dataset(LeRobotDataset(source), memory)


class LeRobotDataset:
    """The episodes of a dataset, each up to its first picture that cannot be read.

    Attributes:
        folder: where it is.
        spec: the robot.
    """

    def __init__(self, source: Source) -> None:
        """Find out where everything is."""
        self.folder, self.spec = source.folder, source.spec
        self._source, self._features = source, source.info.features
        self._columns = {
            name: key for name in kinds_of(self.spec) if (key := column_of(name)) in self._features
        }
        self._known = {*self._columns.values(), *OWN, *source.keys.values()}
        self._films = [k for k in source.keys.values() if self._features[k].dtype == "video"]
        self._limits = np.full(1, -1.0), np.full(1, 1.0)
        low, high = self._limits if source.ours else source.ranges["action"]
        self._is_scaled = bool(low.min() < -1.0 or high.max() > 1.0)
        if self._is_scaled:
            self._limits = low, high
        self._places = places(source) if self._films else {}

    def episodes(self) -> Iterator[IncomingEpisode]:
        """All there are, in the files' order."""
        for number, rows in groupby(self._rows(), lambda row: int(row["episode_index"])):
            yield self._incoming(number, rows)

    def lost(self, episodes: int, steps: int) -> Iterator[str]:
        """What is other than in a memory that rumpus recorded itself, and what did not come."""
        if self._is_scaled:
            yield (
                f"Actions reach {self._range()}; rumpus's are in [-1, 1], so each entry was scaled "
                "from that range, which every episode's provenance tells."
            )
        if "time_s" not in self._columns:
            yield "The dataset has no clock: times are frame numbers over its rate."
        if "action" not in self._columns:
            yield "The dataset has one action: it stands for the chosen and the executed one."
        for key in self._source.keys.values():
            feature = self._features[key]
            if feature.is_number and (len(feature.shape) > 1 or feature.dtype in WIDER):
                yield (
                    f"{key} is {feature.dtype} {feature.shape}; it comes in as a row of float32."
                )
        if unknown := [key for key in self._features if key not in self._known]:
            yield f"Left out, rumpus has no place for them: {', '.join(unknown)}."
        yield from self._source.notes
        info = self._source.info
        if steps < info.total_frames:
            yield (
                f"Lost: {info.total_episodes - episodes:,} of {info.total_episodes:,} episodes and "
                f"{info.total_frames - steps:,} of {info.total_frames:,} frames."
            )
        if left := len(list(self.folder.glob("images/*/*/*.png"))):
            yield (
                f"{left:,} pictures of an episode that was being recorded lie in images/; its "
                "actions were never written, so it is lost."
            )

    def _incoming(self, number: int, rows: Iterator[Row]) -> IncomingEpisode:
        first = next(rows)
        steps = self._steps(number, chain([first], rows))
        stored = self._source.ours.episode(number) if self._source.ours else None
        if stored is not None and self._films:  # what a video blurred is not what was seen there
            stored = dataclasses.replace(stored, origin=Origin(""))
        if stored is not None:
            return IncomingEpisode(stored.provenance, steps, stored)
        task = self._source.tasks.get(first["task_index"], "")
        scaled = f"; actions scaled from {self._range()}" if self._is_scaled else ""
        provenance = f"LeRobot {self.folder.name}, episode {number}: {task}{scaled}"
        return IncomingEpisode(provenance, steps, None)

    def _rows(self) -> Iterator[Row]:
        keys = [k for k, f in self._features.items() if k in self._known and f.dtype != "video"]
        for rows in self._source.rows(keys):
            for k in range(len(rows["index"])):
                yield {key: rows[key][k] for key in keys}

    def _steps(self, number: int, rows: Iterator[Row]) -> Iterator[tuple[int, Step]]:
        """An episode's steps; the last is truncated where the recording was cut short."""
        last: tuple[int, Step] | None = None
        whole = "truncated" in self._columns
        with ExitStack() as stack:
            films = self._showing(number, stack)
            for frame, row in enumerate(rows):
                readings = {s.name: self._reading(s, row, films) for s in self.spec.sensors}
                seen = {name: reading for name, reading in readings.items() if reading is not None}
                if len(seen) < len(readings):
                    self._source.note(
                        f"Episode {number} has no picture for its frame {frame} that can be read: "
                        f"its last {1 + sum(1 for _ in rows):,} frames are lost."
                    )
                    whole = False
                    break
                if last is not None:
                    yield last
                last = int(row["index"]), self._step(row, seen)
        if last is not None:
            index, step = last
            ends = whole or step.terminated or step.truncated
            yield index, step if ends else dataclasses.replace(step, truncated=True)

    def _showing(self, number: int, stack: ExitStack) -> dict[str, Film]:
        """By feature; those that are lost are left out."""
        return {
            key: stack.enter_context(showing(self._places[number, key], self._source.info.fps))
            for key in self._films
            if (number, key) in self._places
        }

    def _reading(self, sensor: SensorSpec, row: Row, films: dict[str, Film]) -> Array | None:
        """What a sensor said; None where that cannot be read."""
        key = self._source.keys[sensor.name]
        if not sensor.is_picture:
            return np.asarray(row[key], np.float32).reshape(-1)
        if self._features[key].dtype == "video":
            return films[key].at(float(row["timestamp"])) if key in films else None
        try:
            png = row[key]["bytes"] or (self.folder / row[key]["path"]).read_bytes()
            return picture(png, sensor.shape[2])
        except DAMAGES:
            return None

    def _step(self, row: Row, readings: dict[str, Array]) -> Step:
        columns = {name: row[key] for name, key in self._columns.items()}
        executed = scaled(np.reshape(row["action"], -1), *self._limits)
        begun_s = (int(row["index"]) - int(row["frame_index"])) / self._source.info.fps
        stranger = {"action": row["action"], "time_s": begun_s + float(row["timestamp"])}
        columns = stranger | columns | {"executed_action": executed}
        columns["action"] = scaled(np.reshape(columns["action"], -1), *self._limits)
        return step_of(self.spec, readings, columns)

    def _range(self) -> str:
        sides = [str([float(f"{value:.6g}") for value in side]) for side in self._limits]
        return " to ".join(sides)
