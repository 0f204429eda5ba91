"""The world `lever`: a lever, and a flag that follows it slowly; the flag is what is asked for.

A weak spring turns the flag to the lever's angle against oil: two thirds of the way in 0.8 s, nine
tenths in 1.8 s. What an action did to the lever shows at the flag 8 to 18 steps later.
"""

from collections.abc import Sequence

import numpy as np

from rumpus.body.sensors.scene import SensorFactory
from rumpus.types import Array
from rumpus.worlds._simulation import SimulatedWorld
from rumpus.worlds.base import Measure, State, Trial

from ._finger import CAMERA, HAND, HAND_M, apart, free, scene, turned

FINGER_M, STEP_M, RANGE_RAD = 0.018, 0.015, 0.8
LAG_S, SPRING = 0.8, 0.02  # how late the flag is; Nm/rad
PIVOT_M, FORK_M, FORK_RAD = 0.04, 0.13, 0.27  # the lever's; half the angle between its prongs
LOW_M, HIGH_M = (-0.14, -0.15), (0.14, 0.0)


class Lever(SimulatedWorld):
    """A forked lever that a finger moves, and a flag that comes after; one camera sees both."""

    names = (*HAND_M, "lever_rad", "flag_rad")
    trial_kinds = ("fork", "anywhere")

    def __init__(self, seed: int = 0, sensors: Sequence[SensorFactory] = (CAMERA,)) -> None:
        """Start with the finger in the fork, lever and flag at an angle drawn from `seed`."""
        super().__init__("lever", _mjcf(), (*HAND, "lever", "flag"), (STEP_M,) * 2, sensors)
        upright = {"flag_rad": 0.0}
        self.measure = Measure("flag_error_rad", 0.1, 60, {"leave upright": upright})
        self.place(self._in_fork(np.random.default_rng(seed).uniform()))

    def clip_to_workspace(self, target: Array) -> Array:
        """The rectangle that the finger stays in."""
        return np.clip(target, LOW_M, HIGH_M)

    def headline_error(self, state: State, goal: State) -> float:
        """How far the flag is from the goal's."""
        return abs(state["flag_rad"] - goal["flag_rad"])

    def trials(self, count: int, seed: int, kind: str) -> list[Trial]:
        """Flags to turn, at rest in both pictures, the finger in the fork or anywhere."""
        if kind == "fork":
            return apart(self, lambda share, _: self._in_fork(share), count, seed)
        return apart(self, self._anywhere, count, seed)

    def _in_fork(self, share: float) -> State:
        angle = RANGE_RAD * (1.96 * share - 0.98)
        fork = turned(FORK_M, angle - np.pi / 2) + np.array([0.0, PIVOT_M])
        return self.settled(np.array([*self.clip_to_workspace(fork), angle, angle]))

    def _anywhere(self, share: float, rng: np.random.Generator) -> State:
        angle = RANGE_RAD * (1.96 * share - 0.98)
        return free(self, lambda: np.append(rng.uniform(LOW_M, HIGH_M), [angle, angle]))


def _mjcf() -> str:
    prongs = "".join(
        f'<geom class="thing" type="cylinder" size="0.009 0.02" pos="{x} {y} 0.036" mass="0.02" '
        'rgba="1.0 0.85 0.1 1"/>'
        for x, y in (turned(FORK_M, turn - np.pi / 2) for turn in (-FORK_RAD, FORK_RAD))
    )
    things = f"""
    <body pos="0 {PIVOT_M} 0">
      <joint name="lever" type="hinge" axis="0 0 1" range="{-RANGE_RAD} {RANGE_RAD}" damping="0.1"
        frictionloss="0.1" armature="0.003"/>
      <geom class="seen" type="box" size="0.014 0.055 0.004" pos="0 -0.055 0.006" mass="0.1"
        rgba="0.15 0.45 0.9 1"/>
      {prongs}
    </body>
    <body pos="0 {PIVOT_M + 0.02} 0">
      <joint name="flag" type="hinge" axis="0 0 1" damping="{LAG_S * SPRING}"/>
      <geom class="seen" type="box" size="0.016 0.055 0.004" pos="0 0.055 0.02" mass="0.02"
        rgba="0.3 0.9 0.3 1"/>
    </body>"""
    follows = f"""<tendon><fixed stiffness="{SPRING}" springlength="0">
      <joint joint="lever" coef="1"/><joint joint="flag" coef="-1"/></fixed></tendon>"""
    return scene("lever", things, FINGER_M, 0.18, follows)
