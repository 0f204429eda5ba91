"""The words that body, memory and mind share. No torch, no mujoco.

Axis letters: B batch, T past steps, H planned steps, A action, h w c pixels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rumpus.spec import Readings

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Observation:
    """What the robot sensed at one moment.

    Attributes:
        readings: by sensor name; uint8 (h, w, c) or float32 (k,). A sensor that gave nothing is
            left out: no reading is ever made up.
        time_s: when the moment was, on the robot's monotonic clock.
        captured_s: on the same clock, when each sensor took its reading; one that is left out took
            it at `time_s`. A slow sensor repeats its last reading, with the time of that reading.
    """

    readings: Readings
    time_s: float
    captured_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Executed:
    """What a robot really did when it was asked to act.

    Attributes:
        action: after every limit, those of its workspace included; float32 (A,) in [-1, 1].
        reason: why it is not the action that was asked for, or "".
    """

    action: Array
    reason: str = ""


@dataclass(frozen=True)
class Goal:
    """A wish: readings that the robot should make its sensors show.

    Attributes:
        readings: wished; sensors that are left out do not matter.
        source: where it comes from: "picture" or "memory".
        reason: one line for a person, e.g. the picture's file.
        step_index: where in memory it was lived, or -1 when it comes from outside.
    """

    readings: Readings
    source: str
    reason: str
    step_index: int = -1


@dataclass(frozen=True)
class Step:
    """One moment as memory keeps it: the observation and what was done from it.

    Attributes:
        observation: what was sensed.
        action: the wish, float32 (A,) in [-1, 1].
        executed_action: the deed after the safety box, float32 (A,).
        clip_reason: why deed and wish differ, or "".
        goal_index: the remembered goal commanded, -1 for none, see Goal.step_index.
        goal_reason: why that goal, in words for a person, or "".
        terminated: this observation ended its episode (its action then means nothing).
        truncated: this observation is the last one recorded of its episode.
        intervention: a person moved the robot; `executed_action` is what the person did.
    """

    observation: Observation
    action: Array
    executed_action: Array
    clip_reason: str = ""
    goal_index: int = -1
    goal_reason: str = ""
    terminated: bool = False
    truncated: bool = False
    intervention: bool = False


@dataclass(frozen=True)
class Batch:
    """Windows of memory for the learner; no two episodes in one window.

    Attributes:
        readings: by sensor name, uint8 (B, T, h, w, c) or float32 (B, T, k).
        executed_action: float32 (B, T, A); row t leads from t to t + 1.
        index: int64 (B, T), positions in memory.
    """

    readings: Readings
    executed_action: Array
    index: Array


@dataclass(frozen=True)
class Hindsight:
    """Remembered moments, each with a goal that was lived.

    Attributes:
        index: int64 (B,), positions in memory; each has a next step in its episode.
        goal: int64 (B,), positions in memory of the goals.
    """

    index: Array
    goal: Array
