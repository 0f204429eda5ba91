import json
import runpy
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

import rumpus
from rumpus.cli.command_line import main
from rumpus.exchange.lerobot.export import export_lerobot
from rumpus.memory import Memory

EXAMPLES = Path(__file__).parent.parent / "examples"
ONE_PAGE = EXAMPLES / "one_page.py"


def test_a_whole_life_fits_on_one_page(
    outside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(ONE_PAGE.read_text(encoding="utf-8").splitlines()) <= 137
    live = runpy.run_path(str(ONE_PAGE))["main"]
    live(tmp_path, "outside_image:DotEnv", random_steps=40, goal_steps=60)
    out = capsys.readouterr().out
    assert out.count("at the end") == 5
    assert Image.open(tmp_path / "strip.png").size[0] > 300
    with Memory.open(tmp_path / "memory", write=False) as memory:
        assert len(memory) > 40 + 60
        assert (memory.goal_index[40:] >= 0).any()
        assert memory.episodes()[-1].provenance.startswith("do ")


def test_an_own_robot_plays_learns_and_does_but_is_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(EXAMPLES)
    assert main(["check", "robot", "own_robot:Arm"]) == 0
    assert {line.split()[0] for line in capfd.readouterr().out.splitlines()} == {"ok"}
    run = str(tmp_path / "arm")
    play = ["play", "own_robot:Arm", "--run", run, "--random-steps", "40", "--steps"]
    assert main([*play, "60"]) == 0
    assert main([*play, "70"]) == 0  # it goes on
    assert main(["do", run, "--goal", "joints_rad=0.5,1.0", "--steps", "3"]) in (0, 3)
    goal = {"joints_rad": np.array([0.5, 1.0], np.float32)}
    robot = rumpus.SafeRobot(rumpus.load_world("own_robot:Arm"))
    assert robot.act(rumpus.load_actor(run).act(robot.observe().readings, goal)).reason == ""
    capfd.readouterr()
    for refused in (["evaluate", run], ["check", "world", "own_robot:Arm"]):
        assert main(refused) == 2
        assert "is a robot that knows no truth beside its sensors" in capfd.readouterr().err
    assert main(["do", run, "--goal", "angle=1"]) == 2
    assert "arm has joints_rad" in capfd.readouterr().err
    assert main(["snapshot", "own_robot:Arm,camera=64x64"]) == 2
    assert "has cameras of its own" in capfd.readouterr().err


def test_an_own_robot_stops_at_the_end_of_a_joint_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(EXAMPLES)
    robot = rumpus.load_world("own_robot:Arm")
    asked = np.array([1.0, 0.0], np.float32)
    executed = [robot.act(asked) for _ in range(12)]
    reasons = [each.reason for each in executed]
    assert (reasons[:9], reasons[10:]) == ([""] * 9, ["at the end of a joint"] * 2)
    np.testing.assert_allclose(executed[-1].action, 0.0, atol=1e-6)
    assert robot.observe().readings["joints_rad"][0] == 1.5


def test_an_own_sensor_keeps_its_promises_alone_and_in_a_world(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(EXAMPLES)
    assert main(["check", "sensor", "own_sensor:LightMeter"]) == 0
    said = capfd.readouterr().out
    assert {line.split()[0] for line in said.splitlines()} == {"ok"}
    world = rumpus.load_world("own_sensor:lit_door")
    first = world.observe().readings
    while (there := world.observe()).time_s < 0.5:
        world.act(np.array([1.0, 0.0, 0.0], np.float32))
    assert 0.0 < first["light"].min() <= first["light"].max() < 1.0
    assert (first["light"] != there.readings["light"]).any()  # the hand has moved in the light


def test_the_notebook_runs_from_its_first_cell_to_its_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = json.loads((EXAMPLES / "notebook.ipynb").read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert [cell for cell in cells if cell.get("outputs")] == []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mpl, "rcParams", mpl.rcParams | {"backend": "agg"})
    life: dict[str, object] = {"__name__": "notebook"}
    exec(code[0], life)
    life |= {"STEPS": 60, "RANDOM_STEPS": 40, "GOAL_STEPS": 3}  # a shorter life, the same words
    for cell in code[1:]:
        exec(cell, life)
    assert list((tmp_path / "runs/notebook/report").glob("do-*.png"))
    assert isinstance(end := life["end"], np.ndarray)
    assert end.shape == (48, 48, 3)


def test_a_lerobot_dataset_becomes_a_policy_that_acts(
    dot: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with Memory.open(dot / "memory", write=False) as memory:
        export_lerobot(memory, tmp_path / "theirs")
    learn = runpy.run_path(str(EXAMPLES / "lerobot_to_policy.py"))["main"]
    run = str(tmp_path / "run")
    action = learn(str(tmp_path / "theirs"), run, {"train.updates_per_step": 0.1})
    assert len(action) == 2
    assert max(abs(number) for number in action) <= 1.0
    said = capfd.readouterr().out
    assert "60 steps came into" in said
    assert "steps from the first." in said
    assert learn("gone", run) == action  # nothing is owed any more
