"""A fingertip of gel with a camera inside it: what is touched presses a picture into the gel.

The skin of the gel bulges where something presses, three coloured lights shine along it from three
sides, and the camera behind sees a bulge's slopes as colours. Rays from inside the gel say how deep
it is pressed; no graphics card is needed. The reading is the picture less that of the untouched
gel, grey where nothing is touched.

Sources: GelSight (Yuan 2017, "GelSight: High-Resolution Robot Tactile Sensors", section 3) for gel,
lights and camera; TACTO (Wang 2022) and Taxim (Si 2022) for simulating it by depth and light.
Interview 13:49.

Differs from the paper:
    GelSight: one bounce of light without shadows; no printed dots, so shear is not seen.
    Taxim: normals and lights as they are set here, not calibrated on a real sensor.
"""

from dataclasses import dataclass, field

import numpy as np

from rumpus.body.sensors._pad import Pad, PadConfig
from rumpus.body.sensors.base import Reading, Sensor
from rumpus.body.sensors.scene import MujocoScene
from rumpus.errors import WorldError
from rumpus.spec import SensorSpec
from rumpus.types import Array

LIGHTS_RAD = np.deg2rad([90.0, 210.0, 330.0])  # where red, green and blue stand round the gel
UNTOUCHED = 128.0  # grey, the middle of a byte
WORN_AT = (0.2, -0.15)  # where the worn patch is, in sides of the pad from its middle
WORN_CONTRAST = 0.25  # of the light that is left there
FARTHEST_DRIFT = 40.0  # levels; a sensor that drifts more is mended


@dataclass(frozen=True)
class GelConfig:
    """The gel and its faults.

    Attributes:
        name: the sensor's.
        pad: its geometry.
        size_px: pictures are size_px x size_px.
        spread_m: how far the skin carries an imprint sideways, as a standard deviation.
        elevation_rad: of the lights above the skin; low lights show slopes best.
        contrast: levels of a byte by which a light may change; more than 127 may be cut off.
        noise: standard deviation of each pixel's noise, in levels.
        drift: by how many levels each colour wanders in a second, as a standard deviation.
        worn_m: radius of a patch in which little light is left; 0 for none.
        rate_hz: pictures a second, 0 for one at every control step.
        seed: of its noise and drift.
    """

    name: str = "gel"
    pad: PadConfig = field(default_factory=PadConfig)
    size_px: int = 48
    spread_m: float = 2.5e-4
    elevation_rad: float = 0.7
    contrast: float = 150.0
    noise: float = 0.0
    drift: float = 0.0
    worn_m: float = 0.0
    rate_hz: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.size_px < 2 or self.spread_m <= 0.0:
            raise WorldError(
                f"The gel '{self.name}' was to have {self.size_px} x {self.size_px} pixels and "
                f"carry an imprint {self.spread_m:g} m sideways; expected at least "
                "2 pixels each way, and more than 0 m; mend its config."
            )


class Gel(Sensor):
    """Feels the shape of what a fingertip touches, as a picture uint8 (size_px, size_px, 3).

    Args:
        scene: where the finger is; its model needs the pad's site.
        config: the gel.

    Raises:
        WorldError: when the model has no such site.
    """

    def __init__(self, scene: MujocoScene, config: GelConfig | None = None) -> None:
        self._config = config = config or GelConfig()
        side, self._scene = config.size_px, scene
        self.spec = SensorSpec(config.name, (side, side, 3), rate_hz=config.rate_hz)
        self._pad = Pad(scene, config.pad, side)
        self._pitch_m = config.pad.side_m / side
        at_m = (np.arange(side) + 0.5) * self._pitch_m - config.pad.side_m / 2
        spread = np.exp(-0.5 * ((at_m[:, None] - at_m) / config.spread_m) ** 2)
        self._spread = spread / spread.sum(1, keepdims=True)
        low = np.cos(config.elevation_rad)
        self._lights = np.stack([low * np.cos(LIGHTS_RAD), low * np.sin(LIGHTS_RAD),
                                 np.full(3, np.sin(config.elevation_rad))])  # fmt: skip
        x, y = np.meshgrid(at_m, -at_m)
        away_m = np.hypot(x - WORN_AT[0] * config.pad.side_m, y - WORN_AT[1] * config.pad.side_m)
        self._gain = np.where(away_m < config.worn_m, WORN_CONTRAST, 1.0)[..., None]
        self._rng = np.random.default_rng(config.seed)
        self._drifted, self._drifted_at_s = np.zeros(3), scene.clock()

    def read(self) -> Reading:
        """Take one picture of the gel from inside."""
        captured_s = self._scene.clock()
        light = self.light(self._pad.depth_m()) * self._gain
        picture = UNTOUCHED + self._config.contrast * light + self._drift(captured_s)
        if self._config.noise:
            picture += self._rng.normal(0.0, self._config.noise, picture.shape)
        return Reading(np.rint(picture.clip(0.0, 255.0)).astype(np.uint8), captured_s)

    def light(self, depth_m: Array) -> Array:
        """How much more each light is reflected than by an untouched gel.

        Args:
            depth_m: (n, n), how deep the gel is pressed.

        Returns:
            (n, n, 3), of a light that falls straight on the skin 1.
        """
        # The skin follows what presses it, and is dragged along beside it.
        skin_m = np.maximum(depth_m, self._spread @ depth_m @ self._spread.T)
        down, right = np.gradient(skin_m, self._pitch_m)
        normal = np.stack([-right, down, np.ones_like(skin_m)], -1)
        normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
        more: Array = (normal @ self._lights).clip(0.0) - self._lights[2]
        return more

    def _drift(self, time_s: float) -> Array:
        """By how many levels each colour has wandered by now, (3,)."""
        passed_s = max(time_s - self._drifted_at_s, 0.0)
        if self._config.drift and passed_s:
            step = self._rng.normal(0.0, self._config.drift * np.sqrt(passed_s), 3)
            self._drifted = (self._drifted + step).clip(-FARTHEST_DRIFT, FARTHEST_DRIFT)
        self._drifted_at_s = time_s
        return self._drifted
