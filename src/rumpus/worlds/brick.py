"""The world `brick`: a red block, another that it is put upon, and a third that looks like it.

The lower block slides on the table and holds what is put on it more strongly than the hand's
magnet, so a hand that is raised leaves the upper block there; moved sideways, it takes it off
again, or pushes both about. The third is narrower, red and as high, and stands there as well.
Source: interview 20:49.
"""

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np

from rumpus.body.sensors.scene import SensorFactory
from rumpus.worlds._magnet import HAND_M, LIFT_M, REACH_M, RED, Magnet, Solid, thing
from rumpus.worlds.base import State

BRICK_M, PEG_M = (0.017, 0.018), (0.011, 0.018)  # half their breadth, and their height
BASE_M = 0.06  # how far from the middle the lower block slides
ON_M = (0.012, 0.004)  # how far from the lower block's middle, sideways and up, a block is on it


class Brick(Magnet):
    """A red block that a hand with a magnet puts on another, which slides, and takes off it."""

    names = (*HAND_M, "base_x_m", "brick_x_m", "brick_z_m", "peg_x_m", "peg_z_m")
    wish, wanted, within_m = "bricks together", "brick", ON_M
    loose = MappingProxyType({"brick": BRICK_M, "peg": PEG_M})

    def __init__(self, seed: int = 0, sensors: Sequence[SensorFactory] = ()) -> None:
        """Start with all three on the table, at places drawn from `seed`."""
        joints = ("base_x", "brick_x", "brick_z", "peg_x", "peg_z")
        super().__init__("brick", _things(), joints, "studs", seed, sensors)

    def target_m(self, state: State) -> tuple[float, float]:
        """Upon the lower block, wherever it is."""
        return state["base_x_m"], BRICK_M[1]

    def stands(self, state: State) -> tuple[Solid, ...]:
        """The lower block."""
        return (Solid(state["base_x_m"], 0.0, (BRICK_M[0], BRICK_M[0]), BRICK_M[1]),)

    def drawn(self, success: bool, rng: np.random.Generator) -> dict[str, float]:
        """The block on the lower one or on the table, the third on the table."""
        base = rng.uniform(-BASE_M, BASE_M)
        brick, peg = rng.uniform(-REACH_M, REACH_M, 2)
        drawn = {"base_x_m": base, "brick_x_m": brick, "peg_x_m": peg}
        on = base + rng.uniform(-0.5, 0.5) * ON_M[0]
        return drawn | ({"brick_x_m": on, "brick_z_m": BRICK_M[1]} if success else {})


def _things() -> str:
    half_m, stud_m = BRICK_M[0], 0.001
    lower_m = (BRICK_M[1] - 2 * stud_m - LIFT_M) / 2
    return f"""
    <body name="base">
      <joint name="base_x" axis="1 0 0" range="{-BASE_M} {BASE_M}" damping="1" frictionloss="0.9"/>
      <geom type="box" size="{half_m} {half_m} {lower_m}" pos="0 0 {lower_m + LIFT_M}"
        mass="0.2" rgba="{RED}"/>
      <body name="studs" pos="0 0 {BRICK_M[1] - stud_m}">
        <geom type="box" size="{half_m} {half_m} {stud_m}" mass="0.01" rgba="0.7 0.15 0.1 1"/>
      </body>
    </body>
    {thing("brick", f'type="box" size="{half_m} {half_m} {BRICK_M[1] / 2}"', BRICK_M[1])}
    {thing("peg", f'type="cylinder" size="{PEG_M[0]} {PEG_M[1] / 2}"', PEG_M[1])}
    """
