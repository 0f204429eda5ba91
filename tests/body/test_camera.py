import mujoco
import numpy as np
import pytest

from rumpus.body.sensors.camera import Camera, CameraConfig
from rumpus.body.sensors.scene import VISIBLE, MujocoScene
from rumpus.errors import WorldError
from rumpus.types import Array

SCENE = """
<mujoco>
  <compiler angle="radian"/>
  <option gravity="0 0 0"/>
  <worldbody>
    <camera name="camera" pos="0 -0.5 0.5" xyaxes="1 0 0 0 0.7071 0.7071" fovy="40"/>
    <geom type="plane" size="1 1 0.1" rgba="0.4 0.4 0.4 1"/>
    <geom type="box" size="0.05 0.05 0.08" pos="0.12 -0.05 0.08" rgba="0 1 0 1"/>
    <body pos="0 0 0.06">
      <joint name="x" type="slide" axis="1 0 0"/>
      <joint name="z" type="slide" axis="0 0 1"/>
      <geom name="ball" type="sphere" size="0.05" rgba="1 0 0 1"/>
      <geom type="capsule" size="0.01" fromto="0 0 0 -0.1 0.05 0.05" rgba="0 0 1 1"/>
      <geom name="ghost" type="sphere" size="0.2" rgba="1 1 1 1" group="3"/>
    </body>
  </worldbody>
</mujoco>"""


class Scene:
    def __init__(self, **config: object) -> None:
        self.model = mujoco.MjModel.from_xml_string(SCENE)
        self.data = mujoco.MjData(self.model)
        mujoco.mj_forward(self.model, self.data)
        looked = MujocoScene(self.model, self.data, lambda: 0.25)
        self.camera = Camera(looked, CameraConfig(**config))  # type: ignore[arg-type]

    def at(self, x: float, z: float = 0.0) -> Array:
        self.data.qpos[:] = [x, z]
        mujoco.mj_forward(self.model, self.data)
        return self.camera.read().value


def ray_by_ray(scene: Scene, light: tuple[float, float, float], ambient: float) -> Array:
    """The same picture without any shortcut: one `mj_ray` a pixel, shaded by the formula."""
    side = 48
    rotation = scene.data.cam_xmat[0].reshape(3, 3)
    edge = np.tan(np.deg2rad(scene.model.cam_fovy[0]) / 2)
    lamp = np.array(light) / np.linalg.norm(light)
    picture = np.zeros((side, side, 3), np.uint8)
    geom, normal = np.zeros(1, np.int32), np.zeros(3)
    for row, column in np.ndindex(side, side):
        across, up = (column + 0.5) / side * 2 - 1, 1 - (row + 0.5) / side * 2
        ray = rotation @ np.array([across * edge, up * edge, -1.0])
        ray /= np.linalg.norm(ray)
        origin = scene.data.cam_xpos[0]
        mujoco.mj_ray(scene.model, scene.data, origin, ray, VISIBLE, True, -1, geom, normal)
        brightness = ambient + (1 - ambient) * max(float(normal @ lamp), 0.0)
        colour = (
            scene.model.geom_rgba[geom[0], :3] if geom[0] >= 0 else np.array([0.05, 0.05, 0.08])
        )
        picture[row, column] = np.rint(255 * colour * (brightness if geom[0] >= 0 else 1))
    return picture


@pytest.mark.parametrize("place", [(0.0, 0.0), (0.15, 0.0), (-0.3, 0.1), (0.1, 0.3)])
def test_picture_is_what_single_rays_see(place: tuple[float, float]) -> None:
    scene = Scene(supersample=1, light=(0.3, -0.5, 1.0), ambient=0.4)
    picture = scene.at(*place)
    plain = ray_by_ray(scene, (0.3, -0.5, 1.0), 0.4)
    # Shades come from a table of 256, so a colour may be off by one or two of 255.
    assert np.abs(picture.astype(int) - plain).max() <= 2


def test_pictures_are_byte_equal_from_run_to_run() -> None:
    first = [Scene().at(x).tobytes() for x in (0.0, 0.03)]
    scene = Scene()
    scene.at(0.2)
    assert [scene.at(x).tobytes() for x in (0.0, 0.03)] == first


def test_an_edge_moves_smoothly_under_supersampling() -> None:
    def jump(supersample: int) -> int:
        scene = Scene(supersample=supersample)
        red = [scene.at(x)[..., 0].astype(int).sum() for x in np.linspace(0, 0.02, 21)]
        return int(np.abs(np.diff(np.diff(red))).max())

    assert jump(4) < jump(1)


def test_what_is_still_hides_what_moves_behind_it() -> None:
    scene = Scene()
    hidden = scene.at(0.12, -0.03)
    green = (hidden[..., 1] > 100) & (hidden[..., 0] < 30)
    assert green.sum() > 50


def test_groups_from_three_up_are_invisible() -> None:
    assert not (Scene().at(0.0) > 200).all(axis=-1).any()


def test_a_thing_that_passes_the_lens_is_still_seen() -> None:
    scene = Scene(supersample=1)
    scene.data.qpos[:] = [0.0, 0.5]
    scene.model.body_pos[1] = [0.0, -0.49, 0.0]
    mujoco.mj_forward(scene.model, scene.data)
    assert np.abs(scene.camera.read().value.astype(int) - Scene(supersample=1).at(5.0)).max() > 50


def test_spec_is_what_read_gives() -> None:
    scene = Scene(size_px=24)
    scene.camera.spec.check(scene.at(0.0), "scene")
    assert scene.camera.spec.shape == (24, 24, 3)


def test_an_unknown_camera_is_refused_in_a_sentence() -> None:
    with pytest.raises(WorldError, match="no camera 'wrist'"):
        Scene(name="wrist")


def test_a_camera_on_a_moving_body_is_refused_in_a_sentence() -> None:
    xml = SCENE.replace('<joint name="x"', '<camera name="eye"/><joint name="x"')
    model = mujoco.MjModel.from_xml_string(xml)
    with pytest.raises(WorldError, match="body that moves"):
        Camera(MujocoScene(model, mujoco.MjData(model), float), CameraConfig(name="eye"))
