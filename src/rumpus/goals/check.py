"""Does a goal source keep its promises? Asks it for goals and answers in sentences."""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from rumpus.catalogue import make
from rumpus.finding import Finding, failure, gather, ok
from rumpus.goals.base import Candidates, GoalSource, Situation
from rumpus.types import Goal, GoalReference

SEED, STEPS_N, POINT_N, LATENT_N, ASKED_N = 0, 300, 4, 8, 20
RATE_HZ = 10.0


def examine(made_by: Callable[[], GoalSource]) -> list[Finding]:
    """Ask for goals among stored steps, and say which promises are kept.

    Args:
        made_by: makes the goal source, always alike.

    Returns:
        findings in the order in which they were looked for; a goal source that raises ends the
        list with its sentence as a failure.

    Raises:
        InputError: when there is no such goal source to be made.
    """
    return gather(lambda: _look(made_by), "goal source")


def examine_named(name: str) -> list[Finding]:
    """Examine the goal source of that name."""

    def made() -> GoalSource:
        source: GoalSource = make("goal source", name, {})
        return source

    return examine(made)


def _look(made_by: Callable[[], GoalSource]) -> Iterator[Finding]:
    goals, again = _asked(made_by()), _asked(made_by())
    given = [goal for goal in goals if goal is not None]
    wrong = [goal for goal in given if not _is_goal(goal)]
    if wrong:
        yield failure(
            f"It gave {wrong[0]!r}, expected None or a Goal of one of the candidates' steps with "
            "a reason; make goals by `situation.goal_at`."
        )
        return
    if not given:
        yield failure(
            f"Asked {ASKED_N} times among {STEPS_N} steps, it gave no goal; mend next_goal()."
        )
        return
    yield ok(f"Asked {ASKED_N} times, it gave {len(given)} goals, each with a reason.")
    if [goal and goal.step for goal in goals] != [goal and goal.step for goal in again]:
        yield failure(
            "The same chance gave other goals; draw every random number from `situation.rng`."
        )
    else:
        yield ok("The same chance gave the same goals.")


def _asked(source: GoalSource) -> list[Goal | None]:
    """Goals asked for one after the other, every second one of them reached."""
    random = torch.Generator().manual_seed(SEED)
    candidates = Candidates(torch.randn(STEPS_N, POINT_N, generator=random), np.arange(STEPS_N) * 3)
    situation = Situation(
        torch.randn(LATENT_N, generator=random), torch.zeros(POINT_N), candidates, RATE_HZ,
        _goal_at, np.random.default_rng(SEED),
    )  # fmt: skip
    goals = []
    for number in range(ASKED_N):
        goal = source.next_goal(situation)
        if isinstance(goal, Goal):
            source.record_attempt(goal, number % 2 == 0)
        goals.append(goal)
    return goals


def _goal_at(step: int, source: str, reason: str) -> Goal:
    return Goal({}, source, reason, GoalReference("examined", 1, step))


def _is_goal(goal: object) -> bool:
    return isinstance(goal, Goal) and goal.step in range(0, 3 * STEPS_N, 3) and bool(goal.reason)
