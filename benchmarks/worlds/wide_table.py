"""The world `wide_table`: a cube on a table so wide that random motion seldom comes to touch it."""

from collections.abc import Sequence

import numpy as np

from rumpus.body.sensors.scene import SensorFactory
from rumpus.types import Array
from rumpus.worlds._simulation import SimulatedWorld, distance_m
from rumpus.worlds.base import Measure, State, Trial

from ._finger import CAMERA, HAND, HAND_M, apart, free, puck, scene, tray, turned

FINGER_M, STEP_M, CUBE_M = 0.02, 0.025, 0.025
TRAY_M, REACH_M = 0.24, 0.275  # half their sides; the camera sees the finger all over its reach
ROOM_M = TRAY_M - CUBE_M - 0.01  # of the cube's centre in a trial
NEAR_M = 0.1  # from the cube's centre to the finger's at most


class WideTable(SimulatedWorld):
    """A cube that a finger pushes about a wide table, seen by one camera from above."""

    names = (*HAND_M, "cube_x_m", "cube_y_m")
    trial_kinds = ("anywhere", "near")

    def __init__(self, seed: int = 0, sensors: Sequence[SensorFactory] = (CAMERA,)) -> None:
        """Start with finger and cube at places drawn from `seed`."""
        joints = (*HAND, "cube_x", "cube_y")
        super().__init__("wide table", _mjcf(), joints, (STEP_M,) * 2, sensors)
        middle = {"cube_x_m": 0.0, "cube_y_m": 0.0}
        self.measure = Measure("cube_error_m", 0.03, 70, {"leave in the middle": middle})
        rng = np.random.default_rng(seed)
        self.place(self._anywhere(rng.uniform(), rng))

    def clip_to_workspace(self, target: Array) -> Array:
        """The square that the finger stays in."""
        return np.clip(target, -REACH_M, REACH_M)

    def headline_error(self, state: State, goal: State) -> float:
        """How far the cube is from the goal's."""
        return distance_m(state, goal, self.names[2:])

    def trials(self, count: int, seed: int, kind: str) -> list[Trial]:
        """Cubes to push, the finger near them or anywhere in both pictures."""
        return apart(self, self._near if kind == "near" else self._anywhere, count, seed)

    def _anywhere(self, share: float, rng: np.random.Generator) -> State:
        cube = _spread(share, rng)
        return free(self, lambda: np.append(rng.uniform(-REACH_M, REACH_M, 2), cube))

    def _near(self, share: float, rng: np.random.Generator) -> State:
        cube = _spread(share, rng)

        def draw() -> Array:
            away = turned(rng.uniform(0, NEAR_M), rng.uniform(0, 2 * np.pi))
            return np.append(self.clip_to_workspace(cube + away), cube)

        return free(self, draw)


def _spread(share: float, rng: np.random.Generator) -> Array:
    """A place (2,) of the cube: evenly from left to right, anywhere from near to far."""
    return ROOM_M * np.array([2 * share - 1, rng.uniform(-1, 1)])


def _mjcf() -> str:
    cube = puck("cube", f'type="box" size="{CUBE_M} {CUBE_M} 0.015"', "0.15 0.45 0.95 1")
    return scene("wide table", tray(TRAY_M) + cube, FINGER_M, 0.36)
