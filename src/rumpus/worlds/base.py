"""What every world adds to a robot: a truth to measure by, and trials for evaluation.

`state()` is simulator truth. It is for measuring only and never reaches memory or the learner.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from rumpus.body.robot import Robot
from rumpus.types import Array, Observation

TRIED_TRIALS = 5  # twice each, to see whether a world repeats them
ALIKE_SHARE = 0.02  # of a reading's size: what it may differ by on average
State = Mapping[str, float]


@dataclass(frozen=True)
class Trial:
    """One evaluation task: begin at `start`, be shown a picture of `goal`.

    Attributes:
        start: true state to begin from, scalars with unit suffixes; empty where a world
            cannot be placed and only seeds are known (Gymnasium).
        goal: true state that the goal picture shows.
        seed: for worlds that are placed by seed.
        kind: of the trial, where a world stages its kinds differently.
    """

    start: State
    goal: State
    seed: int = 0
    kind: str = ""


@dataclass(frozen=True)
class Measure:
    """How evaluation judges a world.

    Attributes:
        name: the headline error's key in `World.errors`, with its unit, e.g. "angle_error_rad".
        tolerance: success means headline error <= tolerance.
        steps: control steps allowed in one trial.
        fixed: trivial baselines by name: the state that each would leave, whatever the goal.
        by_itself: whether the world itself says what success is, whatever the tolerance.
    """

    name: str
    tolerance: float
    steps: int
    fixed: Mapping[str, State] = field(default_factory=dict)
    by_itself: bool = False


class World(Robot):
    """A robot in a world whose truth can be measured.

    Attributes:
        measure: how evaluation judges it.
        trial_kinds: names of the kinds of trial, the standard one first.
        keeps_still: whether it stays as a trial puts it for as long as nobody acts; a pendulum
            falls by itself.
        notices: what a person should know of how it was made to fit.
        longest_trial: after so many control steps it ends a trial by itself; None: never.
        limits: between what each scalar of the truth can be at all, where that is known.
        is_measured: whether a truth is known to measure it by; a real robot has none.
    """

    measure: Measure
    trial_kinds: tuple[str, ...]
    keeps_still: bool = False
    notices: tuple[str, ...] = ()
    longest_trial: int | None = None
    limits: Mapping[str, tuple[float, float]] = MappingProxyType({})
    is_measured: bool = True

    @property
    def trial_steps(self) -> int:
        """How long a trial lasts, in control steps; known before anything is measured."""
        return self.measure.steps

    @abstractmethod
    def state(self) -> State:
        """Simulator truth now: named scalars with unit suffixes. For measuring only."""

    @abstractmethod
    def errors(self, state: State, goal: State) -> dict[str, float]:
        """Named errors between two states, with unit suffixes; smaller is better."""

    @abstractmethod
    def trials(self, count: int, seed: int, kind: str) -> list[Trial]:
        """Evaluation tasks, spread evenly over the goal range; same seed, same tasks.

        Args:
            count: how many.
            seed: of chance.
            kind: one of `trial_kinds`.
        """

    @abstractmethod
    def stage(self, trial: Trial) -> Observation:
        """Picture the trial's goal, then put the world at the trial's start.

        Returns:
            the observation with the world at the goal; `observe()` afterwards shows the start.
        """


def unrepeatable(world: World, trials: Sequence[Trial]) -> str:
    """How a world puts itself elsewhere when it is put twice to the same trial, or "".

    A world whose seeds draw something new each time shows another goal than it then judges by.

    Args:
        world: is put to them.
        trials: of which the first few are tried.
    """
    some = trials[:TRIED_TRIALS]
    first, again = ([(world.stage(trial), world.observe()) for trial in some] for _ in range(2))
    for one, other in zip(first, again, strict=True):
        for what, before, now in zip(("goal", "start"), one, other, strict=True):
            for name, reading in before.readings.items():
                if not _alike(reading, now.readings.get(name)):
                    return f"put twice to the same trial it gave another '{name}' at the {what}"
    return ""


def _alike(one: Array, other: Array | None) -> bool:
    """Whether two readings are the same but for what physics rounds."""
    if other is None or one.shape != other.shape:
        return False
    before, now = one.astype(np.float64), other.astype(np.float64)
    size = 255.0 if one.dtype == np.uint8 else max(np.abs(before).max(), np.abs(now).max(), 1e-6)
    return bool(np.abs(before - now).mean() <= ALIKE_SHARE * size)
