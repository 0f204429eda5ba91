"""The world `television`: the door, and a television in the corner of the picture.

Nothing that the robot does changes what the television shows, and nothing foretells it: every step
is another pattern. Whoever goes after what is new, or after what a goal's picture shows there,
goes after nothing.
"""

import zlib
from collections.abc import Sequence

import numpy as np

from rumpus.body.sensors.base import Reading, Sensor
from rumpus.body.sensors.camera import Camera
from rumpus.body.sensors.scene import MujocoScene, SensorFactory
from rumpus.worlds.door import Door

SIDE_PX, DOT_PX = 12, 3  # of the screen, of a dot on it
SCREEN = (slice(0, SIDE_PX), slice(0, SIDE_PX))


class Televised(Sensor):
    """A camera before whose corner a television stands."""

    def __init__(self, scene: MujocoScene) -> None:
        self._scene, self._camera = scene, Camera(scene)
        self.spec = self._camera.spec

    def read(self) -> Reading:
        """A picture; the pattern follows from all that is, the time included, by no simple rule."""
        seen, data = self._camera.read(), self._scene.data
        sum_of_all = zlib.crc32(np.append(data.qpos, data.time).tobytes())
        dots = SIDE_PX // DOT_PX
        pattern = np.random.default_rng(sum_of_all).integers(0, 256, (dots, dots, 3), np.uint8)
        seen.value[SCREEN] = pattern.repeat(DOT_PX, 0).repeat(DOT_PX, 1)
        return seen


class Television(Door):
    """A door that a peg can open and shut by its handle loop, beside a television."""

    def __init__(self, seed: int = 0, sensors: Sequence[SensorFactory] = (Televised,)) -> None:
        """Start as the door does."""
        super().__init__(seed, sensors=sensors)
