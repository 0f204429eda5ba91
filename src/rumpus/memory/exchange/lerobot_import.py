"""A LeRobot dataset becomes a memory."""

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rumpus.errors import InputError
from rumpus.memory.exchange.lerobot import Imported
from rumpus.memory.exchange.lerobot_layout import OWN
from rumpus.memory.exchange.lerobot_rows import picture
from rumpus.memory.exchange.lerobot_source import Source
from rumpus.memory.memory import Memory
from rumpus.spec import RobotSpec
from rumpus.types import Array, Observation, Step

if TYPE_CHECKING:
    from rumpus.memory.exchange.lerobot_films import Place
    from rumpus.memory.exchange.lerobot_video import Film

Row = dict[str, Any]  # by feature: numbers (k,), or a string, or a picture's file
KEPT = {
    "action", "rumpus.action", "rumpus.time_s", "rumpus.captured_s", "rumpus.goal_index",
    "rumpus.terminated", "rumpus.truncated", "rumpus.intervention",
    "rumpus.clip_reason", "rumpus.goal_reason",
}  # fmt: skip

WIDER = ("float64", "int32", "int64", "uint32", "uint64")  # than float32


def load(folder: Path, memory: Memory) -> Imported:
    """See lerobot.import_lerobot."""
    with Source(folder) as source:
        _check_robot(source, memory)
        return _Import(source, memory).run()


def _check_robot(source: Source, memory: Memory) -> None:
    def of(spec: RobotSpec) -> tuple[Any, ...]:
        return {s.name: s.shape for s in spec.sensors}, spec.action_size, spec.rate_hz

    if of(source.spec) != of(memory.spec):
        raise InputError(
            f"{source.folder} is of the robot {source.spec}, but the memory {memory.path} is of "
            f"{memory.spec}; create a memory for the robot that lerobot_spec tells."
        )


class _Import:
    """One import under way."""

    def __init__(self, source: Source, memory: Memory) -> None:
        self._source, self._memory = source, memory
        self._features = source.info.features
        self._lengths = source.lengths  # a file that is damaged is refused before a step is taken
        self._scale = _scale(source)
        self._places = _places(source)
        self._base = len(memory)
        self._frames = 0
        self._shift: int | None = None  # from LeRobot's index to the memory's
        self._goals_lost = 0
        self._cuts: list[str] = []

    def run(self) -> Imported:
        """Take in every episode, and tell what was not as it should be."""
        episodes = 0
        for number, rows in groupby(self._rows(), lambda row: int(row["episode_index"][0])):
            episodes += self._episode(number, rows)
        self._memory.flush()
        told = (*self._source.told, *self._changed(), *self._cuts, *self._lost(episodes))
        return Imported(episodes, self._frames, told)

    def _rows(self) -> Iterator[Row]:
        wanted = {*KEPT, *OWN, *self._source.keys.values()}
        keys = [k for k, f in self._features.items() if k in wanted and f.dtype != "video"]
        for rows in self._source.rows(keys):
            for k in range(len(rows["index"])):
                yield {key: rows[key][k] for key in keys}

    def _episode(self, number: int, rows: Iterator[Row]) -> bool:
        """Take in one episode; whether any of it came."""
        last: Step | None = None
        before = self._frames
        for step in self._steps(number, rows):
            if last is not None:
                self._memory.append(last)
            last = step
        if last is None:
            return False
        came = self._frames - before
        whole = "rumpus.truncated" in self._features and came == self._lengths[number]
        if not (whole or last.terminated or last.truncated):
            last = dataclasses.replace(last, truncated=True)  # life went on, the recording did not
        self._memory.append(last)
        return True

    def _steps(self, number: int, rows: Iterator[Row]) -> Iterator[Step]:
        """An episode's steps, up to the first that lacks a picture; begins it in memory."""
        with ExitStack() as stack:
            films = {
                key: self._film(self._places[number, key], stack)
                for key in self._source.video_keys
                if (number, key) in self._places
            }
            for frame, row in enumerate(rows):
                sensors = self._sensors(row, films)
                if sensors is None:
                    self._cuts.append(
                        f"Episode {number} has no picture for its frame {frame}: its last "
                        f"{self._lengths[number] - frame:,} frames are lost."
                    )
                    return
                if frame == 0:
                    self._memory.begin_episode(self._provenance(number, row))
                yield self._step(row, sensors)
                self._frames += 1

    def _film(self, place: "Place", stack: ExitStack) -> "Film":
        from rumpus.memory.exchange.lerobot_video import Film  # av, for videos alone

        return stack.enter_context(Film(place.file, place.from_s, self._source.info.fps))

    def _sensors(self, row: Row, films: "dict[str, Film]") -> dict[str, Array] | None:
        """All readings of a frame; None where one lacks."""
        sensors: dict[str, Array] = {}
        for sensor in self._memory.spec.sensors:
            key = self._source.keys[sensor.name]
            if not sensor.is_picture:
                sensors[sensor.name] = row[key].astype(np.float32)
            elif self._features[key].dtype == "video":
                shown = films[key].at(float(row["timestamp"][0])) if key in films else None
                if shown is None:
                    return None
                sensors[sensor.name] = shown
            else:
                sensors[sensor.name] = self._picture(key, row[key], sensor.shape[2])
        return sensors

    def _picture(self, key: str, cell: dict[str, Any], channels: int) -> Array:
        try:
            png = cell["bytes"] or (self._source.folder / cell["path"]).read_bytes()
            return picture(png, channels)
        except (OSError, TypeError) as error:
            raise InputError(f"{self._source.folder}: a picture of {key} cannot be read ({error}); "
                             "put back a copy of its file.") from error  # fmt: skip

    def _step(self, row: Row, sensors: dict[str, Array]) -> Step:
        deed = self._scaled(row["action"])
        time_s = self._time_s(row)
        return Step(
            Observation(sensors, time_s, self._captured_s(row, time_s)),
            action=self._scaled(row["rumpus.action"]) if "rumpus.action" in row else deed,
            executed_action=deed,
            clip_reason=row.get("rumpus.clip_reason", ""),
            goal_index=self._goal(row),
            goal_reason=row.get("rumpus.goal_reason", ""),
            terminated=bool(row.get("rumpus.terminated", [False])[0]),
            truncated=bool(row.get("rumpus.truncated", [False])[0]),
            intervention=bool(row.get("rumpus.intervention", [False])[0]),
        )

    def _time_s(self, row: Row) -> float:
        if "rumpus.time_s" in row:
            return float(row["rumpus.time_s"][0])
        begun = int(row["index"][0]) - int(row["frame_index"][0])
        return begun / self._source.info.fps + float(row["timestamp"][0])

    def _captured_s(self, row: Row, time_s: float) -> dict[str, float]:
        told = zip(self._source.keys, row.get("rumpus.captured_s", ()), strict=False)
        return {name: float(at) for name, at in told if at != time_s}

    def _goal(self, row: Row) -> int:
        """The goal's index in this memory; -1 where steps before this one were lost."""
        shift = self._base + self._frames - int(row["index"][0])
        self._shift = shift if self._shift is None else self._shift
        goal = int(row.get("rumpus.goal_index", [-1])[0])
        if goal < 0:
            return -1
        if shift != self._shift or goal + shift < self._base:
            self._goals_lost += 1
            return -1
        return goal + shift

    def _scaled(self, action: Array) -> Array:
        if self._scale is not None:
            low, high = self._scale
            action = 2.0 * (action - low) / np.where(high > low, high - low, 1.0) - 1.0
            action = np.where(high > low, action, 0.0)
        return action.astype(np.float32)

    def _provenance(self, number: int, row: Row) -> str:
        task = self._source.tasks.get(int(row["task_index"][0]), "")
        if self._source.origin is not None:
            return task
        scaled = f"; actions scaled from {_range(self._scale)}" if self._scale else ""
        return f"LeRobot {self._source.folder.name}, episode {number}: {task}{scaled}"

    def _changed(self) -> Iterator[str]:
        """What is other than in a memory that rumpus lived itself."""
        if self._scale is not None:
            yield (
                f"Actions reach from {_range(self._scale)}; rumpus's are in [-1, 1], so each entry "
                "was scaled from that range, which every episode's provenance tells."
            )
        if "rumpus.time_s" not in self._features:
            yield "The dataset has no clock: times are frame numbers over its rate."
        if "rumpus.action" not in self._features:
            yield "The dataset does not tell wish from deed: both are its action."
        for key in self._source.keys.values():
            feature = self._features[key]
            if feature.is_number and (len(feature.shape) > 1 or feature.dtype in WIDER):
                yield (
                    f"{key} is {feature.dtype} {feature.shape}; it comes in as a row of float32."
                )
        known = {*KEPT, *OWN, *self._source.keys.values()}
        if unknown := [key for key in self._features if key not in known]:
            yield f"Left out, rumpus has no place for them: {', '.join(unknown)}."

    def _lost(self, episodes: int) -> Iterator[str]:
        """What the dataset says it has and did not give."""
        info = self._source.info
        if self._frames < info.total_frames:
            yield (
                f"Lost: {info.total_episodes - episodes:,} of {info.total_episodes:,} episodes and "
                f"{info.total_frames - self._frames:,} of {info.total_frames:,} frames."
            )
        if self._goals_lost:
            yield f"{self._goals_lost:,} steps no longer know their goal, as steps before are lost."
        if left := len(list(self._source.folder.glob("images/*/*/*.png"))):
            yield (
                f"{left:,} pictures of an episode that was being recorded lie in images/; its "
                "actions were never written, so it is lost."
            )


def _scale(source: Source) -> tuple[Array, Array] | None:
    """The range of a stranger's actions, each entry's least and greatest; None in [-1, 1]."""
    if source.origin is not None:
        return None
    low, high = source.ranges["action"]
    return None if low.min() >= -1.0 and high.max() <= 1.0 else (low, high)


def _range(scale: tuple[Array, Array]) -> str:
    return " to ".join(str([float(f"{value:.6g}") for value in side]) for side in scale)


def _places(source: Source) -> "dict[tuple[int, str], Place]":
    if not source.video_keys:
        return {}
    from rumpus.memory.exchange.lerobot_films import places  # av, for videos alone

    return places(source)
