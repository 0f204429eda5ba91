"""The fingertip of gel: imprints as geometry says, lights as normals say, and its faults."""

from collections.abc import Callable

import mujoco
import numpy as np
import pytest

from rumpus.body.sensors._pad import Pad, PadConfig
from rumpus.body.sensors.gel import FARTHEST_DRIFT, Gel, GelConfig
from rumpus.body.sensors.pressure import Pressure, PressureConfig
from rumpus.body.sensors.scene import MujocoScene
from rumpus.errors import WorldError
from rumpus.types import Array

PAD = PadConfig()
SIDE = 40
DEEP_M = 0.0012


def pressed(what: str, time_s: Callable[[], float] = lambda: 0.0) -> MujocoScene:
    """A pad that looks down from z = 0, and what presses it from below; nothing moves."""
    model = mujoco.MjModel.from_xml_string(f"""
      <mujoco><compiler angle="radian"/><worldbody>
        {what}
        <body><freejoint/><geom type="sphere" size="0.1" pos="0 0 0.12"/>
          <site name="pad" quat="0 0 1 0"/></body>
      </worldbody></mujoco>""")
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return MujocoScene(model, data, time_s)


def ball(x_m: float = 0.0, y_m: float = 0.0, radius_m: float = 0.005) -> str:
    return f'<geom type="sphere" size="{radius_m}" pos="{x_m} {y_m} {DEEP_M - radius_m}"/>'


def slope(angle_rad: float) -> str:
    """A plane that rises towards the right of the picture, through the middle of the pad.

    The pad looks down, so what is right in its picture has the smaller x in the scene.
    """
    low = -DEEP_M / 2
    return f'<geom type="plane" size="1 1 1" pos="0 0 {-low}" euler="0 {angle_rad} 0"/>'


def picture(what: str, config: GelConfig | None = None) -> Array:
    value: Array = Gel(pressed(what), config or GelConfig(size_px=SIDE)).read().value
    return value


def hit(depth_m: Array) -> Array:
    """Where the ray of each cell met what presses, (n, n, 3), in the frame of the pad's picture."""
    at_m = ((np.arange(len(depth_m)) + 0.5) / len(depth_m) - 0.5) * PAD.side_m
    x, y = np.meshgrid(at_m, -at_m)
    nearer = 1 - depth_m / PAD.behind_m
    return np.stack([x * nearer, y * nearer, depth_m], -1)


def test_the_imprint_of_a_ball_lies_on_the_ball() -> None:
    radius_m = 0.005
    depth_m = Pad(pressed(ball(0.001, 0.002)), PAD, SIDE).depth_m()
    met = hit(depth_m)[depth_m > 0]
    # The pad looks down: its picture's x is minus the scene's.
    away_m = np.linalg.norm(met - [-0.001, 0.002, DEEP_M - radius_m], axis=-1)
    assert len(met) > 50
    np.testing.assert_allclose(away_m, radius_m, atol=1e-9)
    edge_m = np.sqrt(radius_m**2 - (radius_m - DEEP_M) ** 2)
    share = (depth_m > 0).mean() * PAD.side_m**2
    assert share == pytest.approx(np.pi * edge_m**2, rel=0.05)


def test_the_imprint_of_a_slope_lies_on_the_slope_and_shines_as_its_normal_says() -> None:
    angle_rad = 0.05
    what, config = slope(angle_rad), GelConfig(size_px=SIDE)
    depth_m = Pad(pressed(what), PAD, SIDE).depth_m()
    inside = (depth_m > 1e-4) & (depth_m < PAD.thickness_m)
    met = hit(depth_m)[inside]
    assert len(met) > 300
    np.testing.assert_allclose(met[:, 2], DEEP_M / 2 + np.tan(angle_rad) * met[:, 0], atol=1e-9)
    normal = np.array([-np.sin(angle_rad), 0.0, np.cos(angle_rad)])
    low, high = np.cos(config.elevation_rad), np.sin(config.elevation_rad)
    lights = [[low * np.cos(turn), low * np.sin(turn), high] for turn in np.deg2rad([90, 210, 330])]
    wanted = 128.0 + config.contrast * (np.array(lights) @ normal - high)
    middle = picture(what)[15:25, 15:25].reshape(-1, 3)
    np.testing.assert_allclose(middle, np.broadcast_to(wanted, middle.shape), atol=1.5)


def test_an_untouched_gel_is_grey_and_a_flat_imprint_shows_at_its_rim_alone() -> None:
    assert (picture("") == 128).all()
    flat = picture(f'<geom type="box" size="0.004 0.004 0.002" pos="0 0 {DEEP_M - 0.002}"/>')
    assert (flat[18:22, 18:22] == 128).all()
    assert (flat[:5] == 128).all()
    assert (np.abs(flat.astype(int) - 128).max((0, 1)) > 40).all()


def test_each_light_brightens_the_side_of_a_bulge_that_faces_it() -> None:
    change = picture(ball()).astype(float) - 128.0
    rows, columns = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    for colour, turn in enumerate(np.deg2rad([90.0, 210.0, 330.0])):
        towards = columns * np.cos(turn) - rows * np.sin(turn)
        pressed_here = np.abs(change[..., colour]) > 5
        assert np.corrcoef(change[pressed_here, colour], towards[pressed_here])[0, 1] > 0.8


def test_the_skin_carries_an_imprint_sideways_and_never_pushes_through_what_presses_it() -> None:
    narrow, wide = (picture(ball(), GelConfig(size_px=SIDE, spread_m=s)) for s in (1e-4, 1e-3))
    assert (wide != 128).sum() > 1.3 * (narrow != 128).sum()


def test_noise_drift_and_a_worn_patch_are_what_they_say() -> None:
    now = [0.0]
    noisy = Gel(pressed("", lambda: now[0]), GelConfig(noise=6.0)).read().value
    assert noisy.std() == pytest.approx(6.0, rel=0.05)
    drifting = Gel(pressed("", lambda: now[0]), GelConfig(drift=2.0))
    first = drifting.read().value
    assert (first == drifting.read().value).all()  # no time has passed
    seen = []
    for now[0] in np.arange(1.0, 20_000.0, 100.0):
        seen.append(drifting.read().value[0, 0].astype(float) - 128.0)
    moved = np.diff([seen[0], seen[1]], axis=0)
    assert np.abs(moved).max() > 0
    assert np.abs(seen).max() <= FARTHEST_DRIFT + 0.5
    assert np.std(np.array(seen)[:, 0] - np.array(seen)[:, 1]) > 5  # each colour wanders alone
    worn, whole = (picture(ball(-0.0032, -0.0024), GelConfig(worn_m=m)) for m in (0.004, 0.0))
    assert np.abs(worn.astype(int) - 128).max() < 0.4 * np.abs(whole.astype(int) - 128).max()


def test_the_same_seed_gives_the_same_noise() -> None:
    config = GelConfig(noise=6.0, seed=3)
    one, same, other = (
        Gel(pressed(ball()), c).read().value for c in (config, config, GelConfig(noise=6.0, seed=4))
    )
    assert (one == same).all()
    assert (one != other).any()


@pytest.mark.parametrize("cell", range(4))
def test_a_cell_weighs_what_presses_it(cell: int) -> None:
    x_m, y_m = (0.004, -0.004)[cell % 2], (0.004, -0.004)[cell // 2]
    radius_m, config = 0.003, PressureConfig()
    force_n = Pressure(pressed(ball(x_m, y_m, radius_m)), config).read().value
    cap_m3 = np.pi * DEEP_M**2 * (3 * radius_m - DEEP_M) / 3
    assert int(np.argmax(force_n)) == cell
    assert force_n[cell] == pytest.approx(config.stiffness_n_m3 * cap_m3, rel=0.1)
    assert np.delete(force_n, cell).max() < 0.05 * force_n[cell]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: GelConfig(spread_m=0.0), "more than 0 m"),
        (lambda: GelConfig(size_px=1), "at least 2 pixels"),
        (lambda: PadConfig(behind_m=0.001), "behind its thickness"),
        (lambda: PadConfig(side_m=0.0), "lengths above 0"),
    ],
)
def test_a_gel_that_cannot_be_is_refused_in_one_sentence(
    wrong: Callable[[], object], says: str
) -> None:
    with pytest.raises(WorldError, match=says):
        wrong()


def test_a_scene_without_a_pad_is_refused_in_one_sentence() -> None:
    with pytest.raises(WorldError, match="no site 'tip'; add <site name='tip'/>"):
        Gel(pressed(""), GelConfig(pad=PadConfig(site="tip")))
