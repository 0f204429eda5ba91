"""LeRobot's own reader and writer, 0.4.4, against ours.

RUMPUS_LEROBOT_PYTHON names the Python of an environment that has it; without, these are skipped.
"""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.exchange.life import ARM, Life, lived

from rumpus.errors import InputError
from rumpus.exchange.lerobot.dataset import import_lerobot, lerobot_spec
from rumpus.exchange.lerobot.export import export_lerobot
from rumpus.exchange.transfer import Transfer
from rumpus.memory import Memory

PYTHON = os.environ.get("RUMPUS_LEROBOT_PYTHON", "")
SIDE = Path(__file__).with_name("lerobot_side.py")
LIFE = Life(ARM, [("play", 40), ("again", 1), ("more, é", 60)], seed=0)
pytestmark = pytest.mark.skipif(not PYTHON, reason="RUMPUS_LEROBOT_PYTHON is not set")


def lerobot(folder: Path, *arguments: str) -> tuple[dict[str, Any], int]:
    """What LeRobot's side says of the frames, and how it ended."""
    frames = folder / "frames.npz"
    homes = {"HF_HOME": str(folder / "hf"), "HF_LEROBOT_HOME": str(folder / "lerobot")}
    kept = {k: os.environ[k] for k in ("PATH", "LD_LIBRARY_PATH") if k in os.environ}  # its FFmpeg
    ended = subprocess.run(
        [PYTHON, str(SIDE), arguments[0], arguments[1], str(frames), *arguments[2:]],
        env={**kept, **homes, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert frames.exists(), ended.stderr
    with np.load(frames) as file:
        return dict(file), ended.returncode


def test_its_reader_gives_every_number(tmp_path: Path) -> None:
    with lived(LIFE) as (memory, _):
        export_lerobot(memory, tmp_path / "out")
        got, code = lerobot(tmp_path, "read", str(tmp_path / "out"))
        assert (code, got["episodes"], got["fps"]) == (0, 3, 10)
        steps = [memory.step(k) for k in range(len(memory))]
        pictures, shown = memory.frames("camera/left"), got["observation.images.camera_left"]
        assert shown.shape == pictures.shape
        np.testing.assert_array_equal(shown, pictures)
        np.testing.assert_array_equal(got["observation.state"], memory.frames("state"))
        np.testing.assert_array_equal(got["action"], memory.executed_actions)
        np.testing.assert_array_equal(got["rumpus.action"], memory.actions)
        np.testing.assert_array_equal(got["rumpus.goal_index"], memory.goal_index)
        np.testing.assert_array_equal(got["rumpus.time_s"], memory.time_s.astype(np.float32))
        for name in ("terminated", "truncated", "intervention"):
            np.testing.assert_array_equal(got[f"rumpus.{name}"], [getattr(s, name) for s in steps])
        for name in ("clip_reason", "goal_reason"):
            np.testing.assert_array_equal(got[f"rumpus.{name}"], [getattr(s, name) for s in steps])
        tasks = [name for name, length in LIFE.episodes for _ in range(length)]
        np.testing.assert_array_equal(got["task"], tasks)
        frames = [k for _, length in LIFE.episodes for k in range(length)]
        np.testing.assert_array_equal(got["frame_index"], frames)
        np.testing.assert_array_equal(got["timestamp"], np.array(frames, np.float32) / 10)
        means = memory.executed_actions.mean(0)
        np.testing.assert_allclose(got["stats of action"], means, rtol=1e-4)


def imported(
    tmp_path: Path, mode: str
) -> tuple[dict[str, Any], Transfer, list[tuple[int, int]], dict[str, Any]]:
    """A recording of LeRobot's, what of it came, its episodes, and our steps as columns."""
    put, code = lerobot(tmp_path, "write", str(tmp_path / "in"), mode, "finalized")
    assert code == 0
    with Memory.create(tmp_path / "m", lerobot_spec(tmp_path / "in")) as memory:
        told = import_lerobot(tmp_path / "in", memory)
        columns = {s.name: memory.frames(s.name).copy() for s in memory.spec.sensors}
        columns |= {"action": memory.executed_actions.copy(), "time_s": memory.time_s.copy()}
        columns["truncated"] = np.array([memory.step(k).truncated for k in range(len(memory))])
        return put, told, [(e.first, e.length) for e in memory.episodes()], columns


@pytest.mark.parametrize("mode", ["image", "video"])
def test_what_it_recorded_comes_in(tmp_path: Path, mode: str) -> None:
    put, told, episodes, got = imported(tmp_path, mode)
    assert episodes == [(0, 7), (7, 2), (9, 30), (39, 11)]
    assert told.steps == 50
    for name in ("state", "grid", "pressed"):
        np.testing.assert_array_equal(got[name], put[f"observation.{name}"].reshape(50, -1))
    actions = put["action"]
    low, high = actions.min(0), actions.max(0)
    np.testing.assert_allclose(got["action"], 2 * (actions - low) / (high - low) - 1, atol=1e-5)
    np.testing.assert_allclose(got["time_s"], np.arange(50) / 10, atol=1e-5)
    assert np.flatnonzero(got["truncated"]).tolist() == [6, 8, 38, 49]
    shown, pictures = got["top"].astype(float), put["observation.images.top"]
    if mode == "image":
        np.testing.assert_array_equal(shown, pictures)
    for k in range(50):  # no film is shifted against its rows
        assert np.abs(pictures - shown[k]).mean((1, 2, 3)).argmin() == k
    said = " ".join(told.lost)
    assert "scaled" in said
    assert "next.reward" in said
    assert import_again(tmp_path) == 0


def import_again(tmp_path: Path) -> int:
    with Memory.open(tmp_path / "m") as memory:
        return import_lerobot(tmp_path / "in", memory).steps


@pytest.mark.parametrize("mode", ["image", "video"])
def test_a_recording_that_was_killed_is_one_sentence(tmp_path: Path, mode: str) -> None:
    _, code = lerobot(tmp_path, "write", str(tmp_path / "in"), mode, "killed")
    assert code == -signal.SIGKILL
    with pytest.raises(InputError, match=r"Nothing of .*, or not closed as it was killed"):
        lerobot_spec(tmp_path / "in")
