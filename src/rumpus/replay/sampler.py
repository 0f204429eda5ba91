"""The sampler draws windows of past life, every step equally likely, never across a cut.

Where some moments are to come first, `recent`, `skewed` or priority.py name the steps at which
windows begin; what does not fit is made up for uniformly, so that everything stays drawable.

Windows are drawn by rejection: a start is drawn anywhere, and kept when its window lies in one
episode, with no lost step in it. This is exactly uniform over all windows, and its cost does not
grow with the number of steps or episodes.
"""

from collections.abc import Callable

import numpy as np

from rumpus.errors import InputError
from rumpus.replay.base import ReplayView
from rumpus.replay.window import starts, unbroken, window_span
from rumpus.types import Array, Batch

Weigh = Callable[[Array], Array]
_ROUNDS = 8  # of rejection, before all windows are listed


def sample(
    stored: ReplayView, rng: np.random.Generator, batch: int, length: int,
    preferred: Array | None = None,
) -> tuple[Batch, Array]:  # fmt: skip
    """Draw windows of past life, uniformly over everything ever stored.

    Args:
        stored: what to draw from.
        rng: where chance comes from.
        batch: B, windows.
        length: T, steps in each, of one episode.
        preferred: int64 (P,), steps at which windows begin first of all, where they fit:
            `recent` or `skewed` ones, or those of priority.py.

    Returns:
        the windows, and the positions at which they begin, int64 (B,).

    Raises:
        InputError: when no episode is that long yet.
    """
    index = draw(rng, stored.episode_of, batch, length, preferred)
    readings = {sensor.name: stored.frames(sensor.name)[index] for sensor in stored.spec.sensors}
    return Batch(readings, present(stored, index), asked_actions(stored, index)), index[:, 0]


def present(stored: ReplayView, index: Array) -> Array:
    """Which sensors gave something at steps (...), bool (..., S) in the robot's order."""
    return np.stack([stored.present(s.name)[index] for s in stored.spec.sensors], -1)


def asked_actions(stored: ReplayView, index: Array) -> Array:
    """What the world model learns from at steps (...), float32 (..., A): what was asked for.

    A plan asks, too: what limits make of it in which state is part of what is to be predicted.
    Where a person moved the robot nothing was asked for, and what was executed counts.
    """
    asked, executed = stored.actions[index], stored.executed_actions[index]
    return np.where(stored.intervention[index][..., None], executed, asked)


def draw(
    rng: np.random.Generator, episode_of: Array, batch: int, length: int,
    preferred: Array | None = None,
) -> Array:  # fmt: skip
    """Draw `batch` windows, uniformly over all that exist, with replacement.

    Args:
        rng: where chance comes from; the same state draws the same windows.
        episode_of: (N,) episode of each step.
        batch: B, windows to draw.
        length: T >= 1, steps in each.
        preferred: (P,) steps at which the first windows begin, those that fit.

    Returns:
        int64 (B, T), positions in memory.

    Raises:
        InputError: when no episode is `length` steps long yet.
    """
    first = _reject(rng, episode_of, batch, length)
    if len(first) < batch:
        every = starts(episode_of, length)
        if not len(every):
            raise InputError(
                f"A window of {length} steps was asked of a memory of {len(episode_of)} steps "
                "in which no episode is that long; ask for a shorter one, or play on."
            )
        first = rng.choice(every, batch)
    if preferred is not None:
        fits = unbroken(episode_of, preferred, length)
        first = np.concatenate([preferred[fits], first])[:batch]
    return first[:, None] + np.arange(length)


def recent(rng: np.random.Generator, steps: int, batch: int, mean_age: float) -> Array:
    """Steps for `preferred` that are rather new: their age is geometric, int64 (batch,).

    Args:
        rng: where chance comes from.
        steps: N >= 1, in memory.
        batch: how many to draw.
        mean_age: of the drawn, in steps, where memory is much longer; nothing is out of reach.
    """
    age = rng.geometric(1.0 / max(mean_age, 1.0), batch) - 1
    drawn: Array = steps - 1 - age % steps
    return drawn


def skewed(
    rng: np.random.Generator, steps: int, batch: int, weigh: Weigh, candidates: int = 1000
) -> Array:
    """Steps for `preferred` drawn by weight among some that are drawn uniformly, int64 (batch,).

    Its cost does not grow with memory, for which the weights are only nearly kept (sampling
    importance resampling, Rubin 1987).

    Args:
        rng: where chance comes from.
        steps: N >= 1, in memory.
        batch: how many to draw, with replacement.
        weigh: steps, int64 (C,), to weights >= 0, (C,): Skew-Fit's p^alpha, say.
        candidates: C.

    Raises:
        InputError: when no candidate has any weight.
    """
    drawn = rng.choice(steps, min(candidates, steps), replace=False)
    weight = np.asarray(weigh(drawn), np.float64)
    if not 0.0 < weight.sum() < np.inf or weight.min() < 0.0:
        raise InputError(
            f"Of {len(drawn)} steps none was given a weight to be drawn by, or a weight was "
            "negative or no number; mend the weights."
        )
    return rng.choice(drawn, batch, p=weight / weight.sum())


def _reject(rng: np.random.Generator, episode_of: Array, batch: int, length: int) -> Array:
    kept = np.empty(0, np.int64)
    span = window_span(episode_of, length)
    for _ in range(_ROUNDS if span else 0):
        tried = rng.integers(span, size=batch)
        kept = np.concatenate([kept, tried[unbroken(episode_of, tried, length)]])
        if len(kept) >= batch:
            return kept[:batch]
    return kept
