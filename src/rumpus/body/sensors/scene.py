"""What a sensor of a simulated world looks into."""

from collections.abc import Callable
from dataclasses import dataclass

import mujoco
import numpy as np

from rumpus.body.sensors.base import Sensor
from rumpus.types import Array

VISIBLE = np.array([1, 1, 1, 0, 0, 0], np.uint8)  # geom groups, as in MuJoCo's own viewer

PENDULUM = """
<mujoco model="pendulum">
  <worldbody>
    <camera name="camera" pos="0 -1 0" xyaxes="1 0 0 0 0 1" fovy="60"/>
    <body>
      <joint name="hinge" axis="0 1 0"/>
      <geom type="capsule" fromto="0 0 0 0.3 0 0" size="0.05" rgba="0.9 0.2 0.1 1"/>
      <site name="pad" pos="0.3 0 0"/>
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

    def cast(
        self, origin: Array, rays: Array, still: bool = False, unmet: int = -1
    ) -> tuple[Array, Array, Array]:
        """What rays of length one meet, of all that is not hidden.

        Without the simulator's bounding volumes: with them `mj_multiRay` loses hits, on turned
        bodies that move up to 3.17, on still bodies of many parts in 4.0.0. Without them it says
        what `mj_ray` says, bit for bit.

        Args:
            origin: (3,) in m, where all rays begin.
            rays: directions (..., 3).
            still: meet what can never move, too.
            unmet: a body through which the rays go; -1 for none.

        Returns:
            geoms int32 (...), -1 for a miss; distances (...) in m, -1 for a miss; normals (..., 3),
            none for a miss.
        """
        shape = rays.shape[:-1]
        geom, distance, normal = np.empty(shape, np.int32), np.empty(shape), np.zeros(rays.shape)
        volumes = np.array(self.model.body_bvhadr)
        self.model.body_bvhadr[:] = -1
        try:
            mujoco.mj_multiRay(
                self.model, self.data, origin, np.ascontiguousarray(rays).reshape(-1), VISIBLE,
                still, unmet, geom.reshape(-1), distance.reshape(-1), normal.reshape(-1),
                geom.size, mujoco.mjMAXVAL,
            )  # fmt: skip
        finally:
            self.model.body_bvhadr[:] = volumes
        return geom, distance, normal


SensorFactory = Callable[[MujocoScene], Sensor]


def swinging_pendulum() -> MujocoScene:
    """A small scene to try a sensor in: `camera`, `hinge`, `pad`; it swings on at every look."""
    model = mujoco.MjModel.from_xml_string(PENDULUM)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)

    def clock() -> float:
        mujoco.mj_step(model, data, SUBSTEPS_N)
        mujoco.mj_forward(model, data)
        return float(data.time)

    return MujocoScene(model, data, clock)
