"""Feels how the joints of a simulated robot stand, and how fast they move."""

from dataclasses import dataclass

import mujoco
import numpy as np

from rumpus.body.sensors.base import Reading, Sensor
from rumpus.body.sensors.scene import MujocoScene
from rumpus.errors import WorldError
from rumpus.spec import WIDEST, SensorSpec

SINGLE = (int(mujoco.mjtJoint.mjJNT_SLIDE), int(mujoco.mjtJoint.mjJNT_HINGE))  # one number each


@dataclass(frozen=True)
class JointsConfig:
    """Which joints are felt.

    Attributes:
        name: the sensor's.
        joints: hinges and slides by their names in the model; () for all of them.
        rate_hz: readings a second, 0 for one at every control step.
    """

    name: str = "joints"
    joints: tuple[str, ...] = ()
    rate_hz: float = 0.0


class Joints(Sensor):
    """Positions, then velocities, of hinges (rad, rad/s) and slides (m, m/s), float32 (2 k,).

    Args:
        scene: whose joints.
        config: which of them.

    Raises:
        WorldError: when the model has no such joint, or it is neither a hinge nor a slide.
    """

    def __init__(self, scene: MujocoScene, config: JointsConfig | None = None) -> None:
        config = config or JointsConfig()
        model, self._scene = scene.model, scene
        there = {model.joint(k).name: k for k in range(model.njnt) if model.jnt_type[k] in SINGLE}
        names = config.joints or tuple(there)
        unknown = [name for name in names if name not in there]
        if unknown or not names:
            raise WorldError(
                f"The sensor '{config.name}' was given the joints {list(names)}, expected some of "
                f"the model's hinges and slides: {', '.join(there) or 'none'}; mend its config."
            )
        joints = [there[name] for name in names]
        self._positions = np.asarray(model.jnt_qposadr)[joints]
        self._velocities = np.asarray(model.jnt_dofadr)[joints]
        self.spec = SensorSpec(config.name, (2 * len(joints),), -WIDEST, WIDEST, config.rate_hz)

    def read(self) -> Reading:
        captured_s, data = self._scene.clock(), self._scene.data
        felt = np.concatenate([data.qpos[self._positions], data.qvel[self._velocities]])
        return Reading(felt.astype(np.float32), captured_s)
