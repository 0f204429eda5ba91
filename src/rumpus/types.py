"""The words that body, memory and mind share. No torch, no mujoco.

Axis letters: B batch, T past steps, H planned steps, S sensors, D latent, A action, h w c pixels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rumpus.spec import Readings

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Observation:
    """What the robot sensed at one step.

    Attributes:
        readings: by sensor name; uint8 (h, w, c) or float32 (k,). A sensor that gave nothing is
            left out: no reading is ever made up.
        time_s: when the step was, on the robot's monotonic clock.
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
        outcome: what the environment itself says came of it, as JSON, such as
            '{"reward": -1.0}', or ""; kept for people and exports, never for the learner.
    """

    action: Array
    reason: str = ""
    outcome: str = ""


@dataclass(frozen=True)
class GoalReference:
    """Where a goal is stored, so that nothing that was ever asked of a robot is lost.

    Attributes:
        memory: id of the memory.
        episode: id of the episode in it.
        step: position in it.
    """

    memory: str
    episode: int
    step: int


@dataclass(frozen=True)
class Goal:
    """Readings that the robot should make its sensors give.

    Attributes:
        readings: by sensor name; sensors that are left out do not matter.
        source: what chose it, e.g. "skew", "memory" or "picture".
        reason: why, in one line for a person.
        reference: the stored step that it is, or None where it is stored nowhere (evaluation).
    """

    readings: Readings
    source: str
    reason: str
    reference: GoalReference | None = None

    @property
    def step(self) -> int:
        """Its position in the robot's own memory, -1 for none; see `Step.goal_index`."""
        return -1 if self.reference is None else self.reference.step


@dataclass(frozen=True)
class Step:
    """One step as memory keeps it: the observation and what was done from it.

    Attributes:
        observation: what was sensed.
        action: what was asked of the robot, float32 (A,) in [-1, 1].
        executed_action: what the robot said that it did, float32 (A,); see `Executed`.
        clip_reason: why the two differ, or "".
        goal_index: position in this memory of the goal that was commanded, -1 for none.
        goal_reason: why that goal, in words for a person, or "".
        terminated: this observation ended its episode (its action then means nothing).
        truncated: this observation is the last one recorded of its episode.
        intervention: a person moved the robot; `executed_action` is what the person did.
        outcome: what the environment itself said came of it; see `Executed`.
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
    outcome: str = ""


@dataclass(frozen=True)
class Batch:
    """Windows of stored steps for the world model; no two episodes in one window.

    Attributes:
        readings: by sensor name, uint8 (B, T, h, w, c) or float32 (B, T, k); zeros where absent.
        present: bool (B, T, S), which of the robot's sensors gave something, in its order.
        action: float32 (B, T, A), what was asked for, or executed where a person moved the robot;
            row t leads from step t to t + 1.
    """

    readings: Readings
    present: Array
    action: Array


@dataclass(frozen=True)
class TokenBatch:
    """Windows of stored steps for the dynamics; no two episodes in one window.

    Attributes:
        tokens: float32 (B, T, S, D) for S sensors, as one encoder made them for many batches.
        present: bool (B, T, S), the sensors by which the window is told.
        action: float32 (B, T, A), as in a `Batch`.
        encoder_version: which encoder made the tokens, see `Actor.encoder_version`.
    """

    tokens: Array
    present: Array
    action: Array
    encoder_version: int


@dataclass(frozen=True)
class GoalBatch:
    """Stored steps, each with the step after it and a goal, for value and policy.

    Everything is told by the encoder's tokens, float32 (B, S, D) for S sensors, which one encoder
    made for many batches.

    Attributes:
        tokens: of the step.
        present: bool (B, S), the sensors by which the step is told.
        next_tokens: of the step after it, told by the same sensors.
        goal_tokens: of the goal.
        goal_present: bool (B, S), the sensors that matter in the goal.
        arrived: bool (B,), the goal is the step itself.
        encoder_version: which encoder made the tokens, see `Actor.encoder_version`.
    """

    tokens: Array
    present: Array
    next_tokens: Array
    goal_tokens: Array
    goal_present: Array
    arrived: Array
    encoder_version: int
