"""What every world adds to a robot: a truth to measure by, and trials for evaluation.

`state()` is simulator truth. It is for measuring only and never reaches memory or the learner.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from rumpus.body.robot import Robot
from rumpus.types import Observation

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
    """

    name: str
    tolerance: float
    steps: int
    fixed: Mapping[str, State] = field(default_factory=dict)


class World(Robot):
    """A robot in a world whose truth can be measured.

    Attributes:
        measure: how evaluation judges it.
        trial_kinds: names of the kinds of trial, the standard one first.
        keeps_still: whether it stays as a trial puts it for as long as nobody acts; a pendulum
            falls by itself.
        notices: what a person should know of how it was made to fit.
    """

    measure: Measure
    trial_kinds: tuple[str, ...]
    keeps_still: bool = False
    notices: tuple[str, ...] = ()

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
        """Evaluation tasks of one kind, spread evenly over the goal range; same seed, same tasks.

        Raises:
            InputError: when `kind` is not in `trial_kinds`.
        """

    @abstractmethod
    def stage(self, trial: Trial) -> Observation:
        """Picture the trial's goal, then put the world at the trial's start.

        Returns:
            the observation with the world at the goal; `observe()` afterwards shows the start.
        """
