"""Where the system gives a program no more files or memory, that is said, and no disk is blamed."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rumpus.errors import RunError
from rumpus.run.folder import open_run

DOT = "outside_image:DotEnv"
NARROW = """
import resource, sys
from pathlib import Path
import rumpus.run.play_loop, rumpus.cli.playing, torch._dynamo  # all that play loads
from rumpus.cli.command_line import main

status = Path("/proc/self/status").read_text()
(has_kb,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmSize"))
most = (has_kb << 10) + (int(sys.argv[1]) << 20)
resource.setrlimit(resource.RLIMIT_AS, (most, most))
sys.exit(main(sys.argv[2:]))
"""


@contextmanager
def at_most(kind: int, most: int) -> Iterator[None]:
    """So much of something is given to this process, and no more."""
    soft, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(kind, (soft, hard))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="asks Linux")
def test_too_many_open_files_are_no_matter_of_the_disk(dot: Path, strangers: None) -> None:
    run, most = open_run(dot), max(map(int, os.listdir("/proc/self/fd")))
    taken = [os.dup(0) for _ in range(most)]  # no number below is free
    try:
        with at_most(resource.RLIMIT_NOFILE, max(taken) + 1):
            with pytest.raises(RunError, match=r"open no more files; raise that limit") as told:
                run.log({})
            assert "make room" not in str(told.value)
    finally:
        for number in taken:
            os.close(number)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux")
@pytest.mark.parametrize(
    ("more_mb", "more"),
    [(10, []), (600, ["--set", "replay.windows=10000"])],  # too much asked for at once, of torch
)
def test_too_little_memory_is_one_sentence(
    tmp_path: Path, strangers: None, more_mb: int, more: list[str]
) -> None:
    play = ["play", DOT, "--run", tmp_path / "run", "--steps", "40", "--random-steps", "20", *more]
    words = [sys.executable, "-c", NARROW, more_mb, *play, "--device", "cpu"]
    paths = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [*map(str, words)], capture_output=True, text=True, env=os.environ | paths, timeout=120
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert "no more memory" in last or "more RAM" in last
