"""`rumpus play door`, killed at any moment: the same command goes on and says what it found."""

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from safetensors import safe_open

from rumpus.memory import Memory

KILLS = int(os.environ.get("RUMPUS_KILLS", "10"))
STEPS, RANDOM_STEPS = 140, 100
GREETING = re.compile(
    r"Going on with .*: ([\d,]+) steps remembered, mind as of step ([\d,]+), "
    r"0 acknowledged steps lost\.\n"
)
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}


def life(run: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "rumpus", "play", "door", "--run", str(run)]
    lasting = ["--steps", str(STEPS), "--random-steps", str(RANDOM_STEPS)]
    return subprocess.Popen(
        [*command, *lasting], stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    )


def greeting(process: subprocess.Popen[str]) -> tuple[int, int]:
    """(steps remembered, mind as of step), as the life says when it begins."""
    assert process.stderr is not None
    line = process.stderr.readline()
    if line.startswith("Beginning"):
        return 0, 0
    told = GREETING.fullmatch(line)
    assert told, line
    return int(told[1].replace(",", "")), int(told[2].replace(",", ""))


def acknowledged(run: Path) -> int:
    """Steps that the disk holds for certain, seen from outside while the life goes on."""
    file = run / "memory" / "memory.sqlite"
    if not file.exists():
        return 0
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return int(connection.execute("SELECT count(*) FROM step").fetchone()[0])
    finally:
        connection.close()


def mind(run: Path) -> tuple[int, int]:
    """(steps lived, updates) of the mind on disk; whole at any moment."""
    file = run / "checkpoint.safetensors"
    if not file.exists():
        return 0, 0
    with safe_open(file, "pt") as opened:
        about = json.loads(opened.metadata()["rumpus"])
    return about["steps"], about["updates"]


def test_a_killed_life_goes_on_with_everything_acknowledged(tmp_path: Path) -> None:
    run, chance = tmp_path / "run", random.Random(os.getpid())
    steps = 0
    for kill in range(KILLS):
        process = life(run)
        try:
            if kill % 5 == 4:  # some die before they have said anything
                time.sleep(chance.uniform(0.0, 2.0))
            else:
                remembered, mind_steps = greeting(process)
                assert remembered >= steps, "acknowledged steps are gone"
                assert mind_steps == mind(run)[0]
                time.sleep(chance.choice([0.1, 0.5, 2.0, 4.0]) * chance.random())
            steps = acknowledged(run)
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate()
    assert steps > 0, "no life lasted long enough to show anything"

    process = life(run)
    remembered, mind_steps = greeting(process)
    assert remembered >= steps
    process.communicate(timeout=120)
    assert process.returncode == 0
    assert mind(run) == (STEPS, STEPS // 4)  # every update that was owed was paid, once
    with Memory.open(run / "memory", write=False) as memory:
        assert len(memory) == STEPS
        assert sum(episode.length for episode in memory.episodes()) == STEPS
        for index in range(STEPS):  # the store checks the bytes, and the view equals it
            kept = memory.step(index).observation.sensors["camera"]
            assert np.array_equal(kept, memory.frames("camera")[index])
