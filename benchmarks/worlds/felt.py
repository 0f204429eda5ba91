"""Any world of the yardstick without its camera: the robot senses the truth, `felt,world=NAME`.

What a mind does not learn here it does not learn for want of a good picture of the world.
"""

import mujoco
import numpy as np

from rumpus.body.sensors.base import Reading, Sensor
from rumpus.body.sensors.scene import MujocoScene
from rumpus.catalogue import find
from rumpus.spec import SensorSpec
from rumpus.worlds.base import World

SPAN_M, WIDEST = 0.15, 3.0  # a slide's unit; what is read is never further from 0


class Truth(Sensor):
    """The position of every joint, float32 (k,): slides in units, hinges as cosine and sine."""

    def __init__(self, scene: MujocoScene) -> None:
        self._scene = scene
        turns = np.asarray(scene.model.jnt_type) == int(mujoco.mjtJoint.mjJNT_HINGE)
        addresses = np.asarray(scene.model.jnt_qposadr)
        self._slides, self._hinges = addresses[~turns], addresses[turns]
        count = len(self._slides) + 2 * len(self._hinges)
        self.spec = SensorSpec("truth", (count,), -WIDEST, WIDEST)

    def read(self) -> Reading:
        captured_s, at = self._scene.clock(), self._scene.data.qpos
        angles = at[self._hinges]
        parts = [at[self._slides] / SPAN_M, np.cos(angles), np.sin(angles)]
        return Reading(np.concatenate(parts).astype(np.float32), captured_s)


def felt(seed: int, world: str) -> World:
    """The world that rumpus knows by that name, sensed by its truth."""
    made: World = find("world", world)(seed=seed, sensors=(Truth,))
    return made
