"""Wishes in worlds that were there before: "door open" at `door`, "puck on the mark" at `pusher`.

The world tells with every step whether the wish has come true, which a benchmark answers questions
by and the robot never hears. Attempts begin where it has not; what it shows, it shows with the hand
here and there.
"""

import json
from abc import abstractmethod
from dataclasses import replace

import numpy as np

from rumpus.types import Array, Executed
from rumpus.worlds._simulation import SimulatedWorld
from rumpus.worlds.base import State, Trial
from rumpus.worlds.door import Door
from rumpus.worlds.pusher import Pusher

OPEN_RAD, SHUT_RAD = 0.6, 0.3  # of 0.83 rad; an attempt begins with the door less open than SHUT
MARK_M, ON_M, OFF_M = (0.05, 0.02), 0.03, 0.06  # where the mark is; how near the puck is to be


class Wished(SimulatedWorld):
    """A world whose outcome tells whether a wish has come true.

    Attributes:
        wish: what a person wants, in words.
    """

    wish: str

    @abstractmethod
    def is_success(self, state: State) -> bool:
        """Whether the wish has come true."""

    @abstractmethod
    def is_start(self, state: State) -> bool:
        """Whether an attempt may begin there."""

    def act(self, action: Array) -> Executed:
        """See `SimulatedWorld`; the outcome tells whether the wish has come true."""
        executed = super().act(action)
        return replace(executed, outcome=json.dumps({"success": self.is_success(self.state())}))

    def wishes(self, count: int, seed: int) -> list[Trial]:
        """Attempts: each begins where the wish has not come true; its goal shows it."""
        starts, goals, rng = list[Trial](), list[Trial](), np.random.default_rng(seed)
        while min(len(starts), len(goals)) < count:
            kind = str(rng.choice(self.trial_kinds))
            drawn = self.trials(20, int(rng.integers(2**31)), kind)
            starts += [t for t in drawn if self.is_start(t.start) and kind == self.trial_kinds[0]]
            goals += [trial for trial in drawn if self.is_success(trial.goal)]
        return [replace(s, goal=g.goal) for s, g in zip(starts[:count], goals, strict=False)]


class DoorOpen(Wished, Door):
    """The door is to be open, wherever the hand is."""

    wish = "door open"

    def is_success(self, state: State) -> bool:
        """See `Wished`."""
        return state["angle_rad"] > OPEN_RAD

    def is_start(self, state: State) -> bool:
        """See `Wished`."""
        return state["angle_rad"] < SHUT_RAD


class PuckOnMark(Wished, Pusher):
    """The puck is to be at one place on the table, wherever the finger is."""

    wish = "puck on the mark"

    def is_success(self, state: State) -> bool:
        """See `Wished`."""
        return _off_m(state) < ON_M

    def is_start(self, state: State) -> bool:
        """See `Wished`."""
        return _off_m(state) > OFF_M


def _off_m(state: State) -> float:
    return float(np.hypot(state["puck_x_m"] - MARK_M[0], state["puck_y_m"] - MARK_M[1]))
