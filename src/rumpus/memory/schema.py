"""The one codec of a step: its fields, as columns of the store, of the view and of every export.

The dataclass `Step` says what the fields are. A field that is added there, with a default, lies in
a column of its name, as its type says, in an older memory too: see `declared`, and layout.py.
"""

import dataclasses
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import compress
from typing import Any, get_type_hints

import numpy as np

from rumpus.spec import Readings, RobotSpec
from rumpus.types import Array, Observation, Step

Row = dict[str, Any]  # a step as it lies in the store, by column

VIEW_LAYOUT = 4  # of the view's rows
_DTYPES = {float: np.float64, int: np.int64, bool: np.bool_, str: np.object_, Array: np.float32}
_PLAIN: dict[str, type] = {"f": float, "i": int, "b": bool, "O": str}
_SQL = {"f": "REAL", "i": "INTEGER", "b": "INTEGER", "O": "TEXT"}
# A row's checksum goes over the first as JSON, then over bytes: actions, readings, what is later.
# What is later and has its default changes nothing, so that rows of an older layout keep their
# checksums. Fields that are added to `Step` follow by themselves.
_FIRST = ("time_s", "goal_index", "terminated", "truncated", "clip_reason", "goal_reason")
_ACTIONS = ("action", "executed_action")
_LATER = ("captured_s", "intervention", "present")


@dataclass(frozen=True)
class Field:
    """One thing that is known of every step beside its readings.

    Attributes:
        name: of it in `Step`, and of its column.
        dtype: of its numbers; object for a text, which the view leaves to the store.
        per: "action" or "sensor", where it is a blob with a number for each; else "".
        default: what a row has that says nothing of it.
    """

    name: str
    dtype: np.dtype[Any]
    per: str = ""
    default: Any = b""

    def mark(self, stored: Any) -> Any:
        """What a later field adds to a row's checksum.

        Raises:
            TypeError: when it is damaged.
        """
        if self.per:
            return stored  # bytes, or what no checksum goes over
        if stored == self.default:
            return b""
        if self.dtype.kind == "b" and stored != 1:
            raise TypeError(f"{self.name} is {stored}")
        return f"{self.name}{'' if self.dtype.kind == 'b' else stored}".encode()


def _fields() -> dict[str, Field]:
    """All of them, in the order of a row's checksum."""
    time, truth = np.dtype(np.float64), np.dtype(np.bool_)
    seen = [Field("time_s", time, default=0.0), Field("captured_s", time, "sensor"),
            Field("present", truth, "sensor")]  # fmt: skip
    kinds = get_type_hints(Step)
    done = [
        Field(of.name, np.dtype(_DTYPES[kinds[of.name]]),
              "action" if kinds[of.name] == Array else "",
              b"" if of.default is dataclasses.MISSING else of.default)
        for of in dataclasses.fields(Step) if of.name != "observation"
    ]  # fmt: skip
    every = {field.name: field for field in (*seen, *done)}
    return {name: every[name] for name in dict.fromkeys((*_FIRST, *_ACTIONS, *_LATER, *every))}


FIELDS = _fields()
_STORED: dict[str, Callable[[Any], Any]] = {  # what makes of a value what a row holds
    name: bytes if field.per else int if field.dtype.kind == "b" else _PLAIN[field.dtype.kind]
    for name, field in FIELDS.items()
}
_OWN = {name: f for name, f in FIELDS.items() if name in Step.__dataclass_fields__}
_ADDED = [f for name, f in FIELDS.items() if name not in (*_FIRST, *_ACTIONS)]


def declared(sensors: int = 0) -> list[str]:
    """How the columns of the store are declared in SQL, for a robot with that many sensors."""
    known = [
        f"{name} BLOB NOT NULL DEFAULT x''" if field.per
        else f"{name} {_SQL[field.dtype.kind]} NOT NULL DEFAULT {field.default!r}"
        for name, field in FIELDS.items()
    ]  # fmt: skip
    whose = ["step INTEGER PRIMARY KEY", "episode INTEGER NOT NULL", "checksum INTEGER NOT NULL"]
    return [*whose, *known, *(f"sensor_{k} BLOB NOT NULL" for k in range(sensors))]


class Schema:
    """How the steps of one robot lie on disk.

    Attributes:
        spec: the robot.
        sensors: its sensors, by the column of their readings.
        columns: of a row.
    """

    def __init__(self, spec: RobotSpec) -> None:
        """Be that of one robot."""
        self.spec = spec
        self.sensors = {f"sensor_{k}": sensor for k, sensor in enumerate(spec.sensors)}
        self.columns = ("step", "episode", "checksum", *FIELDS, *self.sensors)

    def row(self, index: int, episode: int, step: Step) -> Row:
        """A step as a row; its bytes are copies of the step's arrays."""
        seen, sensors = step.observation, self.spec.sensors
        values = vars(step) | {"time_s": seen.time_s, "captured_s": b"", "present": b""}
        if seen.captured_s:
            values["captured_s"] = np.array([seen.captured_s.get(s.name, np.nan) for s in sensors])
        if len(seen.readings) < len(sensors):
            values["present"] = np.array([s.name in seen.readings for s in sensors])
        row: Row = {"step": index, "episode": episode, "checksum": 0}
        row |= {name: stored(values[name]) for name, stored in _STORED.items()}
        for column, sensor in self.sensors.items():
            reading = seen.readings.get(sensor.name)
            row[column] = b"" if reading is None else reading.tobytes()
        return row | {"checksum": self._checksum(row)}

    def lost(self, index: int) -> Row:
        """What stands for a step that is lost: no sensor gave anything, and it is in no episode."""
        still = np.zeros(self.spec.action_size, np.float32)
        return self.row(index, -1 - index, Step(Observation({}, 0.0), still, still))

    def moved(self, row: Row, **values: int) -> Row:
        """A row of which something else is said now, its readings in it."""
        new = row | values
        return new | {"checksum": self._checksum(new)}

    def step(self, row: Row) -> Step:
        """The step that a row holds, without the readings that are not in it."""
        readings = {
            sensor.name: np.frombuffer(row[column], sensor.dtype).reshape(sensor.shape)
            for column, sensor in self.sensors.items() if row[column]
        }  # fmt: skip
        return self.step_of(_said(row), readings)

    def step_of(self, values: Mapping[str, Any], readings: Readings) -> Step:
        """A step from its fields and readings; fields that are not given have their defaults.

        Args:
            values: by the field's name; `captured_s`, (S,), has NaN for the step's own time.
            readings: of the sensors that gave one.
        """
        times = zip(self.spec.sensors, values.get("captured_s", ()), strict=False)
        captured_s = {s.name: float(time_s) for s, time_s in times if not np.isnan(time_s)}
        own = {
            name: values[name] if field.per else _PLAIN[field.dtype.kind](values[name])
            for name, field in _OWN.items()
            if name in values
        }
        return Step(Observation(readings, float(values["time_s"]), captured_s), **own)

    def values(self, row: Row) -> dict[str, Any]:
        """What a row says, by the field's name, nothing left to be understood.

        Returns:
            with `captured_s`, float64 (S,), the step's time where a sensor told none, and
            `present`, bool (S,).
        """
        values = {"present": np.ones(len(self.sensors), np.bool_)} | _said(row)
        times = values.get("captured_s", np.full(len(self.sensors), np.nan))
        return values | {"captured_s": np.where(np.isnan(times), row["time_s"], times)}

    def filmed(self, row: Row) -> list[int]:
        """The sensors that gave a reading which is not in the row: it lies in a film."""
        said = row["present"] if isinstance(row["present"], bytes) else b""  # it may be damaged
        said = said.ljust(len(self.sensors), b"\1")
        return [k for k, column in enumerate(self.sensors) if said[k] and not row[column]]

    def is_whole(self, row: Row) -> bool:
        """Whether a row, its readings in it, is what was written."""
        try:
            return bool(self._checksum(row) == row["checksum"])
        except (TypeError, UnicodeEncodeError):  # what was bytes or a number is something else
            return False

    def repaired(self, found: Row, copy: Row) -> Row | None:
        """A damaged row as a copy has it, where the row's own checksum says that it is right.

        The copy knows no reasons, and capture times not as they lie in a row: those are the row's.
        """
        texts = [name for name, field in FIELDS.items() if field.dtype.hasobject]
        row = copy | {name: found[name] for name in ("checksum", "captured_s", *texts)}
        return row if self.is_whole(row) else None

    def view_dtype(self) -> np.dtype[Any]:
        """What the view keeps of each step beside its readings, widest numbers first.

        Aligned, so that torch can take any field.
        """
        shapes = {"": (), "action": (self.spec.action_size,), "sensor": (len(self.sensors),)}
        kept = [f for f in FIELDS.values() if not f.dtype.hasobject]
        kept.sort(key=lambda f: (-f.dtype.itemsize, f.dtype.kind != "f"))
        fields = [("episode", np.int64), *((f.name, f.dtype, shapes[f.per]) for f in kept)]
        return np.dtype([*fields, ("checksum", np.uint32)], align=True)

    def view_row(self, row: Row, dtype: np.dtype[Any]) -> Array:
        """A row of the store as one of the view, (), without its checksum."""
        viewed = np.zeros((), dtype)
        known = {"episode": row["episode"], "checksum": 0} | self.values(row)
        for name in dtype.names or ():
            viewed[name] = known[name]
        return viewed

    def row_of_view(self, index: int, viewed: Array, readings: Mapping[str, Array]) -> Row:
        """The row of the store that a row of the view is of, as far as the view knows it.

        Args:
            index: of the step.
            viewed: (), the view's row.
            readings: by column, zeros for a sensor that gave nothing.
        """
        values = {name: viewed[name] for name in viewed.dtype.names or ()}
        times = viewed["captured_s"]
        values["captured_s"] = np.where(times == viewed["time_s"], np.nan, times)
        sensors = compress(self.sensors.items(), values["present"])
        there = {sensor.name: readings[column] for column, sensor in sensors}
        return self.row(index, int(viewed["episode"]), self.step_of(values, there))

    def _checksum(self, row: Row) -> int:
        first = json.dumps([row[name] for name in ("step", "episode", *_FIRST)])
        blobs = [row[name] for name in (*_ACTIONS, *self.sensors)]
        marks = [field.mark(row[field.name]) for field in _ADDED]
        return zlib.crc32(b"".join([first.encode(), *blobs, *marks]))


def _said(row: Row) -> dict[str, Any]:
    """What a row says of each field, by its name; nothing of a blob that is empty."""
    return {
        name: np.frombuffer(row[name], field.dtype) if field.per else row[name]
        for name, field in FIELDS.items()
        if not field.per or row[name]
    }
