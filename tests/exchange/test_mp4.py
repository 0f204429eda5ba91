"""A film shows every step of its episode, in its colours, and refuses in sentences."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rumpus.errors import InputError
from rumpus.exchange.mp4 import export_film
from rumpus.memory import Memory
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Observation, Step

av = pytest.importorskip("av")
StepOf = Callable[[int], Step]
SENSORS = (
    SensorSpec("camera", (12, 15, 3)),
    SensorSpec("touch", (3,), -1.0, 1.0),
    SensorSpec("gel", (16, 10, 1)),
)


@pytest.fixture
def eyes() -> RobotSpec:
    return RobotSpec("eyes", SENSORS, action_size=1, rate_hz=12.5)


def seen(k: int) -> Step:
    """A camera that turns from red to blue, and a gel that grows brighter."""
    camera = np.zeros((12, 15, 3), np.uint8)
    camera[:] = (240 - 20 * k, 60, 20 * k)
    readings: dict[str, Array] = {
        "camera": camera,
        "touch": np.zeros(3, np.float32),
        "gel": np.full((16, 10, 1), 20 * k, np.uint8),
    }
    nothing = np.zeros(1, np.float32)
    return Step(Observation(readings, 0.1 * k), nothing, nothing)


@pytest.fixture
def memory(tmp_path: Path, eyes: RobotSpec) -> Any:
    with Memory.create(tmp_path / "m", eyes) as memory:
        for first, stop in ((0, 2), (2, 12), (12, 12)):
            memory.begin_episode("play")
            for k in range(first, stop):
                memory.append(seen(k))
        yield memory


def test_a_film_shows_every_step_at_its_rate_in_its_colours(tmp_path: Path, memory: Any) -> None:
    exported = export_film(memory, tmp_path / "films" / "two.mp4", 2, enlarge=3)
    assert (exported.episodes, exported.steps) == (1, 10)
    assert [p.name for p in (tmp_path / "films").iterdir()] == ["two.mp4"]
    with av.open(str(exported.path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert stream.average_rate == 12.5
        frames = [f.to_ndarray(format="rgb24") for f in container.decode(stream)]
    assert [f.shape for f in frames] == [(48, 76, 3)] * 10  # 16 * 3 by (15 + 10) * 3 + 1
    for k, frame in enumerate(frames, start=2):
        camera = frame[4:32, 4:40].mean(axis=(0, 1))
        np.testing.assert_allclose(camera, (240 - 20 * k, 60, 20 * k), atol=6)
        np.testing.assert_allclose(frame[4:44, 50:70].mean(axis=(0, 1)), 20 * k, atol=6)
        assert frame[40:, :40].max() < 20  # nothing below the lower picture


def test_a_film_tells_that_it_is_lossy_and_what_it_does_not_show(
    tmp_path: Path, memory: Any
) -> None:
    told = " ".join(export_film(memory, tmp_path / "film.mp4", 1).lost)
    assert "not exact" in told
    assert "Not shown: 'touch'." in told


@pytest.mark.parametrize(
    ("episode", "enlarge", "sentence"),
    [
        (7, 4, "has no episode 7 with a step in it; it has 2, with ids from 1 to 2"),
        (3, 4, "has no episode 3 with a step in it"),
        (1, 0, "enlarged 0 times was asked for; give 1 or more"),
        (1, 200, "A film of 5000 x 3200 pixels is too large to play; enlarge it less"),
    ],
)
def test_what_cannot_be_filmed_is_refused(
    tmp_path: Path, memory: Any, episode: int, enlarge: int, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        export_film(memory, tmp_path / "film.mp4", episode, enlarge)
    assert list(tmp_path.glob("film*")) == []


def test_a_film_is_never_written_over(tmp_path: Path, memory: Any) -> None:
    (tmp_path / "film.mp4").write_text("dear")
    with pytest.raises(InputError, match=r"film\.mp4 is there already"):
        export_film(memory, tmp_path / "film.mp4", 1)
    assert (tmp_path / "film.mp4").read_text() == "dear"


def test_an_empty_memory_and_a_blind_robot_are_refused(tmp_path: Path) -> None:
    blind = RobotSpec("mole", (SensorSpec("touch", (3,), -1.0, 1.0),), action_size=1, rate_hz=10.0)
    nothing = np.zeros(1, np.float32)
    with Memory.create(tmp_path / "mole", blind) as memory:
        with pytest.raises(InputError, match="holds no step yet; let the robot play first"):
            export_film(memory, tmp_path / "film.mp4", 1)
        memory.begin_episode("play")
        memory.append(Step(Observation({"touch": np.zeros(3, np.float32)}, 0.0), nothing, nothing))
        with pytest.raises(InputError, match=r"mole has no picture .* but 'touch' \(3,\)"):
            export_film(memory, tmp_path / "film.mp4", 1)
