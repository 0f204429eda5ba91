"""The world `hatch`: a sliding door in a cabinet, and a dark plate that looks like the opening.

The hand drags the door along by its top or its sides, and what it uncovers is dark. The plate is
as dark, and when it stands before the shut door, it looks open. The plate and a block are carried
along a line in front of the cabinet; the ground before the door and at one other place holds what
stands there more strongly than the hand's magnet. Source: interview 20:49.
"""

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np

from rumpus.body.sensors.scene import SensorFactory
from rumpus.worlds._magnet import HAND_M, LIFT_M, REACH_M, RED, Magnet, Solid, patches, thing
from rumpus.worlds.base import State

SHUT_X_M, OPEN_X_M = 0.03, -0.022  # where the door is
DOOR_M, OPENING_M = (0.023, 0.004, 0.042), (0.02, 0.038)  # half its sides and its height; likewise
LINE_M, ELSEWHERE_X_M = -0.022, -0.06  # where plate and block are carried; where else they are held
PLATE_M, BLOCK_M = (0.016, 0.042), (0.012, 0.012)  # half their breadth, and their height
WITHIN_M = 0.013  # how far from wide open the door still counts as open
DARK, WOOD = "0.06 0.05 0.05 1", "0.75 0.6 0.4 1"


class Hatch(Magnet):
    """A sliding door that a hand drags open and shut, and a plate as dark as what is behind it."""

    names = (*HAND_M, "door_x_m", "plate_x_m", "plate_z_m", "block_x_m", "block_z_m")
    trial_kinds = ("open", "shut")
    wish, wanted, within_m = "door open", "door", (WITHIN_M, 1.0)
    loose = MappingProxyType({"plate": PLATE_M, "block": BLOCK_M})
    line_m = LINE_M

    def __init__(self, seed: int = 0, sensors: Sequence[SensorFactory] = ()) -> None:
        """Start with the door not open, everything at places drawn from `seed`."""
        joints = ("door_x", "plate_x", "plate_z", "block_x", "block_z")
        super().__init__("hatch", _things(), joints, "ground", seed, sensors)

    def target_m(self, state: State) -> tuple[float, float]:
        """Before the opening."""
        return SHUT_X_M, 0.0

    def stands(self, state: State) -> tuple[Solid, ...]:
        """The door, beyond the line of what is carried."""
        return (Solid(state["door_x_m"], 0.0, DOOR_M[:2], DOOR_M[2]),)

    def off_m(self, state: State) -> tuple[float, float]:
        """How far the door is from wide open."""
        return state["door_x_m"] - OPEN_X_M, 0.0

    def drawn(self, success: bool, rng: np.random.Generator) -> dict[str, float]:
        """The door open or not, plate and block on the ground."""
        plate, block = rng.uniform(-REACH_M, REACH_M, 2)
        near = OPEN_X_M + rng.uniform(0.0, WITHIN_M)
        door = near if success else rng.uniform(OPEN_X_M + WITHIN_M, SHUT_X_M)
        return {"door_x_m": door, "plate_x_m": plate, "block_x_m": block}


def _things() -> str:
    (half_m, depth_m, height_m), (opening_m, top_m) = DOOR_M, OPENING_M
    return f"""
    <geom class="seen" type="box" size="0.085 0.01 0.026" pos="0 0.026 0.026" rgba="{WOOD}"/>
    <geom class="seen" type="box" size="{opening_m} 0.0005 {top_m / 2}"
      pos="{SHUT_X_M} 0.0155 {top_m / 2}" rgba="{DARK}"/>
    <body name="door">
      <joint name="door_x" axis="1 0 0" range="{OPEN_X_M} {SHUT_X_M}" damping="1"
        frictionloss="0.2"/>
      <geom type="box" size="{half_m} {depth_m} {(height_m - LIFT_M) / 2}"
        pos="0 0 {(height_m + LIFT_M) / 2}" mass="0.1" rgba="{RED}"/>
    </body>
    {patches("ground", SHUT_X_M, ELSEWHERE_X_M, LINE_M)}
    {
        thing(
            "plate",
            f'type="box" size="{PLATE_M[0]} 0.004 {PLATE_M[1] / 2}"',
            PLATE_M[1],
            DARK,
            LINE_M,
        )
    }
    {
        thing(
            "block",
            f'type="box" size="{BLOCK_M[0]} {BLOCK_M[0]} {BLOCK_M[1] / 2}"',
            BLOCK_M[1],
            "0.3 0.45 0.8 1",
            LINE_M,
        )
    }
    """
