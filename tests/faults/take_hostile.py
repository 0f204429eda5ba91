"""python take_hostile.py FOLDER FIRST STOP: imports hostile datasets, and tells of each one line.

Each is made in a process of its own and taken in by another one, so that a crash, a hang and the
RAM of each are its own. A line of JSON tells what came of it.
"""

import importlib
import io
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import hostile

from rumpus.cli.command_line import main
from rumpus.memory import Memory

LONGEST_S = 60  # then a signal ends it


def in_a_child(work: Callable[[], Any]) -> tuple[int, int, int, str]:
    """Its number, how it ended, its greatest RAM in KB, and what it gave back."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(LONGEST_S)
        try:
            with os.fdopen(writer, "w") as file:
                file.write(json.dumps(work()))
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        gave = file.read()
    _, status, usage = os.wait4(child, 0)
    return child, status, usage.ru_maxrss, gave


def imported(inside: Path, into: Path, format: str) -> tuple[int, str]:
    """The exit status of the command, and what it said."""
    said = io.StringIO()
    with redirect_stderr(said), redirect_stdout(io.StringIO()):
        return main(
            ["memory", "import", str(inside), str(into), "--format", format]
        ), said.getvalue()


def came(into: Path) -> tuple[int, bool]:
    """How many steps a memory has, and whether a picture of the secret is among them."""
    if not into.exists():
        return 0, False
    with Memory.open(into, write=False) as memory:
        pictures = [memory.frames(s.name) for s in memory.spec.sensors if s.is_picture]
        close = [abs(of.astype(float) - hostile.SECRET) < 4 for of in pictures]
        return len(memory), any(bool(of.all(axis=(1, 2, 3)).any()) for of in close)


def take(folder: Path, seed: int) -> dict[str, Any]:
    home, outside = folder / "in", folder / "outside"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    made = in_a_child(lambda: hostile.make(home / "dataset", outside, seed))
    format, begun_s = json.loads(made[3]), time.monotonic()
    child, status, peak_kb, gave = in_a_child(
        lambda: imported(home / "dataset", home / "memory", format)
    )
    took_s = time.monotonic() - begun_s
    code, said = json.loads(gave or '[-1, ""]')
    steps, leaked = came(home / "memory")
    left = sorted(path.name for path in home.iterdir() if path.name not in ("dataset", "memory"))
    return {
        "seed": seed, "process": child, "signal": status, "code": code, "said": said,
        "steps": steps, "leaked": leaked, "left": left, "took_s": round(took_s, 2),
        "peak_mb": peak_kb // 1000,
    }  # fmt: skip


if __name__ == "__main__":
    for known in ("lerobot", "minari"):  # once, and not in every process again
        importlib.import_module(f"rumpus.exchange.{known}.dataset")
    for number in range(int(sys.argv[2]), int(sys.argv[3])):
        print(json.dumps(take(Path(sys.argv[1]), number)), flush=True)
