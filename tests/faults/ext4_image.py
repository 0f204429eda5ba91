"""Power lost on a real file system: the image of an ext4 is copied while a run plays on it.

What the kernel has not yet brought to the image is what a loss of power takes. Needs the right to
mount, so it is a benchmark and no test; see power_loss.py for the emulation that tests use.
"""

import gc
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from killing import Toll
from power_loss import ASKED, DOT, SMALL, paths

from rumpus.errors import RumpusError
from rumpus.memory import acknowledged
from rumpus.play.progress import Until
from rumpus.run import play_loop
from rumpus.run.session import begin_or_resume

IMAGE_SIZE, LONGEST_S = "256M", 6.0
RUN = Path("new") / "run"  # in a folder that is not there yet, either


def lose_power_on_ext4(scratch: Path, durability: str, losses: int, seed: int) -> Toll:
    """Lose the power of a run that plays, so many times, and let what is left play on."""
    toll, chance = Toll(), random.Random(seed)
    for _ in range(losses):
        told, minded = _copied(scratch, durability, chance.uniform(0.0, LONGEST_S))
        toll.kills += 1
        toll.acknowledged += told
        with _mounted(scratch / "copy", scratch / "left") as left:
            _go_on(left / RUN, told, minded, toll)
            gc.collect()  # of its view, which is mapped
    return toll


def _go_on(run: Path, told: int, minded: int, toll: Toll) -> None:
    """Count what lacks in a run that is left, and let it play on."""
    try:
        with begin_or_resume(ASKED, run) as session:
            memory = session.memory
            there = len(list(memory.steps(0, len(memory))))
            toll.lost += max(told - there, 0)
            is_old = session.mind_steps < minded
            play_loop.play(session, Until(there + 2), lambda progress: None)
            toll.unopened += is_old or memory.acknowledged != there + 2
    except RumpusError:
        toll.unopened += 1


def _copied(scratch: Path, durability: str, lived_s: float) -> tuple[int, int]:
    """Copy the image of a run that has lived so long; the steps that it, and its mind, told of."""
    image = scratch / "image"
    image.unlink(missing_ok=True)
    _do("truncate", "-s", IMAGE_SIZE, image)
    _do("mkfs.ext4", "-q", image)
    settings = [word for name in SMALL.items() for word in ("--set", "{}={}".format(*name))]
    with _mounted(image, scratch / "lived") as lived:
        run = lived / RUN
        command = [sys.executable, "-m", "rumpus", "play", DOT, "--run", str(run), "--steps",
                   "100000", "--durability", durability, "--device", "cpu", *settings]  # fmt: skip
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ | paths())
        while acknowledged.read(run / "memory") is None:
            time.sleep(0.01)
        time.sleep(lived_s)
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.02)  # until all its threads have
        told, log = acknowledged.read(run / "memory"), run / "metrics.jsonl"
        lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        _do("cp", "--sparse=always", image, scratch / "copy")
        process.kill()
        process.wait()
    saved = [line["steps"] for line in lines if "train_s" in line]  # logged once it is on the disk
    return told.count if told else 0, max(saved, default=0)


@contextmanager
def _mounted(image: Path, at: Path) -> Iterator[Path]:
    at.mkdir(exist_ok=True)
    _do("mount", "-o", "loop", image, at)
    try:
        yield at
    finally:
        _do("umount", at)


def _do(*words: object) -> None:
    subprocess.run([str(word) for word in words], check=True)
