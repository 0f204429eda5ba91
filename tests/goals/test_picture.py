from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from rumpus.errors import InputError
from rumpus.goals.picture import load_picture, pictured
from rumpus.spec import RobotSpec, SensorSpec

CAMERA, GAUGE = SensorSpec("camera", (8, 12, 3)), SensorSpec("gauge", (2,), -1.0, 1.0)
ROBOT = RobotSpec("toy", (CAMERA, GAUGE, SensorSpec("wrist", (4, 4, 1))), 2, 10.0)


def test_a_picture_of_the_right_size_is_taken_as_it_is(tmp_path: Path) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (8, 12, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / "goal.png")
    loaded, notices = load_picture(tmp_path / "goal.png", CAMERA)
    np.testing.assert_array_equal(loaded, picture)
    assert notices == ()


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
@pytest.mark.parametrize("came", ["L", "RGB", "RGBA", "P", "1"])
def test_any_picture_becomes_what_the_sensor_reads(
    tmp_path: Path, channels: int, mode: str, came: str
) -> None:
    Image.new("L", (24, 16), 255).convert(came).save(tmp_path / "goal.png")
    loaded, notices = load_picture(tmp_path / "goal.png", SensorSpec("c", (8, 12, channels)))
    assert loaded.shape == (8, 12, channels)
    assert loaded.dtype == np.uint8
    assert (loaded == 255).all()
    assert "24 x 16" in notices[0]
    assert "12 x 8" in notices[0]


def test_a_picture_tells_what_one_camera_sees_and_nothing_else(tmp_path: Path) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (8, 12, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / "goal.png")
    readings, notices = pictured(tmp_path / "goal.png", ROBOT)
    assert list(readings) == ["camera"]
    np.testing.assert_array_equal(readings["camera"], picture)
    assert "gauge, wrist" in notices[0]
    of_wrist, _ = pictured(tmp_path / "goal.png", ROBOT, "wrist")
    assert of_wrist["wrist"].shape == (4, 4, 1)


def test_a_camera_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match="no camera 'gauge'; it has: camera, wrist"):
        pictured(Path("goal.png"), ROBOT, "gauge")


def test_a_blind_robot_and_an_odd_camera_refuse_pictures() -> None:
    with pytest.raises(InputError, match="no picture sensor"):
        pictured(Path("goal.png"), RobotSpec("toy", (GAUGE,), 2, 10.0))
    with pytest.raises(InputError, match="2 channels"):
        load_picture(Path("goal.png"), SensorSpec("camera", (8, 12, 2)))


def test_a_picture_that_hides_too_much_is_refused(tmp_path: Path) -> None:
    hidden = PngInfo()
    hidden.add_text("story", "x" * 2**21, zip=True)
    Image.new("RGB", (12, 8)).save(tmp_path / "goal.png", pnginfo=hidden)
    with pytest.raises(InputError, match="cannot be read"):
        load_picture(tmp_path / "goal.png", CAMERA)


def saved(path: Path, picture: Any, **more: Any) -> Path:
    Image.fromarray(picture).save(path, **more)
    return path


def test_a_photograph_is_turned_as_it_was_held(tmp_path: Path) -> None:
    upright = np.random.default_rng(1).integers(0, 256, (8, 12, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera lay on its side: turn by a quarter, clockwise
    lying = saved(tmp_path / "goal.png", np.rot90(upright, 1).copy(), exif=exif)
    loaded, notices = load_picture(lying, CAMERA)
    np.testing.assert_array_equal(loaded, upright)
    assert notices == ()


def test_deep_levels_are_scaled_and_not_cut_off(tmp_path: Path) -> None:
    grey = np.arange(96, dtype=np.uint16).reshape(8, 12) * 600
    loaded, (said,) = load_picture(saved(tmp_path / "deep.png", grey), SensorSpec("c", (8, 12, 1)))
    np.testing.assert_array_equal(loaded[:, :, 0], np.rint(grey / 257.0).astype(np.uint8))
    assert "its levels up to 65535 were scaled to 255" in said


def test_a_cut_out_is_put_on_white(tmp_path: Path) -> None:
    cut_out = np.zeros((8, 12, 4), np.uint8)
    cut_out[2:5, 2:5] = (200, 10, 10, 255)
    loaded, (said,) = load_picture(saved(tmp_path / "cut.png", cut_out), CAMERA)
    assert (loaded[0, 0] == 255).all()
    np.testing.assert_array_equal(loaded[3, 3], [200, 10, 10])
    assert "put on white" in said
    kept, notices = load_picture(tmp_path / "cut.png", SensorSpec("c", (8, 12, 4)))
    np.testing.assert_array_equal(kept, cut_out)
    assert notices == ()


def test_a_wider_picture_loses_its_edges_and_is_not_squashed(tmp_path: Path) -> None:
    wide = np.zeros((16, 48, 3), np.uint8)
    wide[:, 12:36] = 90  # what a camera of 12 x 8 sees of it
    loaded, (said,) = load_picture(saved(tmp_path / "wide.png", wide), CAMERA)
    assert (loaded == 90).all()
    assert "it is 48 x 16 pixels" in said
    assert "its edges were cut off to 24 x 16" in said


@pytest.mark.parametrize("level", [-1.0, float("nan"), float("inf")])
def test_levels_that_are_no_brightness_are_refused(tmp_path: Path, level: float) -> None:
    levels = np.full((8, 12), 0.5, np.float32)
    levels[3, 4] = level
    with pytest.raises(InputError, match="levels that are no brightness"):
        load_picture(saved(tmp_path / "levels.tiff", levels), CAMERA)


@pytest.mark.parametrize(("alpha", "is_told"), [(255, False), (254, True)])
def test_only_what_is_transparent_is_told_to_be_put_on_white(
    tmp_path: Path, alpha: int, is_told: bool
) -> None:
    Image.new("RGBA", (12, 8), (10, 20, 30, alpha)).save(tmp_path / "goal.png")
    _, notices = load_picture(tmp_path / "goal.png", CAMERA)
    assert ("put on white" in "".join(notices)) == is_told
