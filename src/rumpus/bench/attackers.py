"""Who looks for scenes that are believed: each knows nothing but how surely each was believed.

An attacker is a function: of a belief over points of the unit cube, (n, size) to (n,), how many
coordinates a point has, how many it may try, and chance. It gives the points that it tried, and
their beliefs, the most believed first.
"""

from collections.abc import Callable

import numpy as np

from rumpus.types import Array

Believed = Callable[[Array], Array]
Attacker = Callable[[Believed, int, int, np.random.Generator], tuple[Array, Array]]

GENERATIONS = 6
PARENTS, CHANGED, FRESH = 0.2, 0.3, 0.05  # share of points that have children; of coordinates
STEP = 0.15  # by how much a coordinate changes, one standard deviation


def random_search(
    believed: Believed, size: int, tries: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Tries points drawn evenly."""
    points = rng.random((tries, size))
    return _best(points, believed(points), tries)


def evolution(
    believed: Believed, size: int, tries: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Tries children of the points that were believed most, as evolution strategies do."""
    each = max(tries // GENERATIONS, 1)
    points, beliefs = random_search(believed, size, tries - each * (GENERATIONS - 1), rng)
    for _ in range(GENERATIONS - 1):
        parents = points[: max(round(PARENTS * each), 1)]
        children = parents[rng.integers(len(parents), size=each)]
        moved = (children + STEP * rng.standard_normal(children.shape)).clip(0.0, 1.0)
        children = np.where(rng.random(children.shape) < CHANGED, moved, children)
        fresh = rng.random(children.shape)
        children = np.where(rng.random(children.shape) < FRESH, fresh, children)
        points = np.concatenate([points, children])
        points, beliefs = _best(points, np.concatenate([beliefs, believed(children)]), len(points))
    return points, beliefs


ATTACKERS: dict[str, Attacker] = {made.__name__: made for made in (random_search, evolution)}


def _best(points: Array, beliefs: Array, count: int) -> tuple[Array, Array]:
    """So many points, the most believed first, of equals the one that was tried first."""
    order = np.argsort(-beliefs, kind="stable")[:count]
    return points[order], beliefs[order]
