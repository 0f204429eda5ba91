"""The world `dial`: a dial that a peg turns between two pins, for ever and both ways.

The peg slips out of the pins towards the middle or the edge and turns the dial from outside them
too, one way only until it goes round. The robot feels where its hand is and sees the rest.
"""

from collections.abc import Sequence

import numpy as np

from rumpus.body.sensors.scene import SensorFactory
from rumpus.types import Array
from rumpus.worlds._simulation import SimulatedWorld
from rumpus.worlds.base import Measure, State, Trial

from ._finger import CAMERA, FELT, HAND, HAND_M, apart, free, scene, turned

PEG_M, STEP_M, REACH_M = 0.018, 0.02, 0.13
PINS_M, PINS_RAD = 0.085, 0.40  # from the middle; half the angle between the two


class Dial(SimulatedWorld):
    """A dial on a table that a peg turns, seen by one camera from above; the hand feels itself."""

    names = (*HAND_M, "dial_rad")
    trial_kinds = ("pins", "anywhere")

    def __init__(self, seed: int = 0, sensors: Sequence[SensorFactory] = (CAMERA, FELT)) -> None:
        """Start with the peg between the pins and the dial at an angle drawn from `seed`."""
        super().__init__("dial", _mjcf(), (*HAND, "dial"), (STEP_M,) * 2, sensors)
        self.measure = Measure("dial_error_rad", 0.2, 60)
        self.place(self._between_pins(np.random.default_rng(seed).uniform()))

    def clip_to_workspace(self, target: Array) -> Array:
        """The disc that the peg stays in."""
        return target * min(1.0, REACH_M / max(float(np.linalg.norm(target)), 1e-9))

    def headline_error(self, state: State, goal: State) -> float:
        """How far the dial has to be turned, the shorter way."""
        return float(abs((state["dial_rad"] - goal["dial_rad"] + np.pi) % (2 * np.pi) - np.pi))

    def trials(self, count: int, seed: int, kind: str) -> list[Trial]:
        """Dials to turn, to angles all round; the peg between the pins or anywhere in both."""
        if kind == "pins":
            return apart(self, lambda share, _: self._between_pins(share), count, seed)
        return apart(self, self._anywhere, count, seed)

    def _between_pins(self, share: float) -> State:
        angle = 2 * np.pi * share
        return self.settled(np.append(turned(PINS_M, angle), angle))

    def _anywhere(self, share: float, rng: np.random.Generator) -> State:
        def draw() -> Array:
            peg = turned(REACH_M * np.sqrt(rng.uniform()), rng.uniform(0, 2 * np.pi))
            return np.append(peg, 2 * np.pi * share)

        return free(self, draw)


def _mjcf() -> str:
    pins = "".join(
        f'<geom class="thing" type="cylinder" size="0.009 0.02" pos="{x} {y} 0.036" mass="0.02" '
        'rgba="1.0 0.85 0.1 1"/>'
        for x, y in (turned(PINS_M, PINS_RAD), turned(PINS_M, -PINS_RAD))
    )
    dial = f"""<body>
      <joint name="dial" type="hinge" axis="0 0 1" damping="0.05" frictionloss="0.05"/>
      <geom class="seen" type="cylinder" size="0.12 0.005" pos="0 0 0.005" mass="0.3"
        rgba="0.6 0.6 0.62 1"/>
      <geom class="seen" type="box" size="0.055 0.012 0.002" pos="0.055 0 0.012" mass="0.01"
        rgba="0.15 0.3 0.9 1"/>
      {pins}
    </body>"""
    return scene("dial", dial, PEG_M, 0.17)
