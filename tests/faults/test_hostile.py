"""A dataset that wants to do harm is one sentence: nothing elsewhere is read, little RAM taken."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import hostile
import pytest

DATASETS = int(os.environ.get("RUMPUS_HOSTILE", "13"))  # one of each kind
PEAK_MB = 400  # of a process that takes one in, 80 of which are libraries
OPENED = re.compile(r"^(?:\[pid )?(\d+)\S* .*open\w*\(.*(O_\w+).*= \d+<([^>]+)>$")


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace, to see what is opened")
def test_hostile_datasets_are_told_in_a_sentence_and_read_nothing_elsewhere(tmp_path: Path) -> None:
    hostile.secrets(tmp_path / "outside")
    program = [sys.executable, "tests/faults/take_hostile.py", str(tmp_path), "0", str(DATASETS)]
    traced = ["strace", "-f", "--seccomp-bpf", "-y", "-e", "trace=open,openat,openat2", "-o"]
    paths = os.pathsep.join([".", "tests/faults", os.environ.get("PYTHONPATH", "")])
    (tmp_path / "scratch").mkdir()
    places = {"PYTHONPATH": paths, "TMPDIR": str(tmp_path / "scratch")}
    command, env = [*traced, str(tmp_path / "log"), *program], os.environ | places
    ended = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    every: list[dict[str, Any]] = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [one["seed"] for one in every] == list(range(DATASETS))
    for one in every:
        assert (one["signal"], one["leaked"], one["left"]) == (0, False, []), one
        assert one["peak_mb"] < PEAK_MB, one
        # Where it could be taken in, something came; else one sentence says why not.
        assert (one["code"], one["said"].count("\n"), one["steps"] > 0) in (
            (0, 0, True), (2, 1, False),
        ), one  # fmt: skip
    assert Counter(one["code"] for one in every)[2] > DATASETS // 2
    seen, elsewhere = opened(tmp_path, {one["process"] for one in every})
    assert (seen, elsewhere) == (DATASETS, [])


def opened(folder: Path, processes: set[int]) -> tuple[int, list[str]]:
    """How many processes were seen to open a file, and what they opened that they must not.

    That is a secret, or anything but a memory to write it.
    """
    elsewhere, seen = [], set()
    may_write = [folder / "in", folder / "scratch", Path("/dev")]
    for line in (folder / "log").read_text(errors="replace").splitlines():
        if (found := OPENED.match(line)) and (process := int(found[1])) in processes:
            seen.add(process)
            where, is_read = Path(found[3]), "O_RDONLY" in line
            is_secret = where.is_relative_to(folder / "outside") or where == Path("/dev/zero")
            is_ours = any(map(where.is_relative_to, may_write))
            is_dataset = where.is_relative_to(folder / "in" / "dataset")
            if is_secret or not (is_read or (is_ours and not is_dataset)):
                elsewhere.append(line)
    return len(seen), elsewhere
