"""Feels how hard a fingertip is pressed, in four cells: left and right, above and below."""

from dataclasses import dataclass, field

import numpy as np

from rumpus.body.sensors._pad import Pad, PadConfig
from rumpus.body.sensors.base import Reading, Sensor
from rumpus.body.sensors.scene import MujocoScene
from rumpus.spec import SensorSpec

RAYS_N = 8  # along each side of a cell


@dataclass(frozen=True)
class PressureConfig:
    """The cells under the pad.

    Attributes:
        name: the sensor's.
        pad: its geometry.
        stiffness_n_m3: pressure in N/m2 for each metre of depth, as of a bed of springs (Winkler);
            3e7 is 30 kPa of silicone at a depth of 1 mm.
        rate_hz: readings a second, 0 for one at every control step.
    """

    name: str = "pressure"
    pad: PadConfig = field(default_factory=PadConfig)
    stiffness_n_m3: float = 3e7
    rate_hz: float = 0.0


class Pressure(Sensor):
    """The force on each of four cells, float32 (4,) in N: upper left and right, then the lower two.

    Args:
        scene: where the finger is; its model needs the pad's site.
        config: the cells.

    Raises:
        WorldError: when the model has no such site.
    """

    def __init__(self, scene: MujocoScene, config: PressureConfig | None = None) -> None:
        config = config or PressureConfig()
        self._scene, pad = scene, config.pad
        self._pad = Pad(scene, pad, 2 * RAYS_N)
        self._newton_per_m = config.stiffness_n_m3 * (pad.side_m / 2) ** 2
        most = self._newton_per_m * pad.thickness_m
        self.spec = SensorSpec(config.name, (4,), 0.0, most, config.rate_hz)

    def read(self) -> Reading:
        """Weigh each cell once."""
        captured_s = self._scene.clock()
        cells = self._pad.depth_m().reshape(2, RAYS_N, 2, RAYS_N).mean((1, 3))
        force_n = (cells * self._newton_per_m).reshape(4)
        return Reading(force_n.astype(np.float32), captured_s)
