"""`rumpus config`, `runs` and `compare`, and settings on the command line."""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.conftest import DOT

from rumpus.cli.command_line import main
from rumpus.memory import Memory
from rumpus.report.page import keep_earlier, write_page
from rumpus.run.config import RunConfig
from rumpus.run.folder import begin, open_run
from rumpus.run.setting import made, read


def said(capfd: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """What a command that went well says."""
    capfd.readouterr()
    assert main([str(argument) for argument in arguments]) == 0
    return capfd.readouterr().out


def refused(capfd: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """The one sentence with which a command is refused."""
    capfd.readouterr()
    assert main([str(argument) for argument in arguments]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.endswith(".\n")
    assert err.count("\n") == 1
    return err


def test_settings_go_out_as_toml_and_come_in_again(
    tmp_path: Path, strangers: None, capfd: pytest.CaptureFixture[str]
) -> None:
    usual = said(capfd, "config")
    (tmp_path / "usual.toml").write_text(usual)
    assert made(read(tmp_path / "usual.toml")) == RunConfig()
    assert "# train_every: steps between two train phases;" in usual
    assert "BY DEFAULT" not in usual
    one, other = tmp_path / "one", tmp_path / "other"
    chosen = ["--set", "mind.cem.horizon=5", "--set", "train.train_every=1e2", "--random-steps=7"]
    asked = ["play", DOT, "--steps", "2"]
    said(capfd, *asked, "--run", one, "--config", tmp_path / "usual.toml", "--seed", "3", *chosen)
    config = open_run(one).config
    assert (config.world, config.seed, config.play.random_steps) == (DOT, 3, 7)
    assert (config.mind.cem.horizon, config.train.train_every) == (5, 100)
    written = said(capfd, "config", one)
    assert written.count("NOT AS BY DEFAULT") == 4
    assert "# NOT AS BY DEFAULT: that is 500.\ntrain_every = 100\n" in written
    (tmp_path / "one.toml").write_text(written)
    said(capfd, *asked, "--run", other, "--config", tmp_path / "one.toml")
    assert open_run(other).config == config
    assert max(map(len, written.splitlines())) <= 100
    assert tomllib.loads(written)["world"] == DOT


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            "--set train.train_every=400",
            "begun with train.train_every 500, not 400; go on with 500",
        ),
        ("--set skew_fit.skew_exponent=-0.5", "skew_fit.skew_exponent (--skew) -1.0, not -0.5"),
        ("--seed 1", "begun with seed (--seed) 0, not 1"),
        ("--random-steps 9 --set play.random_steps=8", "given as 9 and as 8; give it once"),
        (
            "--set train.evry=400",
            "There is no setting 'train.evry'; did you mean train.train_every",
        ),
        ("--set train.train_every", "expected NAME=VALUE"),
        ("--config no.toml", "The settings no.toml cannot be read"),
    ],
)
def test_a_run_goes_on_as_it_was_begun(
    dot: Path, arguments: str, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert says in refused(capfd, "play", DOT, "--run", dot, *arguments.split())


def test_a_run_goes_on_with_the_settings_that_it_has(
    dot: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said(capfd, "play", DOT, "--run", dot, "--steps", "61", "--set", "train.train_every=500")
    with Memory.open(dot / "memory", write=False) as memory:
        assert len(memory) == 61


def evaluation(error: float, n: int) -> dict[str, object]:
    row = {
        "variant": "agent, by seed", "seed": 0, "n": n, "steps": 60, "wall_s": 1.0,
        "metrics": {
            "median_error_m": error, "median_interval": [0.1, 0.9], "success_rate": 0.5,
            "success_interval": [0.2, 0.8],
        },
    }  # fmt: skip
    measure = {"name": "error_m", "tolerance": 0.2, "steps": 9}
    return {"name": "e", "date": "d", "command": "c", "measure": measure, "rows": [row]}


@pytest.fixture
def several(dot: Path, tmp_path: Path) -> Path:
    """Two runs, an imported memory, and folders that are broken or foreign."""
    folder = tmp_path / "several"
    shutil.copytree(dot, folder / "dot")
    (folder / "dot" / "report").mkdir(exist_ok=True)
    (folder / "dot" / "report" / "evaluate-by-seed.json").write_text(json.dumps(evaluation(0.3, 9)))
    begin(folder / "new", made({"world": "door", "seed": 2, "train.train_every": 100}))
    (open_run(folder / "new").report / "evaluate-handle.json").write_text('{"name": "cut')
    shutil.copytree(dot / "memory", folder / "imported")
    contents = {
        "cut": b'{"layout": 2', "odd": b'{"layout": 2, "id": "", "config": 5}', "list": b"[]",
        "newer": b'{"layout": 9}', "text": b"\xff",
    }  # fmt: skip
    for name, content in contents.items():
        (folder / name).mkdir()
        (folder / name / "run.json").write_bytes(content)
    (folder / "photos").mkdir()
    (folder / "notes.txt").write_text("no run")
    shutil.copytree(dot, folder / "lost")
    (folder / "lost" / "run.json").unlink()
    shutil.copytree(dot, folder / "damaged")
    (folder / "damaged" / "memory" / "memory.sqlite").write_bytes(b"no store" * 1000)
    return folder


def test_runs_are_listed_and_what_is_none_is_told(
    several: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = said(capfd, "runs", several).splitlines()
    dot = next(line for line in lines if line.startswith(f"{several}/dot "))
    assert dot.split()[1:4] == [DOT, "0", "60"]
    assert dot.endswith("agent, by seed, within 0.2: 50% (20% to 80%), n = 9")
    new = next(line for line in lines if line.startswith(f"{several}/new "))
    assert new.split()[1:4] == ["door", "2", "0"]
    (wrong,) = [line for line in lines if line.startswith(f"{several}/new: ")]
    assert "evaluate-handle.json cannot be understood" in wrong
    for name, says in {
        "imported": "it is a memory of", "cut": "run.json cannot be understood",
        "odd": "run.json cannot be understood", "list": "it holds no object",
        "newer": "layout 9", "lost": "it has lost its run.json, and remembers 60",
        "text": "cannot be understood", "photos": "it is no run",
        "damaged": "file is not a database",
    }.items():  # fmt: skip
        (line,) = [line for line in lines if line.startswith(f"{several}/{name}: ")]
        assert says in line
    found = {
        Path(run["run"]).name: run for run in json.loads(said(capfd, "runs", several, "--json"))
    }
    assert len(found) == 11
    assert found["dot"]["played"] > "2020"
    assert found["dot"]["size_mb"] > 0.1
    assert found["dot"]["evaluations"][0]["rows"][0]["n"] == 9
    assert "There is no folder" in refused(capfd, "runs", several / "nowhere")
    assert "There is no run in" in said(capfd, "runs", several / "photos")


def test_runs_are_put_side_by_side(several: Path, capfd: pytest.CaptureFixture[str]) -> None:
    one, other = several / "dot", several / "new"
    lines = said(capfd, "compare", one, other, several / "cut").splitlines()
    table = {line[: lines[0].index(str(one))].strip(): line for line in lines}
    assert table["world"].split()[1:] == [DOT, "door"]
    assert table["train.train_every"].split()[1:] == ["500", "100"]
    assert table["play.random_steps"].split()[1:] == ["40", "2000"]
    assert table["steps"].split()[1:] == ["60", "0"]
    assert table["agent, by seed, median error_m"].split()[-5:] == [
        "0.3",
        "(0.1",
        "to",
        "0.9)",
        "-",
    ]
    assert "mind.learning_rate" not in table
    assert lines[-1].startswith(f"{several}/cut: run.json cannot be understood")
    found = json.loads(said(capfd, "compare", one, other, "--json"))
    assert [run["settings"]["seed"] for run in found] == [0, 2]
    assert "Two runs or more are compared, and 1 came" in refused(capfd, "compare", one)


def test_no_deep_learning_is_needed_to_look_at_runs(several: Path) -> None:
    runs = [str(several / name) for name in ("dot", "new")]
    code = (
        "import sys; from rumpus.cli.command_line import main; "
        f"main(['runs', {str(several)!r}]); main(['compare', *{runs}]); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'mujoco', 'gymnasium')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_evaluation_is_kept(dot: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run = open_run(dot)
    for n in (9, 8, 7):
        keep_earlier(run.report / "evaluate-by-seed.json")
        (run.report / "evaluate-by-seed.json").write_text(json.dumps(evaluation(0.3, n)))
    (found,) = json.loads(said(capfd, "runs", dot, "--json"))
    assert [told["rows"][0]["n"] for told in found["evaluations"]] == [7]
    found, _ = json.loads(said(capfd, "compare", dot, dot, "--json"))
    assert [told["rows"][0]["n"] for told in found["evaluations"]] == [7, 8, 9]
    page = write_page(run).read_text()
    assert page.index("n = 8") < page.index("n = 9")
