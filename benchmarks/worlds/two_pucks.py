"""The world `two_pucks`: a blue and a green puck in a tray, and a finger that can push either."""

from collections.abc import Sequence

import numpy as np

from rumpus.body.sensors.scene import SensorFactory
from rumpus.types import Array
from rumpus.worlds._simulation import SimulatedWorld, distance_m
from rumpus.worlds.base import Measure, State, Trial

from ._finger import CAMERA, HAND, HAND_M, apart, free, puck, scene, tray

FINGER_M, STEP_M, PUCK_M = 0.024, 0.03, 0.032
TRAY_M, REACH_M = 0.14, 0.18  # half their sides
ROOM_M = TRAY_M - PUCK_M - 0.01  # of a puck's centre in a trial
PUCKS = (("blue_x_m", "blue_y_m"), ("green_x_m", "green_y_m"))


class TwoPucks(SimulatedWorld):
    """Two pucks that a finger pushes about a tray, seen by one camera from above."""

    names = (*HAND_M, *PUCKS[0], *PUCKS[1])
    trial_kinds = ("one", "both")

    def __init__(self, seed: int = 0, sensors: Sequence[SensorFactory] = (CAMERA,)) -> None:
        """Start with finger and pucks at places drawn from `seed`."""
        joints = (*HAND, "blue_x", "blue_y", "green_x", "green_y")
        super().__init__("two pucks", _mjcf(), joints, (STEP_M,) * 2, sensors)
        self.measure = Measure("farther_puck_error_m", 0.03, 80)
        self.place(self._anywhere(np.random.default_rng(seed)))

    def clip_to_workspace(self, target: Array) -> Array:
        """The square that the finger stays in."""
        return np.clip(target, -REACH_M, REACH_M)

    def headline_error(self, state: State, goal: State) -> float:
        """How far that puck is from the goal's which is farther from it."""
        return max(distance_m(state, goal, names) for names in PUCKS)

    def trials(self, count: int, seed: int, kind: str) -> list[Trial]:
        """Pucks to push, both of them, or one or the other in turn."""
        trials = apart(self, lambda _, rng: self._anywhere(rng), count, seed)
        return trials if kind == "both" else [self._one(t, i) for i, t in enumerate(trials)]

    def _one(self, trial: Trial, number: int) -> Trial:
        """The same trial with one puck already where it belongs, and the other far away."""
        rng = np.random.default_rng((trial.seed, number))
        stays = PUCKS[number % 2]

        def draw() -> Array:
            at = dict(self._named(self._drawn(rng))) | {name: trial.goal[name] for name in stays}
            return np.array([at[name] for name in self.names])

        start = trial.goal
        while self.headline_error(start, trial.goal) < 2 * self.measure.tolerance:
            start = free(self, draw)
        return Trial(start, trial.goal, trial.seed)

    def _anywhere(self, rng: np.random.Generator) -> State:
        return free(self, lambda: self._drawn(rng))

    def _drawn(self, rng: np.random.Generator) -> Array:
        pucks = rng.uniform(-ROOM_M, ROOM_M, 4)
        return np.concatenate([rng.uniform(-REACH_M, REACH_M, 2), pucks])


def _mjcf() -> str:
    shape = f'type="cylinder" size="{PUCK_M} 0.015"'
    things = (tray(TRAY_M) + puck("blue", shape, "0.15 0.35 0.95 1")
              + puck("green", shape, "0.3 0.9 0.2 1"))  # fmt: skip
    return scene("two pucks", things, FINGER_M, 0.205)
