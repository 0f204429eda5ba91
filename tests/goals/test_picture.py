from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from rumpus.errors import InputError
from rumpus.goals.picture import load_picture, nearest, wish_for
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array

CAMERA, GAUGE = SensorSpec("camera", (8, 12, 3)), SensorSpec("gauge", (2,), -1.0, 1.0)


@pytest.fixture
def lived() -> dict[str, Array]:
    rng = np.random.default_rng(0)
    return {
        "camera": rng.integers(0, 256, (600, 8, 12, 3), np.uint8),
        "gauge": rng.uniform(-1, 1, (600, 2)).astype(np.float32),
    }


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


def test_what_a_picture_does_not_tell_is_remembered(
    tmp_path: Path, lived: dict[str, Array]
) -> None:
    near = lived["camera"][555].astype(int) + 3
    Image.fromarray(np.clip(near, 0, 255).astype(np.uint8)).save(tmp_path / "goal.png")
    wish = wish_for(str(tmp_path / "goal.png"), RobotSpec("toy", (GAUGE, CAMERA), 2, 10.0), lived)
    np.testing.assert_array_equal(wish.goal.readings["gauge"], lived["gauge"][555])
    assert "gauge" in wish.notices[0]
    assert "555" in wish.notices[0]
    assert wish.goal.step_index == -1


def test_a_remembered_moment_is_a_goal(lived: dict[str, Array]) -> None:
    wish = wish_for("memory:41", RobotSpec("toy", (CAMERA, GAUGE), 2, 10.0), lived)
    assert wish.goal.step_index == 41
    for name, rows in lived.items():
        np.testing.assert_array_equal(wish.goal.readings[name], rows[41])


@pytest.mark.parametrize(
    "text",
    ["memory:600", "memory:", "memory:-1", "memory:1.5", "memory:²", f"memory:{'9' * 5000}"],
    ids=lambda text: text[:12],
)
def test_no_remembered_moment_is_refused(text: str, lived: dict[str, Array]) -> None:
    with pytest.raises(InputError, match="memory:0 to memory:599"):
        wish_for(text, RobotSpec("toy", (CAMERA, GAUGE), 2, 10.0), lived)


def test_a_blind_robot_and_an_odd_camera_refuse_pictures(lived: dict[str, Array]) -> None:
    with pytest.raises(InputError, match="no picture sensor"):
        wish_for("goal.png", RobotSpec("toy", (GAUGE,), 2, 10.0), {"gauge": lived["gauge"]})
    with pytest.raises(InputError, match="2 channels"):
        load_picture(Path("goal.png"), SensorSpec("camera", (8, 12, 2)))


def test_a_picture_that_hides_too_much_is_refused(tmp_path: Path) -> None:
    hidden = PngInfo()
    hidden.add_text("story", "x" * 2**21, zip=True)
    Image.new("RGB", (12, 8)).save(tmp_path / "goal.png", pnginfo=hidden)
    with pytest.raises(InputError, match="cannot be read"):
        load_picture(tmp_path / "goal.png", CAMERA)


def test_nearest_is_exact_over_chunks(lived: dict[str, Array]) -> None:
    for index in (0, 511, 512, 599):
        assert nearest(lived["camera"][index], lived["camera"]) == index
