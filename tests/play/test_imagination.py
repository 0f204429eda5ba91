"""Who looks on changes nothing, and keeps what was really imagined, beside what really came."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from rumpus.actor import Actor, Courses, MindConfig
from rumpus.body.safe_robot import SafeRobot
from rumpus.memory import Memory
from rumpus.planning.base import Plan, Planner
from rumpus.planning.cem import Cem, CemConfig
from rumpus.planning.icem import Icem, IcemConfig
from rumpus.planning.mppi import Mppi, MppiConfig
from rumpus.planning.random_shooting import RandomShooting, RandomShootingConfig
from rumpus.planning.rollout import Rollout, RolloutConfig
from rumpus.play.do import Done, do
from rumpus.play.imagination import DECISIONS, KEPT, Imagination, Watched, imagine
from rumpus.run.config import RunConfig
from rumpus.run.session import make_mind
from rumpus.types import Array, Goal
from rumpus.worlds.door import Door

H, STEPS = 8, 14
PLANNERS: dict[str, Planner] = {
    "cem": Cem(2, CemConfig(H)),
    "icem": Icem(2, IcemConfig(H)),
    "mppi": Mppi(2, MppiConfig(H)),
    "random_shooting": RandomShooting(2, RandomShootingConfig(H)),
    "rollout": Rollout(2, RolloutConfig(H)),
}


def going(places: Tensor) -> Courses:
    """Courses through places, doubted more the farther right."""
    return Courses(places, places[..., 0])


class Walk:
    """A point that should get to (3, 1), whose policy stands still; notes what was imagined."""

    def __init__(self) -> None:
        self.actions, self.costs = list[Array](), list[Array]()

    def imagine(self, candidates: Array) -> tuple[Courses, Array]:
        actions = np.nan_to_num(candidates)
        self.actions.append(actions)
        return going(torch.from_numpy(np.cumsum(actions, 1))), actions

    def score(self, courses: Courses) -> Array:
        costs: Array = (courses.latents - torch.tensor([3.0, 1.0])).norm(dim=-1).sum(-1).numpy()
        self.costs.append(costs)
        return costs

    def plan(self, planner: Planner) -> Plan:
        return planner.plan(self.imagine, self.score, np.random.default_rng(0))


@pytest.mark.parametrize("name", PLANNERS)
def test_the_plan_is_as_if_nobody_looked_on_and_the_best_courses_are_kept(name: str) -> None:
    alone = Walk().plan(PLANNERS[name])
    watched, walk = Watched(PLANNERS[name], {3}), Walk()
    watched.at(3)
    plan = walk.plan(watched)
    np.testing.assert_array_equal(plan.actions, alone.actions)
    assert plan.cost == alone.cost
    (kept,) = watched.kept
    assert (kept.step, len(kept.costs), kept.tried) == (3, KEPT, sum(map(len, walk.costs)))
    # The course that was taken, and the others as cheap as any that were imagined.
    np.testing.assert_allclose(kept.latents[0].numpy(), np.cumsum(plan.actions, 0), rtol=1e-6)
    assert kept.costs[0] == np.float32(plan.cost)
    different = {a.tobytes(): c for a, c in zip(
        np.concatenate(walk.actions), np.concatenate(walk.costs), strict=True)}  # fmt: skip
    del different[plan.actions.tobytes()]
    np.testing.assert_array_equal(kept.costs[1:], sorted(different.values())[: KEPT - 1])
    np.testing.assert_allclose(Walk().score(going(kept.latents)), kept.costs, rtol=1e-6)
    np.testing.assert_array_equal(kept.doubt, kept.latents[..., 0])
    assert watched.costs == {3: plan.cost}
    assert len(watched.took_s) == 1


class Contrary:
    """A planner that takes what costs most."""

    def plan(self, imagine: Any, score: Any, rng: np.random.Generator, **given: Any) -> Plan:
        imagined, actions = imagine(rng.uniform(-1, 1, (30, H, 2)).astype(np.float32))
        costs = score(imagined)
        return Plan(actions[np.argmax(costs)], float(costs.max()))


def test_the_course_that_was_taken_is_the_first_however_many_are_better() -> None:
    watched, walk = Watched(Contrary(), {0}), Walk()
    watched.at(0)
    plan = walk.plan(watched)
    (kept,) = watched.kept
    assert kept.costs[0] == np.float32(plan.cost) == walk.costs[0].max()
    np.testing.assert_array_equal(kept.costs[1:], np.sort(walk.costs[0])[: KEPT - 1])
    np.testing.assert_array_equal(Walk().score(going(kept.latents)), kept.costs)


def test_only_decisions_that_are_acted_on_and_asked_for_are_kept() -> None:
    watched, walk = Watched(PLANNERS["rollout"], {3}), Walk()
    walk.plan(watched)  # imagined: nobody said that it is acted on
    assert (watched.kept, watched.costs) == ([], {})
    watched.at(2)
    first = walk.plan(watched)
    walk.plan(watched)
    assert (watched.kept, watched.costs) == ([], {2: first.cost})
    watched.at(3)
    walk.plan(watched)
    walk.plan(watched)
    assert [kept.step for kept in watched.kept] == [3]


def went(path: Path, way: Callable[..., Any], acts_by: Any) -> tuple[Any, Array, Actor]:
    """What comes of going for a picture of a door, the actions, and an actor as it was before."""
    door = Door(0)
    config = RunConfig("door", mind=replace(MindConfig(), acts_by=acts_by))
    with Memory.create(path, door.spec) as memory:
        mind = make_mind(memory, config)
        goal = Goal(door.observe().readings, "test", "its first picture")
        found = way(SafeRobot(door), memory, mind.learner.snapshot(), goal, STEPS,
                    np.random.default_rng(0), lambda *_: None)  # fmt: skip
        return found, memory.actions.copy(), mind.learner.snapshot()


@pytest.mark.parametrize("acts_by", ["rollout", "policy"])
def test_it_acts_as_if_nobody_looked_on(tmp_path: Path, acts_by: str) -> None:
    done, alone, _ = went(tmp_path / "alone", do, acts_by)
    found, seen, _ = went(tmp_path / "seen", imagine, acts_by)
    assert isinstance(done, Done)
    assert isinstance(found, Imagination)
    assert len(alone) == STEPS + 1
    np.testing.assert_allclose(seen, alone, atol=0.0 if acts_by == "rollout" else 1e-5)
    courses = {len(decision.courses) for decision in found.decisions}
    assert courses == {KEPT if acts_by == "rollout" else 1}


def test_beside_what_was_imagined_stands_what_it_makes_of_what_it_did(tmp_path: Path) -> None:
    found, actions, actor = went(tmp_path / "memory", imagine, "rollout")
    happened = found.done.happened
    goal = actor.encode(found.done.goal.readings)
    steps = [decision.step for decision in found.decisions]
    assert steps == [0, 2, 4, 7, 10]  # of six between 0 and 14 two are one
    assert len(steps) <= DECISIONS
    assert list(found.costs) == list(range(STEPS))
    assert len(found.steps_left) == STEPS + 1
    assert found.steps_left[4] == actor.predicted_steps(actor.encode(happened[4]), goal)
    for decision in found.decisions:
        done = actions[decision.step : decision.step + H][: STEPS - decision.step]
        told = actor.imagine(actor.encode(happened[decision.step]), done)
        np.testing.assert_array_equal(
            decision.told.pictures["camera"], actor.decode(told)["camera"]
        )
        assert decision.told.steps_left == [actor.predicted_steps(each, goal) for each in told]
        taken = decision.courses[0]
        assert taken.cost == found.costs[decision.step]
        assert [len(course.steps_left) for course in decision.courses] == [H] * KEPT
        # The first step of the plan is what it then did.
        np.testing.assert_array_equal(
            taken.pictures["camera"][0], decision.told.pictures["camera"][0]
        )
