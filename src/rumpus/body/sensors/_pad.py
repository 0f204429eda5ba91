"""The pad of a fingertip: how deep what it touches presses into it.

The leading underscore says that this file is not a sensor. The gel's camera and the pressure cells
look at the same pad.
"""

from dataclasses import dataclass

import mujoco
import numpy as np

from rumpus.body.sensors.scene import MujocoScene
from rumpus.errors import WorldError
from rumpus.types import Array


@dataclass(frozen=True)
class PadConfig:
    """The pad's geometry.

    Attributes:
        site: the site in the MuJoCo model in the middle of the untouched surface; its z points
            out of the pad. What hangs on the site's body is the finger and presses into nothing.
        side_m: the pad is square, so long each way.
        thickness_m: no imprint is deeper.
        behind_m: how far behind the surface all rays begin, where the gel's camera sits.
    """

    site: str = "pad"
    side_m: float = 0.016
    thickness_m: float = 0.002
    behind_m: float = 0.03

    def __post_init__(self) -> None:
        if min(self.side_m, self.thickness_m) <= 0.0 or self.behind_m <= self.thickness_m:
            raise WorldError(
                f"The pad at '{self.site}' was to be {self.side_m:g} m wide and "
                f"{self.thickness_m:g} m thick, seen from {self.behind_m:g} m behind; "
                "expected lengths above 0, and to be seen from behind its thickness."
            )


class Pad:
    """Measures imprints by rays from inside the pad: what lies nearer than its surface presses it.

    Args:
        scene: where the finger is.
        config: the pad.
        cells_n: measured at cells_n x cells_n places.

    Raises:
        WorldError: when the model has no such site.
    """

    def __init__(self, scene: MujocoScene, config: PadConfig, cells_n: int) -> None:
        model, self._scene, self._config = scene.model, scene, config
        self._site = int(mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_SITE, config.site))
        if self._site < 0:
            raise WorldError(
                f"The model has no site '{config.site}'; add <site name='{config.site}'/> to the "
                "finger's body, in the middle of its pad, with z out of the pad."
            )
        self._finger = int(model.site_bodyid[self._site])
        at_m = ((np.arange(cells_n) + 0.5) / cells_n - 0.5) * config.side_m
        x, y = np.meshgrid(at_m, -at_m)
        rays = np.stack([x, y, np.full_like(x, config.behind_m)], -1).reshape(-1, 3)
        length_m = np.linalg.norm(rays, axis=-1)
        self._rays, self._along = rays / length_m[:, None], config.behind_m / length_m
        self._shape = (cells_n, cells_n)

    def depth_m(self) -> Array:
        """How deep the surface is pressed in, float64 (cells_n, cells_n), y up and x right."""
        data, config = self._scene.data, self._config
        turn = np.asarray(data.site_xmat[self._site]).reshape(3, 3)
        camera = np.array(data.site_xpos[self._site]) - config.behind_m * turn[:, 2]
        rays = self._rays @ turn.T
        geom, distance_m, _ = self._scene.cast(camera, rays, still=True, unmet=self._finger)
        depth_m = np.where(geom >= 0, config.behind_m - distance_m * self._along, 0.0)
        clipped: Array = depth_m.clip(0.0, config.thickness_m)
        return clipped.reshape(self._shape)
