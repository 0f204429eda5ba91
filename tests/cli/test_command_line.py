"""The commands: what they leave behind, and twenty and more kinds of wrong input, each one
sentence and exit code 2."""

import json
import os
import re
import resource
import signal
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import checkpoints
import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file, save_file

from rumpus.cli.command_line import main
from rumpus.cli.verb import whole
from rumpus.memory import Memory
from rumpus.replay.update_ratio import TrainConfig

DOT = "outside_image:DotEnv"
STRANGE = """
import gymnasium as gym
import numpy as np


class Vector(gym.Env):
    observation_space = gym.spaces.Box(-1, 1, (2,), np.float32)
    action_space = gym.spaces.Box(-1, 1, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(2, np.float32), {}

    def step(self, action):
        return np.zeros(2, np.float32), 0.0, False, False, {}


class NotANumber(Vector):
    def step(self, action):
        return np.full(2, np.nan, np.float32), 0.0, False, False, {}


class Unbounded(Vector):
    action_space = gym.spaces.Box(-np.inf, np.inf, (1,), np.float32)


class Wordy(Vector):
    action_space = gym.spaces.Text(5)


class Stuck(Vector):
    def step(self, action):
        raise RuntimeError("the arm\\nis stuck.")


class Shy(Vector):
    def reset(self, *, seed=None, options=None):
        raise ZeroDivisionError("no reset")


class Unmade(Vector):
    def __init__(self):
        raise OSError("no camera")


class Spaceless(Vector):
    observation_space = None


class Mute(Vector):
    def step(self, action):
        return "ab", 0.0, False, False, {}


class Infoless(Vector):
    def step(self, action):
        return np.zeros(2, np.float32), 0.0, False, False, None


class Worn(Vector):
    steps = 0

    def step(self, action):
        type(self).steps += 1
        return self.undone[0] if self.steps > 5000 else super().step(action)


class Clinging(Vector):
    def close(self):
        raise ValueError("it will not let go")


class NoEnv:
    pass
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, with a module of strange worlds."""
    (tmp_path / "strange.py").write_text(STRANGE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "strange", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(capfd: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """The one sentence with which a command is refused."""
    capfd.readouterr()
    assert main([str(argument) for argument in arguments]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    return one_sentence(err)


def one_sentence(err: str) -> str:
    assert "Traceback" not in err
    assert err.endswith(".\n")
    assert err.count("\n") == 1
    assert len(err) > 30
    return err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("play doof", "'door'"),
        ("play no_package_of_this_name:Env", "no module"),
        ("play strange:Missing", "no class"),
        ("play strange:NoEnv", "expected a gymnasium.Env"),
        ("play strange:Shy", "reset() raised ZeroDivisionError: no reset, at"),
        ("play strange:Unmade", "'strange:Unmade' cannot be loaded: OSError: no camera, at"),
        ("play strange:Spaceless", "its observation is None, expected pictures or vectors"),
        ("play strange:Clinging", "close() raised ValueError: it will not let go, at"),
        ("play strange:Unbounded", "no limits"),
        ("play strange:Wordy", "its action is Text(1, 5"),
        ("play Pendulum-v9", "registered with Gymnasium"),
        ("play Pendulumm-v1", "Did you mean: `Pendulum`?"),
        ("play no_package_of_this_name:Pendulum-v1", "install that and name it too"),
        ("play Pendulum-v1,g", "NAME=VALUE"),
        ("play Pendulum-v1,weight=3", "unexpected keyword argument 'weight'"),
        ("play Pendulum-v1,camera=big", "WIDTHxHEIGHT"),
        ("play Pendulum-v1,camera=4x4", "from 8 to 1024"),
        ("play door,camera=64x64", "cameras of its own"),
        ("play door --steps -5", "-5 steps"),
        ("play door --steps 0", "more than 0"),
        ("play door --steps many", "--steps"),
        ("play door --minutes -1", "-1 minutes, expected more than 0"),
        ("play door --minutes nan", "no number"),
        ("play door --steps 5 --minutes 1", "Both"),
        ("play door --seed -1", "seed"),
        ("play door --seed 4294967296", "0 to 4,294,967,295"),
        ("play door --skew 0.5", "expected a number from -1 to 0"),
        ("play door --skew nan", "no number"),
        ("play door --random-steps -1", "expected a whole number from 0"),
        ("play door --run strange.py", "not a run"),
        ("play door --run .", "not a run"),
        ("play door --run /proc/nowhere/run", "cannot be made"),
        ("play door --run strange.py/run", "cannot be made"),
        ("play", "WORLD"),
        ("play door --stepps 5", "--stepps"),
        ("romp door", "romp"),
        ("", "play"),
        ("do nowhere --goal memory:0", "no run in nowhere"),
        ("do nowhere", "--goal"),
        ("evaluate nowhere", "no run in nowhere"),
        ("check world doof", "'door'"),
        ("learn nowhere", "nothing to learn from in nowhere"),
        ("learn nowhere --minutes 0", "more than 0"),
        ("learn nowhere --set train.train_every=0", "expected a whole number from 1"),
        ("runs nowhere", "no folder nowhere"),
        ("compare nowhere", "and 1 came"),
        ("compare", "and 0 came"),
        ("config nowhere", "no run in nowhere"),
        ("check moon door", "moon"),
    ],
)
def test_a_wrong_command_is_refused(
    here: Path, capfd: pytest.CaptureFixture[str], arguments: str, says: str
) -> None:
    assert says in refused(capfd, *arguments.split())
    assert not list(here.glob("**/memory.sqlite"))


@pytest.mark.parametrize(
    ("world", "says"),
    [
        ("NotANumber", "not finite"),
        ("Stuck", "step() raised RuntimeError: the arm is stuck, at"),
        ("Mute", "step() gave what cannot be read, ValueError"),
        ("Infoless", "step() gave what cannot be read, TypeError"),
    ],
)
def test_a_world_that_breaks_at_its_first_step_is_one_sentence(
    here: Path, capfd: pytest.CaptureFixture[str], world: str, says: str
) -> None:
    assert main(["play", f"strange:{world}", "--run", "run"]) == 2
    out, err = capfd.readouterr()
    last = err.splitlines()[-1]
    assert (out, "Traceback" in err) == ("", False)
    assert last.startswith(f"strange:{world}: ")
    assert says in last


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("play door --run RUN", "outside_image:DotEnv"),
        (f"play {DOT} --run RUN --seed 7", "seed (--seed) 0, not 7"),
        (f"play {DOT} --run RUN --skew -0.25", "--skew"),
        (f"play {DOT} --run RUN --random-steps 9", "(--random-steps) 40, not 9"),
        ("evaluate RUN --goals 0", "0 goals"),
        ("evaluate RUN --seed -1", "seed is -1"),
        (f"evaluate RUN --seed {10**30}", "0 to 4294967295"),
        ("evaluate RUN --kind upside-down", "by seed"),
        ("do RUN --goal nowhere.png", "is not there; expected a picture"),
        ("do RUN --goal strange.py", "not a picture"),
        ("do RUN --goal .", "directory"),
        ("do RUN --goal cut.png", "picture"),
        ("do RUN --goal memory:99999", "memory:0 to memory:"),
        ("do RUN --goal memory:-1", "memory:0 to memory:"),
        ("do RUN --goal memory:first", "memory:0 to memory:"),
        ("do RUN --goal memory:0 --steps 0", "0 steps"),
        ("do RUN --goal whole.png --steps -3", "-3 steps"),
        ("do RUN --goal whole.png --camera nose", "no camera 'nose'"),
        ("do RUN --goal memory:0 --camera nose", "--camera nose was given with the goal memory:0"),
        ("do RUN --goal dot_x_px=", "cannot be read at 'dot_x_px='"),
        ("do RUN --goal dot_x_px=1,dot_x_px=2", "each name once"),
        ("do RUN --goal =3", "cannot be read at '=3'"),
        ("do RUN --goal dot_x_px=nan", "cannot be read"),
        ("do RUN --goal dot_z_px=3", "or of what is true of its goals alone: dot_x_px, dot_y_px"),
        ("do RUN --goal dot_x_px=3,4", "2 numbers for 'dot_x_px', which is one"),
        ("do RUN --goal dot_x_px=3 --camera observation", "which is no picture"),
    ],
)
def test_a_wrong_goal_of_a_run_is_refused(
    here: Path, dot: Path, capfd: pytest.CaptureFixture[str], arguments: str, says: str
) -> None:
    picture = here / "cut.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8)).save(picture)
    picture.with_name("whole.png").write_bytes(picture.read_bytes())
    picture.write_bytes(picture.read_bytes()[:500])
    assert says in refused(capfd, *(dot if a == "RUN" else a for a in arguments.split()))
    with Memory.open(dot / "memory", write=False) as memory:
        assert len(memory) == 60


def break_config(run: Path) -> None:
    (run / "run.json").write_bytes(b"\xff\xfe not json")


def empty_config(run: Path) -> None:
    (run / "run.json").write_text("[]")


def impossible_config(run: Path) -> None:
    text = (run / "run.json").read_text()
    (run / "run.json").write_text(text.replace('"skew_exponent": -', '"skew_exponent": 5'))


def older_impossible_config(run: Path) -> None:
    """Of a layout without a checksum."""
    impossible_config(run)
    told = json.loads((run / "run.json").read_text()) | {"layout": 2}
    del told["checksum"]
    (run / "run.json").write_text(json.dumps(told))


def cut_checkpoint(run: Path) -> None:
    file = run / "checkpoint.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])


def foreign_checkpoint(run: Path) -> None:
    file = run / "checkpoint.safetensors"
    save_file({"stone": next(iter(load_file(file).values()))}, file, {"rumpus": "{}"})


def lost_memory(run: Path) -> None:
    for file in (run / "memory").glob("memory.sqlite*"):
        file.unlink()


def broken_memory(run: Path) -> None:
    (run / "memory" / "memory.sqlite").write_bytes(b"what was lived" * 1000)


def missing_step(run: Path) -> None:
    connection = sqlite3.connect(run / "memory" / "memory.sqlite")
    with connection:
        connection.execute("DELETE FROM step WHERE step = 30")
    connection.close()


def no_checkpoint(run: Path) -> None:
    (run / "checkpoint.safetensors").unlink()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (break_config, "cannot be understood"),
        (empty_config, "cannot be understood"),
        (impossible_config, "its values are not those that were written"),
        (older_impossible_config, "at `$.config.skew_fit.skew_exponent`"),
        (cut_checkpoint, "cannot be used"),
        (foreign_checkpoint, "cannot be used"),
        (lost_memory, "memory"),
        (broken_memory, "is damaged"),
        (missing_step, "lacks 1 of the steps"),
        (no_checkpoint, "not learned"),
    ],
)
def test_a_spoilt_run_is_refused(
    dot: Path, capfd: pytest.CaptureFixture[str], spoil: Callable[[Path], None], says: str
) -> None:
    spoil(dot)
    assert says in refused(capfd, "do", dot, "--goal", "memory:0")
    if spoil is not no_checkpoint:
        assert refused(capfd, "play", DOT, "--run", dot, "--steps", "70").strip()


def test_a_mind_older_than_its_memory_is_refused(
    dot: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The memory was put back from an older copy: what the mind learned from is not all there."""
    checkpoints.change(dot / "checkpoint.safetensors", steps=61)
    assert "holds 60" in refused(capfd, "play", DOT, "--run", dot, "--steps", "70")


def test_a_run_that_never_learned_is_not_measured(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = str(tmp_path / "run")
    assert main(["play", DOT, "--run", run, "--minutes", "0.002"]) == 0
    assert "not learned" in refused(capfd, "evaluate", run)


def test_a_second_player_is_refused(dot: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with Memory.open(dot / "memory"):
        assert "another rumpus" in refused(capfd, "play", DOT, "--run", dot, "--steps", "70")
        assert "another rumpus" in refused(capfd, "do", dot, "--goal", "memory:0")
        assert main(["evaluate", str(dot), "--goals", "1"]) == 0  # looks on and writes no memory


def test_a_full_disk_is_said_and_the_same_command_goes_on(tmp_path: Path) -> None:
    run = tmp_path / "run"
    limit = 3_000_000
    child = (
        "import resource, sys; from rumpus.cli.command_line import main;"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY));"
        "code = main(sys.argv[1:]);"
        "assert code == 2, code;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2);"
        "sys.exit(main(sys.argv[1:]))"
    )
    command = ["play", DOT, "--run", str(run), "--steps", "60", "--random-steps", "40"]
    done = subprocess.run(
        [sys.executable, "-c", child, *command], capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    full = [line for line in done.stderr.splitlines() if "make room" in line]
    assert len(full) == 1
    assert "Traceback" not in done.stderr
    assert "0 acknowledged steps lost" in done.stderr or "Beginning" in done.stderr
    with Memory.open(run / "memory", write=False) as memory:
        assert len(memory) == 60


@pytest.mark.parametrize(
    ("missing", "arguments", "extra"),
    [
        ("torch", "evaluate run", "rumpus[learn]"),
        ("mujoco", "play door", "rumpus[sim]"),
        ("matplotlib", "evaluate run", "rumpus[report]"),
        ("matplotlib", "imagine run", "rumpus[report]"),
    ],
)
def test_a_missing_extra_is_named(tmp_path: Path, missing: str, arguments: str, extra: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").touch()
    child = (
        "import sys; from importlib.machinery import PathFinder; real = PathFinder.find_spec\n"
        "def find_spec(name, path=None, target=None):\n"
        f"    return None if name == '{missing}' else real(name, path, target)\n"
        "PathFinder.find_spec = find_spec; from rumpus.cli.command_line import main\n"
        f"sys.exit(main({arguments.replace('run', str(tmp_path / 'run')).split()}))"
    )
    done = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert extra in one_sentence(done.stderr)
    assert f"pip install -e '.[{extra[7:-1]}]'" in done.stderr  # as it is done in a clone


def test_help_comes_at_once_and_loads_nothing_heavy() -> None:
    child = (
        "import sys, rumpus.cli.command_line\n"
        "heavy = {'torch', 'mujoco', 'matplotlib', 'gymnasium', 'rich', 'numpy', 'PIL'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True)
    assert done.stderr.strip() == ""
    # Processor time, the least of three: other tests may keep the processors busy meanwhile.
    assert min(processor_time_s("-m", "rumpus", "--help") for _ in range(3)) < 0.3


def processor_time_s(*arguments: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def test_every_verb_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    verbs = ("play", "do", "evaluate", "imagine", "goals", "snapshot", "learn", "runs", "compare")
    for verb in (*verbs, "config", "check", "list"):
        with pytest.raises(SystemExit) as end:
            main([verb, "--help"])
        assert end.value.code == 0
        assert f"usage: rumpus {verb}" in capsys.readouterr().out


def test_play_goes_on_where_it_was_and_prints_one_row(
    dot: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    assert main(["play", DOT, "--run", str(dot), "--steps", "80", "--json"]) == 0
    out, err = capfd.readouterr()
    row = json.loads(out)
    assert row["steps"] == 80
    assert row["metrics"]["new_steps"] == 20
    assert row["metrics"]["world_model_updates"] == TrainConfig().owed(80, 0, 0)[0]
    assert 50 < row["metrics"]["peak_memory_mb"] < 4000
    assert err.startswith(f"Going on with {dot}: 60 steps remembered, mind as of step 60, 0 ackn")
    assert "80 of 80 steps played" in err.splitlines()[-1]
    with Memory.open(dot / "memory", write=False) as memory:
        assert [episode.length for episode in memory.episodes()] == [60, 20]
        first, second = memory.frames("observation")[[0, 60]]
        assert not np.array_equal(first, second)  # it does not begin the same life again


EARLIER = """
{"name": "e", "date": "d", "command": "c", "measure": {"name": "x", "tolerance": 0, "steps": 1},
 "rows": [{"variant": "agent, by seed", "seed": 0, "n": 1, "steps": 1, "wall_s": 1, "metrics": {
   "median_x": 1, "median_interval": [0, 2], "success_rate": 0, "success_interval": [0, 1]}}]}
"""


def test_evaluate_leaves_figures_pictures_and_a_page(
    dot: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (dot / "report").mkdir(exist_ok=True)
    (dot / "report" / "evaluate-by-seed.json").write_text(EARLIER)
    capfd.readouterr()
    assert main(["evaluate", str(dot), "--goals", "3", "--json"]) == 0
    (earlier,) = (dot / "report" / "earlier").iterdir()
    assert earlier.read_text() == EARLIER
    rows = json.loads(capfd.readouterr().out)
    assert {"success_rate", "held_rate", "reached_ever_rate", "doubted_rate"} <= set(
        rows[0]["metrics"]
    )
    told = json.loads((dot / "report" / "evaluate-by-seed.json").read_text())
    assert told["rows"] == rows
    assert [r["variant"] for r in told["rows"]] == [
        "agent, by seed", "as at the start, by seed", "random goal, by seed",
    ]  # fmt: skip
    assert len(told["trials"]) == 3
    assert {"command", "commit", "date", "machine", "versions"} <= set(told)
    page = (dot / "report" / "index.html").read_text()
    for name in ("evaluate-by-seed.png", "evaluate-by-seed-trials.png"):
        assert name in page
        assert Image.open(dot / "report" / name).size[0] > 300
    with Memory.open(dot / "memory", write=False) as memory:
        assert len(memory) == 60  # measuring leaves no memories


def test_figures_that_were_cut_short_are_refused(
    dot: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (dot / "report").mkdir(exist_ok=True)
    (dot / "report" / "evaluate-by-seed.json").write_text('{"name": "evalu')
    capfd.readouterr()
    assert main(["do", str(dot), "--goal", "memory:0", "--steps", "2"]) == 2
    out, err = capfd.readouterr()
    assert "It believed itself" in out  # what was done is told all the same
    assert "evaluate-by-seed.json cannot be understood" in one_sentence(err)


def test_do_keeps_what_it_did_and_films_it(
    dot: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "goal.jpg"
    Image.new("L", (64, 48), 90).save(picture)
    capfd.readouterr()
    assert main(["do", str(dot), "--goal", str(picture), "--steps", "5"]) == 3
    out, err = capfd.readouterr()
    assert "64 x 48 pixels and was resized to the robot's 32 x 32" in err
    assert "steps from the goal" in out
    assert ("It did not get there, as it sees it" in out) != ("it cannot tell" in out)
    assert Image.open(dot / "report" / "do-61.png").size[0] > 300
    page = (dot / "report" / "index.html").read_text()
    for film in ("do-61.png", "do-61.webp", "do-61.mp4"):
        assert (dot / "report" / film).stat().st_size > 500, film
        assert f"{dot / 'report' / film}" in out
    assert "do-61.png" in page
    assert "do-61.webp" in page
    code = main(["do", str(dot), "--goal", "memory:7", "--steps", "5", "--json"])
    said = json.loads(capfd.readouterr().out)
    assert code == (0 if said["reached"] else 3)
    chance = said["metrics"].get("chance_reached")  # a mind of 60 steps may not be able to tell
    assert said["reached"] == (None if chance is None else chance >= 0.5)
    assert [Path(file).suffix for file in said["written"]] == [".png", ".webp", ".mp4", ".html"]
    with Memory.open(dot / "memory", write=False) as memory:
        assert len(memory) == 60 + 1 + 6 + 6  # the picture; five actions have six steps
        shown, done, again = memory.episodes()[1:]
        assert (shown.provenance, shown.length) == (f"shown {picture}", 1)
        assert done.provenance == f"do picture {picture}"
        assert memory.step(61).goal_reason == f"picture {picture}"
        assert memory.step(61).goal_index == 60  # what was asked is stored, and can be asked again
        assert (memory.readings(60)["observation"] == 90).all()
        assert memory.step(71).goal_index == 7
        assert memory.step(71).goal_reason == "memory:7"
        assert again.provenance == "do memory:7"
        assert memory.step(66).truncated


def test_what_was_done_is_told_also_where_no_film_of_it_can_be_written(
    dot: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (dot / "report").write_text("in the way")
    capfd.readouterr()
    assert main(["do", str(dot), "--goal", "memory:7", "--steps", "2", "--json"]) == 2
    out, err = capfd.readouterr()
    assert json.loads(out)["written"] == []
    assert "cannot be written" in one_sentence(err)


def test_a_page_shows_under_an_evaluation_what_is_its_own(
    dot: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(dot), "--goals", "2"]) == 0
    assert re.search(r"It did not trust .* in \d+% of its actions", capfd.readouterr().out)
    assert main(["evaluate", str(dot), "--goals", "2", "--steps", "9"]) == 0
    (dot / "report" / "do-mine.png").write_bytes(b"somebody's own")
    assert main(["do", str(dot), "--goal", "memory:7", "--steps", "2"]) in (0, 3)
    page = (dot / "report" / "index.html").read_text()
    for picture in ("by-seed", "by-seed-trials", "by-seed,-steps-9", "by-seed,-steps-9-trials"):
        assert page.count(f"src='evaluate-{picture}.png'") == 1, picture


def test_do_goes_for_numbers_by_name(dot: Path, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    assert main(["do", str(dot), "--goal", "dot_x_px=12,dot_y_px=20", "--steps", "2"]) in (0, 3)
    nearest = capfd.readouterr().err
    assert "nearest has dot_x_px 1" in nearest
    with Memory.open(dot / "memory", write=False) as memory:
        lit = np.argwhere(memory.readings(60)["observation"].max(axis=2) > 128)
        assert memory.step(61).goal_reason == "numbers dot_x_px=12,dot_y_px=20"
    assert abs(lit.mean(axis=0) - [20, 12]).max() <= 3  # rows first


def test_list_and_check_answer_machines_too(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    listed = json.loads(capfd.readouterr().out)
    assert {"door", "pusher"} <= {world["name"] for world in listed}
    assert not any(world["broken"] for world in listed)
    assert main(["check", "world", DOT, "--json"]) == 0
    findings = json.loads(capfd.readouterr().out)
    assert {finding["verdict"] for finding in findings} <= {"ok", "warning"}


def test_check_says_what_is_broken(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "world", "strange:Vector"]) == 1
    assert "failure" in capfd.readouterr().out


def test_a_world_that_raises_is_a_finding_of_check(
    here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, says in {
        "Stuck": "strange:Stuck: step() raised RuntimeError: the arm is stuck, at",
        "Unmade": "OSError: no camera",
        "Clinging": "close() raised ValueError",
    }.items():
        capfd.readouterr()
        assert main(["check", "world", f"strange:{name}"]) == 1
        out, err = capfd.readouterr()
        assert err == ""
        last = out.splitlines()[-1]
        assert last.startswith("failure ")
        assert says in last
        assert "strange.py line" in last


def test_a_world_that_raises_in_the_middle_of_play_is_one_sentence(
    here: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import strange  # type: ignore[import-not-found]

    assert main(["play", "strange:Worn", "--run", "worn", "--steps", "20"]) == 0
    monkeypatch.setattr(strange.Worn, "steps", 5001 - 10)
    capfd.readouterr()
    assert main(["play", "strange:Worn", "--run", "worn", "--steps", "60"]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert "Traceback" not in err
    last = err.splitlines()[-1]
    assert last.startswith("strange:Worn: step() raised AttributeError: 'Worn' object")
    assert last.endswith("mend the environment there.")
    with Memory.open(here / "worn" / "memory", write=False) as memory:
        assert len(memory) > 20  # what was stored before is kept


def test_ctrl_c_saves_and_says_so(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with subprocess.Popen(
        [sys.executable, "-m", "rumpus", "play", DOT, "--run", run, "--random-steps", "100000"],
        stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    ) as process:  # fmt: skip
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Beginning")
        process.stderr.readline()  # it lives
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130
    assert "mind saved as of step" in one_sentence(said)
    with Memory.open(run / "memory", write=False) as memory:
        assert f"{len(memory):,} steps remembered" in said
        assert len(memory) > 0
    assert (run / "checkpoint.safetensors").exists()


def test_no_truth_reaches_memory_mind_or_report_of_play(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file that play leaves is searched for the number that only `state()` tells."""
    secret = 8765.4321
    (tmp_path / "telltale.py").write_text(
        f"{STRANGE}\n\nclass Telltale(Vector):\n"
        "    def reset(self, *, seed=None, options=None):\n"
        "        super().reset(seed=seed)\n"
        f"        return np.zeros(2, np.float32), {{'state': {{'truth_m': {secret}}}}}\n\n"
        "    def step(self, action):\n"
        "        reading = np.array([action[0], 0.5], np.float32)\n"
        f"        return reading, 0.0, False, False, {{'state': {{'truth_m': {secret}}}}}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    run = tmp_path / "run"
    assert main(["play", "telltale:Telltale", "--run", str(run), "--steps", "60",
                 "--random-steps", "40"]) == 0  # fmt: skip
    from rumpus.worlds.catalogue import load

    assert load("telltale:Telltale").state() == {"truth_m": secret}  # the world does tell it
    left = [file for file in run.rglob("*") if file.is_file()]
    assert len(left) >= 5
    patterns = [struct.pack("<d", secret), struct.pack("<f", secret), b"8765.43", b"truth_m"]
    assert [f for f in left for p in patterns if p in f.read_bytes()] == []


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["pla", "door"], "did you mean play?"),
        (["memory", "inf", "x"], "did you mean info?"),
        (["play", "door", "--stepz", "5"], "did you mean --steps?"),
        (
            ["frobnicate"],
            "there are: play, do, evaluate, imagine, teach, questions, answer, progress, goals, "
            "snapshot, learn, runs, compare, config, check, bench, memory, list; see",
        ),
    ],
)
def test_a_misspelled_verb_or_option_is_recognised(
    given: list[str], meant: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(given) == 2
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert meant in err


def test_the_version(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capfd.readouterr().out == f"rumpus {metadata.version('rumpus')}\n"


@pytest.mark.parametrize(("text", "number"), [("10000", 10**4), ("10_000", 10**4), ("1e4", 10**4)])
def test_whole_numbers_as_people_write_them(text: str, number: int) -> None:
    assert whole(text) == number


@pytest.mark.parametrize("text", ["ten", "1.5", "1e-3", "inf", "nan", "", "1e400"])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no whole number"):
        whole(text)


def test_goals_are_a_sheet_of_steps_that_differ(
    dot: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    assert main(["goals", str(dot), "--count", "10"]) == 0
    out = capfd.readouterr().out
    assert "10 of 60 remembered steps" in out
    assert Image.open(dot / "report" / "goals.png").size[0] > 800
    told = out.rpartition("--goal ")[2].strip()
    assert main(["do", str(dot), "--goal", told, "--steps", "2"]) in (0, 3)


def test_a_snapshot_is_a_goal_picture_of_the_right_size(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["snapshot", "door", "--out", str(tmp_path / "now.png")]) == 0
    assert capfd.readouterr().out == f"camera: {tmp_path / 'now.png'}\n"
    assert Image.open(tmp_path / "now.png").size == (48, 48)
    assert "no camera" in refused(capfd, "snapshot", "Pendulum-v1")
    nowhere = tmp_path / "no" / "now.png"
    assert "cannot be written" in refused(capfd, "snapshot", "door", "--out", str(nowhere))


@pytest.mark.parametrize("closed", [1, 2])
def test_a_program_without_standard_output_or_error_plays(tmp_path: Path, closed: int) -> None:
    child = (
        f"import os, sys; os.close({closed})\n"
        f"os.execv(sys.executable, [sys.executable, '-m', 'rumpus', 'play', '{DOT}', "
        f"'--run', {str(tmp_path / 'run')!r}, '--steps', '5'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", child], capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )  # fmt: skip
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    with Memory.open(tmp_path / "run" / "memory", write=False) as memory:
        assert len(memory) == 5
