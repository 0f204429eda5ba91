"""What the worlds with a magnet share: a hand that carries what it touches from above, and a side.

What the magnet's underside touches sticks to it, and what holds more strongly keeps it when the
hand is raised; sideways the hand takes it from there. Things slide along one line and up and down
and do not turn. The hand also comes towards the camera, until it hides what lies behind it, and its
rim has the colour of things: what looks right is not always so. Nothing is ever put back.

The leading underscore says that this file is not a world. Source: interview 20:49 and 21:10.
"""

from collections.abc import Sequence

import numpy as np

from rumpus.body.sensors.scene import SensorFactory
from rumpus.types import Array
from rumpus.worlds._simulation import SimulatedWorld

HAND, HAND_M = ("hand_x", "hand_y", "hand_z"), ("hand_x_m", "hand_y_m", "hand_z_m")
LOW_M, HIGH_M = np.array([-0.09, -0.10, 0.005]), np.array([0.09, 0.0, 0.085])
STEP_M = (0.018, 0.018, 0.014)
RIM_M = 0.013
REACH_M = 0.09  # how far from the middle things lie; the camera sees a little less
MAGNET_N, HELD_N = 1.5, 2.2  # with which the hand holds, and what holds more strongly
RED = "0.9 0.2 0.1 1"


class Magnet(SimulatedWorld):
    """A hand with a magnet; the action is its displacement, (x, y, z) in units of a step."""

    def __init__(
        self, name: str, things: str, joints: Sequence[str], sensors: Sequence[SensorFactory],
        holds: str,
    ) -> None:  # fmt: skip
        """Build the scene.

        Args:
            name: the world's.
            things: bodies and geoms on the table, as MJCF; see `thing`.
            joints: of the things, after the hand's.
            sensors: make the sensors, each from the scene.
            holds: the body that holds more strongly than the hand.
        """
        super().__init__(name, _mjcf(name, things, holds), (*HAND, *joints), STEP_M, sensors)

    def clip_to_workspace(self, target: Array) -> Array:
        """The box that the hand stays in."""
        clipped: Array = target.clip(LOW_M, HIGH_M)
        return clipped


def thing(name: str, shape: str, height_m: float, rgba: str = RED) -> str:
    """What can be carried, as MJCF, its joints NAME_x and NAME_z; it stands on its origin."""
    return f"""<body name="{name}" childclass="thing">
      <joint name="{name}_x" axis="1 0 0" range="{-REACH_M} {REACH_M}"/>
      <joint name="{name}_z" axis="0 0 1"/>
      <geom {shape} pos="0 0 {height_m / 2}" mass="0.03" rgba="{rgba}"/>
    </body>"""


def _mjcf(name: str, things: str, holds: str) -> str:
    """The scene, in metres, kilograms and radians; magnets are on, whatever they are sent."""
    return f"""
<mujoco model="{name}">
  <compiler angle="radian" autolimits="true"/>
  <option integrator="implicitfast" cone="elliptic" impratio="10"/>
  <default>
    <geom friction="0.2 0.005 0.0001" solref="0.005 1" margin="0.001" gap="0.001"/>
    <joint type="slide"/>
    <position kp="800" kv="25" forcerange="-15 15"/>
    <default class="thing"><joint damping="0.05"/></default>
    <default class="seen"><geom contype="0" conaffinity="0" margin="0" gap="0"/></default>
  </default>
  <worldbody>
    <camera name="camera" pos="0 -0.25 0.11" xyaxes="1 0 0 0 0.25 0.968" fovy="42"/>
    <geom type="plane" size="1 1 0.1" rgba="0.25 0.3 0.28 1"/>
    {things}
    <body name="hand" gravcomp="1">
      <joint name="hand_x" axis="1 0 0"/>
      <joint name="hand_y" axis="0 1 0"/>
      <joint name="hand_z" axis="0 0 1"/>
      <geom type="cylinder" size="{RIM_M} 0.004" pos="0 0 0.004" mass="0.1" rgba="{RED}"
        friction="1.2 0.005 0.0001"/>
      <geom class="seen" type="cylinder" size="0.011 0.06" pos="0 0 0.068" mass="0.1"
        rgba="0.8 0.8 0.85 1"/>
    </body>
  </worldbody>
  <actuator>
    <position joint="hand_x"/>
    <position joint="hand_y"/>
    <position joint="hand_z"/>
    <adhesion body="hand" ctrlrange="0.999 1" gain="{MAGNET_N}"/>
    <adhesion body="{holds}" ctrlrange="0.999 1" gain="{HELD_N}"/>
  </actuator>
</mujoco>"""
