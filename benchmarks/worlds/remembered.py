"""Any world of touch whose fingertip remembers: `remembered,world=NAME`, `remembered,ago_n=5,...`.

Beside what each of its own sensors reads now stands what it read some steps ago. Whether one moment
tells enough is seen by whether a mind does better with that than without.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rumpus.body.sensors.base import Reading, Sensor
from rumpus.body.sensors.scene import MujocoScene, SensorFactory
from rumpus.catalogue import find
from rumpus.errors import InputError
from rumpus.types import Observation
from rumpus.worlds._fingertip import Fingertip, fingertip
from rumpus.worlds.base import Trial
from rumpus.worlds.curtain import SEEN
from rumpus.worlds.die import PAD

BEFORE = "_before"
TOUCH: dict[str, Sequence[SensorFactory]] = {
    "ball": fingertip(crude=False),
    "stick": fingertip(crude=False),
    "die": fingertip(False, PAD),
    "curtain": (*SEEN, *fingertip(crude=False)),
}


class Before(Sensor):
    """What a sensor read so many steps ago; at first, what it reads."""

    def __init__(self, scene: MujocoScene, make: SensorFactory, ago_n: int) -> None:
        self._sensor = make(scene)
        self._readings = deque[Reading](maxlen=ago_n + 1)
        self.spec = replace(self._sensor.spec, name=self._sensor.spec.name + BEFORE)

    def read(self) -> Reading | None:
        now = self._sensor.read()
        if now is None:
            return None
        if self._readings and self._readings[-1].captured_s == now.captured_s:
            self._readings.clear()  # no step lies between: the robot was put elsewhere
        self._readings.append(now)
        return Reading(self._readings[0].value, now.captured_s)


def remembered(seed: int, world: str, ago_n: int = 3) -> Fingertip:
    """The world of touch of that name; goals are what is felt now, as without a memory.

    Raises:
        InputError: when it is no world of touch.
    """
    if world not in TOUCH:
        raise InputError(f"There is no world of touch '{world}'; expected {', '.join(TOUCH)}.")
    base: Any = find("world", world)

    class Remembered(base):  # type: ignore[misc]
        def stage(self, trial: Trial) -> Observation:
            goal: Observation = super().stage(trial)
            told = {name: read for name, read in goal.readings.items() if BEFORE not in name}
            return replace(goal, readings=told)

    def before(make: SensorFactory) -> SensorFactory:
        return lambda scene: Before(scene, make, ago_n)

    made: Fingertip = Remembered(seed, sensors=[*TOUCH[world], *map(before, TOUCH[world])])
    return made
