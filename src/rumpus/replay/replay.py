"""Replay: everything ever stored is gone over again, as batches for the learner.

It keeps what belongs to positions in memory, so that the mind need not: which steps are gone over
at present, how wrongly they were imagined, and the tokens that one encoder made of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from msgspec import Meta

from rumpus.errors import InputError
from rumpus.replay import sampler
from rumpus.replay.base import ReplayView
from rumpus.replay.hindsight import HindsightConfig, hindsight
from rumpus.replay.movable import movable
from rumpus.replay.priority import Priorities
from rumpus.replay.random_shift import random_shift
from rumpus.replay.window import starts
from rumpus.replay.working_set import SEGMENT_STEPS, WorkingSet, rows_of
from rumpus.spec import Readings
from rumpus.types import Array, Batch, GoalBatch, TokenBatch

CHUNK = 1024  # steps encoded at a time
Encode = Callable[[Readings], Array]  # readings (B, *shape) each to tokens, float32 (B, S, D)
Tick = Callable[[int, int], bool]  # told (steps done, steps in all); False: leave off


@dataclass(frozen=True)
class ReplayConfig:
    """What is drawn from all that is stored.

    Attributes:
        windows: B of the world model's batches; not compared with others.
        window_steps: T of the world model's batches; it imagines all but the first.
        picture_shift: how far the world model's pictures are shifted at most, as a share of their
            height and width; twice as far was no better; see random_shift.py.
        prioritized_windows: windows of each batch that begin where the model was most wrong; three
            quarters of them predicted pushes better than half or none.
        token_windows: B of the dynamics' batches, as long as the world model's.
        goal_batch: B of the goal batches; half of it with twice the updates was no better.
        hindsight: where their goals come from.
        partial_goal_rate: share of goals of which only some sensors matter, where a robot has
            several: a person shows a picture and no joints.
        partial_step_rate: share of steps that are told by some sensors alone, where a robot has
            several: it must know its way also while one gives nothing.
        working_set_steps: steps of which tokens and priorities are kept, at most, so that a long
            life needs no more memory and no longer train phases than that.
    """

    windows: Annotated[int, Meta(ge=1, le=10_000)] = 64
    window_steps: Annotated[int, Meta(ge=2, le=1_000)] = 6
    picture_shift: Annotated[float, Meta(ge=0.0, le=0.5)] = 0.08
    prioritized_windows: Annotated[int, Meta(ge=0, le=10_000)] = 48
    token_windows: Annotated[int, Meta(ge=1, le=100_000)] = 128
    goal_batch: Annotated[int, Meta(ge=1, le=100_000)] = 512
    hindsight: HindsightConfig = HindsightConfig()
    partial_goal_rate: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.5
    partial_step_rate: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.25
    working_set_steps: Annotated[int, Meta(ge=4 * SEGMENT_STEPS, le=100_000_000)] = 100_000

    def __post_init__(self) -> None:
        if self.prioritized_windows > self.windows:
            raise InputError(
                f"{self.prioritized_windows} of {self.windows} windows were to be prioritized; "
                "expected not more than there are."
            )


class Replay:
    """Draws batches from a memory that may grow meanwhile; call `refresh` to take in what is new.

    Attributes:
        working_set: the steps of which tokens and priorities are kept.
        priorities: how wrongly the windows that begin at them were imagined.
        encoder_version: which encoder made the tokens, -1 before any did.
    """

    def __init__(self, stored: ReplayView, config: ReplayConfig, rng: np.random.Generator) -> None:
        self.stored, self.config, self.rng = stored, config, rng
        self.working_set = WorkingSet(config.working_set_steps)
        self.priorities = Priorities()
        self.encoder_version = -1
        self._encoded = np.zeros(0, np.int64)  # the working set when the tokens were made
        self._tokens = np.zeros((0, 0, 0), np.float32)
        self._present = np.zeros((0, 0), bool)
        self._movable = np.zeros(0, bool)

    def refresh(self) -> None:
        """Take in what was stored since, and go on to other parts of a long life."""
        self.priorities.reorder(self.working_set.refresh(self.stored, self.rng))

    @property
    def has_windows(self) -> bool:
        """Whether an episode is long enough for a window of the world model."""
        return len(starts(self.working_set.episode_of, self.config.window_steps)) > 0

    def batch(self) -> tuple[Batch, Array]:
        """Windows for the world model, and where they begin in memory: for `report`."""
        config = self.config
        rows = self.priorities.starts(
            self.rng, config.prioritized_windows, self.working_set.episode_of, config.window_steps
        )
        preferred = self.working_set.steps[rows]
        batch, at = sampler.sample(
            self.stored, self.rng, config.windows, config.window_steps, preferred
        )
        shifted = {
            s.name: random_shift(batch.readings[s.name], config.picture_shift, self.rng)
            for s in self.stored.spec.sensors if s.is_picture
        }  # fmt: skip
        return replace(batch, readings={**batch.readings, **shifted}), at

    def report(self, starts: Array, window_error: Array) -> None:
        """Keep how wrongly the windows that begin at positions (B,) were imagined, (B,)."""
        rows = rows_of(starts, self.working_set.steps)
        self.priorities.report(rows[rows >= 0], window_error[rows >= 0])

    def encode(self, encode: Encode, encoder_version: int, tick: Tick) -> bool:
        """Encode the working set, and the goals that were commanded in it, anew.

        Args:
            encode: the encoder of today.
            encoder_version: its version.
            tick: told now and then how far it came; returning False leaves off.

        Returns:
            whether it came to the end; else what was encoded before is as it was.
        """
        steps = np.concatenate([self.working_set.steps, self.working_set.goals])
        spec, tokens = self.stored.spec, np.zeros((0, 0, 0), np.float32)
        for first in range(0, len(steps), CHUNK):
            if not tick(first, len(steps)):
                return False
            at = steps[first : first + CHUNK]
            made = encode({s.name: self.stored.frames(s.name)[at] for s in spec.sensors})
            if not first:
                tokens = np.empty((len(steps), *made.shape[1:]), np.float32)
            tokens[first : first + len(made)] = made
        self._tokens, self._present = tokens, sampler.present(self.stored, steps)
        self._movable = movable(self.stored)
        self._encoded = self.working_set.steps
        self.encoder_version = encoder_version
        return True

    def token_batch(self) -> TokenBatch:
        """Windows of the working set as tokens, for the dynamics."""
        config = self.config
        rows = sampler.draw(
            self.rng, self.working_set.episode_of, config.token_windows, config.window_steps
        )
        told = self._present[rows] & self._some(len(rows), config.partial_step_rate)[:, None]
        return TokenBatch(
            self._tokens[rows], told, sampler.asked_actions(self.stored, self._encoded[rows]),
            self.encoder_version,
        )  # fmt: skip

    def goal_batch(self) -> GoalBatch:
        """Steps of the working set with the step after and a goal, for value and policy.

        Raises:
            InputError: when no episode has two steps.
        """
        here, goal = hindsight(
            self.rng, self.working_set.episode_of, self.working_set.goal_rows,
            self.config.goal_batch, self.config.hindsight,
        )  # fmt: skip
        config, count = self.config, len(here)
        there = self._present[here] & self._present[here + 1]
        # A step and the next that no sensor tells both teach nothing, nor does a lost step as goal.
        kept = there.any(1) & self._present[goal].any(1)
        if not kept.any():
            raise InputError(
                f"No sensor of {self.stored.spec.name} tells two steps that follow each other, so "
                "nothing can be learned of what leads where; mend the sensors."
            )
        here, goal, there, count = here[kept], goal[kept], there[kept], int(kept.sum())
        told = there & self._some(count, config.partial_step_rate)
        told[~told.any(1)] = there[~told.any(1)]  # the sensor that was chosen gave nothing
        wanted = self._as_goals(self._present[goal])
        matters = wanted & self._some(count, config.partial_goal_rate)
        matters[~matters.any(1)] = wanted[~matters.any(1)]
        return GoalBatch(
            self._tokens[here], told, self._tokens[here + 1], self._tokens[goal],
            matters, goal == here, self.encoder_version,
        )  # fmt: skip

    def candidates(self) -> tuple[Array, Array, Array]:
        """(tokens, present, positions in memory) of every step that can be a goal."""
        told = self._present[: len(self._encoded)].any(1)  # of a lost step nothing is
        there = np.flatnonzero(told)
        return self._tokens[there], self._as_goals(self._present[there]), self._encoded[there]

    def _as_goals(self, present: Array) -> Array:
        """What of steps (N, S) can be a goal: what gave something and moves, where any does."""
        moves = present & self._movable
        return np.where(moves.any(1, keepdims=True), moves, present)

    def _some(self, count: int, rate: float) -> Array:
        """Which sensors count, bool (count, S): a share of the rows has not all, but one."""
        sensors = self._tokens.shape[1]
        chosen = np.ones((count, sensors), bool)
        if sensors == 1:
            return chosen
        partial = self.rng.random(count) < rate
        chosen[partial] = self.rng.random((int(partial.sum()), sensors)) < 0.5
        chosen[np.arange(count), self.rng.integers(sensors, size=count)] = True
        return chosen

    def state(self) -> dict[str, Array]:
        """What is to be saved: the working set and its priorities."""
        return {
            "steps": self.working_set.steps, "segments": self.working_set.segments,
            "known": np.array([self.working_set.known]),
            "priorities": self.priorities.values,
        }  # fmt: skip

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take up what was saved; `refresh` comes next."""
        self.working_set.steps = state["steps"]
        self.working_set.segments = state["segments"]
        self.working_set.known = int(state["known"][0])
        self.priorities = Priorities(state["priorities"])
