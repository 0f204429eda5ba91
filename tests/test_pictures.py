"""The pictures in docs/ are of every screen and page, and a terminal shows what people can read."""

import re
from pathlib import Path

import commands
import pytest
import take_pictures

ALL = [shot for shots in take_pictures.SHOTS.values() for shot in shots]


def screen(command: str, columns: int, folder: Path) -> str:
    """What stands on a terminal after a command, without its colours."""
    stood = take_pictures.stands(take_pictures.run(command, columns, folder))
    return re.sub(r"\x1b\[[\d;]*m", "", stood)


def test_the_page_is_what_the_script_writes_and_shows_every_picture_that_is_there() -> None:
    assert take_pictures.PAGE.read_text(encoding="utf-8") == take_pictures.page()
    assert {shot.path for shot in ALL} == set(take_pictures.PICTURES.iterdir())
    assert sum(shot.path.stat().st_size for shot in ALL) < 2.5e6


def test_every_verb_has_a_picture_of_its_screen() -> None:
    shown = "\n".join(shot.command for shot in ALL if not shot.file)
    verbs = set(re.findall(r"^##+ rumpus (.+)$", commands.page(), re.MULTILINE)) - {"memory"}
    assert "memory verify" in verbs
    for verb in verbs:
        assert re.search(rf"^rumpus {verb}\b", shown, re.MULTILINE), verb


@pytest.mark.parametrize("columns", [40, 100])
def test_a_misuse_is_the_same_sentence_on_a_terminal_of_any_width(
    columns: int, tmp_path: Path
) -> None:
    said = screen(
        "rumpus plya door\nrumpus play door --stesp 4\nrumpus do runs/x --goal memory:1",
        columns,
        tmp_path,
    )
    lines = said.splitlines()
    assert max(map(len, lines)) <= columns
    words = " ".join(said.split())
    assert "There is no command 'plya'; there are: play, do, evaluate," in words
    assert "list; did you mean play? See `rumpus --help`." in words
    assert "Unrecognized options: --stesp, 4; did you mean --steps? See" in words
    assert "There is no run in runs/x: it holds no run.json;" in words


def test_what_does_not_fit_goes_on_below_its_column_and_no_word_is_broken(tmp_path: Path) -> None:
    lines = screen("rumpus list", 40, tmp_path).splitlines()[1:]
    assert len(lines) > 4
    assert all(re.match(r"[a-z]+ +\S| {13}\S", line) for line in lines)
    assert max(map(len, lines)) <= 40
    assert "A door that a peg can open and shut by its handle loop" in " ".join(
        " ".join(lines).split()
    )


TELL = """
import time
from rumpus.cli.counting import showing

with showing(time.monotonic) as show:
    told = "3,000 of 3,000 steps played, about 5 s left, 54 places"
    show("training model 98 of 100", told, 1, 2, True)
"""


def test_what_is_told_of_play_is_told_whole_in_a_narrow_terminal(tmp_path: Path) -> None:
    (tmp_path / "tell.py").write_text(TELL)
    _, bar, *words = screen("python tell.py", 40, tmp_path).splitlines()
    assert bar.startswith("training model 98 of 100 ")
    assert "━" in bar
    told = " ".join(" ".join(words).split())
    assert told == "3,000 of 3,000 steps played, about 5 s left, 54 places"


def test_no_line_of_a_help_ends_where_its_source_did(tmp_path: Path) -> None:
    said = screen("rumpus play --help", 240, tmp_path)
    assert "=0.5, as often as you like; see `rumpus config`." in said
    assert "where it is used up, play stops and drops nothing." in said
