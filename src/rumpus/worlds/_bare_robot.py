"""A robot of one's own where a world is asked for: it plays, learns and does; nothing measures it.

The leading underscore says that this file is not a world.
"""

from rumpus.body.robot import Robot
from rumpus.errors import InputError
from rumpus.types import Array, Executed, Observation
from rumpus.worlds.base import Measure, State, Trial, World

TRIAL_STEPS = 60  # as long as it goes for a goal where nobody says how long


class BareRobot(World):
    """A robot that knows no truth beside what its sensors read, as every real one.

    Args:
        robot: the robot.
        name: what a person called it.
    """

    measure = Measure("unknown_error", 0.0, TRIAL_STEPS)
    trial_kinds = ("none",)
    is_measured = False

    def __init__(self, robot: Robot, name: str) -> None:
        self.spec = robot.spec
        self._robot, self._name = robot, name

    def observe(self) -> Observation:
        return self._robot.observe()

    def act(self, action: Array) -> Executed:
        return self._robot.act(action)

    def rest(self) -> None:
        self._robot.rest()

    @property
    def ended(self) -> tuple[bool, bool]:
        return self._robot.ended

    def restart(self) -> None:
        self._robot.restart()

    def stop(self) -> None:
        self._robot.stop()

    def state(self) -> State:
        """Nothing."""
        return {}

    def errors(self, state: State, goal: State) -> dict[str, float]:
        """See `trials`."""
        raise self._unmeasured()

    def trials(self, count: int, seed: int, kind: str) -> list[Trial]:
        """None: where nothing but the sensors knows how it stands, nobody can say how far off.

        Raises:
            InputError: always.
        """
        raise self._unmeasured()

    def stage(self, trial: Trial) -> Observation:
        """See `trials`."""
        raise self._unmeasured()

    def _unmeasured(self) -> InputError:
        return InputError(
            f"{self._name} is a robot that knows no truth beside its sensors, so there are no "
            "trials to measure it by; show it goals with `rumpus do`, try it out with `rumpus "
            "check robot`, or derive it from rumpus.World to have it measured."
        )
