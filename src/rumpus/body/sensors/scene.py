"""What a sensor of a simulated world looks into."""

from collections.abc import Callable
from dataclasses import dataclass

import mujoco

from rumpus.body.sensors.base import Sensor

PENDULUM = """
<mujoco model="pendulum">
  <worldbody>
    <camera name="camera" pos="0 -1 0" xyaxes="1 0 0 0 0 1" fovy="60"/>
    <body>
      <joint name="hinge" axis="0 1 0"/>
      <geom type="capsule" fromto="0 0 0 0.3 0 0" size="0.05" rgba="0.9 0.2 0.1 1"/>
    </body>
  </worldbody>
</mujoco>"""
SUBSTEPS_N = 10


@dataclass(frozen=True)
class MujocoScene:
    """A scene in MuJoCo, and the robot's clock.

    Attributes:
        model: the scene as it was compiled.
        data: how it stands now; its positions are up to date (after `mj_forward`).
        clock: gives the time in s.
    """

    model: mujoco.MjModel
    data: mujoco.MjData
    clock: Callable[[], float]


SensorFactory = Callable[[MujocoScene], Sensor]


def swinging_pendulum() -> MujocoScene:
    """A small scene to try a sensor in, with `camera` and `hinge`; it swings on at every look."""
    model = mujoco.MjModel.from_xml_string(PENDULUM)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)

    def clock() -> float:
        mujoco.mj_step(model, data, SUBSTEPS_N)
        mujoco.mj_forward(model, data)
        return float(data.time)

    return MujocoScene(model, data, clock)
