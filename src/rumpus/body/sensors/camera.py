"""A camera for simulated worlds: rays instead of a graphics card.

Every pixel is a ray into the scene, shaded by how squarely the surface faces one lamp (Lambert).
The camera and everything that cannot move stay where they are, so their part of the picture is
made once; a picture then costs only the rays that meet something that moves.
"""

from dataclasses import dataclass
from itertools import product

import mujoco
import numpy as np

from rumpus.body.sensors.base import Reading, Sensor
from rumpus.body.sensors.scene import VISIBLE, MujocoScene
from rumpus.errors import WorldError
from rumpus.spec import SensorSpec
from rumpus.types import Array

SHADES_N = 256
HIDDEN_GROUP = 5
NEAREST_M = 1e-3


@dataclass(frozen=True)
class CameraConfig:
    """How a ray camera looks at its scene.

    Attributes:
        name: the camera in the MuJoCo model; its pose and field of view are taken from there.
        size_px: pictures are size_px x size_px.
        supersample: rays along each side of a pixel; 2 makes an edge move smoothly.
        light: direction towards the lamp, any length.
        ambient: brightness of a surface that faces away from the lamp, 0 to 1.
        background: colour where a ray meets nothing, red, green, blue in 0 to 1.
        rate_hz: pictures a second, 0 for one at every control step.
    """

    name: str = "camera"
    size_px: int = 48
    supersample: int = 2
    light: tuple[float, float, float] = (-0.4, -0.5, 1.0)
    ambient: float = 0.45
    background: tuple[float, float, float] = (0.05, 0.05, 0.08)
    rate_hz: float = 0.0


class Camera(Sensor):
    """Takes square colour pictures of a MuJoCo scene from one fixed place.

    Geoms of group 3 and above are invisible, as in MuJoCo's own viewer. The camera must hang on
    the world itself: its pose, and the part of the picture that never moves, are computed once.

    Args:
        scene: what it looks at.
        config: how.

    Attributes:
        spec: uint8 (size_px, size_px, 3), named as the camera.

    Raises:
        WorldError: when the model has no such camera, or it hangs on a moving body.
    """

    def __init__(self, scene: MujocoScene, config: CameraConfig | None = None) -> None:
        self._config = config or CameraConfig()
        self._scene = scene
        model, data, side = scene.model, scene.data, self._config.size_px
        shape, rate_hz = (side, side, 3), self._config.rate_hz
        self.spec = SensorSpec(self._config.name, shape, rate_hz=rate_hz)
        camera = _find_camera(model, self._config.name)
        self._origin = np.array(data.cam_xpos[camera], np.float64)
        self._rotation = np.array(data.cam_xmat[camera], np.float64).reshape(3, 3)
        self._edge = float(np.tan(np.deg2rad(model.cam_fovy[camera]) / 2))
        rays = _pixel_rays(side, self._config.supersample) * [self._edge, self._edge, 1.0]
        rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
        self._rays = rays @ self._rotation.T
        self._light = np.array(self._config.light) / np.linalg.norm(self._config.light)
        self._surfaces_n = model.ngeom + 1
        self._palette = _palette(np.asarray(model.geom_rgba), self._config).reshape(-1, 3)
        moves = np.asarray(model.body_weldid)[model.geom_bodyid] != 0
        shown = VISIBLE[np.asarray(model.geom_group)] == 1
        self._moving = np.flatnonzero(moves & shown)
        self._corners = _corners(np.asarray(model.geom_aabb)[self._moving])
        self._still, self._still_distance = self._look_once(moves)
        self._still_picture = self._average(self._still)

    def read(self) -> Reading:
        """Take one picture, uint8 (size_px, size_px, 3)."""
        captured_s = self._scene.clock()
        picture = self._still_picture.copy()
        pixels = self._pixels_of_moving()
        # `take` on flat arrays throughout: numpy's fancy indexing is four times slower.
        rays = self._rays.take(pixels, axis=1)
        geom, distance, normal = self._scene.cast(self._origin, rays)
        colours = self._still.take(pixels, axis=1)
        nearer = (geom >= 0) & (distance < self._still_distance.take(pixels, axis=1))
        hit = np.flatnonzero(nearer)
        normals = normal.reshape(-1, 3).take(hit, axis=0)
        colours.reshape(-1, 3)[hit] = self._shade(geom.take(hit), normals)
        picture[pixels] = self._average(colours)
        return Reading(picture.reshape(self.spec.shape), captured_s)

    def _look_once(self, moves: Array) -> tuple[Array, Array]:
        """Colours (samples, pixels, 3) and distances (samples, pixels) of what never moves."""
        model = self._scene.model
        groups = np.array(model.geom_group)
        model.geom_group[moves] = HIDDEN_GROUP
        geom, distance, normal = self._scene.cast(self._origin, self._rays, still=True)
        model.geom_group[:] = groups
        return self._shade(geom, normal), np.where(geom >= 0, distance, np.inf)

    def _pixels_of_moving(self) -> Array:
        """Indices of the pixels in which something that moves may be seen.

        Those within the rectangle, on the picture, round the box round each moving geom.
        """
        side = self._config.size_px
        data = self._scene.data
        turn = np.asarray(data.geom_xmat)[self._moving].reshape(-1, 3, 3)
        place = np.asarray(data.geom_xpos)[self._moving] - self._origin
        seen = (self._corners @ turn.transpose(0, 2, 1) + place[:, None]) @ self._rotation
        if (seen[..., 2] > -NEAREST_M).any():
            return np.arange(side * side)
        at = seen[..., :2] / (-seen[..., 2:] * self._edge) * [1, -1]
        at = (at + 1) / 2 * side
        low = np.clip(np.floor(at.min(axis=1)), 0, side).astype(int)
        high = np.clip(np.ceil(at.max(axis=1)), 0, side).astype(int)
        mask = np.zeros((side, side), bool)
        for (left, top), (right, bottom) in zip(low.tolist(), high.tolist(), strict=True):
            mask[top:bottom, left:right] = True
        return np.flatnonzero(mask)

    def _shade(self, geom: Array, normal: Array) -> Array:
        """Colours uint8 (..., 3) of hits, from their geoms (...) and normals (..., 3)."""
        facing = np.clip(normal @ self._light, 0.0, 1.0)
        shade = (facing * (SHADES_N - 1)).astype(np.intp)
        # Geom -1, a miss, reads the palette's last rows: the background.
        row = (geom % self._surfaces_n) * SHADES_N + shade
        colours: Array = self._palette.take(row, axis=0)
        return colours

    def _average(self, colours: Array) -> Array:
        """Colours (n, 3) of n pixels, from those of their samples (samples, n, 3)."""
        total = colours[0].astype(np.uint16)
        for sample in colours[1:]:
            total += sample
        mean: Array = (total // len(colours)).astype(np.uint8)
        return mean


def _corners(boxes: Array) -> Array:
    """The corners (n, 8, 3) of boxes (n, 6): centre and half sizes, in each geom's own frame."""
    signs = np.array(list(product((-1, 1), repeat=3)))
    corners: Array = boxes[:, None, :3] + boxes[:, None, 3:] * signs
    return corners


def _find_camera(model: mujoco.MjModel, name: str) -> int:
    index = int(mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_CAMERA, name))
    if index < 0:
        raise WorldError(
            f"The model has no camera '{name}'; add <camera name='{name}'/> to its worldbody."
        )
    if model.body_weldid[model.cam_bodyid[index]] != 0:
        raise WorldError(
            f"Camera '{name}' hangs on a body that moves, but a ray camera stays in one place; "
            "hang it on the worldbody."
        )
    return index


def _pixel_rays(side: int, supersample: int) -> Array:
    """Rays (samples, pixels, 3) at -1 to 1 across and up the picture, and -1 ahead."""
    fine = side * supersample
    at = (np.arange(fine) + 0.5) / fine * 2 - 1
    x, y = np.meshgrid(at, -at)
    rays = np.stack([x, y, -np.ones_like(x)], axis=-1)
    split = rays.reshape(side, supersample, side, supersample, 3)
    samples: Array = split.transpose(1, 3, 0, 2, 4)
    return samples.reshape(supersample**2, side * side, 3)


def _palette(rgba: Array, config: CameraConfig) -> Array:
    """Colours by geom and shade, uint8 (geoms + 1, SHADES_N, 3); the last row is background."""
    facing = np.linspace(0.0, 1.0, SHADES_N)
    brightness = config.ambient + (1 - config.ambient) * facing
    lit = rgba[:, None, :3] * brightness[None, :, None]
    miss = np.broadcast_to(np.array(config.background), (1, SHADES_N, 3))
    palette: Array = np.rint(255 * np.concatenate([lit, miss])).astype(np.uint8)
    return palette
