"""What the worlds of touch share: a fingertip of gel over a table, and what lies under it.

A hand moves the fingertip sideways and up and down. The gel is soft and pushes nothing: its hard
back, `BACK_M` behind the surface, does. Imprints are so deep, and marks that stand out from what is
pressed are deeper. Where the fingertip is its joints say; goals are what is felt, without them.
Nothing is ever put back.

The leading underscore says that this file is not a world. Source: the rig of Tian 2019
("Manipulation by Feel"), a gel fingertip on three linear axes.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import mujoco
import numpy as np

from rumpus.body.sensors._pad import PadConfig
from rumpus.body.sensors.gel import Gel, GelConfig
from rumpus.body.sensors.joints import Joints, JointsConfig
from rumpus.body.sensors.scene import SensorFactory
from rumpus.errors import InputError
from rumpus.types import Array, Observation
from rumpus.worlds._simulation import SimulatedWorld
from rumpus.worlds.base import State, Trial

HAND = ("hand_x", "hand_y", "hand_z")
HAND_M = ("hand_x_m", "hand_y_m", "hand_z_m")
BACK_M = 0.001
SQUEEZED_M = 0.0004  # how far below where it would touch a pressed fingertip is sent: 0.6 N
SUBSTEPS_N = 100
PAD = PadConfig()
GEL = GelConfig()
# A third of the pixels, and what goes wrong with gels. The levels are set here, not measured: half
# of a byte is what the deepest slope changes.
CRUDE = GelConfig(size_px=28, noise=8.0, drift=2.0, worn_m=0.003)


class Fingertip(SimulatedWorld):
    """A fingertip over a table; the action is its displacement, (x, y, z) in units of a step."""

    def __init__(
        self, name: str, things: str, joints: Sequence[str], step_m: Sequence[float],
        low_m: Sequence[float], high_m: Sequence[float], sensors: Sequence[SensorFactory],
        more: str = "", pad: PadConfig = PAD,
    ) -> None:  # fmt: skip
        """Build the scene.

        Args:
            name: the world's.
            things: bodies and geoms on the table, as MJCF, and what else belongs to the worldbody.
            joints: of the things, after the hand's.
            step_m: how far an action of 1 moves the fingertip, (3,).
            low_m: least x, y and z of the middle of the gel's surface; z is above the table.
            high_m: the greatest.
            sensors: make the sensors, each from the scene.
            more: what stands beside the worldbody.
            pad: the gel's.
        """
        self.low_m, self.high_m = np.array(low_m), np.array(high_m)
        scene = _mjcf(name, things, more, pad.side_m / 2)
        super().__init__(name, scene, (*HAND, *joints), step_m, sensors, SUBSTEPS_N)

    def clip_to_workspace(self, target: Array) -> Array:
        """The box that the fingertip stays in."""
        clipped: Array = target.clip(self.low_m, self.high_m)
        return clipped

    def state(self) -> State:
        """Where everything is, the hand as it is sent: one that is pressed is held off a little.

        So a world that is placed where it was is pressed as hard again.
        """
        return self.told(self.data)

    def told(self, data: mujoco.MjData) -> State:
        """The state of this scene's data, the hand as it is sent."""
        return {**self._named(data.qpos[self._address]), **_hand(data.ctrl)}

    def settled(self, positions: Array) -> State:
        """The state that (joints,) settle to, the hand as it is sent; moves nothing."""
        return {**super().settled(positions), **_hand(positions)}

    def stage(self, trial: Trial) -> Observation:
        """Picture what the goal feels like, wherever the fingertip is; then begin."""
        goal = super().stage(trial)
        return replace(goal, readings={k: v for k, v in goal.readings.items() if k != "joints"})

    def feels(self) -> bool:
        """Whether the fingertip is pressed against anything."""
        back = self.model.geom("back").id
        touching: Array = np.asarray(self.data.contact.geom) == back
        return bool(touching.any())


def tray(half_m: float, high_m: float) -> str:
    """Four walls, as MJCF: their inner sides so far from the middle, and so high."""
    thick_m = 0.001
    return "".join(
        f'<geom type="box" pos="{x} {y} {high_m / 2}" size="{thick_m if x else half_m} '
        f'{thick_m if y else half_m} {high_m / 2}"/>'
        for side_m in (half_m + thick_m, -half_m - thick_m)
        for x, y in ((side_m, 0.0), (0.0, side_m))
    )


def _hand(target: Array) -> dict[str, float]:
    return dict(zip(HAND_M, map(float, target), strict=False))


def fingertip(crude: bool, pad: PadConfig = PAD) -> tuple[SensorFactory, ...]:
    """The gel, clean, or with few pixels, noise, drift and a worn patch; and the joints.

    Raises:
        InputError: when it is neither: a word such as "no" would else be taken for yes.
    """
    if not isinstance(crude, bool):
        raise InputError(f"A world of touch was given crude={crude}; expected true or false.")
    gel = replace(CRUDE if crude else GEL, pad=pad)
    return partial(Gel, config=gel), partial(Joints, config=JointsConfig(joints=HAND))


def _mjcf(name: str, things: str, more: str, half_m: float) -> str:
    """The scene, in metres, kilograms, radians; the finger gives way upwards when a die rolls."""
    return f"""
<mujoco model="{name}">
  <compiler angle="radian" autolimits="true"/>
  <option integrator="implicitfast" cone="elliptic" impratio="10"/>
  <default>
    <geom friction="1 0.0005 0.00001" solref="0.004 1" condim="4"/>
    <position kp="10000" kv="90" forcerange="-20 20"/>
    <joint solreflimit="0.003 1"/>
    <default class="seen"><geom contype="0" conaffinity="0" mass="0"/></default>
  </default>
  {more}
  <worldbody>
    <geom name="table" type="plane" size="0.2 0.2 0.1" rgba="0.25 0.3 0.28 1"/>
    {things}
    <body name="finger" gravcomp="1">
      <joint name="hand_x" type="slide" axis="1 0 0"/>
      <joint name="hand_y" type="slide" axis="0 1 0"/>
      <joint name="hand_z" type="slide" axis="0 0 1"/>
      <geom name="back" type="box" size="{half_m} {half_m} 0.004" pos="0 0 {0.004 + BACK_M}"
        mass="0.2" rgba="0.9 0.9 0.9 1"/>
      <geom class="seen" type="cylinder" size="0.003 0.012" pos="0 0 {BACK_M + 0.02}"
        rgba="0.9 0.2 0.1 1"/>
      <site name="pad" quat="0 0 1 0"/>
    </body>
  </worldbody>
  <actuator>
    <position joint="hand_x"/>
    <position joint="hand_y"/>
    <position joint="hand_z" kp="1500" kv="35"/>
  </actuator>
</mujoco>"""
