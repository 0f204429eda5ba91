"""A robot's life in a process of its own: writes steps until it is killed or refused.

Prints how many steps are acknowledged, a line each time that more are.
"""

import argparse
import os
import random
import resource
import sys
from pathlib import Path

import numpy as np

from rumpus.errors import MemoryFault
from rumpus.memory import Memory, MemoryConfig
from rumpus.memory.memory import DEFAULT
from rumpus.memory.writer_thread import Writer
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Observation, Step

SPEC = RobotSpec("toy", (SensorSpec("camera", (16, 16, 3)),), action_size=2, rate_hz=10.0)


def step(k: int) -> Step:
    """Step k of this life: known to the writer and to whoever checks."""
    picture = (np.arange(768) * (2 * k + 1) % 251).astype(np.uint8).reshape(16, 16, 3)
    action = np.array([np.sin(k), np.cos(k)], np.float32)
    return Step(Observation({"camera": picture}, 0.1 * k), action, action / 2)


def live(
    folder: Path,
    config: MemoryConfig = DEFAULT,
    steps: int | None = None,
    in_thread: bool = False,
) -> None:
    """Go on with the life in the folder, for ever or to so many steps, telling each news of it."""
    chance, told = random.Random(), 0
    if Memory.exists(folder):
        memory = Memory.open(folder, config=config)
    else:
        memory = Memory.create(folder, SPEC, config)
    count, writer = len(memory), Writer(memory) if in_thread else memory
    while steps is None or count < steps:
        writer.begin_episode("writer")
        for _ in range(chance.choice([1, 5, 50])):
            assert writer.append(step(count)) == count
            count += 1
            told = tell(memory, told)
        if chance.random() < 0.7:
            writer.flush()
        if chance.random() < 0.3:
            writer.film()
        told = tell(memory, told)


def tell(memory: Memory, told: int) -> int:
    """Say how many steps are acknowledged, where that is news."""
    if memory.acknowledged > told:
        os.write(1, b"%d\n" % memory.acknowledged)
    return memory.acknowledged


def main() -> None:
    """Live in a folder, in files of a limited size, or to a number of steps."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--max-file-bytes", type=int)
    parser.add_argument("--durability", default="group")
    parser.add_argument("--steps", type=int)
    asked = parser.parse_args()
    if asked.max_file_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (asked.max_file_bytes,) * 2)
    try:
        live(asked.folder, MemoryConfig(asked.durability), asked.steps)
    except MemoryFault as fault:
        print(fault, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
