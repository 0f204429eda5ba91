"""What the worlds with a magnet share: a hand that carries what it touches from above, and a side.

What the magnet's underside touches sticks to it, and what holds more strongly keeps it when the
hand is raised; sideways the hand takes it from there. Things slide along one line and up and down
and do not turn. The hand also comes towards the camera, until it hides what lies behind it, and its
rim has the colour of things: what looks right is not always so. Nothing is ever put back.

Each of these worlds has a wish, in words, and a truth: whether what the wish is about is where it
should be. A look-alike lies about that is not meant.

The leading underscore says that this file is not a world. Source: interview 20:49 and 21:10.
"""

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from rumpus.body.sensors.camera import Camera
from rumpus.body.sensors.scene import SensorFactory
from rumpus.types import Array, Executed
from rumpus.worlds._simulation import SimulatedWorld, distance_m
from rumpus.worlds.base import Measure, State, Trial

HAND, HAND_M = ("hand_x", "hand_y", "hand_z"), ("hand_x_m", "hand_y_m", "hand_z_m")
LOW_M, HIGH_M = np.array([-0.09, -0.10, 0.005]), np.array([0.09, 0.0, 0.085])
STEP_M = (0.018, 0.018, 0.014)
RIM_M = 0.013
REACH_M = 0.09  # how far from the middle things lie; the camera sees a little less
CAMERA_M = (0.0, -0.25, 0.11)
LIFT_M = 0.002  # what runs on a rail is above the table, which would hold it by friction
MAGNET_N, HELD_N = 1.5, 2.2  # with which the hand holds, and what holds more strongly
RED = "0.9 0.2 0.1 1"


@dataclass(frozen=True)
class Solid:
    """What stands in the scene, as a box: its middle, half its sides along x and y, its top."""

    x_m: float
    y_m: float
    half_m: tuple[float, float]
    top_m: float


class Magnet(SimulatedWorld):
    """A hand with a magnet; the action is its displacement, (x, y, z) in units of a step.

    Attributes:
        wish: what a person wants, in words.
        wanted: the thing that the wish is about.
        loose: what can be carried, by name: half its breadth, and its height, in m.
        line_m: y of the line that they are carried along.
        within_m: how far from where it should be, sideways and up, what is wanted still is there.
        trial_kinds: to make the wish come true, and to undo it.
    """

    wish: str
    wanted: str
    loose: Mapping[str, tuple[float, float]]
    line_m: float = 0.0
    within_m: tuple[float, float]
    trial_kinds = ("on", "off")

    def __init__(
        self, name: str, things: str, joints: Sequence[str], holds: str, seed: int,
        sensors: Sequence[SensorFactory] = (),
    ) -> None:  # fmt: skip
        """Start with the wish not come true, everything at places drawn from `seed`.

        Args:
            name: the world's.
            things: bodies and geoms on the table, as MJCF; see `thing`.
            joints: of the things, after the hand's.
            holds: the body that holds more strongly than the hand.
            seed: of the start.
            sensors: others than the camera.
        """
        made_by, joints = sensors or (Camera,), (*HAND, *joints)
        super().__init__(name, _mjcf(name, things, holds), joints, STEP_M, made_by)
        self.measure = Measure(f"{self.wanted}_error_m", self.within_m[0], 60)
        self.place(self._somewhere(False, np.random.default_rng(seed)))

    @abstractmethod
    def target_m(self, state: State) -> tuple[float, float]:
        """Where a person looks to see whether the wish has come true, (x, z) on the line."""

    @abstractmethod
    def stands(self, state: State) -> tuple[Solid, ...]:
        """What cannot be carried and hinders the hand or holds up things."""

    @abstractmethod
    def drawn(self, success: bool, rng: np.random.Generator) -> dict[str, float]:
        """Where things might be where the wish has come true, or has not; those left out at 0."""

    def off_m(self, state: State) -> tuple[float, float]:
        """How far what is wanted is from where it should be, sideways and up."""
        x_m, z_m = self.target_m(state)
        return state[f"{self.wanted}_x_m"] - x_m, state[f"{self.wanted}_z_m"] - z_m

    def is_success(self, state: State) -> bool:
        """Whether the wish has come true."""
        off_m = self.off_m(state)
        return all(abs(off) < within for off, within in zip(off_m, self.within_m, strict=True))

    def act(self, action: Array) -> Executed:
        """See `SimulatedWorld`; the outcome tells whether the wish has come true."""
        executed = super().act(action)
        return replace(executed, outcome=json.dumps({"success": self.is_success(self.state())}))

    def headline_error(self, state: State, goal: State) -> float:
        """How far what is wanted is from the goal's, and what it belongs on."""
        return distance_m(state, goal, [n for n in self.names[3:] if self.wanted in n])

    def trials(self, count: int, seed: int, kind: str) -> list[Trial]:
        """The wish to be made true, or to be undone."""
        rng, trials = np.random.default_rng(seed), []
        for _ in range(count):
            on, off = self._somewhere(True, rng), self._somewhere(False, rng)
            trials.append(Trial(off, on, seed) if kind == self.trial_kinds[0] else
                          Trial(on, off, seed))  # fmt: skip
        return trials

    def clip_to_workspace(self, target: Array) -> Array:
        """The box that the hand stays in."""
        clipped: Array = target.clip(LOW_M, HIGH_M)
        return clipped

    def _somewhere(self, success: bool, rng: np.random.Generator) -> State:
        """Everything somewhere where it touches nothing beside it, and lies on what it lies on.

        The hand is above everything, as it can be anywhere else only with care.
        """
        while True:
            drawn = dict.fromkeys(self.names, 0.0) | self.drawn(success, rng)
            hand = rng.uniform(LOW_M, HIGH_M)
            hand[2] = HIGH_M[2] - rng.uniform(0, 0.02)
            drawn |= dict(zip(HAND_M, hand.tolist(), strict=True))
            lying = [(drawn[f"{n}_x_m"], half) for n, (half, _) in self.loose.items()
                     if drawn[f"{n}_z_m"] == 0.0]  # fmt: skip
            lying += [(s.x_m, s.half_m[0]) for s in self.stands(drawn) if s.y_m == self.line_m]
            if all(b - a > m + n for (a, m), (b, n) in pairwise(sorted(lying))):
                state = self.settled(np.array([drawn[name] for name in self.names]))
                if self.is_success(state) == success:
                    return state


def thing(name: str, shape: str, height_m: float, rgba: str = RED, y_m: float = 0.0) -> str:
    """What can be carried, as MJCF, its joints NAME_x and NAME_z; it stands on its origin."""
    return f"""<body name="{name}" childclass="thing" pos="0 {y_m} 0">
      <joint name="{name}_x" axis="1 0 0" range="{-REACH_M} {REACH_M}"/>
      <joint name="{name}_z" axis="0 0 1"/>
      <geom {shape} pos="0 0 {height_m / 2}" mass="0.03" rgba="{rgba}"/>
    </body>"""


def patches(name: str, one_m: float, other_m: float, y_m: float = 0.0) -> str:
    """A body of two unseen places, flush with the table, that hold what lies on them, as MJCF."""
    geoms = "".join(
        f'<geom type="box" size="0.014 0.014 0.001" pos="{x_m} {y_m} -0.001" group="3"/>'
        for x_m in (one_m, other_m)
    )
    return f'<body name="{name}">{geoms}</body>'


def _mjcf(name: str, things: str, holds: str) -> str:
    """The scene, in metres, kilograms and radians; magnets are on, whatever they are sent."""
    return f"""
<mujoco model="{name}">
  <compiler angle="radian" autolimits="true"/>
  <option integrator="implicitfast" cone="elliptic" impratio="10"/>
  <default>
    <geom friction="0.2 0.005 0.0001" solref="0.005 1" margin="0.001" gap="0.001"/>
    <joint type="slide"/>
    <position kp="800" kv="25" forcerange="-15 15"/>
    <default class="thing"><joint damping="0.05"/></default>
    <default class="seen"><geom contype="0" conaffinity="0" margin="0" gap="0"/></default>
  </default>
  <worldbody>
    <camera name="camera" pos="{" ".join(map(str, CAMERA_M))}" xyaxes="1 0 0 0 0.25 0.968"
      fovy="42"/>
    <geom type="plane" size="1 1 0.1" rgba="0.25 0.3 0.28 1"/>
    {things}
    <body name="hand" gravcomp="1">
      <joint name="hand_x" axis="1 0 0"/>
      <joint name="hand_y" axis="0 1 0"/>
      <joint name="hand_z" axis="0 0 1"/>
      <geom type="cylinder" size="{RIM_M} 0.004" pos="0 0 0.004" mass="0.1" rgba="{RED}"
        friction="1.2 0.005 0.0001"/>
      <geom class="seen" type="cylinder" size="0.011 0.06" pos="0 0 0.068" mass="0.1"
        rgba="0.8 0.8 0.85 1"/>
    </body>
  </worldbody>
  <actuator>
    <position joint="hand_x"/>
    <position joint="hand_y"/>
    <position joint="hand_z"/>
    <adhesion body="hand" ctrlrange="0.999 1" gain="{MAGNET_N}"/>
    <adhesion body="{holds}" ctrlrange="0.999 1" gain="{HELD_N}"/>
  </actuator>
</mujoco>"""
