"""One step as a row of the store, guarded by a checksum over everything in it."""

import json
import zlib
from dataclasses import replace
from typing import Any

import numpy as np

from rumpus.spec import RobotSpec
from rumpus.types import Array, Observation, Step

Row = tuple[Any, ...]

_SCALARS = (
    "step", "episode", "time_s", "goal_index", "terminated", "truncated", "clip_reason",
    "goal_reason",
)  # fmt: skip
_EXTRA = ("checksum", "intervention", "captured_s")
_ACTIONS = ("action", "executed_action")
SCALARS_N = len(_SCALARS)
CHECKSUM = SCALARS_N
SENSORS = SCALARS_N + len(_EXTRA) + len(_ACTIONS)  # where the readings begin in a row
_INTERVENTION, _CAPTURED, _BLOBS = CHECKSUM + 1, CHECKSUM + 2, CHECKSUM + 3


def columns(spec: RobotSpec) -> str:
    """The columns of a row, in its order, for SQL."""
    sensors = (f"sensor_{k}" for k in range(len(spec.sensors)))
    return ", ".join([*_SCALARS, *_EXTRA, *_ACTIONS, *sensors])


def to_row(index: int, episode: int, step: Step, spec: RobotSpec) -> Row:
    """A step as it lies in the store."""
    seen = step.observation
    scalars = (
        index, episode, float(seen.time_s), int(step.goal_index), int(step.terminated),
        int(step.truncated), step.clip_reason, step.goal_reason,
    )  # fmt: skip
    blobs = (step.action, step.executed_action, *(seen.readings[s.name] for s in spec.sensors))
    extra = (int(step.intervention), _captured_blob(seen, spec))
    return sealed((*scalars, 0, *extra, *(blob.tobytes() for blob in blobs)))


def to_step(row: Row, spec: RobotSpec) -> Step:
    """The step that a row holds, without the readings that are not in it."""
    action, executed_action, *readings = row[_BLOBS:]
    sensors: dict[str, Array] = {
        sensor.name: np.frombuffer(blob, sensor.dtype).reshape(sensor.shape)
        for sensor, blob in zip(spec.sensors, readings, strict=True)
        if blob
    }
    times = np.frombuffer(row[_CAPTURED], np.float64)
    captured_s = {
        sensor.name: float(time_s)
        for sensor, time_s in zip(spec.sensors, times, strict=False)
        if not np.isnan(time_s)
    }
    return Step(
        Observation(sensors, row[2], captured_s),
        action=np.frombuffer(action, np.float32),
        executed_action=np.frombuffer(executed_action, np.float32),
        goal_index=row[3],
        terminated=bool(row[4]),
        truncated=bool(row[5]),
        clip_reason=row[6],
        goal_reason=row[7],
        intervention=bool(row[_INTERVENTION]),
    )


def is_whole(row: Row) -> bool:
    """Whether a row, its readings in it, is what was written."""
    try:
        return row[_INTERVENTION] in (0, 1) and bool(_checksum(row) == row[CHECKSUM])
    except TypeError:  # what was bytes or a number is something else
        return False


def sealed(row: Row) -> Row:
    """The row with the checksum of what is in it."""
    return (*row[:CHECKSUM], _checksum(row), *row[CHECKSUM + 1 :])


def repaired(found: Row, episode: int, step: Step, spec: RobotSpec) -> Row | None:
    """A damaged row as another copy has it, where the row's own checksum says that it is right.

    The copy knows no reasons, and capture times not as they lie in a row: those are the row's.
    """
    if not (isinstance(found[6], str) and isinstance(found[7], str)):
        return None
    told = replace(step, clip_reason=found[6], goal_reason=found[7])
    row = to_row(found[0], episode, told, spec)
    row = (*row[:CHECKSUM], found[CHECKSUM], row[_INTERVENTION], found[_CAPTURED], *row[_BLOBS:])
    return row if is_whole(row) else None


def _captured_blob(seen: Observation, spec: RobotSpec) -> bytes:
    if not seen.captured_s:
        return b""
    times = [seen.captured_s.get(sensor.name, np.nan) for sensor in spec.sensors]
    return np.array(times, np.float64).tobytes()


def _checksum(row: Row) -> int:
    checksum = zlib.crc32(json.dumps(row[:SCALARS_N]).encode())
    # What the first layout did not have comes last, and where it is empty it changes nothing, so
    # that rows of the first layout keep their checksums.
    for blob in (*row[_BLOBS:], row[_CAPTURED], b"intervention" * row[_INTERVENTION]):
        checksum = zlib.crc32(blob, checksum)
    return checksum
