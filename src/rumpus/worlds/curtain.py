"""The world `curtain`: a sled that is seen, and behind a curtain a bar on it that is only felt.

The camera looks under and over the curtain: it sees where the sled and the finger are along the
rail, and nothing of the bar. The gel feels how far the bar is from knobs on the sled, and that is
the same wherever the sled is. A goal asks for both. Friction drags the sled along the rail and the
bar across it, and holds both where they are left.
"""

from collections.abc import Sequence
from functools import partial
from itertools import product

import numpy as np

from rumpus.body.sensors.camera import Camera
from rumpus.body.sensors.scene import SensorFactory
from rumpus.types import Array
from rumpus.worlds._fingertip import BACK_M, HAND_M, SQUEEZED_M, Fingertip, fingertip
from rumpus.worlds.base import Measure, State, Trial

SLED_M, BAR_M = 0.014, 0.004  # how far each goes from its middle
TOP_M = 0.012  # height of the bar's top
REACH_M = (0.016, 0.006)
PRESSED_M = TOP_M - BACK_M - SQUEEZED_M
STEP_M = (0.003, 0.002, 0.0003)
OFF_M = 0.0015  # how far beside the bar's middle the fingertip is in goals and starts, at most
SEEN: tuple[SensorFactory, ...] = (partial(Camera),)


class Curtain(Fingertip):
    """A sled that a camera sees and a bar on it that only a fingertip feels, each to be moved."""

    names = (*HAND_M, "sled_x_m", "bar_y_m")
    trial_kinds = ("pressed",)

    def __init__(
        self, seed: int = 0, crude: bool = False, sensors: Sequence[SensorFactory] = ()
    ) -> None:
        """Start with the fingertip on the bar, both at places drawn from `seed`.

        Args:
            seed: of the start.
            crude: a worse gel, see `_fingertip.py`.
            sensors: others than the camera, the gel and the fingertip's joints.
        """
        low = (-REACH_M[0], -REACH_M[1], PRESSED_M - 0.0004)
        high = (*REACH_M, PRESSED_M + 0.0007)
        sensors, joints = sensors or (*SEEN, *fingertip(crude)), ("sled_x", "bar_y")
        super().__init__("curtain", _scene(), joints, STEP_M, low, high, sensors)
        self.measure = Measure("worse_error_m", 0.0015, 60)
        self.place(self._pressed(*self._drawn(np.random.default_rng(seed))))

    def headline_error(self, state: State, goal: State) -> float:
        """How far the sled or the bar is from the goal's, whichever is farther."""
        return max(abs(state[name] - goal[name]) for name in self.names[3:])

    def trials(self, count: int, seed: int, kind: str) -> list[Trial]:
        """Sled and bar to be moved, both elsewhere at the start."""
        rng, trials = np.random.default_rng(seed), []
        shares = rng.permutation((np.arange(count) + 0.5) / count) * 2 - 1
        for share in shares:
            goal, off = self._drawn(rng)
            goal[0], start = share * SLED_M, goal
            while (np.abs(start - goal) < 2 * self.measure.tolerance).any():
                start, _ = self._drawn(rng)
            trials.append(Trial(self._pressed(start, off), self._pressed(goal, off), seed))
        return trials

    def _drawn(self, rng: np.random.Generator) -> tuple[Array, Array]:
        """Where sled and bar are, (2,), and how far beside the bar the fingertip is, (2,)."""
        return rng.uniform(-1, 1, 2) * [SLED_M, BAR_M], rng.uniform(-OFF_M, OFF_M, 2)

    def _pressed(self, at: Array, off: Array) -> State:
        hand = (at + off).clip(-np.array(REACH_M), REACH_M)
        return self.settled(np.array([*hand, PRESSED_M, *at]))


def _scene() -> str:
    knobs = "".join(
        f'<geom class="seen" type="sphere" size="0.0015" pos="{x} {y} {TOP_M - 0.002}"/>'
        for x, y in product((-0.008, -0.004, 0, 0.004, 0.008), (0.0075, -0.0075))
        if y > 0 or x in (-0.008, 0, 0.008)
    )
    return f"""
    <camera name="camera" pos="0 -0.09 0.018" xyaxes="1 0 0 0 0 1" fovy="40"/>
    <geom class="seen" type="box" size="0.045 0.001 0.007" pos="0 -0.02 0.0145"
      rgba="0.5 0.1 0.2 1"/>
    <body name="sled">
      <joint name="sled_x" type="slide" axis="1 0 0" range="{-SLED_M} {SLED_M}" damping="1"
        frictionloss="0.2"/>
      <geom class="seen" type="box" size="0.012 0.014 0.004" pos="0 0 0.005" mass="0.03"
        rgba="0.2 0.5 0.9 1"/>
      {knobs}
      <body name="bar">
        <joint name="bar_y" type="slide" axis="0 1 0" range="{-BAR_M} {BAR_M}" damping="1"
          armature="0.02" frictionloss="0.1"/>
        <geom type="capsule" fromto="-0.008 0 {TOP_M - 0.002} 0.008 0 {TOP_M - 0.002}"
          size="0.002" mass="0.01" rgba="0.9 0.8 0.2 1"/>
      </body>
    </body>"""
