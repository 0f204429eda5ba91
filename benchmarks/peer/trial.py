"""One way to live and one way to be tried, for whoever's mind it is.

A peer lives in a world that is never reset, and is then tried in another one, on the trials that
rumpus is given: same seeds, same starts, same goals, same measure of success.
"""

import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from rumpus.play.control import Choice
from rumpus.play.evaluate import TrialConfig, course_of, draw_trials, over_time, summary
from rumpus.result import Metric, Row
from rumpus.spec import Readings
from rumpus.types import Array, Observation
from rumpus.worlds.base import State, World


class Sight(NamedTuple):
    """What may be known of a moment: who learns from pictures looks at the readings alone."""

    readings: Readings
    state: State


class Peer(Protocol):
    """Somebody's way of learning to reach goals."""

    @property
    def steps(self) -> int:
        """How many steps of life it has learned from."""
        ...

    def train(self, count: int) -> None:
        """Live so many steps more and learn from them; offline, so many gradient steps more."""
        ...

    def act(self, seen: Sight, goal: Sight) -> Array:
        """What to do now to come to a goal, float32 (A,) in [-1, 1]; nothing is learned from it."""
        ...


@dataclass
class Spent:
    """What learning took so far.

    Attributes:
        wall_s: by the clock, trials left out.
        processor_s: of all threads.
    """

    wall_s: float = 0.0
    processor_s: float = 0.0

    def train(self, peer: Peer, count: int) -> None:
        """Let it live and learn, and count what that takes."""
        wall_s, processor_s = time.monotonic(), time.process_time()
        peer.train(count)
        self.wall_s += time.monotonic() - wall_s
        self.processor_s += time.process_time() - processor_s

    def figures(self) -> dict[str, Metric]:
        """For a row."""
        unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux kilobytes
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
        return {"play_wall_s": round(self.wall_s, 1), "processor_s": round(self.processor_s, 1),
                "peak_memory_mb": round(peak, 1)}  # fmt: skip


class PeerChooser:
    """Chooses what a peer does to come to a goal.

    Attributes:
        took_s: time of each decision, by the clock.
    """

    def __init__(self, peer: Peer, world: World, goal: Sight) -> None:
        self._peer, self._world, self._goal = peer, world, goal
        self.took_s = list[float]()

    def choose(self, observation: Observation) -> Choice:
        """See `Chooser`."""
        here, begun_s = Sight(observation.readings, self._world.state()), time.monotonic()
        action = self._peer.act(here, self._goal)
        self.took_s.append(time.monotonic() - begun_s)
        return Choice(action)

    def interrupt(self) -> None:
        """See `Chooser`."""


def tried(world: World, peer: Peer, goals: int, seed: int) -> Iterator[Row]:
    """One row for every kind of trial, none of which begins within the tolerance of its goal.

    Args:
        world: used for nothing else.
        peer: acts.
        goals: of each kind.
        seed: of the peer's life.
    """
    measure = world.measure
    for kind in world.trial_kinds:
        begun_s, ends, courses, took_s = time.monotonic(), [], [], list[float]()
        for trial in draw_trials(world, TrialConfig(goals, kind, farther_than=measure.tolerance)):
            goal = Sight(world.stage(trial).readings, trial.goal)
            chooser = PeerChooser(peer, world, goal)
            courses.append(course_of(world, chooser, trial, measure))
            took_s += chooser.took_s
            ends.append(world.errors(world.state(), trial.goal))
        middle, slow = np.quantile(took_s, (0.5, 0.99))
        decisions: dict[str, Metric] = {"decision_median_s": round(float(middle), 6),
                                        "decision_99th_s": round(float(slow), 6)}  # fmt: skip
        figures = summary(ends, measure) | over_time(courses, measure.tolerance) | decisions
        wall_s = round(time.monotonic() - begun_s, 2)
        yield Row(kind, seed, goals, peer.steps, wall_s, figures)


def aimed_at(world: World) -> list[str]:
    """The names of what is to be brought somewhere: all but the hand, where there is a hand."""
    names = list(world.state())
    return [name for name in names if not name.startswith("hand")] or names


def vector(state: State, names: list[str]) -> Array:
    """Some of a state's numbers, float32 (k,)."""
    return np.array([state[name] for name in names], np.float32)
