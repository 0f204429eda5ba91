"""Hindsight: pairs every remembered moment with a goal that was really lived.

Some goals are what the robot came to a little later, so that every step was right for something;
some are what it was after at that moment, so that it learns where it gets stuck; some are any
moment of memory; some are the moment itself, to learn what having arrived means.

Source: hindsight experience replay (Andrychowicz 2017, section 3.3, strategies "future" and
"random"), with the geometric look-ahead of contrastive RL (Eysenbach 2022, eq. 2) and the share
of commanded goals of Skew-Fit (Pong 2020, appendix C.2).

Differs from the paper:
    hindsight experience replay: look-ahead is geometric and ends with the episode; a share of
    the goals is the moment itself.
"""

from dataclasses import dataclass

import numpy as np

from rumpus.errors import InputError
from rumpus.types import Array, Hindsight


@dataclass(frozen=True)
class HindsightConfig:
    """Where goals come from.

    Attributes:
        anywhere: share of goals drawn from all of memory.
        commanded: share of goals that play was after at the moment, where it was after any.
        arrived: share of goals that are the moment itself; the rest lie ahead.
        mean_ahead: mean of the geometric look-ahead, in steps.
    """

    anywhere: float = 0.3
    commanded: float = 0.3
    arrived: float = 0.1
    mean_ahead: float = 20.0


def hindsight(
    rng: np.random.Generator, episode_of: Array, goal_index: Array, batch: int,
    config: HindsightConfig,
) -> Hindsight:  # fmt: skip
    """Draw moments and goals from all of memory.

    Args:
        rng: where chance comes from.
        episode_of: (N,) episode of each step; the steps of an episode are consecutive.
        goal_index: (N,) the remembered goal commanded at each step, -1 for none.
        batch: B.
        config: where goals come from.

    Raises:
        InputError: when no episode has two steps.
    """
    index = _with_follower(rng, episode_of, batch)
    last = np.searchsorted(episode_of, episode_of[index], side="right") - 1
    goal = np.minimum(index + rng.geometric(1.0 / config.mean_ahead, batch), last)
    chance = rng.random(batch)
    anywhere = chance < config.anywhere
    goal = np.where(anywhere, rng.integers(0, len(episode_of), batch), goal)
    commanded = goal_index[index]
    asked = ~anywhere & (chance < config.anywhere + config.commanded) & (commanded >= 0)
    goal = np.where(asked, commanded, goal)
    goal = np.where(chance > 1.0 - config.arrived, index, goal)
    return Hindsight(index, goal)


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
