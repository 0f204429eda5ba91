"""Any world of the yardstick without its camera: the robot senses the truth, `felt,world=NAME`.

What a mind does not learn here it does not learn for want of a good picture of the world.
"""

from functools import partial

import mujoco
import numpy as np

from rumpus.body.sensors.base import Reading, Sensor
from rumpus.body.sensors.scene import MujocoScene
from rumpus.catalogue import find
from rumpus.spec import SensorSpec
from rumpus.types import Array
from rumpus.worlds._fingertip import Fingertip
from rumpus.worlds.base import World

SLIDE, HINGE, FREE = (
    mujoco.mjtJoint.mjJNT_SLIDE, mujoco.mjtJoint.mjJNT_HINGE, mujoco.mjtJoint.mjJNT_FREE
)  # fmt: skip
SPAN_M, TOUCHED_M = 0.15, 0.01  # a slide's unit, on tables and under fingertips
WIDEST = 3.0  # what is read is never further from 0


class Truth(Sensor):
    """The position of every joint, float32 (k,): slides in units, hinges as cosine and sine.

    What is free is three slides and a turn, told by its matrix: no jump as with quaternions.
    """

    def __init__(self, scene: MujocoScene, span_m: float = SPAN_M) -> None:
        self._scene, self._span_m = scene, span_m
        kinds, addresses = (
            np.asarray(of) for of in (scene.model.jnt_type, scene.model.jnt_qposadr)
        )
        slides, self._hinges, free = (
            addresses[kinds == int(kind)]
            for kind in (SLIDE, HINGE, FREE)
        )  # fmt: skip
        self._slides = np.concatenate([slides, *(at + np.arange(3) for at in free)])
        self._turns = [at + np.arange(3, 7) for at in free]
        count = len(self._slides) + 2 * len(self._hinges) + 9 * len(self._turns)
        self.spec = SensorSpec("truth", (count,), -WIDEST, WIDEST)

    def read(self) -> Reading:
        captured_s, at = self._scene.clock(), self._scene.data.qpos
        angles = at[self._hinges]
        parts = [at[self._slides] / self._span_m, np.cos(angles), np.sin(angles)]
        parts += [_matrix(at[turn]) for turn in self._turns]
        return Reading(np.concatenate(parts).astype(np.float32), captured_s)


def _matrix(quaternion: Array) -> Array:
    matrix = np.zeros(9)
    mujoco.mju_quat2Mat(matrix, quaternion)
    return matrix


def felt(seed: int, world: str) -> World:
    """The world that rumpus knows by that name, sensed by its truth."""
    make = find("world", world)
    touched = isinstance(make, type) and issubclass(make, Fingertip)
    span_m = TOUCHED_M if touched else SPAN_M
    made: World = make(seed=seed, sensors=(partial(Truth, span_m=span_m),))
    return made
