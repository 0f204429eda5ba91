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
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import safe_open

from rumpus.memory import Memory
from rumpus.replay.update_ratio import TrainConfig

KILLS = int(os.environ.get("RUMPUS_KILLS", "10"))
GROWTH = 20  # steps that a life adds, unless it is killed before
GREETING = re.compile(
    r"Going on with .*: ([\d,]+) steps remembered, mind as of step ([\d,]+), "
    r"0 acknowledged steps lost\.( It has played .*)?\n"
)
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}


def life(run: Path, steps: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "rumpus", "play", "door", "--run", str(run)]
    lasting = ["--steps", str(steps), "--random-steps", str(GROWTH)]
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
    return about["steps"], about["world_model_updates"]


def test_a_killed_life_goes_on_with_everything_acknowledged(tmp_path: Path) -> None:
    run, chance = tmp_path / "run", random.Random(os.getpid())
    finish(life(run, GROWTH))
    target, found = 2 * GROWTH, Found(GROWTH, GROWTH)
    for kill in range(KILLS):
        process = life(run, target)
        try:
            if kill % 5 == 4:  # some die before they have said anything
                time.sleep(chance.uniform(0.0, 2.0))
            else:
                found.check(*greeting(process))
                time.sleep(chance.choice([0.2, 1.0, 5.0]) * chance.random())
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        found = Found(acknowledged(run), mind(run)[0])
        if process.returncode == 0:  # it was done before it was killed: let the next do more
            target += GROWTH
    process = life(run, target)
    found.check(*greeting(process))
    finish(process)
    updates, _ = TrainConfig().owed(target, 0, 0)
    assert mind(run) == (target, updates)  # every update that was owed was paid, once
    with Memory.open(run / "memory", write=False) as memory:
        assert len(memory) == target
        assert sum(episode.length for episode in memory.episodes()) == target
        for index in range(target):  # the store checks the bytes, and the view equals it
            kept = memory.step(index).observation.readings["camera"]
            assert np.array_equal(kept, memory.frames("camera")[index])


@dataclass(frozen=True)
class Found:
    """What was on the disk when a life ended."""

    steps: int
    mind_steps: int

    def check(self, remembered: int, mind_steps: int) -> None:
        assert remembered >= self.steps, "acknowledged steps are gone"
        assert mind_steps == self.mind_steps, "another mind than the one that was saved"
        assert mind_steps > 0


def finish(process: subprocess.Popen[str]) -> None:
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 0, said
