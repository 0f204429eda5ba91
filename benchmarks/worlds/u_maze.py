"""The world `u_maze`: a ball driven through a passage in the shape of a U."""

from collections.abc import Sequence

import numpy as np

from rumpus.body.sensors.scene import SensorFactory
from rumpus.types import Array
from rumpus.worlds._simulation import SimulatedWorld, distance_m
from rumpus.worlds.base import Measure, State, Trial

from ._finger import CAMERA, HAND, apart, free, scene

BALL_M, STEP_M, HALF_M = 0.022, 0.02, 0.16
WALL_M, GAP_M = 0.025, 0.10  # half the thickness of the wall between the arms; what it leaves open
REACH_M = HALF_M - BALL_M


class UMaze(SimulatedWorld):
    """A ball in a U-shaped passage, driven from inside, seen by one camera from above."""

    names = ("ball_x_m", "ball_y_m")
    trial_kinds = ("across", "anywhere")

    def __init__(self, seed: int = 0, sensors: Sequence[SensorFactory] = (CAMERA,)) -> None:
        """Start with the ball at a place drawn from `seed`."""
        super().__init__("U maze", _mjcf(), HAND, (STEP_M,) * 2, sensors)
        self.measure = Measure("ball_error_m", 0.03, 60)
        rng = np.random.default_rng(seed)
        self.place(self._anywhere(rng.uniform(), rng))

    def clip_to_workspace(self, target: Array) -> Array:
        """The square round the maze; its walls do the rest."""
        return np.clip(target, -REACH_M, REACH_M)

    def headline_error(self, state: State, goal: State) -> float:
        """How far the ball is from the goal's, as the crow flies."""
        return distance_m(state, goal, self.names)

    def errors(self, state: State, goal: State) -> dict[str, float]:
        """The ball is the hand, and counted once."""
        return {self.measure.name: self.headline_error(state, goal)}

    def trials(self, count: int, seed: int, kind: str) -> list[Trial]:
        """Ways to go: from one arm into the other, or from anywhere to anywhere."""
        if kind == "anywhere":
            return apart(self, self._anywhere, count, seed)
        rng, sides = np.random.default_rng(seed), [1 if i % 2 else -1 for i in range(count)]
        return [Trial(self._in_arm(s, rng), self._in_arm(-s, rng), seed) for s in sides]

    def _in_arm(self, side: int, rng: np.random.Generator) -> State:
        low, high = WALL_M + BALL_M, REACH_M
        return self.settled(np.array([rng.uniform(-REACH_M, HALF_M - GAP_M - 0.04),
                                      side * rng.uniform(low, high)]))  # fmt: skip

    def _anywhere(self, share: float, rng: np.random.Generator) -> State:
        x = REACH_M * (2 * share - 1)
        return free(self, lambda: np.array([x, rng.uniform(-REACH_M, REACH_M)]))


def _mjcf() -> str:
    wall = 'class="thing" type="box" rgba="0.75 0.75 0.78 1"'
    half = (2 * HALF_M - GAP_M) / 2
    walls = f'<geom {wall} size="{half} {WALL_M} 0.022" pos="{half - HALF_M} 0 0.022"/>' + "".join(
        f'<geom {wall} size="{a} {b} 0.012" pos="{x} {y} 0.012"/>'
        for a, b, x, y in (
            (0.006, HALF_M, HALF_M + 0.006, 0), (0.006, HALF_M, -HALF_M - 0.006, 0),
            (HALF_M, 0.006, 0, HALF_M + 0.006), (HALF_M, 0.006, 0, -HALF_M - 0.006),
        )
    )  # fmt: skip
    return scene("U maze", walls, BALL_M, 0.185)
