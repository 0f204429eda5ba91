"""The world `sprung_door:SprungDoor`: a door that falls shut, for measuring the skew.

The door of rumpus stays where it was left, so that random motion alone comes to every angle. Here
a closer presses it shut with 1 Nm. The peg can still push it wide open, a step at a time, but
random motion gives way to the closer: it spends nine steps in ten at the shut door and one in two
hundred in the widest third.
"""

from collections.abc import Sequence

from rumpus.body.sensors.camera import Camera
from rumpus.body.sensors.scene import SensorFactory
from rumpus.worlds.door import Door

CLOSING_NM = 1.0
FAR_RAD = 10.0  # a spring bent this far presses about as hard at every angle of the door


class SprungDoor(Door):
    """A door that a peg can push open by its handle loop, and that falls shut."""

    trial_kinds = ("handle",)

    def __init__(self, seed: int = 0, sensors: Sequence[SensorFactory] = (Camera,)) -> None:
        """Start with the peg in the loop and the door at an angle drawn from `seed`."""
        super().__init__(seed, sensors=sensors)
        model = self.model
        hinge = model.joint("hinge")
        model.jnt_stiffness[hinge.id] = CLOSING_NM / FAR_RAD
        model.qpos_spring[hinge.qposadr[0]] = -FAR_RAD
