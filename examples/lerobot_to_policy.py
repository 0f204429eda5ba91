"""From anybody's LeRobot dataset to a policy that acts, without any robot.

    python examples/lerobot_to_policy.py path/to/dataset runs/theirs

The dataset (v3.0) is taken into a memory as far as it is whole, and what was lost or mended on the
way is told. Then a mind learns from that memory until nothing is owed: what the robot's actions do,
how many steps lie between any two moments, how to get from one to the other. At the end it says
what it would do at the first moment of the dataset to come to the last.
"""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rumpus


def main(dataset: str, run: str, settings: Mapping[str, Any] | None = None) -> list[float]:
    """Import, learn, and act once; the action, a number from -1 to 1 for each motor."""
    if not Path(run).exists():
        imported = ["rumpus", "memory", "import", dataset, run, "--format", "lerobot"]
        subprocess.run([sys.executable, "-m", *imported], check=True)
    actor = rumpus.train(run, settings)
    with rumpus.Memory.open(Path(run), write=False) as memory:
        here, goal = memory.readings(0), memory.readings(len(memory) - 1)
    steps = actor.predicted_steps(actor.encode(here), actor.encode(goal))
    print(f"It believes the last moment to be {steps:.1f} steps from the first.")
    action: list[float] = actor.act(here, goal).tolist()
    return action


if __name__ == "__main__":
    print("There it would begin with the action", main(sys.argv[1], sys.argv[2]))
