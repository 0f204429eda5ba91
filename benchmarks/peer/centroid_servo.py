"""A controller by hand: bring the middle of the imprint to where the goal's picture has it.

The imprint is where the picture of the gel differs from that of an untouched gel. It has a middle
and a mass; the mass tells how deep it is. What an action changes of the two is a matrix. It is
guessed, as if what is touched stood still in the world (pads and steps have known sizes), or fitted
to random motion. The action is what that matrix says would bring the goal's imprint about. Where
nothing is felt, the fingertip goes down.

Source: Tian 2019 ("Manipulation by Feel", arXiv 1903.04128), which compares itself with such a one.

Differs from the paper: thresholds and gains are ours. It is also told how far apart the masses are,
it knows the size of pad and step, and it may be calibrated.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from peer.trial import Sight

from rumpus.body.random_motion import smoothed_action
from rumpus.body.sensors._pad import PadConfig
from rumpus.types import Array
from rumpus.worlds import ball, curtain, die, stick
from rumpus.worlds.base import World

STEPS_M = {"ball": ball.STEP_M, "stick": stick.STEP_M, "die": die.STEP_M,
           "curtain": curtain.STEP_M}  # fmt: skip
SENSOR = "gel"
FLOOR = 12.0  # levels that a pixel differs by at least; noise of 8 levels hardly comes there
LEAST_MASS = 0.02  # mean levels above that; with less, nothing is felt
RANK = 0.1  # directions that change the imprint less than this share of the strongest are left out


def imprint(picture: Array) -> Array | None:
    """Where an imprint is and how deep, as three numbers; None where nothing is felt.

    Args:
        picture: uint8 (n, n, 3).

    Returns:
        x to the right and y up, in sides of the pad from its middle, and the logarithm of the mass.
    """
    levels = picture.astype(np.float64)
    # Most of a gel is untouched, or pressed flat: its middle colour follows it where it drifts.
    apart = np.pad(levels - np.median(levels, axis=(0, 1)), ((1, 1), (1, 1), (0, 0)), "edge")
    smooth = sliding_window_view(apart, (3, 3), axis=(0, 1)).mean((-2, -1))
    weight = np.maximum(np.linalg.norm(smooth, axis=-1) - FLOOR, 0.0)
    if (mass := float(weight.mean())) < LEAST_MASS:
        return None
    at = (np.arange(len(weight)) + 0.5) / len(weight) - 0.5
    x, y = weight.sum(0) @ at / weight.sum(), -(weight.sum(1) @ at) / weight.sum()
    return np.array([x, y, np.log(mass)])


class CentroidServo:
    """Brings the imprint to where the goal's picture has it, with a guess of what actions do.

    Args:
        world: of touch; only its name matters.
        gain: share of the way that it means to go at every step.

    Attributes:
        steps: that it lived.
        moves: (3, 3), change of the imprint's numbers (rows) by each number of an action.
    """

    steps = 0

    def __init__(self, world: World, gain: float = 1.0) -> None:
        self._gain, side_m = gain, PadConfig().side_m
        x_m, y_m, _ = STEPS_M[world.spec.name]
        # The pad looks down: the hand goes right in the world, and what it touches right in the
        # picture. A step down is taken to make the mass e times as much.
        self.moves = np.diag([x_m / side_m, -y_m / side_m, -1.0])
        self._back = np.linalg.inv(self.moves)

    def train(self, count: int) -> None:
        """See `Peer`; there is nothing to learn."""

    def act(self, seen: Sight, goal: Sight) -> Array:
        """See `Peer`."""
        here, there = imprint(seen.readings[SENSOR]), imprint(goal.readings[SENSOR])
        if here is None or there is None:
            return np.array([0.0, 0.0, -1.0], np.float32)
        action: Array = np.clip(self._gain * (self._back @ (there - here)), -1.0, 1.0)
        return action.astype(np.float32)


class CalibratedServo(CentroidServo):
    """The same, with what actions do fitted to random motion of its own.

    Args:
        world: of touch, in which it moves at random.
        seed: of that motion.
        gain: share of the way that it means to go at every step.
    """

    def __init__(self, world: World, seed: int, gain: float = 1.0) -> None:
        super().__init__(world, gain)
        self._world, self._rng = world, np.random.default_rng(seed)
        self._last = np.zeros(world.spec.action_size, np.float32)
        self._actions, self._changes = list[Array](), list[Array]()

    def train(self, count: int) -> None:
        """Move so many steps, and fit those before and after which something is felt."""
        here = imprint(self._world.observe().readings[SENSOR])
        for _ in range(count):
            self._last = smoothed_action(self._rng, self._last)
            done = self._world.act(self._last).action
            then = imprint(self._world.observe().readings[SENSOR])
            if here is not None and then is not None:
                self._actions.append(done)
                self._changes.append(then - here)
            here = then
        self.steps += count
        self.moves, self._back = fitted(np.array(self._actions), np.array(self._changes))


def fitted(actions: Array, changes: Array) -> tuple[Array, Array]:
    """What actions (N, A) change, (N, K), by least squares: the matrix (K, A), and its way back."""
    moves = np.linalg.lstsq(actions, changes, rcond=None)[0].T
    scale = changes.std(0)  # so that sides of a pad and masses count alike
    return moves, np.linalg.pinv(moves / scale[:, None], rcond=RANK) / scale
