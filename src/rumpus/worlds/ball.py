"""The world `ball`: a ball under a fingertip of gel, rolled about by feel alone.

The goal is a picture of the gel: the ball's imprint in another place of the pad. The fingertip is
never lifted off the ball, which rolls half as far as it: so where the fingertip's way ends, the
ball is still under it and not yet at the walls of its tray, and nothing is lost.
"""

from collections.abc import Sequence

import numpy as np

from rumpus.body.sensors.scene import SensorFactory
from rumpus.types import Array
from rumpus.worlds._fingertip import BACK_M, HAND_M, SQUEEZED_M, Fingertip, fingertip, tray
from rumpus.worlds.base import Measure, State, Trial

BALL_M = 0.004  # its radius
REACH_M = 0.009
TRAY_M = 0.0055  # how far from the middle its walls let the ball's middle go; it rolls to 0.0045
PRESSED_M = 2 * BALL_M - BACK_M - SQUEEZED_M
LIGHTEST_M = 2 * BALL_M - BACK_M - 0.0001  # still rolls it
STEP_M = (0.002, 0.002, 0.0002)
SHOWN_M = 0.004  # how far from the middle of the pad the ball is in goals and starts
APART_M = 0.0015  # that a trial begins from its goal at least
NAMES = ("ball_x_m", "ball_y_m", "ball_z_m", "ball_qw", "ball_qx", "ball_qy", "ball_qz")


class Ball(Fingertip):
    """A ball on a table that a fingertip rolls to where a picture of its gel shows it."""

    names = (*HAND_M, *NAMES)
    trial_kinds = ("pressed",)

    def __init__(
        self, seed: int = 0, crude: bool = False, sensors: Sequence[SensorFactory] = ()
    ) -> None:
        """Start with the ball under the fingertip at a place drawn from `seed`.

        Args:
            seed: of the start.
            crude: a worse gel, see `_fingertip.py`.
            sensors: others than the gel and the fingertip's joints.
        """
        low, high = (-REACH_M, -REACH_M, PRESSED_M - 0.0002), (REACH_M, REACH_M, LIGHTEST_M)
        super().__init__(
            "ball", _things(), ("ball",), STEP_M, low, high, sensors or fingertip(crude)
        )
        self.measure = Measure("ball_error_m", 0.0005, 30)
        self.place(self._pressed(np.random.default_rng(seed).uniform(-SHOWN_M, SHOWN_M, 2)))

    def headline_error(self, state: State, goal: State) -> float:
        """How far the ball is from the goal's, each as seen from the fingertip."""
        apart = [state[f"ball_{axis}_m"] - state[f"hand_{axis}_m"]
                 - (goal[f"ball_{axis}_m"] - goal[f"hand_{axis}_m"]) for axis in "xy"]  # fmt: skip
        return float(np.linalg.norm(apart))

    def trials(self, count: int, seed: int, kind: str) -> list[Trial]:
        """Imprints in places spread evenly over the pad, from imprints elsewhere."""
        rng, trials = np.random.default_rng(seed), []
        for goal_at in _grid(count, rng):
            start_at = goal_at
            while np.linalg.norm(start_at - goal_at) < APART_M:
                start_at = rng.uniform(-SHOWN_M, SHOWN_M, 2)
            trials.append(Trial(self._pressed(start_at), self._pressed(goal_at), seed))
        return trials

    def _pressed(self, at_m: Array) -> State:
        """The ball rolled so far from the middle of the pad, (2,), out of the middle of both."""
        ball, hand = -at_m, -2 * at_m
        return self.settled(np.array([*hand, PRESSED_M, *ball, BALL_M, 1, 0, 0, 0]))


def _grid(count: int, rng: np.random.Generator) -> Array:
    """Places (count, 2) spread evenly over the square that is shown (R2 sequence), in any order."""
    turn = np.array([0.7548776662, 0.5698402910])  # 1 / p and 1 / p^2 of the plastic number p
    shares = (0.5 + np.arange(count)[:, None] * turn) % 1.0
    places: Array = rng.permutation((2 * shares - 1) * SHOWN_M)
    return places


def _things() -> str:
    return f"""{tray(TRAY_M + BALL_M, 0.006)}
    <body name="ball" pos="0 0 {BALL_M}">
      <freejoint name="ball"/>
      <geom type="sphere" size="{BALL_M}" mass="0.002" rgba="0.9 0.3 0.2 1"/>
    </body>"""
