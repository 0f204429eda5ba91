"""A sensor of one's own: a light meter that looks into the door's world.

    cd examples
    rumpus check sensor own_sensor:LightMeter
    rumpus check world own_sensor:lit_door
    rumpus play own_sensor:lit_door --run runs/lit --steps 4000

A sensor that needs no simulated scene takes none: `LightMeter()` could as well ask a serial port.
"""

import numpy as np

import rumpus
from rumpus.body.sensors.camera import Camera, CameraConfig
from rumpus.body.sensors.scene import MujocoScene
from rumpus.worlds.door import Door


class LightMeter(rumpus.Sensor):
    """How bright it is, red, green and blue, each from 0 to 1, five times a second."""

    def __init__(self, scene: MujocoScene) -> None:
        self.spec = rumpus.SensorSpec("light", (3,), 0.0, 1.0, rate_hz=5.0)
        self._eye = Camera(scene, CameraConfig(size_px=8))

    def read(self) -> rumpus.Reading:
        """The mean of all light that falls in, float32 (3,)."""
        seen = self._eye.read()
        light = seen.value.mean(axis=(0, 1)) / 255.0
        return rumpus.Reading(light.astype(np.float32), seen.captured_s)


def lit_door(seed: int = 0) -> Door:
    """The door, seen by its camera, and beside it a light meter."""
    return Door(seed, sensors=[Camera, LightMeter])
