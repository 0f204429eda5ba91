"""The world `mark`: a puck, a mark painted on the table, and a block of the puck's colour.

Below the mark and at one other place the table holds what lies there more strongly than the hand's
magnet, so a hand that is raised leaves the puck there; moved sideways, it takes it along again. A
puck that hangs over the mark, or lies on the block there, is not on it. Source: interview 20:49.
"""

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np

from rumpus.body.sensors.scene import SensorFactory
from rumpus.worlds._magnet import HAND_M, REACH_M, Magnet, Solid, patches, thing
from rumpus.worlds.base import State

MARK_X_M, ELSEWHERE_X_M = -0.05, 0.045  # where the mark is, and where else the table holds
PUCK_M, BLOCK_M = (0.016, 0.01), (0.009, 0.024)  # half their breadth, and their height
ON_M = (0.012, 0.003)  # how far from the mark's middle, sideways and up, a puck is still on it


class Mark(Magnet):
    """A puck that a hand with a magnet puts on a painted mark, and takes away from it."""

    names = (*HAND_M, "puck_x_m", "puck_z_m", "block_x_m", "block_z_m")
    wish, wanted, within_m = "puck on the mark", "puck", ON_M
    loose = MappingProxyType({"puck": PUCK_M, "block": BLOCK_M})

    def __init__(self, seed: int = 0, sensors: Sequence[SensorFactory] = ()) -> None:
        """Start with the puck beside the mark, everything at places drawn from `seed`."""
        joints = ("puck_x", "puck_z", "block_x", "block_z")
        super().__init__("mark", _things(), joints, "table", seed, sensors)

    def target_m(self, state: State) -> tuple[float, float]:
        """The mark."""
        return MARK_X_M, 0.0

    def stands(self, state: State) -> tuple[Solid, ...]:
        """Nothing stands here but what can be carried."""
        return ()

    def drawn(self, success: bool, rng: np.random.Generator) -> dict[str, float]:
        """Puck and block on the table, the puck on the mark where it should be."""
        puck, block = rng.uniform(-REACH_M, REACH_M, 2)
        on = MARK_X_M + rng.uniform(-0.5, 0.5) * ON_M[0]
        return {"puck_x_m": on if success else puck, "block_x_m": block}


def _things() -> str:
    return f"""
    <geom class="seen" type="box" size="0.018 0.034 0.0004" pos="{MARK_X_M} -0.028 0"
      rgba="0.95 0.85 0.2 1"/>
    {patches("table", MARK_X_M, ELSEWHERE_X_M)}
    {thing("puck", f'type="cylinder" size="{PUCK_M[0]} {PUCK_M[1] / 2}"', PUCK_M[1])}
    {thing("block", f'type="box" size="{BLOCK_M[0]} {BLOCK_M[0]} {BLOCK_M[1] / 2}"', BLOCK_M[1])}
    """
