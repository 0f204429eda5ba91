"""Writes the page of all commands, from what the command line itself says of them.

    python docs/commands.py    # prints it

There is no second list of commands and options to keep in step: each is asked for its `--help`.
"""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from io import BytesIO, TextIOWrapper

from rumpus.cli.command_line import main

WIDTH = 240  # in which each sentence of a help is one line
# " --steps N   Stop ..", " WORLD   A world ..", "   • play   Let a robot .."; no prose between.
ITEM = re.compile(r" (?:  • )?(-\S.*?|[A-Z_]+|(?<=• )\S+)(?:  +(\S.*))?")
HEAD = """\
# Commands

What `rumpus --help` and `rumpus VERB --help` say, on one page. Results go to standard output,
everything else to standard error; with `--json` a result is one line of JSON. The exit code is 0
where all went well, 1 where a check failed, 2 where a command was refused, with one sentence that
says why, 3 where `do` or `imagine` did not get there, as the robot sees it, and 130 where it was
interrupted. A whole number may be written as `10_000` or `1e4`.
"""


def page() -> str:
    """All commands in Markdown."""
    return "\n".join([HEAD, *_sections("rumpus")])


def _sections(*words: str) -> Iterator[str]:
    """A command and those below it, each a heading, what it does, and what it takes."""
    usage, sentence, boxes = _help(*words[1:])
    verbs = boxes.pop("subcommands", {})
    if len(words) > 1:
        yield f"{'#' * len(words)} {' '.join(words)}\n\n{sentence}\n\n```text\n{usage}\n```\n"
    items = {name: told for box in boxes.values() for name, told in box.items()}
    items.pop("-h, --help")
    if items:
        yield "| Argument | |\n|---|---|"
        for name, told in items.items():
            cells = (cell.replace("|", r"\|").replace("<", "&lt;") for cell in (name, told))
            yield "| `{}` | {} |".format(*cells)
        yield ""
    for verb in verbs:
        yield from _sections(*words, verb)


def _help(*words: str) -> tuple[str, str, dict[str, dict[str, str]]]:
    """What a command says of itself: how it is called, what it does, and its boxes of arguments."""
    said, before = TextIOWrapper(BytesIO(), encoding="utf-8"), os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(WIDTH)
    try:
        with redirect_stdout(said), suppress(SystemExit):
            main([*words, "--help"])
    finally:
        os.environ.pop("COLUMNS")
        if before is not None:
            os.environ["COLUMNS"] = before
    said.seek(0)
    usage, _, rest = said.read().removeprefix("usage: ").partition("\n\n")
    sentence, *boxes = re.split(r"^╭─ (.*?) ─+╮$", rest, flags=re.MULTILINE)
    named = zip(boxes[::2], boxes[1::2], strict=True)
    usage = usage.replace(" [-h]", "")
    return " ".join(usage.split()), " ".join(sentence.split()), {n: _items(b) for n, b in named}


def _items(box: str) -> dict[str, str]:
    """The arguments in one box of a help, each with what it says."""
    items: dict[str, str] = {}
    for line in box.splitlines():
        text = line.strip("│").rstrip()
        if found := ITEM.fullmatch(text):
            items[found[1]] = found[2] or ""
        elif items and text.startswith("  "):  # goes on with the last one
            last = list(items)[-1]
            items[last] = f"{items[last]} {text.strip()}".strip()
    return items


if __name__ == "__main__":
    sys.stdout.write(page())
