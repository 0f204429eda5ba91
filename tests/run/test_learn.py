"""Learning without a robot: from a run, from an imported memory, and before a robot plays on."""

import json
from pathlib import Path

import pytest
from tests.conftest import DOT

import rumpus
from rumpus.cli.command_line import main
from rumpus.errors import RumpusError, RunError
from rumpus.exchange.lerobot.export import export_lerobot
from rumpus.exchange.minari.export import export_minari
from rumpus.memory import Memory
from rumpus.play.progress import Progress
from rumpus.run import checkpoint
from rumpus.run.folder import open_run

SMALL = {  # so that it learns fast
    "play.random_steps": 40, "mind.policy_batch": 4,
    "replay.windows": 4, "replay.prioritized_windows": 2, "replay.goal_batch": 8,
    "mind.rollout.candidates": 2, "mind.rollout.horizon": 2, "train.early_times": 1,
}  # fmt: skip
SET = [f"--set={name}={value}" for name, value in SMALL.items()]


@pytest.fixture
def theirs(dot: Path, tmp_path: Path) -> Path:
    """A memory as `rumpus memory import` makes it: a dot's 60 steps, and no run."""
    with Memory.open(dot / "memory", write=False) as memory:
        export_lerobot(memory, tmp_path / "out")
    into = tmp_path / "theirs"
    assert main(["memory", "import", str(tmp_path / "out"), str(into)]) == 0
    assert not (into / "run.json").exists()
    return into


def logged(run: Path) -> list[dict[str, float]]:
    """What came of each train phase; what was measured before it stands beside."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if "progress" not in line]


def test_a_minari_dataset_is_learned_from_and_acted_by(dot: Path, tmp_path: Path) -> None:
    with Memory.open(dot / "memory", write=False) as memory:
        export_minari(memory, tmp_path / "dot-v0")
    run = tmp_path / "theirs"
    assert main(["memory", "import", str(tmp_path / "dot-v0"), str(run), "--format", "minari"]) == 0
    steps = len(Memory.open(run, write=False))
    seen: list[Progress] = []
    actor = rumpus.train(run, SMALL | {"train.updates_per_step": 0.5}, watch=seen.append)
    assert open_run(run).config.train.updates_per_step == 0.5
    assert logged(run)[-1]["world_model_updates"] == steps // 2
    assert logged(run)[-1]["policy_updates"] == steps // 2
    assert {each.phase for each in seen} == {
        "training model", "re-encoding", "training dynamics", "training policy", "saved",
    }  # fmt: skip
    with Memory.open(run, write=False) as memory:
        readings, goal = memory.readings(3), memory.readings(20)
    action = actor.act(readings, goal)
    assert action.shape == (2,)
    assert rumpus.load_actor(run).act(readings, goal).tolist() == action.tolist()


def test_the_command_learns_until_nothing_is_owed(
    theirs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    assert main(["learn", str(theirs), "--json", *SET]) == 0
    out, err = capfd.readouterr()
    row = json.loads(out)
    assert (row["steps"], row["metrics"]["world_model_updates"]) == (60, 12)
    assert row["metrics"]["policy_updates"] == 30
    assert "Learning from the 60 steps" in err
    assert "saved: 60 of 60 steps played" in err.splitlines()[-1]
    assert main(["learn", str(theirs)]) == 0
    assert "60 steps, nothing is owed any more." in capfd.readouterr().out
    assert len(logged(theirs)) == 1
    for verb in (["do", "--goal", "memory:0"], ["evaluate"]):
        assert main([verb[0], str(theirs), *verb[1:]]) == 2
        assert f"rumpus play WORLD --run {theirs}" in capfd.readouterr().err
    assert main(["goals", str(theirs), "--count", "4"]) == 0  # which needs no world
    capfd.readouterr()
    assert main(["progress", str(theirs)]) == 0  # of a memory that lies in the run's own folder
    assert "different places" in capfd.readouterr().out


def test_who_stops_it_keeps_what_was_learned(theirs: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.phase == "training model" and progress.done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rumpus.train(theirs, SMALL, watch=stop)
    saved = checkpoint.read(open_run(theirs))
    assert saved is not None
    assert saved.about.updates == (5, 0)
    rumpus.train(theirs)
    saved = checkpoint.read(open_run(theirs))
    assert saved is not None
    assert saved.about.updates == (12, 30)


def test_a_long_memory_is_saved_in_parts(theirs: Path) -> None:
    rumpus.train(theirs, SMALL | {"train.train_every": 10})
    assert [line["world_model_updates"] for line in logged(theirs)] == [2, 4, 6, 8, 10, 12]


def test_play_adopts_a_memory_and_learns_from_it_before_the_robot_moves(
    theirs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    assert main(["play", DOT, "--run", str(theirs), "--steps", "61", *SET]) == 0
    greeting = capfd.readouterr().err.splitlines()[0]
    assert greeting.startswith(f"Going on with {theirs}: 60 steps remembered")
    assert greeting.endswith("It learns from them before it moves, and no random steps come first.")
    assert [line["steps"] for line in logged(theirs)] == [60]  # at once, and nothing since
    with Memory.open(theirs, write=False) as memory:
        assert memory.goal_index[60] >= 0  # it goes for something at once
    assert open_run(theirs).config.world == DOT


def test_what_learned_without_a_robot_is_given_one(
    theirs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rumpus.train(theirs, SMALL)
    before = open_run(theirs)
    assert before.config.world == ""
    assert main(["play", DOT, "--run", str(theirs), "--steps", "65"]) == 0
    assert open_run(theirs).config.world == DOT
    assert open_run(theirs).id == before.id
    assert main(["do", str(theirs), "--goal", "memory:0", "--steps", "2"]) in (0, 3)  # got there


def test_a_world_that_does_not_fit_is_refused_and_nothing_is_made(
    theirs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    assert main(["play", "pusher", "--run", str(theirs)]) == 2
    said = capfd.readouterr().err
    assert (
        "robot that has the sensor 'observation' of size 32 x 32 x 3, and pusher has none" in said
    )
    assert main(["play", f"{DOT},step_px=5", "--run", str(theirs)]) == 2
    said = capfd.readouterr().err
    assert (
        f"robot with 2 motors from -2 to 2, and {DOT},step_px=5 has 2 motors from -5 to 5" in said
    )
    assert not (theirs / "run.json").exists()
    rumpus.train(theirs, SMALL)
    assert main(["play", "pusher", "--run", str(theirs)]) == 2
    assert open_run(theirs).config.world == ""


def test_what_cannot_be_learned_from_is_refused(dot: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="There is nothing to learn from in"):
        rumpus.train(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    with pytest.raises(
        RunError, match=r"was begun with play.random_steps \(--random-steps\) 40, n"
    ):
        rumpus.train(dot, {"play.random_steps": 41})
    with (
        Memory.open(dot / "memory", write=False) as memory,
        Memory.create(tmp_path / "short", memory.spec) as short,
    ):
        short.begin_episode("three steps")
        for step in range(3):
            short.append(memory.step(step))
    with pytest.raises(RunError, match="holds 3 steps and no episode of 6, which is too little"):
        rumpus.train(tmp_path / "short")
    with Memory.open(dot / "memory"), pytest.raises(RumpusError, match="written by another"):
        rumpus.train(dot)  # somebody else plays
