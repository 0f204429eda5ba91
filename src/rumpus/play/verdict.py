"""Did it get there? Told by what the robot believes, and how sure that is by what it remembers.

What it believes is a number of steps; what such a number is worth differs from mind to mind. Life
tells: of two remembered moments of which one came a few steps before the other it is known that
they are near, and of two that lie many steps apart that most are not. So a logistic curve over the
believed steps, fitted to such pairs, says of how many moments believed this near were near. What
is judged is the whole goal, every sensor in it: a door at the right angle with the hand elsewhere
is not what the picture shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from rumpus.replay.base import ReplayView
from rumpus.spec import Readings
from rumpus.types import Array

NEAR_STEPS = 3  # a moment at most so many steps before the goal is there
FAR_STEPS = (6, 60)  # so many steps before it is not
PAIRS = 400  # of either kind
FEWEST_PAIRS = 50
DRAWN = 8  # times as many are drawn, for many reach over the end of an episode
CHUNK = 64  # moments encoded at a time
ROUNDS, RIDGE = 50, 1e-3  # of Newton's method; what keeps the curve from becoming a step


class Believer(Protocol):
    """What sees how far it is from a goal; an actor is one."""

    def encode(self, readings: Readings) -> Any:
        """Readings of some or all sensors, each (B, *shape), to latents (B, D)."""
        ...

    def predicted_steps(self, latent: Any, goal: Any) -> float:
        """How many steps it believes lie between (D,) and (D,)."""
        ...


@dataclass(frozen=True)
class Verdict:
    """Whether a robot got to its goal, as it sees it.

    Attributes:
        reached: whether more likely than not.
        chance: that it is there: the share of remembered moments believed this near that were, of
            as many that were as were not.
        near_steps: what "there" means: at most so many steps before the goal.
        wish: the name of what was wished, where a classifier of success said so; `chance` is then
            how surely it believes that the last picture shows it.
    """

    reached: bool
    chance: float
    near_steps: int = NEAR_STEPS
    wish: str = ""


@dataclass(frozen=True)
class Calibration:
    """What believed steps are worth: chance = 1 / (1 + exp(-(offset + slope * log(1 + steps)))).

    Attributes:
        offset: at no steps.
        slope: below 0.
        pairs: of moments that it was fitted to.
    """

    offset: float
    slope: float
    pairs: int

    def verdict(self, believed_steps: float) -> Verdict:
        """What to make of so many believed steps to the goal."""
        logit = self.offset + self.slope * float(np.log1p(believed_steps))
        chance = float(1.0 / (1.0 + np.exp(-logit)))
        return Verdict(chance >= 0.5, chance)


def sentence(verdict: Verdict | None) -> str:
    """A verdict in words."""
    if verdict is None:
        return "Whether it got there it cannot tell: nothing it remembers says how near it is."
    there = "It got there" if verdict.reached else "It did not get there"
    if verdict.wish:
        return (f"{there}, as it sees it: it believes by {verdict.chance:.0%} that its last "
                f"picture shows '{verdict.wish}'.")  # fmt: skip
    return (f"{there}, as it sees it: of the remembered moments that it believed this near to "
            f"their goal, {verdict.chance:.0%} were at most {verdict.near_steps} steps from it (as "
            "many near as far were tried).")  # fmt: skip


def calibrate(
    actor: Believer, stored: ReplayView, sensors: Sequence[str], rng: np.random.Generator
) -> Calibration | None:
    """Find out on remembered moments what the actor's believed steps to a goal are worth.

    Args:
        actor: believes.
        stored: what its robot remembers.
        sensors: those that the goal is about.
        rng: chooses the moments.

    Returns:
        None where too little is remembered, or what it believes tells nothing.
    """
    near, far = (_pairs(stored, sensors, rng, *steps) for steps in ((0, NEAR_STEPS), FAR_STEPS))
    fewest = min(len(near), len(far))
    if fewest < FEWEST_PAIRS:
        return None
    pairs = np.concatenate([near[:fewest], far[:fewest]])
    believed = _believed_steps(actor, stored, sensors, pairs)
    was_near = np.repeat([1.0, 0.0], fewest)
    offset, slope = _logistic(np.log1p(believed), was_near)
    told = offset + slope * np.log1p(believed) > 0.0
    by_chance = 0.5 + 2.0 * np.sqrt(0.25 / len(pairs))  # two standard errors above a coin
    tells = slope < 0.0 and float(np.mean(told == was_near)) > by_chance
    return Calibration(offset, slope, len(pairs)) if tells else None


def _pairs(
    stored: ReplayView, sensors: Sequence[str], rng: np.random.Generator, least: int, most: int
) -> Array:
    """Moments and later ones of the same episode, int64 (N, 2), gaps even over their logarithm."""
    count = len(stored)
    goal = rng.integers(0, count, DRAWN * PAIRS)
    gap = np.exp(rng.uniform(np.log(max(least, 0.5)), np.log(most + 0.5), len(goal)))
    here = goal - np.rint(gap).astype(np.int64)
    fits = here >= 0
    fits[fits] = stored.episode_of[here[fits]] == stored.episode_of[goal[fits]]
    for name in (sensor.name for sensor in stored.spec.sensors):
        fits[fits] = stored.present(name)[here[fits]]
        if name in sensors:
            fits[fits] = stored.present(name)[goal[fits]]
    return np.stack([here, goal], 1)[fits][:PAIRS]


def _believed_steps(
    actor: Believer, stored: ReplayView, sensors: Sequence[str], pairs: Array
) -> Array:
    """How many steps it believes to lie between pairs of moments (N, 2): float64 (N,)."""
    believed = []
    for first in range(0, len(pairs), CHUNK):
        here, goal = pairs[first : first + CHUNK].T
        latents = [
            actor.encode({s.name: stored.frames(s.name)[here] for s in stored.spec.sensors}),
            actor.encode({name: stored.frames(name)[goal] for name in sensors}),
        ]
        believed += [actor.predicted_steps(*pair) for pair in zip(*latents, strict=True)]
    return np.array(believed)


def _logistic(values: Array, labels: Array) -> tuple[float, float]:
    """Offset and slope of the logistic curve through labels of 0 and 1, by Newton's method."""
    inputs, weights = np.stack([np.ones_like(values), values], 1), np.zeros(2)
    for _ in range(ROUNDS):
        chance = 1.0 / (1.0 + np.exp(-inputs @ weights))
        gradient = inputs.T @ (labels - chance) - RIDGE * weights
        curvature = (inputs * (chance * (1.0 - chance))[:, None]).T @ inputs + RIDGE * np.eye(2)
        weights = weights + np.linalg.solve(curvature, gradient)
    return float(weights[0]), float(weights[1])
