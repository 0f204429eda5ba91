"""What a robot imagines on its way to a goal, kept to be looked at beside what then came.

A planner forgets every course that it does not take. Here some decisions keep their best ones, and
afterwards the robot is told what it did there and imagines that, too: where the two go apart, its
model is wrong; where they agree and the goal is not reached, its judgement or its search is.

Sources: visual foresight (Ebert 2018, arXiv 1812.00568), whose authors' code wrote the ten best
plans of a decision as films on a page; interview 15:26 and 17:54.

Differs from the paper:
    the ten best of all rounds of a decision, not of each round; beside them what then came.
"""

import math
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rumpus.actor import Actor, Courses
from rumpus.body.robot import Robot
from rumpus.model.device import to_array
from rumpus.planning.base import Imagine, Imagined, Plan, Planner, Score
from rumpus.planning.rollout import Rollout
from rumpus.play.control import OwnMemory
from rumpus.play.do import Done, do
from rumpus.types import Array, Goal

KEPT = 10  # courses of a decision, the one that was taken among them
DECISIONS = 6  # of a trial
CROWDING = 1.5  # towards the beginning, where most of a way is; 1 is evenly


@dataclass(frozen=True)
class Kept:
    """What one decision imagined, as the planner had it.

    Attributes:
        step: of the trial.
        latents: (K, H, D) of at most `KEPT` different courses, first the one that was taken, then
            the cheapest.
        doubt: (K, H), of each step, see `Actor.doubt`.
        costs: float (K,), what the planner took them to cost.
        tried: how many courses were imagined.
    """

    step: int
    latents: Tensor
    doubt: Tensor
    costs: Array
    tried: int


class Watched:
    """A planner that keeps the best courses of another, which plans as if nobody looked on.

    Attributes:
        kept: what was kept, by decision.
        costs: of every plan that was acted on, by step of the trial.
        took_s: how long each decision that was kept took to plan, and to keep.
    """

    def __init__(self, planner: Planner, steps: Collection[int]) -> None:
        """Keep the decisions at these steps of a trial."""
        self.planner, self.steps = planner, steps
        self.kept, self.costs = list[Kept](), dict[int, float]()
        self.took_s = list[tuple[float, float]]()
        self._step: int | None = None

    def at(self, step: int) -> None:
        """Be told that the next plan is acted on, at this step; others are only imagined."""
        self._step = step

    def plan(
        self, imagine: Imagine[Imagined], score: Score[Imagined], rng: np.random.Generator, *,
        last: Plan | None = None, deadline_s: float = math.inf,
    ) -> Plan:  # fmt: skip
        """Find the plan that the other finds; see `planning.base.Planner`."""
        step, self._step, tried = self._step, None, list[tuple[Any, Array, Array]]()

        def both(candidates: Array) -> tuple[tuple[Imagined, Array], Array]:
            imagined, actions = imagine(candidates)
            return (imagined, actions), actions

        def noted(courses: tuple[Imagined, Array]) -> Array:
            tried.append((*courses, costs := score(courses[0])))
            return costs

        if step is None:
            return self.planner.plan(imagine, score, rng, last=last, deadline_s=deadline_s)
        begun_s = time.perf_counter()
        plan = self.planner.plan(both, noted, rng, last=last, deadline_s=deadline_s)
        planned_s = time.perf_counter()
        self.costs[step] = plan.cost
        if step in self.steps:
            self.kept.append(_best(step, plan, tried))
            self.took_s.append((planned_s - begun_s, time.perf_counter() - planned_s))
        return plan


def _best(step: int, plan: Plan, tried: Sequence[tuple[Courses, Array, Array]]) -> Kept:
    """The plan and the cheapest other courses, each once: rounds imagine some of them again."""
    imagined, actions, costs = zip(*tried, strict=True)
    action, cost = np.concatenate(actions), np.concatenate(costs)
    taken = np.flatnonzero((action == plan.actions).all((1, 2)))[-1:]
    rows: dict[bytes, int] = {}
    for row in [*taken.tolist(), *np.argsort(cost, kind="stable").tolist()]:
        rows.setdefault(action[row].tobytes(), row)
        if len(rows) == KEPT:
            break
    best = list(rows.values())
    latents = torch.cat([courses.latents for courses in imagined])[best]
    doubt = torch.cat([courses.doubt for courses in imagined])[best]
    return Kept(step, latents, doubt, cost[best], len(cost))


@dataclass(frozen=True)
class Course:
    """One imagined course, as people look at it.

    Attributes:
        pictures: by picture sensor, uint8 (H, h, w, c), after each step.
        steps_left: that it believes are left to the goal, after each step.
        doubt: of each step; more than 1 is not to be trusted.
        cost: what the planner took it to cost; None where nobody planned it.
    """

    pictures: dict[str, Array]
    steps_left: list[float]
    doubt: list[float]
    cost: float | None = None


@dataclass(frozen=True)
class Decision:
    """What one decision imagined, as people look at it.

    Attributes:
        step: of the trial, at which it was made.
        tried: how many courses were imagined.
        courses: the best of them, the one that was taken first.
        told: what it imagines from there when told afterwards what it did.
    """

    step: int
    tried: int
    courses: list[Course]
    told: Course


@dataclass(frozen=True)
class Imagination:
    """What was imagined on the way to a goal, and what came.

    Attributes:
        done: what came.
        steps_left: that it believed were left to the goal, at each step of `done.happened`.
        costs: of what it planned, by step.
        decisions: those that were kept.
        plan_ms: how long a decision took to plan, the median.
        keep_ms: how long it took to keep it, the median.
    """

    done: Done
    steps_left: list[float]
    costs: dict[int, float]
    decisions: list[Decision]
    plan_ms: float
    keep_ms: float


def imagine(
    robot: Robot, memory: OwnMemory, actor: Actor, goal: Goal, steps: int,
    rng: np.random.Generator, tick: Callable[[int, int], None],
) -> Imagination:  # fmt: skip
    """Let the robot go for a goal, and show what it imagined at some of its decisions.

    It acts as if nobody looked on, and what it does is remembered: see `do`, which also says what
    is to be given. The actor is watched from then on, and of no other use.

    Raises:
        InputError: when there is no step to do.
    """
    shares = np.linspace(0.0, 1.0, DECISIONS, endpoint=False) ** CROWDING
    watched = _watch(actor, {int(share * steps) for share in shares})

    def look(number: int, total: int) -> None:
        tick(number, total)
        watched.at(number)

    done = do(robot, memory, actor, goal, steps, rng, look)
    wanted = actor.encode(goal.readings)
    seen = [actor.encode(readings) for readings in done.happened]
    acted = memory.actions[done.first_step : done.first_step + len(seen) - 1]

    def course(latents: Tensor, doubt: Array, cost: float | None = None) -> Course:
        left = [actor.predicted_steps(latent, wanted) for latent in latents]
        return Course(actor.decode(latents), left, doubt.tolist(), cost)

    decisions = []
    for kept in watched.kept:
        came = acted[kept.step : kept.step + kept.latents.shape[1]]
        told = course(actor.imagine(seen[kept.step], came), actor.doubt(seen[kept.step], came))
        planned = zip(kept.latents, to_array(kept.doubt), kept.costs.tolist(), strict=True)
        courses = [course(*each) for each in planned]
        decisions.append(Decision(kept.step, kept.tried, courses, told))
    left = [actor.predicted_steps(latent, wanted) for latent in seen]
    plan_ms, keep_ms = (1e3 * np.median(watched.took_s, axis=0)).tolist()
    return Imagination(done, left, watched.costs, decisions, plan_ms, keep_ms)


def _watch(actor: Actor, steps: Collection[int]) -> Watched:
    """Let a planner be watched; where the policy acts alone, its own course is all there is."""
    config = actor.config
    if config.acts_by == "policy":
        alone = replace(config.rollout, candidates=1)
        actor.planner = Rollout(actor.spec.action_size, alone)
        actor.config = replace(config, acts_by="rollout")
    watched = Watched(actor.planner, steps)
    actor.planner = watched
    return watched
