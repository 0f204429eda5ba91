"""What people meet in their first hour with the command line, beside wrong input."""

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from rumpus.cli.command_line import main
from rumpus.memory import Memory

DOT = "outside_image:DotEnv"
NOBODY = 65534
WITHOUT = """
import sys

class Missing:
    def find_spec(name, path, target=None):
        if name in {missing!r}: raise ModuleNotFoundError(f"No module named '{{name}}'", name=name)

sys.meta_path.insert(0, Missing)
from rumpus.cli.command_line import main
sys.exit(main({arguments!r}))
"""  # None in sys.modules would stop tyro, which looks there for what is loaded


def without(missing: list[str], arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """What a command says where some modules are not installed."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT.format(missing=missing, arguments=arguments)],
        capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )  # fmt: skip


def test_list_and_check_need_neither_torch_nor_mujoco_where_the_part_does_not() -> None:
    done = without(["torch", "mujoco"], ["check", "world", DOT, "--json"])
    assert (done.returncode, done.stderr) == (0, "")
    assert "failure" not in {finding["verdict"] for finding in json.loads(done.stdout)}
    listed = without(["torch", "mujoco"], ["list", "--json"])
    assert (listed.returncode, listed.stderr) == (0, "")
    door = next(world for world in json.loads(listed.stdout) if world["name"] == "door")
    assert door["broken"]
    assert "pip install 'rumpus[sim]', in a clone pip install -e '.[sim]'" in door["sentence"]


def test_a_missing_goal_and_a_missing_run_are_told_before_anything_is_loaded(dot: Path) -> None:
    heavy = ["torch", "mujoco", "matplotlib", "gymnasium"]
    for arguments, says in (
        (["do", str(dot), "--goal", "nowhere.png"], "nowhere.png"),
        (["evaluate", "nowhere"], "no run in nowhere"),
    ):
        done = without(heavy, arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert says in done.stderr


@pytest.mark.parametrize("arguments", [["memory", "list", "{dot}"], ["memory", "--help"]])
def test_who_has_read_enough_is_told_nothing(dot: Path, arguments: list[str]) -> None:
    given = [argument.format(dot=dot) for argument in arguments]
    with subprocess.Popen(
        [sys.executable, "-m", "rumpus", *given], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()  # as `| head -0` does
        said = process.stderr.read()
    assert (process.returncode, said) == (141, b"")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_for_a_shell_is_printed(shell: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--tyro-print-completion", shell])
    assert not end.value.code
    assert "evaluate" in capfd.readouterr().out


def test_help_says_how_to_complete_and_fits_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capfd.readouterr().out
    assert "--tyro-print-completion" in told
    boxes = [line for line in told.splitlines() if line.startswith(("╭", "│", "╰"))]
    assert len(boxes) > 20
    assert {len(line) for line in boxes} == {40}
    assert main(["play", "door", "--stepz", "5"]) == 2
    assert "did you mean --steps?" in capfd.readouterr().err


def test_windows_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert main(["list"]) == 2
    out, err = capfd.readouterr()
    assert (out, err.count("\n"), "WSL" in err) == ("", 1, True)


def test_a_run_that_has_played_enough_says_so(dot: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["play", DOT, "--run", str(dot), "--steps", "50"]) == 0
    first = capfd.readouterr().err.splitlines()[0]
    assert first.endswith("It has played the 50 steps that --steps asks for in all: it does not "
                          "move, ask for more.")  # fmt: skip
    assert main(["play", DOT, "--run", str(dot), "--steps", "61"]) == 0
    assert "--steps" not in capfd.readouterr().err
    with Memory.open(dot / "memory", write=False) as memory:
        assert len(memory) == 61


def test_where_nothing_is_to_be_done_that_is_said(
    dot: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["memory", "repair", str(dot)]) == 0
    said = capfd.readouterr().out
    assert said == "Nothing is to be repaired: all 60 steps are as they were written.\n"


def test_a_picture_needs_no_ending(dot: Path, tmp_path: Path) -> None:
    for name, kind in (("strip", "PNG"), ("strip.mp4", "PNG"), ("strip.jpg", "JPEG")):
        assert main(["memory", "show", str(dot), "--out", str(tmp_path / name)]) == 0
        assert Image.open(tmp_path / name).format == kind


def test_what_a_run_without_run_json_remembers_goes_on_as_its_sentence_says(
    dot: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (dot / "run.json").unlink()
    assert main(["evaluate", str(dot)]) == 2
    assert f"rumpus play WORLD --run {dot} --new-mind" in capfd.readouterr().err
    assert main(["play", DOT, "--run", str(dot), "--steps", "64", "--new-mind"]) == 0
    assert "60 steps remembered" in capfd.readouterr().err
    assert main(["goals", str(dot), "--count", "3"]) == 0  # it has learned from them


@pytest.fixture
def guarded(played: Path) -> Iterator[Path]:
    """A run that everybody may read and nobody may change, as on a shared disk."""
    with tempfile.TemporaryDirectory() as above:
        os.chmod(above, 0o777)
        run = shutil.copytree(played, Path(above) / "run")
        inside = [run, *run.rglob("*")]
        for path in inside:
            path.chmod(0o555 if path.is_dir() else 0o444)
        yield run
        for path in inside:
            path.chmod(0o755)


def code_for_nobody(*arguments: str) -> int | None:
    """The exit code of a command in a process that permissions bind: root passes them by."""

    def run() -> None:
        if os.geteuid() == 0:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        os._exit(main(arguments))

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join(120)
    return process.exitcode


def test_a_run_that_may_only_be_read_is_measured(
    guarded: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert code_for_nobody("evaluate", str(guarded), "--goals", "1", "--json") == 2
    out, err = capfd.readouterr()
    assert json.loads(out)[0]["n"] == 1  # told, although
    assert err.startswith(f"The report {guarded}/report cannot be written: Permission denied")
    assert err.count("\n") == 1
    assert code_for_nobody("goals", str(guarded)) == 2
    assert "Permission denied" in capfd.readouterr().err
    sheet = guarded.parent / "sheet.png"
    assert code_for_nobody("goals", str(guarded), "--out", str(sheet)) == 0
    assert Image.open(sheet).width > 300
