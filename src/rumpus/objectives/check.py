"""Does an objective keep its promises? Scores courses that it is given and answers in sentences."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from rumpus.catalogue import make
from rumpus.errors import WorldError
from rumpus.finding import Finding, failure, gather, ok
from rumpus.model.temporal_distance import TemporalDistance, TemporalDistanceConfig
from rumpus.objectives.base import Objective
from rumpus.types import Array

SEED, COURSES_N, HORIZON, LATENT_N = 0, 16, 8, 8
UPDATES_N, PAIRS_N = 300, 256


def examine(made_by: Callable[[], Objective]) -> list[Finding]:
    """Score courses that lead to a goal and others that lead away, and say which promises are kept.

    Args:
        made_by: makes the objective, for latents of `LATENT_N` numbers.

    Returns:
        findings in the order in which they were looked for; an objective that raises ends the
        list with its sentence as a failure.

    Raises:
        InputError: when there is no such objective to be made.
    """
    return gather(lambda: _look(made_by()), "objective")


def examine_named(name: str) -> list[Finding]:
    """Examine the objective of that name; what asks for a `distance` gets `straight_distance`."""

    def made() -> Objective:
        distance = {"distance": lambda: straight_distance(LATENT_N)}
        objective: Objective = make("objective", name, distance)
        return objective

    return examine(made)


def straight_distance(latent_size: int) -> TemporalDistance:
    """A temporal distance that has learned a world in which a step leads 1 in any direction."""
    torch.manual_seed(SEED)
    distance = TemporalDistance(latent_size, TemporalDistanceConfig())
    adam = torch.optim.Adam(distance.net.parameters(), 1e-3)
    for _ in range(UPDATES_N):
        goal, away = torch.randn(2, PAIRS_N, latent_size)
        away = away * torch.rand(PAIRS_N, 1) * 4.0
        error: Tensor = distance(goal + away, goal) - away.norm(dim=-1)
        adam.zero_grad()
        error.square().mean().backward()  # type: ignore[no-untyped-call]
        adam.step()
    return distance


def _look(objective: Objective) -> Iterator[Finding]:
    random = torch.Generator().manual_seed(SEED)
    goal = torch.randn(LATENT_N, generator=random)
    away = 5.0 * torch.nn.functional.normalize(
        torch.randn(COURSES_N, LATENT_N, generator=random), dim=-1
    )
    start = goal + away
    to_goal = _courses(start, goal.expand_as(start))
    away_from_it = _courses(start, start + away)
    both = torch.cat([to_goal, away_from_it])
    before = both.clone()
    costs = _costs(objective, goal, both)
    yield ok(f"It scored {len(both)} courses of {HORIZON} steps: one finite cost each.")
    if not torch.equal(both, before):
        yield failure("It changed the courses that it was to score; score a copy.")
    if not np.array_equal(costs, _costs(objective, goal, before)):
        yield failure("The same courses cost something else the second time; draw no chance.")
    nearer = int((costs[:COURSES_N] < costs[COURSES_N:]).sum())
    sentence = f"Of {COURSES_N} courses to the goal {nearer} cost less than the course away from it"
    yield (
        ok(f"{sentence}.")
        if nearer == COURSES_N
        else failure(f"{sentence}; lower must be better: mend score().")
    )


def _courses(start: Tensor, end: Tensor) -> Tensor:
    """Straight from starts (N, D) to ends (N, D), (N, H, D)."""
    share = torch.linspace(0.0, 1.0, HORIZON)[None, :, None]
    return start[:, None] + share * (end - start)[:, None]


def _costs(objective: Objective, goal: Tensor, courses: Tensor) -> Array:
    with torch.no_grad():
        costs = np.asarray(objective.score(goal)(courses))
    if costs.shape != (len(courses),) or not np.isfinite(costs).all():
        raise WorldError(
            f"score() gave costs {costs.dtype} {costs.shape} {costs}, expected ({len(courses)},) "
            "finite numbers, one for each course; mend score()."
        )
    return costs
