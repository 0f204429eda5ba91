"""A robot's life in a process of its own: writes steps until it is killed or refused.

Usage: writer.py FOLDER [MAX_FILE_BYTES]. Prints how many steps are acknowledged, a line each time.
"""

import os
import random
import resource
import sys
from pathlib import Path

import numpy as np

from rumpus.errors import MemoryFault
from rumpus.memory import Memory
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Observation, Step

SPEC = RobotSpec("toy", (SensorSpec("camera", (16, 16, 3)),), action_size=2, rate_hz=10.0)


def step(k: int) -> Step:
    """Step k of this life: known to the writer and to whoever checks."""
    picture = (np.arange(768) * (2 * k + 1) % 251).astype(np.uint8).reshape(16, 16, 3)
    action = np.array([np.sin(k), np.cos(k)], np.float32)
    return Step(Observation({"camera": picture}, 0.1 * k), action, action / 2)


def live(folder: Path) -> None:
    """Go on with the life in the folder for ever, telling what is acknowledged."""
    chance = random.Random()
    memory = Memory.open(folder) if Memory.exists(folder) else Memory.create(folder, SPEC)
    while True:
        memory.begin_episode("writer")
        for _ in range(chance.choice([1, 5, 50])):
            memory.append(step(len(memory)))
        if chance.random() < 0.7:
            memory.flush()
        if chance.random() < 0.3:
            memory.film()
        os.write(1, b"%d\n" % memory.acknowledged)


def main() -> None:
    """Live in the folder of the first argument, in files no longer than the second."""
    if len(sys.argv) > 2:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
    try:
        live(Path(sys.argv[1]))
    except MemoryFault as fault:
        print(fault, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
