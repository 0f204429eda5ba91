"""Writers killed at random moments, one after the other, and what is left of their lives.

Each writer is a process of its own, born by fork so that ten thousand of them take minutes: the
whole of writer.py's life lies within the moments at which it can be killed.
"""

import os
import random
import signal
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import writer

from rumpus.errors import MemoryFault
from rumpus.memory import Memory

LONGEST_LIFE_S = 0.1
LIVES = (1, 20)  # fewest and most writers of one memory


@dataclass
class Toll:
    """What so many kills did.

    Attributes:
        kills: writers killed.
        unborn: of them, those killed before their memory was there.
        acknowledged: steps that were acknowledged by writers, in all.
        lost: of them, those that were gone or not what was written.
        unopened: memories that did not open after a kill.
    """

    kills: int = 0
    unborn: int = 0
    acknowledged: int = 0
    lost: int = 0
    unopened: int = 0


def kill_writers(folder: Path, kills: int, chance: random.Random) -> Toll:
    """Kill that many writers; memories live and die in `folder`."""
    toll, memory = Toll(), 0
    while toll.kills < kills:
        path, known = folder / f"m{memory}", 0
        for _ in range(min(chance.randint(*LIVES), kills - toll.kills)):
            known = max(known, _killed(path, chance.uniform(0.0, LONGEST_LIFE_S), chance))
            toll.kills += 1
            known = looked_at(path, known, chance.random() < 0.5, toll)
        toll.acknowledged += known
        memory += 1
    return toll


def _killed(folder: Path, delay_s: float, chance: random.Random) -> int:
    """Let a writer live for so long, kill it, and return how many steps it had acknowledged.

    Its time counts from its first acknowledged step, but for one in five from its birth. Every
    other one writes in a thread of its own.
    """
    ours, its = os.pipe()
    in_thread = chance.random() < 0.5
    process = os.fork()
    if not process:
        os.dup2(its, 1)
        try:
            writer.live(folder, in_thread=in_thread)
        finally:
            os._exit(2)
    os.close(its)
    first = os.read(ours, 4096) if chance.random() < 0.8 else b""
    time.sleep(delay_s)
    os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    assert os.WIFSIGNALED(status), "a writer ended before it was killed"
    with open(ours, "rb") as told:
        lines = (first + told.read()).split(b"\n")[:-1]  # the last may be cut short
    return int(lines[-1]) if lines else 0


def looked_at(folder: Path, acknowledged: int, write: bool, toll: Toll) -> int:
    """Count what is wrong with a memory after a kill; how many steps it is known to hold."""
    if not Memory.exists(folder):
        toll.unborn += 1
        toll.lost += acknowledged
        return 0
    try:
        with Memory.open(folder, write=write) as memory:
            good = good_steps(memory)
            toll.lost += max(acknowledged - good, len(memory) - good)
            episodes = memory.episodes()
            assert memory.acknowledged == len(memory) == sum(e.length for e in episodes)
            if write:
                assert memory.begin_episode("checker") > max((e.id for e in episodes), default=0)
            return len(memory)
    except MemoryFault:
        toll.unopened += 1
        return acknowledged


def good_steps(memory: Memory) -> int:
    """Of how many steps the view and the store both say what the writer's life was."""
    good = 0
    pictures, actions = memory.frames("camera"), memory.actions
    for index, (_, stored) in enumerate(memory.steps(0, len(memory))):
        lived = lived_step(index)
        picture = lived.observation.readings["camera"]
        good += (
            np.array_equal(stored.observation.readings["camera"], picture)
            and np.array_equal(pictures[index], picture)
            and np.array_equal(stored.action, lived.action)
            and np.array_equal(actions[index], lived.action)
        )
    return good


lived_step = lru_cache(None)(writer.step)
