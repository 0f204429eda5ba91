"""A writer killed at any moment loses no acknowledged step, and the next one goes on."""

import os
import random
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from rumpus.memory import Memory

KILLS = int(os.environ.get("RUMPUS_KILLS", "10"))
WRITER = Path(__file__).with_name("writer.py")
STEP = runpy.run_path(str(WRITER))["step"]


def acknowledged_before_kill(folder: Path, delay_s: float, born: bool) -> int:
    """Let a writer live for a while, kill it, and return the last figure it told.

    The delay counts from its first figure where `born`, else from the start of the process.
    """
    with subprocess.Popen([sys.executable, WRITER, folder], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        first = process.stdout.readline() if born else b""
        time.sleep(delay_s)
        process.send_signal(signal.SIGKILL)
        lines = (first + process.stdout.read()).split(b"\n")[:-1]  # the last may be cut short
    assert process.returncode == -signal.SIGKILL
    return int(lines[-1]) if lines else 0


def assert_lived(memory: Memory) -> None:
    """Every step is what the writer's life says, in the view and in the store."""
    lived = [STEP(k) for k in range(len(memory))]
    for k, step in enumerate(lived):
        np.testing.assert_array_equal(
            memory.step(k).observation.sensors["camera"], step.observation.sensors["camera"]
        )
    pictures = [step.observation.sensors["camera"] for step in lived]
    if pictures:
        np.testing.assert_array_equal(memory.frames("camera"), np.stack(pictures))
        np.testing.assert_array_equal(memory.actions, [step.action for step in lived])


def test_kill_at_random_moments_loses_nothing_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(os.getpid())
    acknowledged, last_episode, lives = 0, 0, 0
    for kill in range(KILLS):
        folder = tmp_path / f"m{kill // 5}"  # five lives each, so that it also dies when young
        if not folder.exists():
            acknowledged, last_episode = 0, 0
        delay_s, born = chance.uniform(0.0, 0.3), kill % 3 > 0
        told = acknowledged_before_kill(folder, delay_s, born)
        acknowledged = max(acknowledged, told)
        if not Memory.exists(folder):
            assert acknowledged == 0
            continue
        with Memory.open(folder) as memory:
            assert len(memory) >= acknowledged, f"lost after a kill at {delay_s} s"
            assert memory.acknowledged == len(memory)
            assert_lived(memory)
            assert sum(e.length for e in memory.episodes()) == len(memory)
            episode = memory.begin_episode("checker")
            assert episode > last_episode
            acknowledged, last_episode, lives = len(memory), episode, lives + 1
    assert lives >= KILLS // 2  # else hardly a writer came to write, and little was shown
