"""The world `pusher`: a finger that slides over a table, and a puck that it can push.

A low round rim stops the puck; the finger hovers above it and can always get behind the puck to
free it, so nothing is ever put back. Friction stops a puck that nobody pushes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from rumpus.body.sensors.camera import Camera, CameraConfig
from rumpus.body.sensors.scene import SensorFactory
from rumpus.types import Array
from rumpus.worlds._simulation import SimulatedWorld, distance_m, paired, servos
from rumpus.worlds.base import Measure, State, Trial

JOINTS = ("hand_x", "hand_y", "puck_x", "puck_y")
RIM_SIDES_N = 24
GOLDEN_ANGLE_RAD = float(np.pi * (3 - np.sqrt(5)))
CAMERA = partial(Camera, config=CameraConfig(light=(-0.6, -0.5, 1.0)))


@dataclass(frozen=True)
class PusherConfig:
    """The table's geometry; x right, y away from the viewer, the middle of the table at 0.

    Attributes:
        region_m: how far from the middle the rim lets the puck's centre go.
        workspace_m: how far from the middle the finger goes.
        puck_m: radius of the puck.
        finger_m: radius of the finger.
        step_m: how far an action of 1 moves the finger.
        goal_share: goals lie in the disc of this share of the puck's region.
        near_m: in a goal the finger is at most this far from touching the puck.
    """

    region_m: float = 0.10
    workspace_m: float = 0.16
    puck_m: float = 0.04
    finger_m: float = 0.03
    step_m: float = 0.03
    goal_share: float = 0.85
    near_m: float = 0.05


class Pusher(SimulatedWorld):
    """A puck that a finger pushes about a table with a rim, seen by one camera from above.

    The action is the finger's displacement, (x, y) in units of `PusherConfig.step_m`. Other sensors
    may look into it: the scene has the cameras `camera` and `side`, and the joints of `JOINTS`.
    """

    names = ("hand_x_m", "hand_y_m", "puck_x_m", "puck_y_m")
    trial_kinds = ("table",)

    def __init__(
        self, seed: int = 0, config: PusherConfig | None = None,
        sensors: Sequence[SensorFactory] = (CAMERA,),
    ) -> None:  # fmt: skip
        """Start with puck and finger at places drawn from `seed`."""
        self.config = config or PusherConfig()
        super().__init__("pusher", _mjcf(self.config), JOINTS, (self.config.step_m,) * 2, sensors)
        middle = {"puck_x_m": 0.0, "puck_y_m": 0.0}
        self.measure = Measure("puck_error_m", 0.03, 60, {"leave in the middle": middle})
        rng = np.random.default_rng(seed)
        puck = _in_disc(rng, self.config.region_m * self.config.goal_share)
        self.place(self._with_finger(puck, rng, self.config.workspace_m))

    def clip_to_workspace(self, target: Array) -> Array:
        """The disc that the finger stays in."""
        reach_m = max(float(np.linalg.norm(target)), 1e-9)
        return target * min(1.0, self.config.workspace_m / reach_m)

    def headline_error(self, state: State, goal: State) -> float:
        """How far the puck is from the goal's."""
        return distance_m(state, goal, self.names[2:])

    def trials(self, count: int, seed: int, kind: str) -> list[Trial]:
        """Pucks to push: goals and starts spread evenly over the table, paired at random."""
        rng = np.random.default_rng(seed)
        # Two at least, and each paired with another: no puck starts at its goal.
        pucks = _sunflower(max(count, 2), self.config.region_m * self.config.goal_share)
        reach = self.config.puck_m + self.config.finger_m + self.config.near_m
        trials = []
        for start, goal in paired(pucks, count, rng):
            begin = self._with_finger(start, rng, 2 * self.config.workspace_m)
            end = self._with_finger(goal, rng, reach)
            trials.append(Trial(begin, end, seed))
        return trials

    def _with_finger(self, puck: Array, rng: np.random.Generator, within_m: float) -> State:
        """The puck at a place (2,), and the finger anywhere near that it touches nothing."""
        while True:
            finger = _in_disc(rng, self.config.workspace_m)
            positions = np.concatenate([finger, puck])
            near = np.linalg.norm(finger - puck) < within_m
            if near and not self.touches(positions):
                return self.settled(positions)


def _in_disc(rng: np.random.Generator, radius_m: float) -> Array:
    """A point (2,) drawn evenly from a disc."""
    turn, radius = rng.uniform(0, 2 * np.pi), radius_m * np.sqrt(rng.uniform())
    return np.array([radius * np.cos(turn), radius * np.sin(turn)])


def _sunflower(count: int, radius_m: float) -> Array:
    """Points (count, 2) spread evenly over a disc, as a sunflower's seeds."""
    index = np.arange(count) + 0.5
    radius, turn = radius_m * np.sqrt(index / count), GOLDEN_ANGLE_RAD * index
    return np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=-1)


def _rim(config: PusherConfig) -> str:
    """Boxes in a ring; they meet the puck alone."""
    inner = config.region_m + config.puck_m
    half_thick, half_long = 0.004, (inner + 0.008) * np.tan(np.pi / RIM_SIDES_N)
    boxes = []
    for turn in np.arange(RIM_SIDES_N) * 2 * np.pi / RIM_SIDES_N:
        x, y = (inner + half_thick) * np.cos(turn), (inner + half_thick) * np.sin(turn)
        boxes.append(
            f'<geom type="box" size="{half_thick} {half_long} 0.006" pos="{x} {y} 0.006" '
            f'euler="0 0 {turn}" contype="0" conaffinity="2" rgba="0.75 0.75 0.78 1"/>'
        )
    return "".join(boxes)


def _mjcf(config: PusherConfig) -> str:
    """The scene. Every number in it is in metres, kilograms or radians."""
    return f"""
<mujoco model="pusher">
  <compiler angle="radian" autolimits="true"/>
  <option integrator="implicitfast" gravity="0 0 0"/>
  <default>
    <geom friction="0.4 0.005 0.0001" solref="0.01 1"/>
    <joint type="slide"/>
    <position kp="2000" kv="63" forcerange="-25 25"/>
  </default>
  <worldbody>
    <camera name="camera" pos="0 -0.49 0.85" xyaxes="1 0 0 0 0.866 0.5" fovy="21"/>
    <camera name="side" pos="0.75 0 0.45" xyaxes="0 1 0 -0.515 0 0.857" fovy="26"/>
    <geom type="plane" size="1 1 0.1" contype="0" conaffinity="0" rgba="0.25 0.3 0.28 1"/>
    {_rim(config)}
    <body name="puck" pos="0 0 0.016">
      <joint name="puck_x" axis="1 0 0" damping="3" frictionloss="0.5"/>
      <joint name="puck_y" axis="0 1 0" damping="3" frictionloss="0.5"/>
      <geom type="cylinder" size="{config.puck_m} 0.015" mass="0.1" contype="2" conaffinity="1"
        rgba="0.15 0.45 0.95 1"/>
    </body>
    <body name="finger">
      <joint name="hand_x" axis="1 0 0"/>
      <joint name="hand_y" axis="0 1 0"/>
      <geom type="cylinder" size="{config.finger_m} 0.02" pos="0 0 0.036" mass="0.5"
        contype="1" conaffinity="2" rgba="0.95 0.15 0.1 1"/>
    </body>
  </worldbody>
  {servos(JOINTS[:2])}
</mujoco>"""
