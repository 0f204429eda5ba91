"""Does a planner keep its promises? Lets it plan a walk to a place and answers in sentences."""

from collections.abc import Callable, Iterator

import numpy as np

from rumpus.catalogue import make
from rumpus.finding import Finding, failure, gather, ok
from rumpus.planning.base import Plan, Planner
from rumpus.types import Array

SEED, ACTION_N = 0, 2
PLACE = np.array([2.0, -1.0])  # a few actions of 1 away from the middle


def examine(made_by: Callable[[], Planner]) -> list[Finding]:
    """Let a planner plan where the best plan is known, and say which promises it keeps.

    Args:
        made_by: makes the planner, for actions of `ACTION_N` numbers.

    Returns:
        findings in the order in which they were looked for; a planner that raises ends the list
        with its sentence as a failure.

    Raises:
        InputError: when there is no such planner to be made.
    """
    return gather(lambda: _look(made_by()), "planner")


def examine_named(name: str) -> list[Finding]:
    """Examine the planner of that name."""

    def made() -> Planner:
        planner: Planner = make("planner", name, {"action_size": lambda: ACTION_N})
        return planner

    return examine(made)


def _look(planner: Planner) -> Iterator[Finding]:
    first, again = (_plan(planner) for _ in range(2))
    actions = first.actions
    shaped = actions.ndim == 2 and actions.shape[1] == ACTION_N and actions.dtype == np.float32
    if not shaped or not (np.abs(actions) <= 1.0).all() or not np.isfinite(first.cost):
        yield failure(
            f"It planned {actions.dtype} {actions.shape} at the cost {first.cost}, expected "
            f"float32 (H, {ACTION_N}) in [-1, 1] at a finite cost; mend plan()."
        )
        return
    yield ok(f"It plans {len(actions)} steps in [-1, 1].")
    if not np.array_equal(actions, again.actions):
        yield failure("The same chance gave another plan; draw every random number from `rng`.")
    cost, idle = (float(_score(_imagine(a[None])[0])[0]) for a in (actions, np.zeros_like(actions)))
    sentence = f"Its plan costs {cost:.3g}, doing nothing {idle:.3g}"
    yield (
        ok(f"{sentence}.")
        if cost < idle / 2
        else failure(f"{sentence}; lower must be better: mend the search.")
    )


def _plan(planner: Planner) -> Plan:
    return planner.plan(_imagine, _score, np.random.default_rng(SEED))


def _imagine(candidates: Array) -> tuple[Array, Array]:
    """Where walks from the middle lead, (N, H, A); the policy walks straight to the place."""
    here = np.zeros((len(candidates), ACTION_N), np.float32)
    walks, actions = [], []
    for step in range(candidates.shape[1]):
        straight = np.clip(PLACE - here, -1.0, 1.0).astype(np.float32)
        asked = candidates[:, step]
        actions.append(np.where(np.isnan(asked), straight, asked))
        here = here + actions[-1]
        walks.append(here)
    return np.stack(walks, 1), np.stack(actions, 1)


def _score(walks: Array) -> Array:
    """How far from the place, added up along the way, (N,)."""
    costs: Array = np.linalg.norm(walks - PLACE, axis=-1).sum(-1)
    return costs
