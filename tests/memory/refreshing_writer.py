"""Goes on with a memory in a process of its own: refreshing_writer.py FOLDER STEPS."""

import sys
import time
from pathlib import Path

import numpy as np

from rumpus.memory import Memory
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Observation, Step

SPEC = RobotSpec("toy", (SensorSpec("eye", (3, 4, 3)), SensorSpec("q", (2,), -1.0, 1.0)), 2, 10.0)


def step(k: int) -> Step:
    """Step k of this memory, known to whoever writes and to whoever checks."""
    rng = np.random.default_rng(k)
    readings: dict[str, Array] = {
        "eye": rng.integers(0, 256, (3, 4, 3), dtype=np.uint8),
        "q": rng.normal(size=2).astype(np.float32),
    }
    if k % 4 == 3:
        del readings["eye"]
    action = rng.uniform(-1, 1, 2).astype(np.float32)
    return Step(Observation(readings, 0.1 * k), action, action / 2, goal_reason=f"step {k}")


def main() -> None:
    folder, steps = Path(sys.argv[1]), int(sys.argv[2])
    with Memory.open(folder) as memory:
        memory.begin_episode("play")
        while len(memory) < steps:
            memory.append(step(len(memory)))
            if len(memory) % 97 == 0:
                memory.flush()
            if len(memory) % 1500 == 0:
                memory.film()
            if len(memory) % 500 == 0:
                time.sleep(0.02)


if __name__ == "__main__":
    main()
