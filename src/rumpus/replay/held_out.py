"""Steps that no gradient has seen yet: the newest, before they are learned from.

They are the only fair test of what a mind predicts, and cost nothing but a look: windows are taken
evenly spaced, without any chance, so that measuring changes nothing of what is learned.
"""

from dataclasses import dataclass

import numpy as np

from rumpus.replay import sampler
from rumpus.replay.base import ReplayView
from rumpus.replay.window import starts
from rumpus.spec import Readings
from rumpus.types import Array

HORIZONS = (1, 5, 10)  # steps ahead
MOST_WINDOWS = 128


@dataclass(frozen=True)
class HeldOut:
    """Windows of consecutive steps, seen at a few moments, with all that was done in between.

    Attributes:
        horizons: K, steps after the beginning, rising.
        readings: by sensor name, (B, 1 + K, *shape), at the beginning and at each horizon.
        present: bool (B, 1 + K, S), which sensors gave something.
        action: float32 (B, H, A) for H the last horizon, see `Batch`.
        other_action: the same of another window each: the control.
    """

    horizons: tuple[int, ...]
    readings: Readings
    present: Array
    action: Array
    other_action: Array


def held_out(stored: ReplayView, first: int) -> HeldOut | None:
    """Windows among the steps from `first` on; None where there are not two.

    Args:
        stored: what is remembered.
        first: position of the first step that was not learned from.
    """
    episode_of = stored.episode_of[first:]
    for count in range(len(HORIZONS), 0, -1):  # shorter where episodes are short
        begins = first + starts(episode_of, HORIZONS[count - 1] + 1)
        if len(begins) > 1:
            break
    else:
        return None
    horizons = HORIZONS[:count]
    some = np.linspace(0, len(begins) - 1, min(len(begins), MOST_WINDOWS)).astype(int)
    seen = begins[some, None] + np.array([0, *horizons])
    done = begins[some, None] + np.arange(horizons[-1])
    action = sampler.asked_actions(stored, done)
    return HeldOut(
        horizons,
        {s.name: stored.frames(s.name)[seen] for s in stored.spec.sensors},
        sampler.present(stored, seen),
        action,
        np.roll(action, len(action) // 2, axis=0),  # as far off in time as can be
    )
