"""Which sensors the robot's doings ever change: what none does can be no part of a goal.

A number that a new episode draws and nothing in it changes (what a task asks for, the colour of a
wall) would make a goal that nobody can reach.
"""

import numpy as np

from rumpus.replay.base import ReplayView
from rumpus.types import Array

LOOKED_AT = 20_000  # the newest steps, at most
BLOCK = 500  # steps looked at before asking whether that is enough


def movable(stored: ReplayView) -> Array:
    """Whether each sensor was ever seen to change within an episode, bool (S,); all, if none was.

    Args:
        stored: what is remembered; of a long life the newest part.
    """
    if len(stored.spec.sensors) == 1:  # and nothing need be looked at
        return np.ones(1, bool)
    found = np.array([_ever_changed(stored, sensor.name) for sensor in stored.spec.sensors])
    return found if found.any() else np.ones_like(found)


def _ever_changed(stored: ReplayView, sensor: str) -> bool:
    frames, present, last = stored.frames(sensor), stored.present(sensor), len(stored)
    for end in range(last, max(last - LOOKED_AT, 0), -BLOCK):
        block = slice(max(end - BLOCK - 1, 0), end)  # one more, so that blocks overlap
        episode, there = stored.episode_of[block], present[block]
        follows = (episode[1:] == episode[:-1]) & there[1:] & there[:-1]
        changed = (frames[block][1:] != frames[block][:-1]).reshape(len(follows), -1).any(1)
        if (changed & follows).any():
            return True
    return False
