"""A camera for simulated worlds: rays instead of a graphics card.

Every pixel is a ray into the scene, shaded by how squarely the surface faces one lamp (Lambert).
The camera and everything that cannot move stay where they are, so their part of the picture is
made once; a picture then costs only the rays that meet something that moves.
"""

from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np

from rumpus.errors import WorldError
from rumpus.spec import SensorSpec
from rumpus.types import Array

SHADES_N = 256


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
    """

    name: str = "camera"
    size_px: int = 48
    supersample: int = 2
    light: tuple[float, float, float] = (-0.4, -0.5, 1.0)
    ambient: float = 0.45
    background: tuple[float, float, float] = (0.05, 0.05, 0.08)


class RayCamera:
    """Takes square colour pictures of a MuJoCo scene from one fixed place.

    Geoms of group 3 and above are invisible, as in MuJoCo's own viewer. The camera must hang on
    the world itself: its pose, and the part of the picture that never moves, are computed once.

    Attributes:
        spec: one uint8 (size_px, size_px, 3) sensor, named as the camera.
    """

    def __init__(
        self, model: mujoco.MjModel, data: mujoco.MjData, config: CameraConfig | None = None
    ) -> None:
        """Look at a scene whose `data` has been through `mj_forward`.

        Raises:
            WorldError: when the model has no such camera, or it hangs on a moving body.
        """
        self._config = config or CameraConfig()
        self._model = model
        side = self._config.size_px
        self.spec = SensorSpec(self._config.name, (side, side, 3))
        camera = _find_camera(model, self._config.name)
        self._origin = np.array(data.cam_xpos[camera], np.float64)
        rotation = np.array(data.cam_xmat[camera], np.float64).reshape(3, 3)
        rays = _pixel_rays(side, self._config.supersample, float(model.cam_fovy[camera]))
        self._rays = np.ascontiguousarray(rays @ rotation.T).reshape(-1)
        count = len(rays)
        self._geom = np.empty(count, np.int32)
        self._distance = np.empty(count, np.float64)
        self._normal = np.empty(3 * count, np.float64)
        self._visible = np.array([1, 1, 1, 0, 0, 0], np.uint8)
        self._light = np.array(self._config.light) / np.linalg.norm(self._config.light)
        self._palette = _palette(np.asarray(model.geom_rgba), self._config)
        self._still, self._still_distance = self._look_once(data)

    def read(self, data: mujoco.MjData) -> Array:
        """Take one picture.

        Args:
            data: the scene, its positions up to date (after `mj_step` or `mj_forward`).

        Returns:
            uint8 (size_px, size_px, 3).
        """
        self._cast(data)
        hit = np.flatnonzero((self._geom >= 0) & (self._distance < self._still_distance))
        colours = self._still.copy()
        colours[hit] = self._shade(hit)
        return self._average(colours)

    def _look_once(self, data: mujoco.MjData) -> tuple[Array, Array]:
        """Colours (rays, 3) and distances (rays,) of everything that never moves.

        One ray at a time: `mj_multiRay` (4.0.0) loses hits far out on a still body of many parts.
        """
        moves = np.asarray(self._model.body_weldid)[self._model.geom_bodyid] != 0
        groups = np.array(self._model.geom_group)
        self._model.geom_group[moves] = len(self._visible) - 1
        geom, normal = np.empty(1, np.int32), np.empty(3)
        for i, ray in enumerate(self._rays.reshape(-1, 3)):
            self._distance[i] = mujoco.mj_ray(
                self._model, data, self._origin, ray, self._visible, True, -1, geom, normal
            )
            self._geom[i], self._normal[3 * i : 3 * i + 3] = geom[0], normal
        self._model.geom_group[:] = groups
        distance = np.where(self._geom >= 0, self._distance, np.inf)
        return self._shade(np.arange(len(distance))), distance

    def _cast(self, data: mujoco.MjData) -> None:
        """Send every ray at what moves; a hit is valid where it is nearer than what is still."""
        mujoco.mj_multiRay(
            self._model,
            data,
            self._origin,
            self._rays,
            self._visible,
            False,
            -1,
            self._geom,
            self._distance,
            self._normal,
            len(self._geom),
            mujoco.mjMAXVAL,
        )

    def _shade(self, rays: Array) -> Array:
        """Colours uint8 (n, 3) of the last cast's hits, for the rays of those indices."""
        normals = self._normal.reshape(-1, 3)[rays]
        facing = np.clip(normals @ self._light, 0.0, 1.0)
        shade = (facing * (SHADES_N - 1)).astype(np.intp)
        # Geom -1, a miss, reads the palette's last row: the background.
        colours: Array = self._palette[self._geom[rays], shade]
        return colours

    def _average(self, colours: Array) -> Array:
        """The picture, from the colours of its rays: the mean over each pixel."""
        samples = self._config.supersample**2
        if samples == 1:
            return colours.reshape(self.spec.shape)
        total = colours.reshape(samples, -1).sum(axis=0, dtype=np.uint16)
        return (total // samples).astype(np.uint8).reshape(self.spec.shape)


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


def _pixel_rays(side: int, supersample: int, fovy_deg: float) -> np.ndarray[Any, np.dtype[Any]]:
    """Unit rays in the camera's frame, (supersample^2 * side^2, 3), one full picture after another.

    Sample k of every pixel comes before sample k + 1 of any, so that the mean over a pixel is
    a sum of whole pictures.
    """
    fine = side * supersample
    edge = np.tan(np.deg2rad(fovy_deg) / 2)
    at = ((np.arange(fine) + 0.5) / fine * 2 - 1) * edge
    x, y = np.meshgrid(at, -at)
    rays = np.stack([x, y, -np.ones_like(x)], axis=-1)
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    split = rays.reshape(side, supersample, side, supersample, 3)
    return split.transpose(1, 3, 0, 2, 4).reshape(-1, 3)


def _palette(rgba: Array, config: CameraConfig) -> Array:
    """Colours by geom and shade, uint8 (geoms + 1, SHADES_N, 3); the last row is background."""
    facing = np.linspace(0.0, 1.0, SHADES_N)
    brightness = config.ambient + (1 - config.ambient) * facing
    lit = rgba[:, None, :3] * brightness[None, :, None]
    miss = np.broadcast_to(np.array(config.background), (1, SHADES_N, 3))
    palette: Array = np.rint(255 * np.concatenate([lit, miss])).astype(np.uint8)
    return palette
