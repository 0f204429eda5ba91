"""Worlds that rumpus has never seen play, go on and are measured by the same commands."""

import json
from pathlib import Path

import numpy as np
import pytest

from rumpus.cli.command_line import main
from rumpus.cli.playing import noticing
from rumpus.memory import Memory
from rumpus.play.progress import Progress
from rumpus.run.session import Asked, begin_or_resume

SMALL = ["--random-steps", "100"]


@pytest.mark.parametrize(
    ("world", "sensors"),
    [("outside_image:DotEnv", {"observation"}), ("outside_dict:CartEnv", {"camera", "gauge"})],
)
def test_a_strangers_world_plays_goes_on_and_is_measured(
    world: str, sensors: set[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
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
    row, *baselines = json.loads(capfd.readouterr().out)
    assert [b["variant"] for b in baselines] == ["as at the start, by seed", "random goal, by seed"]
    assert row["metrics"]["median_worst_part_error"] >= 0.0
    assert main(["do", run, "--goal", "memory:3", "--steps", "4"]) in (0, 3)
    assert ".webp" in capfd.readouterr().out


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
    assert main(["do", str(run), "--goal", str(tmp_path / "goal.png"), "--steps", "3"]) in (0, 3)
    err = capfd.readouterr().err
    assert "says nothing of gauge" in err
    with Memory.open(run / "memory", write=False) as memory:
        assert list(memory.step(60).observation.readings) == ["camera"]
        assert memory.step(61).goal_index == 60


def test_an_environment_that_is_registered_is_named_as_it_is(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["play", "Pendulum-v1,g=5", "--steps", "60", "--random-steps", "40"]) == 0
    run = "runs/Pendulum-v1-g-5-0"
    assert f"{run} remembers 60 steps" in capfd.readouterr().out
    assert main(["evaluate", run, "--goals", "2"]) == 0
    assert "agent, by seed" in capfd.readouterr().out


def test_a_world_in_the_current_folder_is_found_and_choices_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lying_about.py").write_text(
        "import gymnasium as gym, numpy as np\n"
        "class Steps(gym.Env):\n"
        "    observation_space = gym.spaces.Discrete(5)\n"
        "    action_space = gym.spaces.Discrete(2)\n"
        "    def reset(self, *, seed=None, options=None):\n"
        "        print('a world that talks'); self.at = 2; return self.at, {}\n"
        "    def step(self, action):\n"
        "        self.at = int(np.clip(self.at + (1 if action else -1), 0, 4))\n"
        "        return self.at, 0.0, False, False, {}\n"
    )
    asked = ["play", "lying_about:Steps", "--run", "run", "--steps", "70", "--random-steps", "40"]
    assert main([*asked, "--json"]) == 0
    out, err = capfd.readouterr()
    assert json.loads(out)["steps"] == 70
    assert "a world that talks" in err
    assert "'observation' says one of 5: a number for each." in err
    with Memory.open(tmp_path / "run" / "memory", write=False) as memory:
        assert set(np.unique(memory.executed_actions)) == {-1.0, 1.0}
        assert memory.step(3).clip_reason == "one of its choices"


def test_play_says_itself_that_nothing_can_be_learned(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    world, run = "outside_image:DotEnv,lasts=4", str(tmp_path / "run")
    assert main(["play", world, "--run", run, "--steps", "110"]) == 0
    said = capfd.readouterr()
    for told in (said.err, said.out):  # at once, long before random motion ends, and at the end
        assert told.count("No episode lasted the 6 steps that it learns from at a time") == 1
        assert "the longest lasted 5: it learns nothing" in told
    assert "rumpus evaluate" not in said.out


def test_a_memory_that_is_written_late_is_waited_for_before_it_is_judged(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    world, run = "outside_image:DotEnv,lasts=4", tmp_path / "run"
    assert main(["play", world, "--run", str(run), "--steps", "60", *SMALL]) == 0
    with begin_or_resume(Asked(world), run) as session:
        watch = noticing(session)
        capfd.readouterr()
        watch(Progress(110, "exploring"))
        assert capfd.readouterr().err == ""
        for number in range(50):
            if number % 5 == 0:
                session.memory.begin_episode("written late")
            session.memory.append(session.memory.step(3))
        watch(Progress(111, "exploring"))
        watch(Progress(112, "exploring"))
    assert capfd.readouterr().err.count("No episode lasted the 6 steps") == 1


@pytest.mark.parametrize("random_steps", ["0", "3", "40"])
@pytest.mark.parametrize("learner", ["resting", "beside"])
def test_a_long_episode_that_has_just_begun_is_not_called_short(
    random_steps: str, learner: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = str(tmp_path / "run")
    assert main(["play", "outside_image:DotEnv", "--run", run, "--steps", "70",
                 "--random-steps", random_steps, "--learner", learner]) == 0  # fmt: skip
    said = capfd.readouterr()
    assert "No episode lasted" not in said.err + said.out


def test_what_was_played_too_little_is_not_to_be_measured_yet(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = str(tmp_path / "run")
    assert main(["play", "outside_image:DotEnv", "--run", run, "--steps", "5"]) == 0
    assert "rumpus evaluate" not in capfd.readouterr().out
    assert main(["play", "outside_image:DotEnv", "--run", run, "--steps", "60"]) == 0
    assert f"Measure it with: rumpus evaluate {run}" in capfd.readouterr().out
