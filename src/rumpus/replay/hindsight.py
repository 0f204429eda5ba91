"""Hindsight: pairs every stored step with a goal that was really reached once.

Some goals are what the robot came to a little later, so that every step was right for something;
some are what was commanded at that step, so that it learns where it gets stuck; some are any
stored step; some are the step itself, to learn what having arrived means.

Source: hindsight experience replay (Andrychowicz 2017, section 3.3, strategies "future" and
"random"), with the geometric look-ahead of contrastive RL (Eysenbach 2022, eq. 2) and the share
of commanded goals of Skew-Fit (Pong 2020, appendix C.2).

Differs from the paper:
    hindsight experience replay: look-ahead is geometric and ends with the episode; a share of
    the goals is the step itself.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta

from rumpus.errors import InputError
from rumpus.types import Array


@dataclass(frozen=True)
class HindsightConfig:
    """Where goals come from.

    Attributes:
        anywhere: share of goals drawn from all steps, so that the distance knows what is far.
        commanded: share of goals that were commanded at the step, where any was; as Skew-Fit has
            it, so that it learns where it gets stuck.
        arrived: share of goals that are the step itself, to learn what having arrived means; the
            rest lie ahead.
        mean_ahead: mean of the geometric look-ahead, in steps; half of what play gives to a goal.
    """

    anywhere: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.3
    commanded: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.3
    arrived: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.1
    mean_ahead: Annotated[float, Meta(ge=1.0, le=1_000_000.0)] = 20.0


def hindsight(
    rng: np.random.Generator, episode_of: Array, goal_rows: Array, batch: int,
    config: HindsightConfig,
) -> tuple[Array, Array]:  # fmt: skip
    """Draw steps and goals.

    Args:
        rng: where chance comes from.
        episode_of: (N,) episode of each step; the steps of an episode are consecutive.
        goal_rows: (N,) the row of the goal commanded at each step, -1 for none.
        batch: B.
        config: where goals come from.

    Returns:
        rows of steps, int64 (B,), each with a next step in its episode, and rows of their goals.

    Raises:
        InputError: when no episode has two steps.
    """
    here = _with_follower(rng, episode_of, batch)
    last = np.searchsorted(episode_of, episode_of[here], side="right") - 1
    goal = np.minimum(here + rng.geometric(1.0 / config.mean_ahead, batch), last)
    chance = rng.random(batch)
    anywhere = chance < config.anywhere
    goal = np.where(anywhere, rng.integers(0, len(episode_of), batch), goal)
    commanded = goal_rows[here]
    asked = ~anywhere & (chance < config.anywhere + config.commanded) & (commanded >= 0)
    goal = np.where(asked, commanded, goal)
    return here, np.where(chance > 1.0 - config.arrived, here, goal)


def _with_follower(rng: np.random.Generator, episode_of: Array, batch: int) -> Array:
    """Indices (B,) of steps that have a next step in their episode, all equally likely."""
    drawn = np.zeros(0, np.int64)
    for _ in range(64):
        tried = rng.integers(0, max(len(episode_of) - 1, 1), batch)
        followed = tried + 1 < len(episode_of)
        followed[followed] = episode_of[tried[followed]] == episode_of[tried[followed] + 1]
        drawn = np.concatenate([drawn, tried[followed]])
        if len(drawn) >= batch:
            return drawn[:batch]
    raise InputError(
        f"Hindsight needs an episode of two steps or more; memory holds {len(episode_of)} steps "
        "in shorter ones; let the robot play longer before it restarts."
    )
