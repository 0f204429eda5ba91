"""Runs a page as a reader would: every shell block, every file that it shows, from top to bottom.

    python docs/run_guide.py docs/first-hour.md --result benchmarks/results/first-hour.json
    python docs/run_guide.py README.md --section "The first five minutes"

It begins in an empty folder. Where the page sets everything up itself, that folder holds a fresh
clone of this repository, as the reader's would; else the commands of this environment are on the
path. A command that fails ends it with its exit code.
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rumpus.result import Row, write_result

ROOT = Path(__file__).parent.parent
PART = re.compile(
    r'^## ([^\n]+)$|^```(sh|python title="([\w.]+)")\n(.*?)^```$', re.MULTILINE | re.DOTALL
)
# A block is run by one shell, which leaves the folder it ended in and its variables to the next.
# Code 3 is of `rumpus do`, which ran and did not get there: no failure of the page, but counted.
SHELL = """trap 'code=$?; [ $code -eq 3 ] || exit $code; echo >> "$GUIDE_STATE/missed"' ERR
{block}
pwd > "$GUIDE_STATE/folder"; env -0 > "$GUIDE_STATE/variables" """


@dataclass(frozen=True)
class Block:
    """What a page shows.

    Attributes:
        heading: under which.
        text: of the block.
        file: as which a reader saves it; "" where it is to be run in a shell.
    """

    heading: str
    text: str
    file: str = ""


def blocks(page: str) -> Iterator[Block]:
    """What is to be run and saved, in order; blocks of other kinds are only to be read."""
    heading = ""
    for title, kind, file, text in PART.findall(page):
        if title:
            heading = title
        elif kind:
            yield Block(heading, text, file)


def run(shown: list[Block], folder: Path, variables: dict[str, str]) -> list[Row]:
    """Run what a page shows, and measure it: a row for each heading, and one for all."""
    spent: dict[str, np.ndarray[Any, Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        state, variables = Path(name), variables | {"GUIDE_STATE": name}
        for block in shown:
            if block.file:
                (folder / block.file).write_text(block.text, encoding="utf-8")
                continue
            print(f"\n--- {block.heading}\n{block.text}", flush=True)
            begun, missed = _clocks(), state / "missed"
            missed.write_text("")
            subprocess.run(
                ["bash", "-c", SHELL.format(block=block.text)],
                cwd=folder, env=variables, stdin=subprocess.DEVNULL, check=True,
            )  # fmt: skip
            folder = Path((state / "folder").read_text().removesuffix("\n"))
            told = (state / "variables").read_text().split("\0")
            variables = dict(line.split("=", 1) for line in told if line)
            took = np.append(_clocks() - begun, len(missed.read_text()))
            spent[block.heading] = spent.get(block.heading, 0.0) + took
    spent["all"] = sum(spent.values(), np.zeros(3))
    return [
        Row(heading, 0, 1, 0, round(float(wall_s), 1),
            {"processor_s": round(float(processor_s), 1), "goals_missed_n": float(missed_n)})
        for heading, (wall_s, processor_s, missed_n) in spent.items()
    ]  # fmt: skip


def _clocks() -> np.ndarray[Any, Any]:
    """The time by the clock, and that of a processor for all that was run so far, in s."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return np.array([time.monotonic(), used.ru_utime + used.ru_stime])


def main() -> None:
    """Run a page."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    asked.add_argument("page", type=Path)
    asked.add_argument("--section", help="run only what is under this heading")
    asked.add_argument("--result", type=Path, help="write how long each part took")
    given = asked.parse_args()
    shown = list(blocks(given.page.read_text(encoding="utf-8")))
    shown = [block for block in shown if given.section in (None, block.heading)]
    assert shown, f"{given.page} shows nothing to run."
    variables = {n: v for n, v in os.environ.items() if n not in ("PYTHONPATH", "VIRTUAL_ENV")}
    with tempfile.TemporaryDirectory(prefix="guide-") as name:
        if any("make setup" in block.text for block in shown):
            subprocess.run(["git", "clone", "--quiet", ROOT, f"{name}/rumpus"], check=True)
        else:
            variables["PATH"] = f"{Path(sys.executable).parent}:{variables['PATH']}"
        rows = run(shown, Path(name), variables)
    for row in rows:
        print(f"{row.wall_s:7.1f} s  {row.variant}; goals missed: {row.metrics['goals_missed_n']}")
    if given.result:
        write_result(given.result, given.result.stem, rows)


if __name__ == "__main__":
    main()
