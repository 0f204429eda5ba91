"""Does a planner keep its promises? Lets it plan a walk to a place and answers in sentences."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from rumpus.catalogue import make
from rumpus.finding import Finding, failure, gather, ok
from rumpus.planning.base import Plan, Planner
from rumpus.types import Array

SEED, ACTION_N = 0, 2
MIDDLE = np.zeros(ACTION_N, np.float32)
PLACE = np.array([2.0, -1.0])  # a few actions of 1 away from the middle
ROUNDING = 1e-4  # of costs in float32
LATE_ROUNDS = 2  # one that there always is, and one to judge what it led to
NO_WORSE = 1.1  # times the cost without the last plan: some of it is chance


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
    (first, tried), (again, _) = _plan(planner), _plan(planner)
    actions = first.actions
    if not _sound(first):
        yield failure(
            f"It planned {actions.dtype} {actions.shape} at the cost {first.cost}, expected "
            f"float32 (H, {ACTION_N}) in [-1, 1] at a finite cost; mend plan()."
        )
        return
    yield ok(f"It plans {len(actions)} steps in [-1, 1].")
    if not np.array_equal(actions, again.actions):
        yield failure("The same chance gave another plan; draw every random number from `rng`.")
    cost, idle = _cost(actions), _cost(np.zeros_like(actions))
    sentence = f"Its plan costs {cost:.3g}, doing nothing {idle:.3g}"
    yield (
        ok(f"{sentence}.")
        if cost < idle / 2
        else failure(f"{sentence}; lower must be better: mend the search.")
    )
    if any(np.isnan(candidates).all((1, 2)).any() for candidates in tried):
        own = _cost(np.full_like(actions, np.nan))
        sentence = f"It asks the policy, whose own course costs {own:.3g}"
        yield (
            ok(f"{sentence}.")
            if cost <= own + ROUNDING
            else failure(f"{sentence}, and plans what costs {cost:.3g}; take the cheaper.")
        )
    late, rounds = _plan(planner, deadline_s=-np.inf)
    sentence = f"With its deadline past, it imagined in rounds: {len(rounds)}"
    yield (
        ok(f"{sentence}, and had a plan.")
        if _sound(late) and len(rounds) <= LATE_ROUNDS
        else failure(f"{sentence}; expected a plan in {LATE_ROUNDS} at most: give the best so far.")
    )
    here = MIDDLE + actions[0]
    (cold, _), (warm, _) = _plan(planner, here), _plan(planner, here, last=first)
    without, given = (_cost(plan.actions, here) for plan in (cold, warm))
    sentence = f"A step on, its plan costs {given:.3g} with the last plan, {without:.3g} without"
    yield (
        ok(f"{sentence}.")
        if given <= without * NO_WORSE + ROUNDING
        else failure(f"{sentence}; the first of `last.actions` is done: begin with the second.")
    )


def _plan(planner: Planner, here: Array = MIDDLE, **given: Any) -> tuple[Plan, list[Array]]:
    """A plan from a place, and all candidates that were imagined for it."""
    tried = list[Array]()

    def imagine(candidates: Array) -> tuple[Array, Array]:
        tried.append(candidates)
        return _walk(candidates, here)

    return planner.plan(imagine, _score, np.random.default_rng(SEED), **given), tried


def _sound(plan: Plan) -> bool:
    """Whether a plan can be acted."""
    actions = plan.actions
    shaped = actions.ndim == 2 and actions.shape[1] == ACTION_N and actions.dtype == np.float32
    return shaped and bool((np.abs(actions) <= 1.0).all() and np.isfinite(plan.cost))


def _cost(actions: Array, here: Array = MIDDLE) -> float:
    """What actions (H, A) from a place really cost."""
    return float(_score(_walk(actions[None], here)[0])[0])


def _walk(candidates: Array, here: Array) -> tuple[Array, Array]:
    """Where walks lead from a place, (N, H, A); the policy walks straight to where it should."""
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
