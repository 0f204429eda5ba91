"""Where windows of consecutive steps can begin: never across a cut."""

import numpy as np

from rumpus.errors import InputError
from rumpus.types import Array


def starts(episode_of: Array, length: int) -> Array:
    """Every step at which a window of `length` steps can begin, in order.

    Args:
        episode_of: (N,) episode of each step; the steps of an episode are consecutive.
        length: T >= 1, steps in the window.

    Returns:
        int64 (M,), M <= N - T + 1.
    """
    span = window_span(episode_of, length)
    # Where two stretches of one episode have a lost step between them, the ends alone are alike.
    cuts = np.concatenate([[0], np.cumsum(np.diff(episode_of) != 0)])
    return np.flatnonzero(cuts[:span] == cuts[length - 1 : length - 1 + span])


def unbroken(episode_of: Array, first: Array, length: int) -> Array:
    """Which of some windows hold steps of one episode alone.

    Args:
        episode_of: (N,) episode of each step.
        first: int64 (n,), where they begin.
        length: T >= 1, steps in each.

    Returns:
        bool (n,).
    """
    inside = first[:, None] + np.arange(length)
    episode = episode_of[np.minimum(inside, len(episode_of) - 1)]
    whole: Array = (episode == episode[:, :1]).all(1) & (inside[:, -1] < len(episode_of))
    return whole


def window_span(episode_of: Array, length: int) -> int:
    """How many steps there are at which a window could begin, were there no cuts.

    Raises:
        InputError: when a window would hold no step.
    """
    if length < 1:
        raise InputError(f"A window of {length} steps was asked; it must be at least 1.")
    return max(0, len(episode_of) - length + 1)


def lived(episode_of: Array, steps: Array) -> Array:
    """Which of some steps are life: a picture that was only shown is an episode of one step.

    Args:
        episode_of: (N,) episode of each step; the steps of an episode are consecutive.
        steps: int64 (n,), positions.

    Returns:
        bool (n,), whether a step of the same episode lies beside each.
    """
    around = steps[:, None] + np.array([-1, 1])
    inside = (around >= 0) & (around < len(episode_of))
    beside = episode_of[np.where(inside, around, steps[:, None])] == episode_of[steps][:, None]
    return np.asarray((inside & beside).any(1))
