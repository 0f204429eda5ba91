"""What an evaluation says beside the error at the end, and what it warns of."""

import numpy as np
import pytest

from rumpus.errors import InputError
from rumpus.play.evaluate import (
    Evaluation,
    TrialConfig,
    draw_trials,
    measure_for,
    over_time,
    too_easy,
)
from rumpus.types import Observation
from rumpus.worlds.base import Measure, Trial, unrepeatable
from rumpus.worlds.catalogue import load
from rumpus.worlds.door import Door


def test_held_and_reached_ever_tell_who_arrives_from_who_passes_by() -> None:
    arrives, passes, lost = [0.9] * 5 + [0.05] * 5, [0.9, 0.05, 0.9] * 3, [0.9] * 9
    late = [0.9] * 8 + [0.05]
    assert over_time([arrives], 0.1) == {"held_rate": 1.0, "reached_ever_rate": 1.0}
    assert over_time([passes, late], 0.1) == {"held_rate": 0.0, "reached_ever_rate": 1.0}
    assert over_time([lost, []], 0.1) == {"held_rate": 0.0, "reached_ever_rate": 0.0}
    assert over_time([arrives, lost, lost, passes], 0.1)["held_rate"] == 0.25
    assert over_time([], 0.1) == {}


@pytest.mark.parametrize(("near", "warned"), [(0, False), (2, False), (3, True), (10, True)])
def test_trials_that_nothing_need_be_done_for_are_told(near: int, warned: bool) -> None:
    started = [{"error_m": 0.01 if k < near else 0.5} for k in range(10)]
    found = Evaluation("kind", Measure("error_m", 0.1, 60), [], started, [])
    said = too_easy(found)
    assert bool(said) == warned
    if warned:
        assert f"Doing nothing succeeds in {near * 10}% of these trials" in said


def test_trials_begin_as_far_from_their_goals_as_was_asked() -> None:
    door = Door(0)

    def apart(asked: TrialConfig) -> list[float]:
        return [door.errors(t.start, t.goal)["angle_error_rad"] for t in draw_trials(door, asked)]

    assert min(apart(TrialConfig(20))) < 0.4
    far = apart(TrialConfig(20, farther_than=0.4))
    assert len(far) == 20
    assert min(far) >= 0.4
    with pytest.raises(InputError, match="only 0 begin 9 or more from their goal, by angle_error"):
        draw_trials(door, TrialConfig(3, farther_than=9.0))


def test_a_kind_of_trial_that_a_world_has_not_is_refused_with_those_it_has() -> None:
    with pytest.raises(InputError, match="'upside down'; choose one of: handle, anywhere"):
        draw_trials(Door(0), TrialConfig(3, "upside down"))


def test_length_and_tolerance_are_as_asked_within_what_the_world_allows() -> None:
    own = measure_for(Door(0), TrialConfig())
    assert (own.steps, own.tolerance) == (60, 0.1)
    asked = measure_for(Door(0), TrialConfig(steps=200, tolerance=0.02))
    assert (asked.steps, asked.tolerance, asked.name) == (200, 0.02, own.name)
    pendulum = load("Pendulum-v1")  # ends after 200 steps, of which a trial's start takes 30
    assert measure_for(pendulum, TrialConfig(steps=170)).steps == 170
    with pytest.raises(InputError, match="ends them after 170"):
        measure_for(pendulum, TrialConfig(steps=171))


@pytest.mark.parametrize(
    "wrong",
    [{"goals": 0}, {"steps": 0}, {"tolerance": -0.1}, {"tolerance": np.nan},
     {"farther_than": -1.0}, {"farther_than": np.inf}],
)  # fmt: skip
def test_trials_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match="expected"):
        TrialConfig(**wrong)  # type: ignore[arg-type]


class Elsewhere(Door):
    """Draws a new door angle at every staging, as worlds do that ignore their seed."""

    def stage(self, trial: Trial) -> Observation:
        self.times = getattr(self, "times", 0) + 1
        other = dict(trial.goal) | {"angle_rad": (0.2 * self.times) % 0.8}
        return super().stage(Trial(trial.start, other, trial.seed))


def test_a_world_that_does_not_repeat_its_trials_is_found() -> None:
    trials = draw_trials(Door(0), TrialConfig(6))
    assert unrepeatable(Door(0), trials) == ""
    assert unrepeatable(Elsewhere(0), trials) == (
        "put twice to the same trial it gave another 'camera' at the goal"
    )
