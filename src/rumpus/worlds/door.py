"""The world `door`: a hand with a peg, a hinged door, and a closed handle loop.

Seen from above: the hinge is at the origin and the door points at the camera when half open.
The peg dips into the loop at the door's edge and drags the door both ways; lifted, it is free.
Nothing is ever put back: hinge friction leaves the door where play left it.

Shaped so that random motion alone opens and shuts the door, loses the loop and finds it again:

- The loop's sides are broad, so a peg that lost the loop rests on them, not beside the door.
- At its highest the peg's round tip is still 3 mm below the bars' tops: it leaves only by climbing
  over a bar that is held fast, so a visit to the loop lasts a few hundred steps, not twenty.
- The hand moves slower upward than sideways, and no further sideways than the door does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rumpus.body.sensors.camera import Camera
from rumpus.body.sensors.scene import SensorFactory
from rumpus.types import Array
from rumpus.worlds._simulation import SimulatedWorld, paired, servos
from rumpus.worlds.base import Measure, State, Trial

JOINTS = ("hand_x", "hand_y", "hand_z", "hinge")
RAIL_SPARE_M = 0.003
CLEARANCE_M = 0.0005
LOWERING_STEPS_N = 16


@dataclass(frozen=True)
class DoorConfig:
    """The door's geometry; x right, y away from the camera, z up, the hinge at the origin.

    Attributes:
        range_rad: the hinge turns from 0 (shut) to this.
        panel_m: width of the panel, hinge to edge.
        hole_m: the hole of the loop, along the panel and across it.
        bar_m: half the thickness of the loop's bars.
        side_m: breadth of the two bars beside the hole.
        loop_height_m: height of the bars' middle above the floor.
        peg_m: radius of the peg and of its round tip.
        low_m: the workspace of the peg's tip, lower corner.
        high_m: the workspace of the peg's tip, upper corner.
        step_m: how far an action of 1 moves the hand, x, y, z.
    """

    range_rad: float = 0.83
    panel_m: float = 0.24
    hole_m: tuple[float, float] = (0.09, 0.07)
    bar_m: float = 0.006
    side_m: float = 0.13
    loop_height_m: float = 0.07
    peg_m: float = 0.022
    low_m: tuple[float, float, float] = (-0.126, -0.30, 0.005)
    high_m: tuple[float, float, float] = (0.126, -0.26, 0.0727)
    step_m: tuple[float, float, float] = (0.015, 0.015, 0.008)

    @property
    def loop_radius_m(self) -> float:
        """From the hinge to the middle of the hole."""
        return self.panel_m + 2 * self.bar_m + self.hole_m[0] / 2


class Door(SimulatedWorld):
    """A door that a peg can open and shut by its handle loop, seen by one camera.

    The action is the peg's displacement, (x, y, z) in units of `DoorConfig.step_m`. Other sensors
    may look into it: the scene has the cameras `camera` and `side`, and the joints of `JOINTS`.
    """

    names = ("hand_x_m", "hand_y_m", "hand_z_m", "angle_rad")
    trial_kinds: tuple[str, ...] = ("handle", "anywhere")

    def __init__(
        self, seed: int = 0, config: DoorConfig | None = None,
        sensors: Sequence[SensorFactory] = (Camera,),
    ) -> None:  # fmt: skip
        """Start with the peg in the loop and the door at an angle drawn from `seed`."""
        self.config = config or DoorConfig()
        super().__init__("door", _mjcf(self.config), JOINTS, self.config.step_m, sensors)
        self.measure = Measure(
            "angle_error_rad", 0.1, 60, {"leave half open": {"angle_rad": 0.415}}
        )
        angle = np.random.default_rng(seed).uniform(0.1, 0.9) * self.config.range_rad
        self.place(self._in_loop(angle))

    def clip_to_workspace(self, target: Array) -> Array:
        """The box that the peg's tip stays in."""
        return np.clip(target, self.config.low_m, self.config.high_m)

    def headline_error(self, state: State, goal: State) -> float:
        """How far the door's angle is from the goal's."""
        return abs(state["angle_rad"] - goal["angle_rad"])

    def trials(self, count: int, seed: int, kind: str) -> list[Trial]:
        """Doors to move: goal angles and start angles spread evenly, paired at random.

        "handle" has the peg in the loop in both pictures; "anywhere" has it anywhere.
        """
        rng = np.random.default_rng(seed)
        # Two at least, and each paired with another: no door starts at its goal.
        angles = np.linspace(0.02, 0.98, max(count, 2)) * self.config.range_rad
        hand = self._in_loop if kind == "handle" else lambda angle: self._anywhere(angle, rng)
        return [
            Trial(start=hand(a), goal=hand(b), seed=seed) for a, b in paired(angles, count, rng)
        ]

    def engaged(self) -> bool:
        """Whether the peg is in the loop. For measuring only."""
        x, y, z, angle = self.positions()
        along, across = _rotation(angle, self.config).T @ np.array([x, y])
        length, width = self.config.hole_m
        inside = abs(along - self.config.loop_radius_m) < length / 2 and abs(across) < width / 2
        return bool(inside and z < self.config.loop_height_m + self.config.bar_m)

    def _in_loop(self, angle: float) -> State:
        """The door at an angle, the peg in the loop, half dipped."""
        config = self.config
        x, y = _rotation(angle, config) @ np.array([config.loop_radius_m, 0.0])
        z = (config.low_m[2] + config.high_m[2]) / 2
        hand = np.clip([x, y, z], config.low_m, config.high_m)
        return self.settled(np.append(hand, angle))

    def _anywhere(self, angle: float, rng: np.random.Generator) -> State:
        """The door at an angle, the peg lowered anywhere from above, as far as it goes freely."""
        on_top_m = self.config.loop_height_m + self.config.bar_m + CLEARANCE_M
        free = None
        while free is None:
            x, y, z = rng.uniform(self.config.low_m, self.config.high_m)
            # In small steps: MuJoCo finds no contact once the peg is deep through a bar.
            for height in np.linspace(on_top_m, z, LOWERING_STEPS_N):
                positions = np.array([x, y, height, angle])
                if self.touches(positions):
                    break
                free = positions
        return self.settled(free)


def _rotation(angle: float, config: DoorConfig) -> Array:
    """From (along the panel, across the panel) to (x, y), 2 x 2."""
    turn = angle - config.range_rad / 2 - np.pi / 2
    return np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])


def _rail(config: DoorConfig, axis: int) -> str:
    """Where the hand's rail ends: else a slanted door could wedge the hand out of its workspace."""
    return f"{config.low_m[axis] - RAIL_SPARE_M} {config.high_m[axis] + RAIL_SPARE_M}"


def _loop(config: DoorConfig) -> str:
    """The loop: two broad bars beside the hole, two narrow ones at its ends."""
    (length, width), bar, height = config.hole_m, config.bar_m, config.loop_height_m
    middle, aside = config.loop_radius_m, (width + config.side_m) / 2
    sides = [
        f'<geom class="loop" size="{length / 2 + 2 * bar} {config.side_m / 2} {bar}" '
        f'pos="{middle} {sign * aside} {height}"/>'
        for sign in (-1, 1)
    ]
    ends = [
        f'<geom class="loop" size="{bar} {width / 2} {bar}" '
        f'pos="{middle + sign * (length / 2 + bar)} 0 {height}"/>'
        for sign in (-1, 1)
    ]
    return "".join(sides + ends)


def _hand(config: DoorConfig) -> str:
    """The hand on its three slides, with its shadow on the floor and its peg."""
    return f"""<body childclass="hand">
      <joint name="hand_x" axis="1 0 0" range="{_rail(config, 0)}"/>
      <joint name="hand_y" axis="0 1 0" range="{_rail(config, 1)}"/>
      <geom class="seen" type="cylinder" size="0.02 0.0005" pos="0 0 0.001" mass="0.01"
        rgba="0.12 0.13 0.15 1"/>
      <body>
        <joint name="hand_z" axis="0 0 1"/>
        <geom type="capsule" fromto="0 0 {config.peg_m} 0 0 0.12" size="{config.peg_m}"
          mass="0.5" contype="1" conaffinity="2" rgba="0.95 0.1 0.1 1"/>
      </body>
    </body>"""


def _mjcf(config: DoorConfig) -> str:
    """The scene. Every number in it is in metres, kilograms or radians."""
    half = config.panel_m / 2
    return f"""
<mujoco model="door">
  <compiler angle="radian" autolimits="true"/>
  <option integrator="implicitfast" gravity="0 0 0"/>
  <default>
    <geom friction="0.1 0.005 0.0001" solref="0.01 1"/>
    <default class="seen"><geom contype="0" conaffinity="0"/></default>
    <default class="door"><geom type="box" contype="2" conaffinity="1"/></default>
    <default class="loop">
      <geom type="box" mass="0.02" contype="2" conaffinity="1" rgba="1.0 0.85 0.1 1"/>
    </default>
    <default class="hand"><joint type="slide"/></default>
    <position kp="2000" kv="63" forcerange="-25 25"/>
  </default>
  <worldbody>
    <camera name="camera" pos="0 -0.655 0.60" xyaxes="1 0 0 0 0.8 0.6" fovy="30"/>
    <camera name="side" pos="0.62 -0.2 0.42" xyaxes="0 1 0 -0.56 0 0.83" fovy="42"/>
    <geom class="seen" type="plane" size="1 1 0.1" rgba="0.35 0.38 0.42 1"/>
    <geom class="seen" type="cylinder" size="0.022 0.06" pos="0 0 0.06" rgba="0.2 0.2 0.2 1"/>
    <body euler="0 0 {-np.pi / 2 - config.range_rad / 2}">
      <joint name="hinge" type="hinge" axis="0 0 1" range="0 {config.range_rad}"
        damping="0.3" frictionloss="0.25" armature="0.005"/>
      <geom class="door" size="{half} 0.012 0.045" pos="{half} 0 0.05" mass="0.6"
        rgba="0.15 0.45 0.9 1"/>
      {_loop(config)}
    </body>
    {_hand(config)}
  </worldbody>
  {servos(JOINTS[:3])}
</mujoco>"""
