"""The world `stick`: an analogue stick on springs, pushed aside by feel alone.

The stick stands up again as soon as nobody pushes it. The fingertip is lifted by so little that its
gel still feels the cap, though it holds it no more. A knob on the round cap shows how it stands:
the cap's imprint alone, the same from all sides, does not.
"""

from collections.abc import Sequence

import mujoco
import numpy as np

from rumpus.body.sensors.scene import SensorFactory
from rumpus.types import Array
from rumpus.worlds._fingertip import BACK_M, HAND_M, SUBSTEPS_N, Fingertip, fingertip
from rumpus.worlds.base import Measure, State, Trial

STICK_M = 0.02  # from its hinge to the top of the cap
CAP_M = 0.008  # radius
DRAGGED_M = 0.0085  # how far the fingertip drags the tip in goals; a third of it slips
REACH_M = 0.008
LIFTED_M = STICK_M - BACK_M + 0.0001  # lets go of an upright stick, which still shows in the gel
LOWEST_M = 0.0165
STEP_M = (0.002, 0.002, 0.0006)
NEAREST = 0.2  # share of the disc of goals in its middle that is left out
DRAGS_N = 15  # steps in which a goal is dragged to


class Stick(Fingertip):
    """A spring-loaded stick that a fingertip pushes to where a picture of its gel shows it."""

    names = (*HAND_M, "stick_x_rad", "stick_y_rad")
    trial_kinds = ("released",)

    def __init__(
        self, seed: int = 0, crude: bool = False, sensors: Sequence[SensorFactory] = ()
    ) -> None:
        """Start above the stick, at a place drawn from `seed`.

        Args:
            seed: of the start.
            crude: a worse gel, see `_fingertip.py`.
            sensors: others than the gel and the fingertip's joints.
        """
        low, high = (-REACH_M, -REACH_M, LOWEST_M), (REACH_M, REACH_M, LIFTED_M)
        joints = ("stick_x", "stick_y")
        super().__init__(
            "stick", _stick(), joints, STEP_M, low, high, sensors or fingertip(crude)
        )  # fmt: skip
        self.measure = Measure("tip_error_m", 0.001, 40, {"leave it upright": _upright()})
        self.place(self._released(np.random.default_rng(seed)))

    def headline_error(self, state: State, goal: State) -> float:
        """How far the tip is from the goal's."""
        apart = [state[name] - goal[name] for name in self.names[3:]]
        return STICK_M * float(np.linalg.norm(apart))

    def trials(self, count: int, seed: int, kind: str) -> list[Trial]:
        """Leans spread evenly over a ring, pushed to from an upright stick that nobody touches."""
        rng = np.random.default_rng(seed)
        share = rng.permutation(NEAREST + (1 - NEAREST) * (np.arange(count) + 0.5) / count)
        turn = rng.uniform(0, 2 * np.pi, count)
        dragged_m = DRAGGED_M * np.sqrt(share)[:, None] * np.stack([np.cos(turn), np.sin(turn)], 1)
        return [Trial(self._released(rng), self._dragged(to_m), seed) for to_m in dragged_m]

    def _dragged(self, to_m: Array) -> State:
        """The stick held by a fingertip that was pressed on its top and dragged there, (2,)."""
        trial = mujoco.MjData(self.model)
        self._settle(trial, np.array([0.0, 0.0, STICK_M - BACK_M, 0.0, 0.0]))
        for share in (np.arange(DRAGS_N) + 1.0) / DRAGS_N:
            # The cap sinks as the stick leans; the fingertip goes down with it and a little more.
            lean_rad = np.linalg.norm(share * to_m) / STICK_M
            sunk_m = (STICK_M - CAP_M) * (1 - np.cos(lean_rad)) + 0.0003
            trial.ctrl[:] = [*(share * to_m), STICK_M - BACK_M - sunk_m]
            mujoco.mj_step(self.model, trial, SUBSTEPS_N)
        return self.told(trial)

    def _released(self, rng: np.random.Generator) -> State:
        hand = rng.uniform(-0.004, 0.004, 2)
        return {**_upright(), **dict(zip(HAND_M, (*map(float, hand), LIFTED_M), strict=True))}


def _upright() -> dict[str, float]:
    return {"stick_x_rad": 0.0, "stick_y_rad": 0.0}


def _stick() -> str:
    middle_m = STICK_M - CAP_M
    return f"""
    <body name="stick">
      <joint name="stick_x" axis="0 1 0" stiffness="0.05" damping="0.0006" range="-0.4 0.4"/>
      <joint name="stick_y" axis="-1 0 0" stiffness="0.05" damping="0.0006" range="-0.4 0.4"/>
      <geom type="sphere" size="{CAP_M}" pos="0 0 {middle_m}" mass="0.004"
        rgba="0.2 0.2 0.25 1"/>
      <geom class="seen" type="sphere" size="0.0012" pos="0 0 {STICK_M - 0.0007}"
        rgba="0.9 0.9 0.2 1"/>
    </body>"""
