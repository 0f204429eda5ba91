"""What a memory knows of its steps besides the readings, as columns: every format has these."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rumpus.spec import RobotSpec
from rumpus.types import Array, Observation, Step

WORDS: dict[str, Any] = {
    "goal_index": int, "terminated": bool, "truncated": bool, "intervention": bool,
    "clip_reason": str, "goal_reason": str,
}  # fmt: skip


def columns_of(spec: RobotSpec, first: int, steps: Sequence[Step]) -> dict[str, Array]:
    """Consecutive steps, one row each; a sensor that tells no time has the step's."""
    seen = [step.observation for step in steps]
    captured_s = [[s.captured_s.get(of.name, s.time_s) for of in spec.sensors] for s in seen]
    actions = {
        "action": [step.action for step in steps],
        "executed_action": [step.executed_action for step in steps],
    }
    return {
        **{name: np.array(rows, np.float32).reshape(-1, spec.action_size)
           for name, rows in actions.items()},
        "time_s": np.array([s.time_s for s in seen], np.float64),
        "captured_s": np.array(captured_s, np.float64).reshape(-1, len(spec.sensors)),
        "step_index": np.arange(first, first + len(steps)),
        **{name: np.array([getattr(step, name) for step in steps], object if kind is str else kind)
           for name, kind in WORDS.items()},
    }  # fmt: skip


def kinds_of(spec: RobotSpec) -> dict[str, tuple[np.dtype[Any], tuple[int, ...]]]:
    """Type and shape of a row of each column; texts are objects."""
    return {name: (rows.dtype, rows.shape[1:]) for name, rows in columns_of(spec, 0, []).items()}


def step_of(spec: RobotSpec, readings: dict[str, Array], row: Mapping[str, Any]) -> Step:
    """A step from its readings and its row; columns that a stranger has not are left out."""
    time_s = float(row["time_s"])
    told = zip(spec.sensors, row.get("captured_s", ()), strict=False)
    return Step(
        Observation(readings, time_s, {s.name: float(at) for s, at in told if at != time_s}),
        action=row["action"],
        executed_action=row["executed_action"],
        **{name: kind(row[name]) for name, kind in WORDS.items() if name in row},
    )


def scaled(actions: Array, low: Array, high: Array) -> Array:
    """Motor commands in [low, high] as float32 in [-1, 1]; a motor without room to move is at 0."""
    middle, reach = (low + high) / 2.0, (high - low) / 2.0
    inside = np.divide(actions - middle, reach, out=np.zeros(actions.shape), where=reach > 0)
    return inside.astype(np.float32)
