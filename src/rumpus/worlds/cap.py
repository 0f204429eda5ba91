"""The world `cap`: a cap, a bottle that it fits on, and a block that looks like it from afar.

The bottle's neck holds what is put on it more strongly than the hand's magnet, so a hand that is
raised leaves the cap there; moved sideways, it takes it off again. Source: interview 20:49.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from rumpus.body.sensors.camera import Camera
from rumpus.body.sensors.scene import SensorFactory
from rumpus.worlds._magnet import HAND_M, HIGH_M, LOW_M, REACH_M, Magnet, thing
from rumpus.worlds._simulation import distance_m
from rumpus.worlds.base import Measure, State, Trial

NECK_X_M, NECK_M, BOTTLE_M = 0.065, 0.036, 0.015  # where it stands, its height and its radius
CAP_M, BLOCK_M = (0.022, 0.013), (0.012, 0.017)  # half their breadth, and their height
ON_M = (0.012, 0.004)  # how far from the middle of the neck, sideways and up, a cap is still on it
GREEN = "0.2 0.7 0.35 1"


class Cap(Magnet):
    """A cap that a hand with a magnet puts on a bottle and takes off it, seen from the side."""

    names = (*HAND_M, "cap_x_m", "cap_z_m", "block_x_m", "block_z_m")
    trial_kinds = ("on", "off")

    def __init__(self, seed: int = 0, sensors: Sequence[SensorFactory] = (Camera,)) -> None:
        """Start with the cap on the table, everything at places drawn from `seed`."""
        joints = ("cap_x", "cap_z", "block_x", "block_z")
        super().__init__("cap", _things(), joints, sensors, "neck")
        self.measure = Measure("cap_error_m", ON_M[0], 60)
        self.place(self._somewhere(False, np.random.default_rng(seed)))

    def headline_error(self, state: State, goal: State) -> float:
        """How far the cap is from the goal's."""
        return distance_m(state, goal, self.names[3:5])

    def is_on(self, state: State) -> bool:
        """Whether the cap is on the bottle."""
        aside_m, above_m = state["cap_x_m"] - NECK_X_M, state["cap_z_m"] - NECK_M
        return abs(aside_m) < ON_M[0] and abs(above_m) < ON_M[1]

    def trials(self, count: int, seed: int, kind: str) -> list[Trial]:
        """The cap to be put on the bottle, or to be taken off it to a place on the table."""
        rng, trials = np.random.default_rng(seed), []
        for _ in range(count):
            on, off = self._somewhere(True, rng), self._somewhere(False, rng)
            trials.append(Trial(off, on, seed) if kind == "on" else Trial(on, off, seed))
        return trials

    def _somewhere(self, on: bool, rng: np.random.Generator) -> State:
        """The cap on the bottle or on the table, block and hand anywhere that they touch nothing.

        The hand is above everything, as it can be anywhere else only with care.
        """
        while True:
            cap, block = rng.uniform(-REACH_M, REACH_M, 2)
            cap = NECK_X_M + rng.uniform(-0.5, 0.5) * ON_M[0] if on else cap
            hand = rng.uniform(LOW_M, HIGH_M)
            hand[2] = HIGH_M[2] - rng.uniform(0, 0.02)
            state = np.array([*hand, cap, NECK_M if on else 0.0, block, 0.0])
            places = [(block, BLOCK_M[0]), (NECK_X_M, BOTTLE_M)] + [(cap, CAP_M[0])] * (not on)
            if all(abs(a - b) > m + n for (a, m), (b, n) in combinations(places, 2)):
                return self.settled(state)


def _things() -> str:
    half_m = NECK_M / 2 - 0.001
    return f"""
    <geom type="cylinder" size="{BOTTLE_M} {half_m}" pos="{NECK_X_M} 0 {half_m}" rgba="{GREEN}"/>
    <body name="neck" pos="{NECK_X_M} 0 {NECK_M - 0.001}">
      <geom type="cylinder" size="{BOTTLE_M} 0.001" rgba="{GREEN}"/>
    </body>
    {thing("cap", f'type="cylinder" size="{CAP_M[0]} {CAP_M[1] / 2}"', CAP_M[1])}
    {thing("block", f'type="box" size="{BLOCK_M[0]} {BLOCK_M[0]} {BLOCK_M[1] / 2}"', BLOCK_M[1])}
    """
