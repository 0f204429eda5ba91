"""A stranger's door: rumpus's own, seen from two sides, felt in its joints."""

from functools import partial

from rumpus.body.sensors.camera import Camera, CameraConfig
from rumpus.body.sensors.joints import Joints, JointsConfig
from rumpus.worlds.door import Door

SIDE = CameraConfig("side", size_px=32, rate_hz=4.0)
HAND = JointsConfig("hand", ("hand_x", "hand_y", "hand_z"))


def two_eyed_door(seed: int = 0) -> Door:
    """A door that two cameras see, one of them slowly, and whose hand feels its joints."""
    return Door(seed, sensors=[Camera, partial(Camera, config=SIDE), partial(Joints, config=HAND)])
