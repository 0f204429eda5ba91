"""A robot of one's own: an arm with two joints, felt by its angles and seen by a camera.

    cd examples
    rumpus check robot own_robot:Arm
    rumpus play own_robot:Arm --run runs/arm --steps 4000
    rumpus do runs/arm --goal joints_rad=0.5,1.0

Here the arm is simulated with numpy alone. For a real one, ask the motors in `observe` and command
them in `act`, which takes as long as one control step does; everything else stays as it is.
"""

import numpy as np
from numpy.typing import NDArray

import rumpus

RATE_HZ, REACH_RAD, STEP_RAD = 10.0, 1.5, 0.15  # an action of 1 turns a joint by STEP_RAD
LINK_PX, SIDE_PX, THICK_PX = 7.0, 32, 1.5


class Arm(rumpus.Robot):
    """Two links in a plane; each joint turns by at most 1.5 rad either way."""

    def __init__(self) -> None:
        self.joints_rad, self.steps = np.zeros(2), 0
        felt = rumpus.SensorSpec("joints_rad", (2,), -REACH_RAD, REACH_RAD)
        seen = rumpus.SensorSpec("camera", (SIDE_PX, SIDE_PX, 3))
        self.spec = rumpus.RobotSpec("arm", (felt, seen), action_size=2, rate_hz=RATE_HZ)

    def observe(self) -> rumpus.Observation:
        felt = self.joints_rad.astype(np.float32)
        return rumpus.Observation(
            {"joints_rad": felt, "camera": self.picture()}, self.steps / RATE_HZ
        )

    def act(self, action: NDArray[np.float32]) -> rumpus.Executed:
        before, self.steps = self.joints_rad, self.steps + 1
        wanted = before + STEP_RAD * action
        self.joints_rad = np.clip(wanted, -REACH_RAD, REACH_RAD)
        if np.array_equal(self.joints_rad, wanted):
            return rumpus.Executed(action)
        done = (self.joints_rad - before) / STEP_RAD
        return rumpus.Executed(done.astype(np.float32), "at the end of a joint")

    def stop(self) -> None:
        """A real arm brakes here, and lets go of its bus."""

    def picture(self) -> NDArray[np.uint8]:
        """The arm from above, uint8 (32, 32, 3): each link in a colour of its own."""
        angles = np.cumsum(self.joints_rad)
        links = LINK_PX * np.stack([np.sin(angles), -np.cos(angles)], axis=1)  # x right, y down
        rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX]
        pixels, start = np.stack([columns, rows], axis=-1), np.full(2, SIDE_PX / 2)
        picture = np.full((SIDE_PX, SIDE_PX, 3), 20, np.uint8)
        for link, colour in zip(links, ([230, 120, 60], [80, 170, 230]), strict=True):
            along = np.clip((pixels - start) @ link / LINK_PX**2, 0.0, 1.0)  # nearest point of it
            apart = np.linalg.norm(pixels - start - along[..., None] * link, axis=-1)
            picture[apart < THICK_PX] = colour
            start = start + link
        return picture
