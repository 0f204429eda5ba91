"""Sleep: go over everything lived, a fixed number of gradient steps for every step lived.

The learner owes updates for steps in memory; when the robot rests it pays them. A crash during
sleep loses only updates, and they are owed again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from rumpus.agent import Agent
from rumpus.memory import Memory
from rumpus.replay import sampler
from rumpus.replay.hindsight import HindsightConfig, hindsight
from rumpus.replay.priority import Priorities
from rumpus.spec import Readings

CHUNK = 1024  # moments looked at again at a time
Tick = Callable[[str, int, int], bool]  # told (phase, done, owed); False: leave off


class _LeftOff(Exception):
    """Looking at all of memory again was broken off."""


def _go_on(phase: str, done: int, owed: int) -> bool:
    return True


@dataclass(frozen=True)
class LearnConfig:
    """How much and on what the mind learns.

    Attributes:
        sleep_every: steps lived between two sleeps.
        updates_per_step: gradient steps of the world model for each step lived.
        practice_per_step: gradient steps of distance and policy for each step lived.
        windows: B of the world model's batches.
        window_steps: T of the world model's batches.
        surprising: windows of each batch that begin where the model was surprised.
        moments: B of the distance's and policy's batches.
        hindsight: where their goals come from.
    """

    sleep_every: int = 500
    updates_per_step: float = 0.2
    practice_per_step: float = 0.5
    windows: int = 64
    window_steps: int = 6
    surprising: int = 48
    moments: int = 512
    hindsight: HindsightConfig = HindsightConfig()


@dataclass
class Learner:
    """Pays the gradient steps that memory is owed.

    Attributes:
        updates: world-model steps done so far.
        practised: distance and policy steps done so far.
        surprise: how wrong each remembered moment was last imagined.
    """

    agent: Agent
    config: LearnConfig
    rng: np.random.Generator
    updates: int = 0
    practised: int = 0
    surprise: Priorities = field(default_factory=Priorities)

    def owed(self, steps: int) -> tuple[int, int]:
        """(updates, practice) still to be done for that many steps lived."""
        updates = int(steps * self.config.updates_per_step) - self.updates
        practice = int(steps * self.config.practice_per_step) - self.practised
        return max(updates, 0), max(practice, 0)

    def owes(self, memory: Memory) -> bool:
        """Whether there is anything to learn, and an episode long enough for a window of it."""
        windows = sampler.starts(memory.episode_of, self.config.window_steps)
        return len(windows) > 0 and any(self.owed(len(memory)))

    def sleep(self, memory: Memory, tick: Tick) -> dict[str, float]:
        """Learn from all of memory until nothing is owed.

        Args:
            memory: everything lived.
            tick: told ("dreaming", "recalling" or "practising", done, owed) at every gradient
                step and every so many moments recalled; returning False ends the sleep early.

        Returns:
            the means of the losses over this sleep.
        """
        updates, practice = self.owed(len(memory))
        means = Means()
        for number in range(updates):
            if not tick("dreaming", number, updates):
                return means.result()  # what was recalled before is still good to act by
            means.add(self.update(memory))
            self.updates += 1
        if not self.recall(memory, tick):
            return means.result()
        for number in range(practice):
            if not tick("practising", number, practice):
                break
            moments = hindsight(
                self.rng, memory.episode_of, memory.goal_index,
                self.config.moments, self.config.hindsight,
            )  # fmt: skip
            means.add(self.agent.practise(moments))
            self.practised += 1
        self.agent.places()  # now, at rest, so that the next wish need not wait for them
        return means.result()

    def update(self, memory: Memory) -> dict[str, float]:
        """One gradient step of the world model on windows of memory."""
        config = self.config
        preferred = self.surprise.starts(
            self.rng, config.surprising, memory.episode_of, config.window_steps
        )
        batch = sampler.sample(memory, self.rng, config.windows, config.window_steps, preferred)
        update = self.agent.update(batch)
        self.surprise.report(batch.index[:, 0], update.surprise)
        return update.losses

    def recall(self, memory: Memory, tick: Tick = _go_on) -> bool:
        """Look at all of memory again with today's eyes.

        Args:
            memory: everything lived.
            tick: told ("recalling", done, moments) now and then; returning False leaves off.

        Returns:
            whether it came to the end; else what was recalled before is as it was.
        """
        try:
            self.agent.recall(chunks(memory, tick), len(memory))
        except _LeftOff:
            return False
        return True


def chunks(memory: Memory, tick: Tick = _go_on) -> Iterator[Readings]:
    """All remembered readings in order, some moments at a time."""
    names = [s.name for s in memory.spec.sensors]
    for first in range(0, len(memory), CHUNK):
        if not tick("recalling", first, len(memory)):
            raise _LeftOff
        yield {name: memory.frames(name)[first : first + CHUNK] for name in names}


class Means:
    """Running means of named figures."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.counts: dict[str, int] = {}

    def add(self, figures: dict[str, float]) -> None:
        """Count one more of each."""
        for name, value in figures.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
            self.counts[name] = self.counts.get(name, 0) + 1

    def result(self) -> dict[str, float]:
        """The mean of each."""
        return {name: total / self.counts[name] for name, total in self.sums.items()}
