"""The world `loose_door:LooseDoor`: a door with room to miss it, for measuring the skew.

The door of rumpus keeps the hand near its loop, so that random motion alone turns it everywhere.
Here the hand has as much room again on every side and can climb out of the loop at will: at random
it holds the loop for a few steps in a hundred.
"""

from rumpus.worlds.door import Door, DoorConfig

LOOSE = DoorConfig(low_m=(-0.15, -0.35, 0.005), high_m=(0.15, -0.20, 0.10))


class LooseDoor(Door):
    """A door that a peg can open and shut by its handle loop, once it has found the loop."""

    def __init__(self, seed: int = 0) -> None:
        """Start with the peg in the loop and the door at an angle drawn from `seed`."""
        super().__init__(seed, LOOSE)
