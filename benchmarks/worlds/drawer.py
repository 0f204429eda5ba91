"""The world `drawer`: a drawer with a bar for a handle, which a finger pulls open and pushes shut.

Behind the bar the finger moves the drawer both ways; it slips out sideways and finds in again.
From outside the bar can only be pushed shut.
"""

from collections.abc import Sequence

import numpy as np

from rumpus.body.sensors.scene import SensorFactory
from rumpus.types import Array
from rumpus.worlds._simulation import SimulatedWorld
from rumpus.worlds.base import Measure, State, Trial

from ._finger import CAMERA, HAND, HAND_M, apart, free, scene

FINGER_M, STEP_M, OPEN_M = 0.02, 0.015, 0.16
SHUT_M = 0.10  # where the front stands when the drawer is shut
SLOT_M, BAR_M, FRONT_M = 0.054, 0.006, 0.006  # between front and bar; half their thicknesses
MIDDLE_M = SHUT_M - FRONT_M - SLOT_M / 2  # of the slot, when the drawer is shut
HANDLE_M, WIDTH_M = 0.055, 0.09  # half the bar's length, half the front's
ASIDE_M = WIDTH_M + FINGER_M + 0.01  # where the finger passes the front's end
LOW_M, HIGH_M = (-0.13, -0.17), (0.13, MIDDLE_M + 0.015)


class Drawer(SimulatedWorld):
    """A drawer that a finger pulls and pushes by its handle, seen by one camera from above."""

    names = (*HAND_M, "drawer_m")
    trial_kinds = ("handle", "anywhere")

    def __init__(self, seed: int = 0, sensors: Sequence[SensorFactory] = (CAMERA,)) -> None:
        """Start with the finger behind the bar and the drawer as far open as `seed` draws."""
        super().__init__("drawer", _mjcf(), (*HAND, "drawer"), (STEP_M,) * 2, sensors)
        half = {"drawer_m": OPEN_M / 2}
        self.measure = Measure("drawer_error_m", 0.02, 60, {"leave half open": half})
        self.place(self._in_slot(np.random.default_rng(seed).uniform()))

    def clip_to_workspace(self, target: Array) -> Array:
        """The rectangle that the finger stays in, before the chest."""
        return np.clip(target, LOW_M, HIGH_M)

    def headline_error(self, state: State, goal: State) -> float:
        """How far the drawer is from the goal's."""
        return abs(state["drawer_m"] - goal["drawer_m"])

    def trials(self, count: int, seed: int, kind: str) -> list[Trial]:
        """Drawers to move, the finger behind the bar or anywhere in both pictures."""
        if kind == "handle":
            return apart(self, lambda share, _: self._in_slot(share), count, seed)
        return apart(self, self._anywhere, count, seed)

    def _in_slot(self, share: float) -> State:
        opened = OPEN_M * share
        return self.settled(np.array([0.0, MIDDLE_M - opened, opened]))

    def _anywhere(self, share: float, rng: np.random.Generator) -> State:
        return free(self, lambda: np.append(rng.uniform(LOW_M, HIGH_M), OPEN_M * share))


def _mjcf() -> str:
    bar_y = -FRONT_M - SLOT_M - BAR_M
    things = f"""
    <geom class="seen" type="box" size="0.11 0.05 0.05" pos="0 {SHUT_M + 0.05} 0.05"
      rgba="0.45 0.3 0.2 1"/>
    <body pos="0 {SHUT_M} 0.02">
      <joint name="drawer" type="slide" axis="0 -1 0" range="0 {OPEN_M}" damping="3"
        frictionloss="1"/>
      <geom class="seen" type="box" size="0.08 {OPEN_M / 2} 0.006" pos="0 {OPEN_M / 2} -0.008"
        mass="0.2" rgba="0.15 0.45 0.9 1"/>
      <geom class="thing" type="box" size="{WIDTH_M} {FRONT_M} 0.02" pos="0 0 0" mass="0.1"
        rgba="0.2 0.6 1 1"/>
      <geom class="seen" type="box" size="0.012 {SLOT_M / 2} 0.002" pos="0 {-SLOT_M / 2} -0.014"
        mass="0.01" rgba="0.6 0.5 0.1 1"/>
      <geom class="thing" type="box" size="{HANDLE_M} {BAR_M} 0.02" pos="0 {bar_y} 0" mass="0.05"
        rgba="1.0 0.85 0.1 1"/>
    </body>"""
    return scene("drawer", things, FINGER_M, 0.21)
