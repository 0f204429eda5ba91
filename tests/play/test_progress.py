import re

import numpy as np
import pytest

from rumpus.agent import Agent, AgentConfig
from rumpus.play.counting import counting, duration
from rumpus.play.learn import LearnConfig, Learner
from rumpus.play.loop import Progress, Until
from rumpus.play.progress import Remaining, telling
from rumpus.spec import RobotSpec, SensorSpec

SPEC = RobotSpec("toy", (SensorSpec("joint", (2,), -1.0, 1.0),), 2, 10.0)


@pytest.fixture
def learner() -> Learner:
    learn = LearnConfig(updates_per_step=0.5, practice_per_step=1.0)
    return Learner(Agent(SPEC, AgentConfig(), 0), learn, np.random.default_rng(0))


class Clock:
    """A clock that the test moves."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def live(remaining: Remaining, clock: Clock, learner: Learner, steps: int) -> None:
    """0.01 s a step, then a sleep of 0.1 s an update and 0.02 s a practice step."""
    first = remaining.last.steps
    for step in range(first, first + steps):
        clock.now_s += 0.01
        remaining.note(Progress(step + 1, "exploring"))
    updates, practice = learner.owed(first + steps)
    for done in range(updates):
        remaining.note(Progress(first + steps, "dreaming", done, updates))
        clock.now_s += 0.1
        learner.updates += 1
    for done in range(practice):
        remaining.note(Progress(first + steps, "practising", done, practice))
        clock.now_s += 0.02
        learner.practised += 1
    remaining.note(Progress(first + steps, "saved"))


def test_the_time_left_counts_the_sleep_that_is_still_owed(clock: Clock, learner: Learner) -> None:
    remaining = Remaining(Until(steps=300), learner, clock)
    assert remaining.seconds() is None  # before the first sleep nobody knows what sleep costs
    live(remaining, clock, learner, 100)
    true_s = 200 * 0.01 + 100 * 0.1 + 200 * 0.02
    assert remaining.seconds() == pytest.approx(true_s, rel=0.05)
    live(remaining, clock, learner, 200)
    assert remaining.seconds() == pytest.approx(0.0, abs=0.05)


def test_minutes_tell_the_time_left_at_once(clock: Clock, learner: Learner) -> None:
    remaining = Remaining(Until(minutes=1.5), learner, clock)
    clock.now_s = 30.0
    assert remaining.seconds() == pytest.approx(60.0)
    assert Remaining(Until(), learner, clock).seconds() is None


def test_one_plain_line_a_minute(
    clock: Clock, learner: Learner, capfd: pytest.CaptureFixture[str]
) -> None:
    clock.now_s = 1000.0
    with telling(Until(steps=1000), learner, clock) as watch:
        for step in range(1, 601):
            watch(Progress(step, "reaching", goal_reason="seen once"))
            clock.now_s += 0.3
        watch(Progress(600, "saved"))
    out, err = capfd.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1 + 2 + 1  # the first, two full minutes, the last
    assert re.match(r"reaching: 1 of 1,000 steps lived, .*goal seen once\n", err)
    assert err.splitlines()[-1] == "saved: 600 of 1,000 steps lived"


def test_a_count_tells_one_plain_line_a_minute(
    clock: Clock, capfd: pytest.CaptureFixture[str]
) -> None:
    with counting("trying", clock) as count:
        for done in range(200):
            count(done, 200)
            clock.now_s += 1.0
    out, err = capfd.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "trying: 60 of 200, about 2 min left",
        "trying: 120 of 200, about 80 s left",
        "trying: 180 of 200, about 20 s left",
    ]


@pytest.mark.parametrize(("seconds", "words"), [(5, "5 s"), (300, "5 min"), (9000, "2.5 h")])
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words
