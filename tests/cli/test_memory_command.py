"""`rumpus memory`: what it says of a life, and what it refuses."""

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from rumpus.cli.command_line import main
from rumpus.memory import Memory


def test_info_and_list_tell_of_a_life(dot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["memory", "info", str(dot)]) == 0
    said = capsys.readouterr().out
    assert "60 steps in 1 episode, " in said
    assert "0 acknowledged steps are missing" in said
    assert main(["memory", "info", str(dot / "memory"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["steps"] == 60
    assert main(["memory", "list", str(dot)]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0] == "episode"
    assert line.split()[:1] + line.split()[3:6] == ["1", "60", "0", "play"]


def test_show_makes_a_film_strip(dot: Path, tmp_path: Path) -> None:
    out = tmp_path / "strip.png"
    assert main(["memory", "show", str(dot), "--out", str(out)]) == 0
    assert Image.open(out).width > 1000


def test_verify_names_the_step_and_repair_mends_it(
    dot: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["memory", "verify", str(dot)]) == 0
    assert "all is well" in capsys.readouterr().out
    with sqlite3.connect(dot / "memory" / "memory.sqlite") as store:
        store.execute("UPDATE step SET sensor_0 = zeroblob(length(sensor_0)) WHERE step = 17")
    assert main(["memory", "verify", str(dot)]) == 1
    said = capsys.readouterr().out
    assert "Step 17 of episode 1 is not what was written." in said
    assert "NOT all is well" in said
    assert main(["memory", "repair", str(dot)]) == 0
    assert "1 steps are as they were written again, 0 are not" in capsys.readouterr().out
    assert main(["memory", "verify", str(dot), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["whole"] == 60


@pytest.mark.parametrize("format", ["lerobot", "minari", "film"])
def test_one_lost_step_takes_no_other_away(
    dot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], format: str
) -> None:
    with sqlite3.connect(dot / "memory" / "memory.sqlite") as store:
        store.execute("UPDATE step SET sensor_0 = zeroblob(length(sensor_0)) WHERE step = 17")
    shutil.rmtree(dot / "memory" / "view")
    strip = ["--out", str(tmp_path / "strip.png")]
    for verb in ("info", "list", "show"):
        assert main(["memory", verb, str(dot), *(strip if verb == "show" else [])]) == 0
    assert main(["memory", "verify", str(dot)]) == 1
    assert "Step 17 of episode 1 is not what was written." in capsys.readouterr().out
    assert main(["memory", "repair", str(dot)]) == 1
    said = capsys.readouterr().out
    assert "Step 17 of episode 1 is not what was written, and nothing proves what it was." in said
    assert "rumpus memory merge" in said
    assert main(["memory", "verify", str(dot)]) == 0
    assert "60 are as they were written, 1 lost for good" in capsys.readouterr().out
    assert main(["memory", "list", str(dot)]) == 0
    assert "lost: is not what was written" in capsys.readouterr().out
    assert main(["memory", "info", str(dot)]) == 0
    assert "1 are lost for good" in capsys.readouterr().out
    assert main(["memory", "show", str(dot), *strip]) == 0
    out = tmp_path / "out.mp4"
    assert main(["memory", "export", str(dot), str(out), "--format", format]) == 0


def test_a_store_that_lost_its_end_is_mended(dot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = dot / "memory" / "memory.sqlite"
    with store.open("r+b") as file:
        file.truncate(store.stat().st_size - 16384)
    assert main(["memory", "info", str(dot)]) == 2
    assert "rumpus memory repair" in capsys.readouterr().err
    assert main(["memory", "repair", str(dot)]) == 0
    said = capsys.readouterr().out
    assert "made anew" in said
    assert "came back from the view alone" in said
    assert main(["memory", "verify", str(dot)]) == 0


def test_merge_takes_over_once(
    dot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Memory.open(dot / "memory") as memory:
        Memory.create(tmp_path / "other", memory.spec).close()
    for expected in ("60 steps came over, 0 were there", "0 steps came over, 60 were there"):
        assert main(["memory", "merge", str(dot), str(tmp_path / "other")]) == 0
        assert expected in capsys.readouterr().out


def test_film_says_what_it_saved(dot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["memory", "film", str(dot)]) == 0
    assert "Nothing is to be filmed" in capsys.readouterr().out  # sixty steps are too few


@pytest.mark.parametrize("format", ["lerobot", "minari"])
def test_a_life_goes_out_and_comes_in_again(
    dot: Path, tmp_path: Path, format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out, back = str(tmp_path / "out"), str(tmp_path / "back")
    assert main(["memory", "export", str(dot), out, "--format", format]) == 0
    assert f"60 steps are in {out}." in capsys.readouterr().out
    assert main(["memory", "import", out, back, "--format", format]) == 0
    assert f"60 steps came into {back}." in capsys.readouterr().out
    with Memory.open(dot / "memory") as lived, Memory.open(tmp_path / "back") as again:
        for sensor in lived.spec.sensors:
            assert (lived.frames(sensor.name) == again.frames(sensor.name)).all()
        assert (lived.executed_actions == again.executed_actions).all()


def test_an_episode_is_a_film(dot: Path, tmp_path: Path) -> None:
    out = tmp_path / "film.mp4"
    assert main(["memory", "export", str(dot), str(out), "--format", "film"]) == 0
    assert out.stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["info", "nowhere"], "There is no memory in nowhere"),
        (["verify", "nowhere"], "There is no memory in nowhere"),
        (["film", "nowhere"], "There is no memory in nowhere"),
        (["repair", "nowhere"], "There is no memory in nowhere"),
        (["merge", "nowhere", "nobody"], "There is no memory in nowhere"),
        (["merge", "{dot}", "nobody"], "There is no memory in nobody"),
        (["merge", "{dot}", "{dot}"], "itself"),
        (["show", "{dot}", "--episode", "7"], "has no episode 7"),
        (["show", "{dot}", "--out", "no/such/folder.png"], "cannot be written"),
        (["forget", "{dot}"], "forget"),
        (["export", "nowhere", "out"], "There is no memory in nowhere"),
        (["export", "{dot}", "{dot}"], "{dot}"),
        (["export", "{dot}", "out", "--episode", "1"], "leave out --episode"),
        (["export", "{dot}", "out", "--format", "minari", "--episode", "7"], "no episode 7"),
        (["import", "nowhere", "out"], "nowhere"),
        (["import", "nowhere", "out", "--format", "minari"], "nowhere"),
    ],
)
def test_wrong_input_is_one_sentence(
    dot: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert main(["memory", *(argument.format(dot=dot) for argument in arguments)]) == 2
    said = capsys.readouterr().err
    assert sentence.format(dot=dot) in said
    assert said.count("\n") == 1


def test_no_deep_learning_is_needed(dot: Path) -> None:
    code = (
        "import sys; from rumpus.cli.command_line import main; "
        f"main(['memory', 'verify', {str(dot)!r}]); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'mujoco', 'gymnasium')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
