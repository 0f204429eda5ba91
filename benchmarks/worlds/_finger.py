"""What the yardstick's tables share: a finger that slides over a table, seen from above.

The finger hovers: it is stopped by things and by walls of its own, never by the tray round things,
so it can always get behind a thing and free it. Nothing is ever put back.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from rumpus.body.sensors.camera import Camera, CameraConfig
from rumpus.body.sensors.joints import Joints, JointsConfig
from rumpus.types import Array
from rumpus.worlds._simulation import SimulatedWorld, servos
from rumpus.worlds.base import State, Trial

HAND = ("hand_x", "hand_y")
HAND_M = ("hand_x_m", "hand_y_m")
CAMERA = partial(Camera, config=CameraConfig(light=(-0.6, -0.5, 1.0)))
FELT = partial(Joints, config=JointsConfig("joints", HAND))
AWAY_M = 0.98  # from the camera to the middle of the table
APART = 2.0  # tolerances that a trial begins from its goal at least


def scene(name: str, things: str, finger_m: float, seen_m: float, more: str = "") -> str:
    """A table with things on it and a finger over it, as MJCF; metres, kilograms and radians.

    Args:
        name: of the model.
        things: bodies and geoms; those that the finger moves have contype 2 and conaffinity 1.
        finger_m: radius of the finger.
        seen_m: how far from the middle of the table the camera sees.
        more: what stands beside the worldbody.
    """
    fovy = np.rad2deg(2 * np.arctan(seen_m / AWAY_M))
    return f"""
<mujoco model="{name}">
  <compiler angle="radian" autolimits="true"/>
  <option integrator="implicitfast" gravity="0 0 0"/>
  <default>
    <geom friction="0.4 0.005 0.0001" solref="0.01 1"/>
    <position kp="2000" kv="63" forcerange="-25 25"/>
    <default class="seen"><geom contype="0" conaffinity="0"/></default>
    <default class="thing"><geom contype="2" conaffinity="1"/></default>
    <default class="slide"><joint type="slide" damping="3" frictionloss="0.5"/></default>
  </default>
  <worldbody>
    <camera name="camera" pos="0 -0.49 0.85" xyaxes="1 0 0 0 0.866 0.5" fovy="{fovy}"/>
    <geom class="seen" type="plane" size="2 2 0.1" rgba="0.25 0.3 0.28 1"/>
    {things}
    <body>
      <joint name="hand_x" type="slide" axis="1 0 0"/>
      <joint name="hand_y" type="slide" axis="0 1 0"/>
      <geom type="cylinder" size="{finger_m} 0.02" pos="0 0 0.036" mass="0.5" contype="1"
        conaffinity="2" rgba="0.95 0.15 0.1 1"/>
    </body>
  </worldbody>
  {servos(HAND)}
  {more}
</mujoco>"""


def puck(name: str, shape: str, rgba: str) -> str:
    """A thing that slides about, its joints NAME_x and NAME_y; it stops where nobody pushes it."""
    return f"""<body pos="0 0 0.016">
      <joint class="slide" name="{name}_x" axis="1 0 0"/>
      <joint class="slide" name="{name}_y" axis="0 1 0"/>
      <geom {shape} mass="0.1" contype="2" conaffinity="3" rgba="{rgba}"/>
    </body>"""


def tray(half_m: float) -> str:
    """Four low walls, their inner sides so far from the middle; they meet things alone."""
    places = [(half_m + 0.004, 0.0), (-half_m - 0.004, 0.0), (0.0, half_m + 0.004),
              (0.0, -half_m - 0.004)]  # fmt: skip
    return "".join(
        f'<geom type="box" size="{0.004 if x else half_m + 0.008} '
        f'{0.004 if y else half_m + 0.008} 0.006" pos="{x} {y} 0.006" contype="0" '
        'conaffinity="2" rgba="0.75 0.75 0.78 1"/>'
        for x, y in places
    )


def free(world: SimulatedWorld, draw: Callable[[], Array]) -> State:
    """The first state drawn, as joint positions, in which nothing touches."""
    while world.touches(positions := draw()):
        pass
    return world.settled(positions)


def apart(
    world: SimulatedWorld, draw: Callable[[float, np.random.Generator], State], count: int,
    seed: int,
) -> list[Trial]:  # fmt: skip
    """Trials with goals spread evenly and starts anywhere, none of them solved at its start.

    Args:
        world: whose; its measure says what is apart.
        draw: a state for a share in 0 to 1 of the range of what is moved; the rest is chance.
        count: how many.
        seed: of chance.
    """
    rng, trials = np.random.default_rng(seed), []
    for share in rng.permutation((np.arange(count) + 0.5) / count):
        goal = draw(float(share), rng)
        start = goal
        while world.headline_error(start, goal) < APART * world.measure.tolerance:
            start = draw(rng.uniform(), rng)
        trials.append(Trial(start, goal, seed))
    return trials


def turned(radius_m: float, angle: float) -> Array:
    """The point (2,) so far from the middle in the direction of an angle."""
    return radius_m * np.array([np.cos(angle), np.sin(angle)])
