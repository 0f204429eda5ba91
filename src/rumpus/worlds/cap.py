"""The world `cap`: a cap, a bottle that it fits on, and a block that looks like it from afar.

The bottle's neck holds what is put on it more strongly than the hand's magnet, so a hand that is
raised leaves the cap there; moved sideways, it takes it off again. Source: interview 20:49.
"""

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np

from rumpus.body.sensors.scene import SensorFactory
from rumpus.worlds._magnet import HAND_M, REACH_M, Magnet, Solid, thing
from rumpus.worlds.base import State

NECK_X_M, NECK_M, BOTTLE_M = 0.065, 0.036, 0.015  # where it stands, its height and its radius
CAP_M, BLOCK_M = (0.022, 0.013), (0.012, 0.017)  # half their breadth, and their height
ON_M = (0.012, 0.004)  # how far from the middle of the neck, sideways and up, a cap is still on it
GREEN = "0.2 0.7 0.35 1"


class Cap(Magnet):
    """A cap that a hand with a magnet puts on a bottle and takes off it, seen from the side."""

    names = (*HAND_M, "cap_x_m", "cap_z_m", "block_x_m", "block_z_m")
    wish, wanted, within_m = "cap on", "cap", ON_M
    loose = MappingProxyType({"cap": CAP_M, "block": BLOCK_M})

    def __init__(self, seed: int = 0, sensors: Sequence[SensorFactory] = ()) -> None:
        """Start with the cap on the table, everything at places drawn from `seed`."""
        joints = ("cap_x", "cap_z", "block_x", "block_z")
        super().__init__("cap", _things(), joints, "neck", seed, sensors)

    def target_m(self, state: State) -> tuple[float, float]:
        """The bottle's neck."""
        return NECK_X_M, NECK_M

    def stands(self, state: State) -> tuple[Solid, ...]:
        """The bottle."""
        return (Solid(NECK_X_M, 0.0, (BOTTLE_M, BOTTLE_M), NECK_M),)

    def drawn(self, success: bool, rng: np.random.Generator) -> dict[str, float]:
        """The cap on the bottle or on the table, the block on the table."""
        cap, block = rng.uniform(-REACH_M, REACH_M, 2)
        if not success:
            return {"cap_x_m": cap, "block_x_m": block}
        on = NECK_X_M + rng.uniform(-0.5, 0.5) * ON_M[0]
        return {"cap_x_m": on, "cap_z_m": NECK_M, "block_x_m": block}


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
