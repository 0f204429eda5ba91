"""What a run consists of is proved before it is used: no other value, no other run's part."""

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from power_loss import ASKED

from rumpus.cli.command_line import main
from rumpus.errors import InputError, RumpusError, RunError
from rumpus.memory import Memory
from rumpus.play.progress import Until
from rumpus.replay.replay import ReplayConfig
from rumpus.run import checkpoint, metrics
from rumpus.run.config import RunConfig
from rumpus.run.folder import open_run
from rumpus.run.layout import sealed
from rumpus.run.play_loop import play
from rumpus.run.session import begin_or_resume, load_actor, recall
from rumpus.run.verify import flaws

DOT = "outside_image:DotEnv"
SELDOM = [
    "--random-steps", "40", "--set", "train.updates_per_step=0.03", "--set",
    "train.policy_updates_per_step=0.03",
]  # fmt: skip
Look = Callable[[], object]


@pytest.fixture
def other(dot: Path, tmp_path: Path) -> Path:
    """Another run of the same robot."""
    path = tmp_path / "other"
    assert main(["play", DOT, "--run", str(path), *SELDOM, "--steps", "60"]) == 0
    return path


def silent_flips(file: Path, look: Look, flips: int, among: int | None = None) -> list[int]:
    """Where a flipped bit gives another answer without a word, of so many that are tried."""
    good, silent, chance = look(), [], random.Random(0)
    for _ in range(flips):
        at, bit = chance.randrange(among or file.stat().st_size), 1 << chance.randrange(8)
        _flip(file, at, bit)
        try:
            if look() != good:
                silent.append(at)
        except RumpusError:
            pass
        _flip(file, at, bit)
    return silent


def _flip(file: Path, at: int, bit: int) -> None:
    with file.open("r+b") as opened:
        opened.seek(at)
        (was,) = opened.read(1)
        opened.seek(at)
        opened.write(bytes([was ^ bit]))


def test_no_flipped_bit_of_a_run_json_gives_another_run(dot: Path) -> None:
    def look() -> object:
        run = open_run(dot)
        return run.id, run.config

    assert silent_flips(dot / "run.json", look, 1000) == []


def test_no_flipped_bit_of_a_checkpoint_gives_another_mind(dot: Path) -> None:
    file, run = dot / "checkpoint.safetensors", open_run(dot)

    def look() -> object:
        saved = checkpoint.read(run)
        assert saved is not None
        shapes = {name: (str(t.dtype), tuple(t.shape)) for name, t in saved.tensors.items()}
        return saved.about, shapes, sum(float(t.double().sum()) for t in saved.tensors.values())

    assert silent_flips(file, look, 8, 8) == []
    header = int.from_bytes(file.read_bytes()[:8], "little")
    assert silent_flips(file, look, 60, 8 + header) == []
    assert silent_flips(file, look, 20) == []


def swap_mind(run: Path, other: Path) -> None:
    shutil.copy(other / "checkpoint.safetensors", run)


def swap_memory(run: Path, other: Path) -> None:
    shutil.rmtree(run / "memory")
    shutil.copytree(other / "memory", run / "memory")


def swap_run_json(run: Path, other: Path) -> None:
    shutil.copy(other / "run.json", run)


@pytest.mark.parametrize(
    ("swap", "says"),
    [
        (swap_mind, "it is of the run"),
        (swap_memory, "it learned from the memory"),
        (swap_run_json, "it is of the run"),
    ],
)
def test_what_is_another_runs_is_refused_though_the_robot_is_the_same(
    dot: Path, other: Path, capfd: pytest.CaptureFixture[str],
    swap: Callable[[Path, Path], None], says: str,
) -> None:  # fmt: skip
    swap(dot, other)
    for verb in (["play", DOT, "--run", str(dot), "--steps", "61"], ["goals", str(dot)]):
        capfd.readouterr()
        assert main(verb) == 2
        (sentence,) = capfd.readouterr().err.splitlines()
        assert says in sentence
        assert f"rumpus play WORLD --run {dot} --new-mind" in sentence
    with pytest.raises(RunError, match=says):
        load_actor(dot)


def flip_mind(run: Path) -> None:
    _flip(run / "checkpoint.safetensors", 1_000_000, 1)


def flip_run_json(run: Path) -> None:
    file = run / "run.json"
    _flip(file, file.read_bytes().index(b"40"), 1)  # random_steps


FIGURES = {"metrics.jsonl.old1"}  # with a new run.json the run has another id


def lose_run_json(run: Path) -> None:
    (run / "run.json").unlink()


@pytest.mark.parametrize(
    ("spoil", "kept"),
    [
        (flip_mind, {"checkpoint.safetensors.old1"}),
        (flip_run_json, FIGURES | {"checkpoint.safetensors.old1", "run.json.old1"}),
        (lose_run_json, FIGURES | {"checkpoint.safetensors.old1"}),
    ],
)
def test_a_run_goes_on_from_memory_alone(
    other: Path, capfd: pytest.CaptureFixture[str], spoil: Callable[[Path], None], kept: set[str]
) -> None:
    config = open_run(other).config
    spoil(other)
    play = ["play", DOT, "--run", str(other), *SELDOM, "--steps", "62"]
    assert main(play) == 2
    assert "--new-mind" in capfd.readouterr().err
    assert main([*play, "--new-mind"]) == 0
    assert "60 steps remembered, mind as of step 0" in capfd.readouterr().err
    assert {file.name for file in other.glob("*.old*")} == kept
    assert open_run(other).config == config
    with recall(other) as study:
        assert (len(study.memory), study.mind_steps) == (62, 62)
        assert len([study.memory.step(k) for k in range(62)]) == 62
    assert main(play) == 0  # the new mind is that of the run
    assert main([*play, "--new-mind"]) == 0  # once more: what was put aside before stays
    assert {file.name for file in other.glob("*.old*")} == kept | {"checkpoint.safetensors.old2"}


def test_no_new_mind_is_put_into_a_run_that_plays_on(
    other: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lose_run_json(other)
    with Memory.open(other / "memory"):
        assert main(["play", DOT, "--run", str(other), *SELDOM, "--new-mind"]) == 2
    assert "another rumpus" in capfd.readouterr().err
    assert not (other / "run.json").exists()
    assert (other / "checkpoint.safetensors").exists()


def test_a_new_mind_needs_a_memory(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "me.jpg").touch()
    play = ["play", DOT, "--run", str(tmp_path / "photos"), "--new-mind"]
    assert main(play) == 2
    assert "is not a run of rumpus" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("replay", "says"),
    [
        (ReplayConfig(windows=10**9), "The setting replay.windows is 1000000000: Expected"),
        (ReplayConfig(partial_goal_rate=float("nan")), "replay.partial_goal_rate is nan: Expected"),
    ],
)
def test_no_config_is_made_of_what_no_setting_may_be(replay: ReplayConfig, says: str) -> None:
    with pytest.raises(InputError, match=says):
        RunConfig(replay=replay)


def test_a_sealed_config_out_of_range_is_refused(dot: Path) -> None:
    run = open_run(dot)
    told = json.loads(sealed(run.id, run.config))
    told["config"]["seed"] = -1
    text = json.dumps({name: told[name] for name in ("layout", "id", "config")} | {"layout": 2})
    (dot / "run.json").write_text(text)
    with pytest.raises(RunError, match="Expected `int` >= 0"):
        open_run(dot)


def test_a_run_that_plays_on_has_no_flaw(tmp_path: Path, strangers: None) -> None:
    run, looks = tmp_path / "run", 0
    asked = replace(ASKED, settings=(*ASKED.settings, ("train.updates_per_step", 0.2)))
    with begin_or_resume(asked, run) as session:
        playing = Thread(target=play, args=(session, Until(60), lambda progress: None))
        playing.start()
        while playing.is_alive():
            assert list(flaws(run)) == []
            looks += 1
    assert looks > 10
    assert list(flaws(run)) == []


def test_every_file_of_a_run_is_told_and_its_figures_go_on(
    other: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["memory", "verify", str(other)]) == 0
    before = metrics.read(other)
    log = other / "metrics.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"steps": 60', b'"steps": 61', 1)[:-30])
    (other / "places.npz").write_bytes(b"none")
    capfd.readouterr()
    assert main(["memory", "verify", str(other)]) == 1
    said = capfd.readouterr().out
    assert "2 lines of" in said
    assert "The end of" in said
    assert "places.npz is not what was written" in said
    assert "NOT all is well" in said
    assert main(["progress", str(other)]) == 0
    assert "2 lines of" in capfd.readouterr().err
    assert main(["memory", "repair", str(other)]) == 0
    assert main(["memory", "verify", str(other)]) == 0
    assert metrics.read(other) == before[:-1]
    assert {file.name for file in other.glob("*.old*")} == {"metrics.jsonl.old1", "places.npz.old1"}
    (other / "checkpoint.safetensors").unlink()
    assert main(["memory", "verify", str(other)]) == 1
    assert "checkpoint.safetensors is gone" in capfd.readouterr().out
