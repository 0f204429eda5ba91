import re
from pathlib import Path

import numpy as np
import pytest

from rumpus.actor import MindConfig
from rumpus.cli.counting import duration, stoppable
from rumpus.cli.progress import remaining, telling
from rumpus.learner import Learner
from rumpus.memory import Memory
from rumpus.play.progress import Progress, Until
from rumpus.replay.measured import Measured
from rumpus.replay.replay import Replay, ReplayConfig
from rumpus.replay.update_ratio import TrainConfig
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.update_schedule import UpdateSchedule

SPEC = RobotSpec("toy", (SensorSpec("joint", (2,), -1.0, 1.0),), 2, 10.0)


@pytest.fixture
def schedule(tmp_path: Path) -> UpdateSchedule:
    config = TrainConfig(updates_per_step=0.5, early_times=1.0, policy_updates_per_step=1.0)
    replay = Replay(Memory.create(tmp_path, SPEC), ReplayConfig(), np.random.default_rng(0))
    return UpdateSchedule(Learner(SPEC, MindConfig(), 0), replay, config)


class Clock:
    """A clock that the test moves."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def play(clock: Clock, schedule: UpdateSchedule, first: int, steps: int) -> None:
    """0.01 s a step, then a train phase: 0.1 s a world-model update, 0.02 s a policy update."""
    clock.now_s += 0.01 * steps
    updates, policy_updates = schedule.owed(first + steps)
    clock.now_s += 0.1 * updates + 0.02 * policy_updates
    schedule.learner.world_model_updates += updates
    schedule.learner.policy_updates += policy_updates


def test_the_time_left_counts_the_training_that_is_still_owed(
    clock: Clock, schedule: UpdateSchedule
) -> None:
    left_s = remaining(Until(steps=300), schedule, clock)
    assert left_s() is None  # before the first train phase nobody knows what it costs
    play(clock, schedule, 0, 100)
    true_s = 200 * 0.01 + 100 * 0.1 + 200 * 0.02
    assert left_s() == pytest.approx(true_s, rel=0.05)
    play(clock, schedule, 100, 200)
    assert left_s() == pytest.approx(0.0, abs=0.05)


def test_who_goes_on_with_a_run_is_told_of_what_is_left_alone(
    clock: Clock, schedule: UpdateSchedule
) -> None:
    play(clock, schedule, 0, 200)
    left_s = remaining(Until(steps=300), schedule, clock)
    play(clock, schedule, 200, 50)
    assert left_s() == pytest.approx(50 * 0.01 + 25 * 0.1 + 50 * 0.02, rel=0.05)


def test_minutes_tell_the_time_left_at_once(clock: Clock, schedule: UpdateSchedule) -> None:
    left_s = remaining(Until(minutes=1.5), schedule, clock)
    clock.now_s = 30.0
    assert left_s() == pytest.approx(60.0)
    assert remaining(Until(), schedule, clock)() is None


def test_one_plain_line_a_minute(
    clock: Clock, schedule: UpdateSchedule, capfd: pytest.CaptureFixture[str]
) -> None:
    clock.now_s = 1000.0
    with telling(Until(steps=1000), schedule, clock) as watch:
        for step in range(1, 601):
            watch(Progress(step, "reaching", goal_reason="seen once"))
            clock.now_s += 0.3
        watch(Progress(600, "saved"))
    out, err = capfd.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1 + 2 + 1  # the first, two full minutes, the last
    assert re.match(r"reaching: 1 of 1,000 steps played, .*goal seen once\n", err)
    assert err.splitlines()[-1] == "saved: 600 of 1,000 steps played"


def test_more_steps_than_were_asked_for_are_not_a_part_of_them(
    clock: Clock, schedule: UpdateSchedule, capfd: pytest.CaptureFixture[str]
) -> None:
    with telling(Until(steps=700), schedule, clock) as watch:
        watch(Progress(760, "saved"))
    assert capfd.readouterr().err == "saved: 760 steps played\n"


def test_the_line_tells_prediction_and_places(
    clock: Clock, schedule: UpdateSchedule, capfd: pytest.CaptureFixture[str]
) -> None:
    measured = Measured(500, 0, {"1": 0.8, "5": 0.314}, {"1": 1.0, "5": 1.2}, places=1057)
    with telling(Until(steps=700), schedule, clock) as watch:
        watch(Progress(600, "saved", measured=measured))
        watch(Progress(600, "saved", measured=Measured(500, 0, places=3)))
    told = capfd.readouterr().err.splitlines()
    assert told[0] == "saved: 600 of 700 steps played, prediction 0.31, 1,057 places"
    assert told[1] == "saved: 600 of 700 steps played, 3 places"


def test_that_nothing_new_happened_for_long_is_told_once(
    clock: Clock, schedule: UpdateSchedule, capfd: pytest.CaptureFixture[str]
) -> None:
    with telling(Until(), schedule, clock) as watch:
        for quiet in (3, 4, 5, 6, 7, 0, 1):
            for step in range(3):
                watch(Progress(step, "reaching", measured=Measured(9, 0, quiet_phases=quiet)))
    told = [line for line in capfd.readouterr().err.splitlines() if "No new place" in line]
    assert len(told) == 1
    assert told[0].startswith("No new place in the last 5 train phases")


def test_a_count_tells_one_plain_line_a_minute(
    clock: Clock, capfd: pytest.CaptureFixture[str]
) -> None:
    with stoppable("trying", clock) as count:
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
