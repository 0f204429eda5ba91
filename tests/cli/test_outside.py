"""Worlds that rumpus has never seen play, go on and are measured by the same commands."""

import json
from pathlib import Path

import pytest

from rumpus.cli.command_line import main
from rumpus.memory import Memory

SMALL = ["--random-steps", "100"]


@pytest.mark.parametrize(
    ("world", "error", "sensors"),
    [
        ("outside_image:DotEnv", "mean_error_px", {"observation"}),
        ("outside_dict:CartEnv", "mean_error_m", {"camera", "gauge"}),
    ],
)
def test_a_strangers_world_plays_goes_on_and_is_measured(
    world: str, error: str, sensors: set[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = str(tmp_path / "run")
    assert main(["play", world, "--run", run, "--steps", "110", *SMALL]) == 0
    assert main(["play", world, "--run", run, "--steps", "130", *SMALL]) == 0
    assert "Going on" in capfd.readouterr().err
    with Memory.open(Path(run) / "memory", write=False) as memory:
        assert len(memory) == 130
        assert {sensor.name for sensor in memory.spec.sensors} == sensors
        assert (memory.goal_index >= 0).any()  # after random play it wished for something
    assert main(["evaluate", run, "--goals", "2", "--json"]) == 0
    row = json.loads(capfd.readouterr().out)
    assert row["metrics"][f"median_{error}"] >= 0.0
    assert main(["do", run, "--goal", "memory:3", "--steps", "4"]) == 0
    assert "Film strip" in capfd.readouterr().out


def test_a_picture_leaves_the_other_senses_out(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from PIL import Image

    run = tmp_path / "run"
    assert main(["play", "outside_dict:CartEnv", "--run", str(run), "--steps", "60",
                 "--random-steps", "40"]) == 0  # fmt: skip
    with Memory.open(run / "memory", write=False) as memory:
        Image.fromarray(memory.frames("camera")[33]).save(tmp_path / "goal.png")
    capfd.readouterr()
    assert main(["do", str(run), "--goal", str(tmp_path / "goal.png"), "--steps", "3"]) == 0
    err = capfd.readouterr().err
    assert "says nothing of gauge" in err
    with Memory.open(run / "memory", write=False) as memory:
        assert list(memory.step(60).observation.readings) == ["camera"]
        assert memory.step(61).goal_index == 60
