"""A run's mind in a loop of one's own: twelve lines between a camera and motors.

    python examples/own_loop.py runs/door goal.png

Plays nothing and remembers nothing: it asks the actor for an action, ten times a second, and gives
it to a robot that limits it. Put your own robot in the place of the world.
"""

import sys

import numpy as np
from PIL import Image

import rumpus


def main(run: str, picture: str, steps: int = 60) -> float:
    """Go for what a picture shows; how many steps it believes to be away at the end."""
    actor = rumpus.load_actor(run)
    world = rumpus.load_world("door", seed=1)
    robot = rumpus.SafeRobot(world, rumpus.Limits(largest_change=1.0))
    goal = {"camera": np.asarray(Image.open(picture).convert("RGB"))}
    try:
        for _ in range(steps):
            robot.act(actor.act(robot.observe().readings, goal))
        here, there = actor.encode(robot.observe().readings), actor.encode(goal)
    finally:
        robot.stop()
    return actor.predicted_steps(here, there)


if __name__ == "__main__":
    print(f"It believes itself {main(sys.argv[1], sys.argv[2]):.1f} steps from the goal.")
