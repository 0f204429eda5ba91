"""Kinds of wrong or odd input, over all verbs: one sentence, exit code 2, nothing else.

One row a kind: what it is in words, what was typed, and what the sentence must name.
"""

import shlex
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rumpus.cli.command_line import main
from rumpus.memory import Memory
from rumpus.run.config import decode
from rumpus.run.layout import sealed

DOT = "outside_image:DotEnv"
ODD = """
import gymnasium as gym
import numpy as np


class Steady(gym.Env):
    observation_space = gym.spaces.Box(-1, 1, (2,), np.float32)
    action_space = gym.spaces.Box(-1, 1, (1,), np.float32)
    given = np.zeros(2, np.float32)

    def reset(self, *, seed=None, options=None):
        return self.given, {}

    def step(self, action):
        return self.given, 0.0, False, False, {}


class ResetRaises(Steady):
    def reset(self, *, seed=None, options=None):
        raise OSError("the cable is out")


class ResetExits(Steady):
    def reset(self, *, seed=None, options=None):
        raise SystemExit("no licence")


class StepExits(Steady):
    def step(self, action):
        raise SystemExit(0)


class NotANumber(Steady):
    given = np.full(2, np.nan, np.float32)


class WrongShape(Steady):
    given = np.zeros(3, np.float32)


class OldReset(Steady):
    def reset(self, *, seed=None, options=None):
        return self.given


class OldStep(Steady):
    def step(self, action):
        return self.given, 0.0, False, {}


class Nothing(Steady):
    observation_space = gym.spaces.Dict({})


class Talker(Steady):
    def reset(self, *, seed=None, options=None):
        print("hello"); raise OSError("the cable is out")


class Told(Steady):
    told = {"x_m": 0.0}

    def reset(self, *, seed=None, options=None):
        return self.given, {"state": self.told}

    def step(self, action):
        return self.given, 0.0, False, False, {"state": self.told}


class NanTruth(Told):
    told = {"x_m": float("nan")}


class TextTruth(Told):
    told = {"x_m": "here"}


class NeedsArgument(Steady):
    def __init__(self, size):
        self.size = size


NUMBER = 3
"""


def without_run_file(run: Path) -> None:
    (run / "run.json").unlink()


def damaged(run: Path) -> None:
    (run / "run.json").write_bytes(b"\xff\xfe not json")


def cut(run: Path) -> None:
    (run / "run.json").write_bytes((run / "run.json").read_bytes()[:60])


def newer(run: Path) -> None:
    text = (run / "run.json").read_text()
    (run / "run.json").write_text(text.replace('"layout": 3', '"layout": 99'))


def folder_for_run_file(run: Path) -> None:
    (run / "run.json").unlink()
    (run / "run.json").mkdir()


def without_memory(run: Path) -> None:
    shutil.rmtree(run / "memory")


def newer_memory(run: Path) -> None:
    with sqlite3.connect(run / "memory" / "memory.sqlite") as store:
        store.execute("PRAGMA user_version = 99")
        store.execute("UPDATE about SET checksum = 0")  # which is made in another way


def without_mind(run: Path) -> None:
    (run / "checkpoint.safetensors").unlink()


def damaged_mind(run: Path) -> None:
    (run / "checkpoint.safetensors").write_text("a mind")


def world_gone(run: Path) -> None:
    file = decode((run / "run.json").read_bytes())
    moved = replace(file.config, world="moved_away:Env")
    (run / "run.json").write_bytes(sealed(file.id, moved))


def file_for_report(run: Path) -> None:
    (run / "report").write_text("no folder")


def loop_for_report(run: Path) -> None:
    (run / "report").symlink_to("report")


BROKEN: dict[str, Callable[[Path], None]] = {
    "lost": without_run_file, "damaged": damaged, "cut": cut, "newer": newer,
    "foldered": folder_for_run_file, "memoryless": without_memory, "newer_memory": newer_memory,
    "mindless": without_mind, "damaged_mind": damaged_mind, "worldless": world_gone,
    "reported": file_for_report, "looped": loop_for_report,
}  # fmt: skip


@pytest.fixture(scope="module")
def place(played: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a run that has learned, broken copies of it, and odd files."""
    here = tmp_path_factory.mktemp("place")
    shutil.copytree(played, here / "run")
    for name, spoil in BROKEN.items():
        spoil(shutil.copytree(played, here / name))
    picture = np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8)
    Image.fromarray(picture).save(here / "whole.png")
    (here / "cut.png").write_bytes((here / "whole.png").read_bytes()[:500])
    (here / "empty.png").touch()
    (here / "text.png").write_text("no picture")
    (here / "folder.png").mkdir()
    (here / "loop.png").symlink_to("loop.png")
    (here / "loop").symlink_to("loop")
    (here / "empty").mkdir()
    (here / "file").write_text("a file")
    (here / "dataset" / "meta").mkdir(parents=True)
    (here / "dataset" / "meta" / "info.json").write_text("{")
    (here / "odd.py").write_text(ODD)
    (here / "raising.py").write_text("raise RuntimeError('it is\\nbroken')")
    (here / "unfinished.py").write_text("def world(:")
    (here / "needing.py").write_text("import nothing_that_is_there")
    (here / "leaving.py").write_text("import sys; sys.exit(3)")
    with Memory.open(shutil.copytree(played, here / "busy") / "memory"):
        yield here


@pytest.fixture(autouse=True)
def standing_there(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    monkeypatch.syspath_prepend(place)


KINDS = [
    # What is typed
    ("no verb", "", "play, do, evaluate"),
    ("an unknown verb", "romp door", "there are: play"),
    ("a misspelled verb", "evalute run", "did you mean evaluate?"),
    ("no verb of memory", "memory", "info, list"),
    ("a misspelled verb of memory", "memory verfy run", "did you mean verify?"),
    ("an unknown option", "play door --speed 3", "--speed"),
    ("a misspelled option", "play door --stepz 3", "did you mean --steps?"),
    ("an option of another verb", "snapshot door --goals 3", "rumpus snapshot --help"),
    ("an argument too many", "play door door", "door"),
    ("an argument where none is taken", "list worlds", "worlds"),
    ("an argument too few", "memory merge run", "needs INTO"),
    ("two arguments too few", "check", "needs PART and NAME"),
    ("a needed option too few", "do run", "give either --goal or --wish"),
    ("an option without its value", "play door --steps", "--steps needs a value"),
    ("a value for a switch", "play door --json=yes", "yes"),
    ("a choice that there is not", "play door --device gpu", "auto, cpu, cuda"),
    ("a shell that it cannot help", "--tyro-print-completion tcsh", "bash, zsh, fish"),
    ("no shell to help", "--tyro-print-completion", "no shell, expected one of bash"),
    ("a part of no kind", "check worlds door", "did you mean world?"),
    ("a format that there is not", "memory export run out --format avi", "lerobot, minari"),
    ("a format that only goes out", "memory import x out --format rrd", "lerobot, minari"),
    # Numbers
    ("a word for a number", "play door --minutes soon", "--minutes: 'soon' is no number"),
    ("a word for a whole number", "play door --steps 1e4x", "--steps: '1e4x' is no whole"),
    ("a part of a step", "evaluate run --goals 1.5", "'1.5' is no whole number"),
    ("a number that is none", "play door --minutes nan", "'nan' is no number"),
    ("no number for a skew", "play door --skew nan", "'nan' is no number"),
    ("an infinite number", "play door --minutes inf", "'inf' is no number"),
    ("a number beyond all numbers", "play door --steps 1e999", "'1e999' is no whole"),
    ("a negative number of steps", "play door --steps -5", "-5 steps"),
    ("no steps", "do run --goal memory:0 --steps 0", "0 steps"),
    ("far too many steps", "do run --goal memory:0 --steps 1e30", "1 to 10,000"),
    ("no goals", "evaluate run --goals 0", "0 goals"),
    ("far too many goals", "evaluate run --goals 1e12", "1 to 10,000"),
    ("no pictures", "goals run --count 0", "0 steps"),
    ("far too many pictures", "goals run --count 1e30", "1 to 10,000"),
    ("a negative tolerance", "evaluate run --tolerance -1", "tolerance of -1"),
    ("a negative seed", "play door --seed -1", "seed (--seed) is -1"),
    ("a negative seed of a snapshot", "snapshot door --seed -1", "The seed is -1"),
    ("a seed that is too great", "evaluate run --seed 4294967296", "0 to 4294967295"),
    ("a skew beyond its range", "play door --skew 0.5", "from -1 to 0"),
    ("a negative quota", "play door --quota-gb -1", "GB"),
    ("steps and minutes", "play door --steps 5 --minutes 1", "Both"),
    # Worlds
    ("no name of a world", "play ''", "There is no world ''"),
    ("a misspelled world", "play doof", "did you mean 'door'?"),
    ("a world with a line break", "play 'do\nor'", "There is no world"),
    ("a world that is not ASCII", "play Tür", "There is no world 'Tür'"),
    ("a package that is not there", "play no_such_package:Env", "no module"),
    ("a file for a module", "play odd.py:Steady", "as odd:Steady"),
    ("no module before the colon", "play :Steady", "There is no world ':Steady'"),
    ("a class that is not there", "snapshot odd:Stedy", "no class or function 'Stedy'"),
    ("a number for a class", "play odd:NUMBER", "no class or function 'NUMBER'"),
    ("a world that needs arguments", "play odd:NeedsArgument", "'size'"),
    ("an argument without a value", "play Pendulum-v1,g", "NAME=VALUE"),
    ("an argument that it does not take", "play door,weight=3", "'weight'"),
    ("a camera of no size", "play Pendulum-v1,camera=0x0", "from 8 to 1024"),
    ("a version that is not registered", "play Pendulum-v99", "Pendulum-v99"),
    ("a module that raises", "play raising:Env", "RuntimeError: it is broken, at"),
    ("a module that is unfinished", "snapshot unfinished:Env", "SyntaxError"),
    ("a module that needs another", "play needing:Env", "'nothing_that_is_there'"),
    ("a module that exits", "play leaving:Env", "SystemExit: 3"),
    ("an observation of nothing", "play odd:Nothing", "expected pictures or vectors"),
    ("a reset that raises", "play odd:ResetRaises", "reset() raised OSError: the cable"),
    ("a reset that exits", "play odd:ResetExits", "reset() raised SystemExit: no licence"),
    ("a reset that prints and raises", "snapshot odd:Talker", "the cable is out"),
    ("a reset of old Gymnasium", "play odd:OldReset", "expected a tuple of 2"),
    ("a first reading that is no number", "play odd:NotANumber", "not finite"),
    ("a first reading of another shape", "play odd:WrongShape", "(3,)"),
    ("a world without a camera", "snapshot Pendulum-v1", "no camera"),
    ("a gel neither crude nor clean", "check world die,crude=no", "expected true or false"),
    ("a sensor that there is not", "check sensor nose", "camera, gel, joints"),
    ("a robot that there is not", "check robot arm", "There is no robot 'arm'"),
    # Runs
    ("a run that is not there", "evaluate nowhere", "no run in nowhere"),
    ("no name of a run", "goals ''", "no run in ."),
    ("a file for a run", "do file --goal memory:0", "no run in file"),
    ("a file for a new run", "play door --run file", "not a run"),
    ("a new run below a file", "play door --run file/run", "cannot be made"),
    ("a new run where none may be", "play door --run /proc/nowhere/run", "cannot be made"),
    ("a loop of links for a run", "evaluate loop", "no run in loop"),
    ("a loop of links for a new run", "play door --run loop", "cannot be made"),
    ("an empty folder for a run", "goals empty", "no run in empty"),
    ("a run of another world", "play door --run run", DOT),
    ("a run of another seed", f"play {DOT} --run run --seed 3", "(--seed) 0, not 3"),
    ("a deleted run.json", "evaluate lost", "play WORLD --run lost --new-mind"),
    ("a deleted run.json, gone on with", f"play {DOT} --run lost", "has lost its run.json"),
    ("a damaged run.json", "do damaged --goal memory:0", "cannot be understood"),
    ("a run.json that was cut short", "goals cut", "cannot be understood"),
    ("a run.json of a newer rumpus", "evaluate newer", "use a newer rumpus"),
    ("a folder for a run.json", "evaluate foldered", "has lost its run.json"),
    ("a deleted memory", "do memoryless --goal memory:0", "no memory in memoryless"),
    ("a memory of a newer rumpus", "evaluate newer_memory", "use a newer rumpus"),
    ("a run that never learned", "evaluate mindless", "not learned"),
    ("a damaged mind", "goals damaged_mind", "cannot be used"),
    ("a run whose world is gone", "evaluate worldless", "'moved_away'"),
    ("a run that plays elsewhere", f"play {DOT} --run busy", "another rumpus"),
    ("a run that plays elsewhere, asked", "do busy --goal memory:0", "another rumpus"),
    ("a file for the report's folder", "goals reported", "report cannot be written"),
    ("a loop for the report's folder", "goals looped", "report cannot be written"),
    ("a kind of trial that there is not", "evaluate run --kind upside-down", "by seed"),
    # Goals
    ("a goal that is not there", "do run --goal nowhere.png", "nowhere.png"),
    ("a folder for a goal", "do run --goal folder.png", "directory"),
    ("an empty file for a goal", "do run --goal empty.png", "not a picture"),
    ("a text for a goal", "do run --goal text.png", "not a picture"),
    ("a goal picture that was cut short", "do run --goal cut.png", "truncated"),
    ("a loop of links for a goal", "do run --goal loop.png", "loop.png"),
    ("a step that is not remembered", "do run --goal memory:99", "memory:0 to memory:59"),
    ("a step that is no number", "do run --goal memory:last", "memory:0 to memory:59"),
    ("a step beyond all numbers", f"do run --goal memory:{9 * 10**30}", "memory:59"),
    ("a camera that there is not", "do run --goal whole.png --camera nose", "'nose'"),
    ("a camera for a stored step", "do run --goal memory:0 --camera nose", "leave it out"),
    # Imagining
    ("a goal to imagine that is not there", "imagine run --goal nowhere.png", "nowhere.png"),
    ("a camera without a goal picture", "imagine run --camera nose", "without a picture"),
    ("no steps to imagine", "imagine run --steps 0", "0 steps"),
    ("a run to imagine that is not there", "imagine nowhere", "no run in nowhere"),
    ("a run to imagine that never learned", "imagine mindless", "not learned"),
    ("a run to imagine that plays elsewhere", "imagine busy", "another rumpus"),
    ("no name of a goal to imagine", "imagine run --goal ''", "Is a directory"),
    # Pictures to write
    ("a folder for a picture", "memory show run --out folder.png", "Is a directory"),
    ("a picture in no folder", "goals run --out no/such/goals.png", "No such file"),
    ("a picture below a file", "snapshot door --out file/now.png", "Not a directory"),
    ("a picture where none may be", "snapshot door --out /proc/now.png", "cannot be written"),
    ("a loop of links for a picture", "memory show run --out loop.png", "symbolic links"),
    # Memories
    ("a memory that is not there", "memory info nowhere", "no memory in nowhere"),
    ("a file for a memory", "memory list file", "no memory in file"),
    ("a file for a memory to repair", "memory repair file", "no memory in file"),
    ("an empty folder for a memory", "memory verify empty", "no memory in empty"),
    ("a loop of links for a memory", "memory film loop", "symbolic links"),
    ("a memory that is written elsewhere", "memory repair busy", "another rumpus"),
    ("an episode that there is not", "memory show run --episode 7", "no episode 7"),
    ("an episode beyond all numbers", "memory show run --episode 1e30", "ids from 1 to 1"),
    ("a memory into itself", "memory merge run run", "itself"),
    ("a memory into none", "memory merge run empty", "no memory in empty"),
    ("a memory out of none", "memory merge empty run", "no memory in empty"),
    ("an export over a file", "memory export run file", "there already"),
    ("an export over a folder", "memory export run empty --format film", "there already"),
    ("an export where none may be", "memory export run /proc/x/out", "cannot be written"),
    ("an episode as a LeRobot dataset", "memory export run out --episode 1", "--episode"),
    ("a dataset that is not there", "memory import nowhere new", "No such file"),
    ("a run for a dataset", "memory import run new --format minari", "metadata.json"),
    ("a damaged dataset", "memory import dataset new", "info.json cannot be read"),
    ("a file for a dataset", "memory import file new", "Not a directory"),
]  # fmt: skip


def test_there_are_sixty_kinds_of_every_verb() -> None:
    assert len({what for what, *_ in KINDS}) == len(KINDS) >= 60
    verbs = {" ".join(a.split()[: 1 + a.startswith("memory ")]) for _, a, _ in KINDS}
    known = ["play", "do", "evaluate", "imagine", "goals", "snapshot", "check", "list"]
    of_memory = ["info", "list", "show", "verify", "repair", "film", "merge", "export", "import"]
    assert verbs >= {*known, *(f"memory {verb}" for verb in of_memory)}


@pytest.mark.parametrize(
    ("arguments", "says"), [row[1:] for row in KINDS], ids=[row[0] for row in KINDS]
)
def test_wrong_input_is_one_sentence(
    arguments: str, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    begun_s = time.process_time()
    code = main(shlex.split(arguments))
    used_s = time.process_time() - begun_s
    out, err = capfd.readouterr()
    err = err.removeprefix("hello\n")  # what a world prints goes there, too
    assert (code, out) == (2, "")
    assert err.endswith(".\n")
    assert err.count("\n") == 1
    assert len(err) > 30
    assert says in err
    for raw in ("Traceback", "<class", "<function", "typing.", "Errno", "SensorSpec(", "{None}"):
        assert raw not in err.replace("[Errno 40] Too many levels", "")
    assert used_s < 5.0


@pytest.mark.parametrize(
    ("world", "says"),
    [("StepExits", "step() raised SystemExit: 0, at"), ("OldStep", "expected a tuple of 5")],
)
def test_what_only_the_first_step_shows_is_one_sentence_after_the_beginning(
    world: str, says: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["play", f"odd:{world}", "--run", str(tmp_path / "run")]) == 2
    out, err = capfd.readouterr()
    begun, last = err.splitlines()
    assert (out, begun.startswith("Beginning"), says in last) == ("", True, True)


def test_a_quota_that_is_too_small_is_told_before_a_step_is_lost(
    dot: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = ["play", DOT, "--run", str(dot), "--steps", "70", "--quota-gb", "1e-9"]
    assert main(asked) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert "raise --quota-gb" in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("world", "verdict", "says"),
    [
        ("NanTruth", "failure", "info['state'] is {'x_m': nan}, expected a finite number for each"),
        ("TextTruth", "warning", "info['state'] is no dict of named numbers"),
    ],
)
def test_truth_that_cannot_be_used_is_named(
    world: str, verdict: str, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    main(["check", "world", f"odd:{world}"])
    found = [line for line in capfd.readouterr().out.splitlines() if says in line]
    assert [line.split()[0] for line in found] == [verdict]


def test_a_name_with_a_line_break_stays_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "two\nlines ü"
    assert main(["play", DOT, "--run", str(run), "--steps", "3"]) == 0
    assert capfd.readouterr().err.startswith(f"Beginning {tmp_path}/two lines ü: ")
    assert (run / "run.json").exists()
