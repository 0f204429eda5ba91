"""Things of a world with a magnet put down one after the other, each on what lies there already.

Nothing gets into anything else, so a simulator that settles it finds it as it is. What would be
stacked on another thing at the target, where that is not allowed, is put down beside it.

The leading underscore says that this file is not a world.
"""

import numpy as np

from rumpus.types import Array
from rumpus.worlds._magnet import REACH_M, RIM_M, Magnet, Solid

CLEAR_M = 0.002  # between what does not touch
HANGS_M = 0.009  # what must not be stacked hangs so high above it
NEAR_M = 0.03  # to the target: what is nearer is at it
SETTLES_M = 0.012  # how far things may move as they settle


class Heap:
    """What was put down so far.

    Attributes:
        state: where everything is.
    """

    def __init__(self, world: Magnet, state: dict[str, float], stacks: bool) -> None:
        """Nothing, on the world's table.

        Args:
            world: whose things they are.
            state: where all is that cannot be carried.
            stacks: whether things may be stacked at the target.
        """
        self.state, self._world, self._stacks = state, world, stacks
        self._lying = dict[str, Solid]()

    def lay(self, name: str, wished_m: float) -> None:
        """Put a thing down there, or beside."""
        half_m, height_m = self._world.loose[name]
        aside = sorted(np.linspace(-REACH_M, REACH_M, 37), key=lambda x_m: abs(x_m - wished_m))
        for x_m in [wished_m, *map(float, aside)]:
            top_m, upon = self._below(x_m, half_m)
            if not self._refused(x_m, upon):
                break
        self.state |= {f"{name}_x_m": x_m, f"{name}_z_m": top_m}
        self._lying[name] = Solid(x_m, self._world.line_m, (half_m, half_m), top_m + height_m)

    def hang(self, name: str, hand: Array) -> None:
        """Let the hand carry a thing above what lies there; moves the hand to where it can."""
        (half_m, height_m), x_m = self._world.loose[name], float(hand[0])
        top_m, upon = self._below(x_m, half_m)
        top_m += HANGS_M * self._refused(x_m, upon)
        beside_m, _ = self._below(x_m, RIM_M)
        z_m = max(top_m, beside_m - height_m, float(hand[2]) - height_m)
        hand[1:] = self._world.line_m, z_m + height_m
        self.state |= {f"{name}_x_m": x_m, f"{name}_z_m": z_m}

    def clear(self, hand: Array) -> None:
        """Raise the hand above what it would touch."""
        for solid in (*self._world.stands(self.state), *self._lying.values()):
            away = np.abs(hand[:2] - (solid.x_m, solid.y_m)) - solid.half_m
            if (away < RIM_M + CLEAR_M).all():
                hand[2] = max(hand[2], solid.top_m)

    def _below(self, x_m: float, half_m: float) -> tuple[float, str]:
        """How high is what a thing there would lie on, and the thing that it is, if it is one."""
        stands = [("", s) for s in self._world.stands(self.state) if s.y_m == self._world.line_m]
        under = [(s.top_m, n) for n, s in (*stands, *self._lying.items())
                 if room_m(x_m, half_m, s) < CLEAR_M]  # fmt: skip
        return max([(0.0, ""), *under])

    def _refused(self, x_m: float, upon: str) -> bool:
        """Whether what lies there would be stacked where it must not be."""
        target_m = self._world.target_m(self.state)[0]
        near = (abs(at - target_m) < NEAR_M + SETTLES_M
                for at in (x_m, self._lying[upon].x_m if upon else x_m))  # fmt: skip
        return bool(upon) and not self._stacks and any(near)


def room_m(x_m: float, half_m: float, solid: Solid) -> float:
    """How much room is beside what stands there, to a thing of half that breadth; below 0: none."""
    return abs(x_m - solid.x_m) - half_m - solid.half_m[0]
