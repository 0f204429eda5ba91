"""Rerun's own reader finds every picture and number that the memory holds."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rumpus
from rumpus.memory import Memory
from rumpus.spec import RobotSpec
from rumpus.types import Step

StepOf = Callable[[int], Step]
PROGRAM = Path(__file__).parent / "rerun_program.py"
HERE = sys.executable if importlib.util.find_spec("rerun") else ""
PYTHON = os.environ.get("RUMPUS_RERUN_PYTHON", HERE)
pytestmark = pytest.mark.skipif(
    not PYTHON, reason="RUMPUS_RERUN_PYTHON names no Python that has rerun-sdk and msgspec"
)
LENGTH = 300  # more than one block


def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    source = str(Path(rumpus.__file__).parents[1])
    return subprocess.run(
        [PYTHON, PROGRAM, *arguments],
        env={**os.environ, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture
def memory(tmp_path: Path, spec: RobotSpec, step_of: StepOf) -> Path:
    with Memory.create(tmp_path / "m", spec) as memory:
        for length in (LENGTH - 2, 0, 2):
            memory.begin_episode("play toy")
            for _ in range(length):
                memory.append(step_of(len(memory)))
    return tmp_path / "m"


def test_rerun_reads_every_step(tmp_path: Path, memory: Path, step_of: StepOf) -> None:
    wrote = run("write", memory, tmp_path / "toy.rrd")
    assert wrote.returncode == 0, wrote.stderr
    assert wrote.stdout.startswith(f"2 {LENGTH} ")
    read = run("read", tmp_path / "toy.rrd", tmp_path / "told.npz")
    assert read.returncode == 0, read.stderr
    told = np.load(tmp_path / "told.npz")
    lived = [step_of(k) for k in range(LENGTH)]
    steps = told["camera/camera\\/left step"]
    np.testing.assert_array_equal(np.sort(steps), np.arange(LENGTH))
    pictures = told["camera/camera\\/left Image:buffer"].reshape(LENGTH, 4, 5, 3)
    for step, picture in zip(steps, pictures, strict=True):
        np.testing.assert_array_equal(picture, lived[step].observation.readings["camera/left"])
    for path, column in {
        'vector/joint\\ \\"q\\"': [s.observation.readings['joint "q"'] for s in lived],
        "action/wish": [s.action for s in lived],
        "action/deed": [s.executed_action for s in lived],
        "goal/step": [[s.goal_index] for s in lived],
        "end/terminated": [[s.terminated] for s in lived],
        "end/truncated": [[s.truncated] for s in lived],
        "episode/id": [[1]] * (LENGTH - 2) + [[3]] * 2,
    }.items():
        order = np.argsort(told[f"{path} step"])
        np.testing.assert_array_equal(told[f"{path} Scalars:scalars"][order], column)
        clock = told[f"{path} clock"][order] / 1e9
        np.testing.assert_allclose(clock, [s.observation.time_s for s in lived], atol=1e-9)
    reasons = dict(
        zip(told["action/clip_reason step"], told["action/clip_reason TextLog:text"], strict=True)
    )
    assert reasons == {k: ["too fast"] for k in range(LENGTH) if k % 3}
    assert told["episode/provenance TextLog:text"].tolist() == [["play toy"]] * 2


def test_a_life_is_shown_while_it_is_lived(tmp_path: Path, memory: Path, step_of: StepOf) -> None:
    followed = run("follow", memory, tmp_path / "live.rrd", "5")
    assert followed.returncode == 0, followed.stderr
    assert run("read", tmp_path / "live.rrd", tmp_path / "told.npz").returncode == 0
    told = np.load(tmp_path / "told.npz")
    steps = told["camera/camera\\/left step"]
    np.testing.assert_array_equal(np.sort(steps), np.arange(LENGTH + 5))
    pictures = told["camera/camera\\/left Image:buffer"].reshape(LENGTH + 5, 4, 5, 3)
    for step, picture in zip(steps, pictures, strict=True):
        put = step_of(min(step, LENGTH - 1)).observation.readings["camera/left"]
        np.testing.assert_array_equal(picture, put)
    order = np.argsort(told["episode/id step"])
    episodes = told["episode/id Scalars:scalars"][order].ravel().tolist()
    assert episodes == [1] * (LENGTH - 2) + [3] * 2 + [4] * 5
    again = run("follow", memory, tmp_path / "live.rrd", "1")
    assert "is there already, and is not overwritten" in again.stderr


def test_what_a_sensor_did_not_give_is_not_shown(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf
) -> None:
    blind, there_n = {2, 3, 299}, LENGTH - 3
    with Memory.create(tmp_path / "m", spec) as memory:
        memory.begin_episode("play toy")
        for k in range(LENGTH):
            seen = step_of(k).observation
            readings = {n: r for n, r in seen.readings.items() if k not in blind or "q" in n}
            memory.append(replace(step_of(k), observation=replace(seen, readings=readings)))
    wrote = run("write", tmp_path / "m", tmp_path / "toy.rrd")
    assert wrote.returncode == 0, wrote.stderr
    assert run("read", tmp_path / "toy.rrd", tmp_path / "told.npz").returncode == 0
    told = np.load(tmp_path / "told.npz")
    steps = told["camera/camera\\/left step"]
    assert set(steps.tolist()) == set(range(LENGTH)) - blind
    pictures = told["camera/camera\\/left Image:buffer"].reshape(there_n, 4, 5, 3)
    for step, picture in zip(steps, pictures, strict=True):
        put = step_of(step).observation.readings["camera/left"]
        np.testing.assert_array_equal(picture, put)
    assert len(told['vector/joint\\ \\"q\\" step']) == LENGTH


def test_a_full_disk_is_said_and_leaves_no_file(tmp_path: Path, memory: Path) -> None:
    wrote = run("write", memory, tmp_path / "toy.rrd", "20000")
    assert wrote.returncode == 1
    assert "refused: " in wrote.stderr
    assert "toy.rrd cannot be written: Failed to write: File too large" in wrote.stderr
    assert list(tmp_path.glob("toy*")) == []
