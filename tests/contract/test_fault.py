"""Each broken promise is told in a sentence: one planted fault a row, the sound part beside it."""

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from rumpus.body.robot import Robot
from rumpus.body.robots import check as robot_contract
from rumpus.body.sensors import check as sensor_contract
from rumpus.body.sensors.base import Reading, Sensor
from rumpus.finding import Finding
from rumpus.goals import check as goal_contract
from rumpus.goals.base import Situation
from rumpus.objectives import check as objective_contract
from rumpus.planning import check as planner_contract
from rumpus.planning.base import Plan
from rumpus.planning.random_shooting import RandomShooting, RandomShootingConfig
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Executed, Goal, Observation


def told(findings: list[Finding], verdict: str, words: str) -> bool:
    return any(f.verdict == verdict and words in f.sentence for f in findings)


def bad(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.verdict != "ok"]


# Sensors


class Gauge(Sensor):
    """Counts its readings; each fault below breaks one promise of it."""

    spec = SensorSpec("gauge", (2,), 0.0, 100.0)

    def __init__(self) -> None:
        self.reads = 0

    def read(self) -> Reading | None:
        self.reads += 1
        return Reading(self.value(), self.captured_s())

    def value(self) -> Array:
        return np.full(2, self.reads, np.float32)

    def captured_s(self) -> float:
        return self.reads / 10


class Misshapen(Gauge):
    def value(self) -> Array:
        return np.zeros(3, np.float32)


class Double(Gauge):
    def value(self) -> Array:
        return np.zeros(2)


class Unsound(Gauge):
    def value(self) -> Array:
        return np.full(2, np.nan, np.float32)


class Beyond(Gauge):
    def value(self) -> Array:
        return np.full(2, 5.0 * self.reads, np.float32)


class Stopped(Gauge):
    def captured_s(self) -> float:
        return 1.0


class Backwards(Gauge):
    def captured_s(self) -> float:
        return self.reads % 7


class Timeless(Gauge):
    def captured_s(self) -> float:
        return float("nan")


class Reusing(Gauge):
    buffer = np.zeros(2, np.float32)

    def value(self) -> Array:
        self.buffer[:] = self.reads
        return self.buffer


class View(Reusing):
    def value(self) -> Array:
        return super().value()[:]


class Unplugged(Gauge):
    def read(self) -> Reading | None:
        return None


class Raising(Gauge):
    def read(self) -> Reading | None:
        raise OSError("the cable\n   came off")


class Nameless(Gauge):
    spec = SensorSpec("", (2,), 0.0, 100.0)


class Late(Gauge):
    """Sound: gives nothing at first."""

    def read(self) -> Reading | None:
        return super().read() if self.reads or not self.skip() else None

    def skip(self) -> bool:
        self.reads = 1
        return True


@pytest.mark.parametrize(
    ("sensor", "verdict", "words"),
    [
        (Misshapen, "failure", "'gauge' gave float32 (3,), but its spec says float32 (2,)"),
        (Double, "failure", "'gauge' gave float64 (2,)"),
        (Unsound, "failure", "not finite"),
        (Beyond, "warning", "ranged over 5 to 250, outside its declared 0 to 100"),
        (Stopped, "failure", "capture time falls or stands still"),
        (Backwards, "failure", "capture time falls or stands still"),
        (Timeless, "failure", "capture time is not always a number"),
        (Reusing, "failure", "gave the same array twice"),
        (View, "failure", "gave the same array twice"),
        (Unplugged, "failure", "gave nothing in 50 of 50 readings; is it plugged in?"),
        (Raising, "failure", "It raised OSError: the cable came off, at"),
        (Nameless, "failure", "mend its spec"),
        (Late, "ok", "It gave nothing in 1 of 50 readings, the first one among them."),
    ],
)
def test_a_sensors_fault_is_told(sensor: type[Gauge], verdict: str, words: str) -> None:
    findings = sensor_contract.examine(sensor)
    assert told(findings, verdict, words), findings


@pytest.mark.parametrize("sensor", [Gauge, Late])
def test_a_sound_sensor_has_no_fault(sensor: type[Gauge]) -> None:
    assert bad(sensor_contract.examine(sensor)) == []


# Robots


class Cart(Robot):
    """A cart on a rail in episodes of 40 steps; each fault below breaks one promise of it."""

    spec = RobotSpec("cart", (SensorSpec("place", (1,), -1.0, 1.0),), action_size=1, rate_hz=10.0)

    def __init__(self) -> None:
        self.x, self.steps, self.since, self.stops, self.rests = 0.0, 0, 0, 0, 0

    def observe(self) -> Observation:
        return Observation({"place": np.array([self.x], np.float32)}, self.time_s())

    def time_s(self) -> float:
        return self.steps / 10

    def act(self, action: Array) -> Executed:
        self.steps, self.since = self.steps + 1, self.since + 1
        before, self.x = self.x, float(np.clip(self.x + 0.2 * action[0], -1.0, 1.0))
        done = np.array([(self.x - before) / 0.2], np.float32).clip(-1.0, 1.0)
        return self.said(action, Executed(done, "" if abs(self.x) < 1.0 else "at the end"))

    def said(self, asked: Array, done: Executed) -> Executed:
        return done

    @property
    def ended(self) -> tuple[bool, bool]:
        return False, self.since >= 40

    def restart(self) -> None:
        self.since, self.steps = 0, self.steps + 1

    def stop(self) -> None:
        self.stops += 1


class Restless(Cart):
    def observe(self) -> Observation:
        self.x = min(self.x + 0.001, 1.0)
        return super().observe()


class Noisy(Restless):
    def time_s(self) -> float:
        return time.monotonic()


class Mumbling(Cart):
    def said(self, asked: Array, done: Executed) -> Executed:
        return None  # type: ignore[return-value]


class Boasting(Cart):
    def said(self, asked: Array, done: Executed) -> Executed:
        return Executed(np.full(1, 2.0, np.float32))


class Inexact(Cart):
    def said(self, asked: Array, done: Executed) -> Executed:
        return Executed(done.action.astype(np.float64))


class Unreasoned(Cart):
    def said(self, asked: Array, done: Executed) -> Executed:
        return Executed(done.action)


class Frozen(Cart):
    def time_s(self) -> float:
        return 0.0


class Undeclared(Cart):
    def observe(self) -> Observation:
        return Observation({"smell": np.zeros(1, np.float32)}, self.time_s())


class Numb(Cart):
    def observe(self) -> Observation:
        return Observation({}, self.time_s())


class Ended(Cart):
    def restart(self) -> None:
        self.steps += 1


class StopsOnce(Cart):
    def stop(self) -> None:
        super().stop()
        if self.stops == 2:
            raise RuntimeError("already closed")


class RestsOnce(Cart):
    def rest(self) -> None:
        self.rests += 1
        if self.rests == 2:
            raise RuntimeError("asleep already")


class Winking(Cart):
    """Sound: a sensor that gives nothing now and then."""

    def observe(self) -> Observation:
        seen = super().observe()
        return Observation({}, seen.time_s) if self.steps % 3 == 1 else seen


@pytest.mark.parametrize(
    ("robot", "verdict", "words"),
    [
        (Restless, "failure", "Its observe() changed 'place' in no time"),
        (Noisy, "warning", "'place' changed while nobody acted"),
        (Mumbling, "failure", "act() gave NoneType, expected Executed"),
        (Boasting, "failure", "expected float32 (1,) in [-1, 1]"),
        (Inexact, "failure", "executed float64 (1,)"),
        (Unreasoned, "failure", "and gave no reason"),
        (Frozen, "failure", "Its time does not grow at every step"),
        (Undeclared, "failure", "cart has no sensor 'smell'"),
        (Numb, "failure", "Sensor 'place' gave nothing in 500 of 500 observations"),
        (Ended, "failure", "still ended after restart()"),
        (StopsOnce, "failure", "It raised RuntimeError: already closed"),
        (RestsOnce, "failure", "It raised RuntimeError: asleep already"),
        (Winking, "ok", "Sensor 'place' gave nothing in"),
        (Cart, "ok", "Its episodes ended 12 times in 500 steps"),
    ],
)
def test_a_robots_fault_is_told(robot: type[Cart], verdict: str, words: str) -> None:
    findings = robot_contract.examine(robot)
    assert told(findings, verdict, words), findings


@pytest.mark.parametrize("robot", [Cart, Winking])
def test_a_sound_robot_has_no_fault(robot: type[Cart]) -> None:
    assert bad(robot_contract.examine(robot)) == []


def test_a_robot_that_is_examined_is_stopped_also_when_it_fails() -> None:
    carts: list[Cart] = []

    def make() -> Cart:
        carts.append(Mumbling())
        return carts[0]

    robot_contract.examine(make)
    assert carts[0].stops == 1


# Objectives

Cost = Callable[[Tensor], Any]


class Nearness:
    """How far a course ends from the goal; each fault below breaks one promise of it."""

    def score(self, goal: Tensor) -> Cost:
        return lambda imagined: self.cost((imagined - goal).norm(dim=-1))

    def cost(self, apart: Tensor) -> Any:
        return apart[:, -1].numpy()


class Reversed(Nearness):
    def cost(self, apart: Tensor) -> Any:
        return -apart[:, -1].numpy()


class PerStep(Nearness):
    def cost(self, apart: Tensor) -> Any:
        return apart.numpy()


class Infinite(Nearness):
    def cost(self, apart: Tensor) -> Any:
        return apart[:, -1].numpy() * np.inf


class Drawn(Nearness):
    def cost(self, apart: Tensor) -> Any:
        return (apart[:, -1] + 1e-3 * torch.rand(len(apart))).numpy()


class InPlace(Nearness):
    def score(self, goal: Tensor) -> Cost:
        return lambda imagined: imagined.sub_(goal).norm(dim=-1)[:, -1].numpy()


class Broken(Nearness):
    def score(self, goal: Tensor) -> Cost:
        raise KeyError("weights")


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        (Reversed, "lower must be better"),
        (PerStep, "expected (32,) finite numbers"),
        (Infinite, "expected (32,) finite numbers"),
        (Drawn, "draw no chance"),
        (InPlace, "changed the courses"),
        (Broken, "It raised KeyError: 'weights'"),
    ],
)
def test_an_objectives_fault_is_told(objective: type[Nearness], words: str) -> None:
    findings = objective_contract.examine(objective)
    assert told(findings, "failure", words), findings
    assert bad(objective_contract.examine(Nearness)) == []


# Planners


class Shooter:
    """Searches by random shooting; each fault below breaks one promise of it."""

    rounds_n = 1

    def plan(
        self, imagine: Any, score: Any, rng: np.random.Generator, *, last: Plan | None = None,
        deadline_s: float = math.inf,
    ) -> Plan:  # fmt: skip
        shots = RandomShooting(2, RandomShootingConfig())
        for _ in range(self.rounds_n):
            plan = shots.plan(imagine, score, rng, last=last)
        return self.told(plan, last)

    def told(self, plan: Plan, last: Plan | None) -> Plan:
        return plan


class Wild(Shooter):
    def told(self, plan: Plan, last: Plan | None) -> Plan:
        return Plan(3.0 * plan.actions, plan.cost)


class Flat(Shooter):
    def told(self, plan: Plan, last: Plan | None) -> Plan:
        return Plan(plan.actions[0], plan.cost)


class Moody(Shooter):
    def told(self, plan: Plan, last: Plan | None) -> Plan:
        return Plan(plan.actions * np.float32(np.random.default_rng().uniform(0.9, 1)), plan.cost)


class Idle(Shooter):
    def told(self, plan: Plan, last: Plan | None) -> Plan:
        return Plan(np.zeros_like(plan.actions), plan.cost)


class Boundless(Shooter):
    def told(self, plan: Plan, last: Plan | None) -> Plan:
        return Plan(plan.actions, float("inf"))


class Tardy(Shooter):
    rounds_n = 3


class Deaf(Shooter):
    def told(self, plan: Plan, last: Plan | None) -> Plan:
        return Plan(plan.actions * np.float32(0.9), plan.cost)


class Stuck(Shooter):
    def told(self, plan: Plan, last: Plan | None) -> Plan:
        return last or plan


@pytest.mark.parametrize(
    ("planner", "words"),
    [
        (Wild, "in [-1, 1] at a finite cost"),
        (Flat, "expected float32 (H, 2)"),
        (Moody, "draw every random number from `rng`"),
        (Idle, "mend the search"),
        (Boundless, "at a finite cost"),
        (Tardy, "in rounds: 3; expected a plan in 2 at most"),
        (Deaf, "take the cheaper"),
        (Stuck, "begin with the second"),
    ],
)
def test_a_planners_fault_is_told(planner: type[Shooter], words: str) -> None:
    findings = planner_contract.examine(planner)
    assert told(findings, "failure", words), findings
    assert bad(planner_contract.examine(Shooter)) == []


# Goal sources


class First:
    """Goes for the first step; each fault below breaks one promise of it."""

    def next_goal(self, situation: Situation) -> Any:
        return situation.goal_at(self.step(situation), "first", self.reason())

    def step(self, situation: Situation) -> int:
        return int(situation.candidates.step[0])

    def reason(self) -> str:
        return "it came first"

    def record_attempt(self, goal: Goal, reached: bool) -> None:
        pass


class Nowhere(First):
    def step(self, situation: Situation) -> int:
        return 1


class Silent(First):
    def reason(self) -> str:
        return ""


class Wantless(First):
    def next_goal(self, situation: Situation) -> Any:
        return None


class Numbered(First):
    def next_goal(self, situation: Situation) -> Any:
        return 3


class Fickle(First):
    def step(self, situation: Situation) -> int:
        return int(np.random.default_rng().choice(situation.candidates.step))


class Forgetful(First):
    def record_attempt(self, goal: Goal, reached: bool) -> None:
        raise LookupError("which goal?")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Nowhere, "a Goal of one of the candidates' steps"),
        (Silent, "with a reason"),
        (Wantless, "it gave no goal; mend next_goal()"),
        (Numbered, "It gave 3, expected None or a Goal"),
        (Fickle, "draw every random number from `situation.rng`"),
        (Forgetful, "It raised LookupError: which goal?"),
    ],
)
def test_a_goal_sources_fault_is_told(source: type[First], words: str) -> None:
    findings = goal_contract.examine(source)
    assert told(findings, "failure", words), findings
    assert bad(goal_contract.examine(First)) == []
