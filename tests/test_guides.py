"""What pages tell a reader to type is understood, and what they show is complete.

That the guides really run, from top to bottom, takes minutes: `make guide`.
"""

import inspect
import json
import re
import shlex
import subprocess
import typing
from pathlib import Path

import commands
import pytest
import run_guide

import rumpus
from rumpus.cli import command_line
from rumpus.cli.verb import Command

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
Verbs = dict[str, typing.Callable[..., Command]]


def verbs_of(union: object) -> Verbs:
    """By name, the functions behind a choice of verbs."""
    choices = [typing.get_args(choice)[1] for choice in typing.get_args(union)]
    return {choice.name: choice.constructor_factory() for choice in choices}


VERBS = verbs_of(command_line.Verb)
MEMORY_VERBS = verbs_of(command_line.MemoryVerb)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_on_a_page_is_understood(page: Path) -> None:
    shown = SHELL_BLOCK.findall(page.read_text(encoding="utf-8"))
    lines = [line for block in shown for line in block.splitlines() if line.startswith("rumpus ")]
    for line in lines:
        words = shlex.split(line, comments=True)[1:]
        assert words == ["--help"] or callable(command_line._understood(words)), line
    assert lines or page.name not in ("README.md", "first-hour.md", "index.md", "runs.md")


def test_the_page_of_commands_has_every_verb_and_option() -> None:
    sections = dict(re.findall(r"^##+ rumpus (.+)\n((?:(?!##).*\n)*)", commands.page(), re.M))
    named = {name: verb for name, verb in VERBS.items() if name != "memory"}
    named |= {f"memory {name}": verb for name, verb in MEMORY_VERBS.items()}
    assert {*sections} == {*named, "memory"}
    for name, verb in named.items():
        told = re.findall(r"^\| `(\S+)[^|]*` \| \S.*\|$", sections[name], re.M)
        options = {word for word in told if word.startswith("--")}
        wanted, positional = set(), 0
        for given in inspect.signature(verb).parameters.values():
            marks = typing.get_args(given.annotation)[1:]
            is_positional = any("Positional" in repr(mark) for mark in marks)
            positional += is_positional
            called = [mark.name for mark in marks if getattr(mark, "name", None)]
            option = f"--{(called or [given.name])[0].replace('_', '-')}"
            wanted |= set() if is_positional else {option}
        assert options == wanted, name
        assert len(told) == len(wanted) + positional, name


def test_the_page_of_python_has_every_public_name_and_no_other() -> None:
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^::: rumpus\.(\w+)$", page, re.M)) == sorted(rumpus.__all__)


PAGE = """\
## One

```sh
mkdir below; cd below
NAME=kept; export NAME
```

```python
raise SystemExit("this is only to be read")
```

```python title="said.py"
import os
print(os.environ["NAME"])
```

## Two

```sh
python3 said.py > said.txt
(exit 3)
cat said.txt
```
"""


def test_a_page_is_run_as_a_reader_would(tmp_path: Path) -> None:
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    rows = run_guide.run(list(run_guide.blocks(PAGE)), tmp_path, path)
    assert [row.variant for row in rows] == ["One", "Two", "all"]
    assert [row.metrics["goals_missed_n"] for row in rows] == [0.0, 1.0, 1.0]
    assert (tmp_path / "below" / "said.txt").read_text() == "kept\n"
    failing = PAGE.replace("exit 3", "exit 1")
    with pytest.raises(subprocess.CalledProcessError):
        run_guide.run(list(run_guide.blocks(failing)), tmp_path / "below", path)


def test_the_first_hour_shows_a_world_of_25_lines_and_took_less_than_15_minutes() -> None:
    shown = list(run_guide.blocks((ROOT / "docs" / "first-hour.md").read_text(encoding="utf-8")))
    (world,) = [block.text for block in shown if block.file == "spot.py"]
    assert len([line for line in world.splitlines() if line.strip()]) <= 25
    result = json.loads((ROOT / "benchmarks/results/first-hour.json").read_text())
    measured = {row["variant"]: row["wall_s"] for row in result["rows"]}
    assert result["rows"][-1]["metrics"]["goals_missed_n"] == 0.0
    assert [*measured] == [*dict.fromkeys(b.heading for b in shown if not b.file), "all"]
    assert measured["all"] <= 900.0
