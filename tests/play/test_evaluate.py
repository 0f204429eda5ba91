"""What an evaluation says beside the error at the end, and what it warns of."""

import pytest

from rumpus.play.evaluate import Evaluation, over_time, too_easy
from rumpus.worlds.base import Measure


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
