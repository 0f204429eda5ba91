"""How long decisions take: every way of acting is measured, and the sums are right.

RUMPUS_SWM_PYTHON names the Python that has stable-worldmodel; without, that test is skipped.
"""

import os
import sys
import time
from itertools import pairwise

import numpy as np
import pytest
from decisions import TURNS_N, WAYS, WORLDS, Way, decides, measure, own_ways, peer
from peer.clock import Took, clocked

from rumpus.catalogue import names
from rumpus.errors import InputError

PYTHON = os.environ.get("RUMPUS_SWM_PYTHON", "")


def test_every_way_of_acting_is_measured_with_a_camera_and_with_a_gel() -> None:
    assert set(WAYS) == {"policy", *names("planner")}
    rows, loads = measure([way for world in WORLDS for way in own_ways(world, 1, as_much=False)])
    sensed = ("door, camera", "die, gel and joints")
    assert [row.variant for row in rows] == [f"{world}: {way}" for world in sensed for way in WAYS]
    assert all(row.n == TURNS_N and row.metrics["steps_per_decision"] == 1 for row in rows)
    assert len(loads) == 1 + TURNS_N
    by_way = {row.variant: float(str(row.metrics["processor_ms"])) for row in rows}
    for world in sensed:
        assert by_way[f"{world}: policy"] < by_way[f"{world}: rollout"] < by_way[f"{world}: cem"]


@pytest.mark.parametrize("world", WORLDS)
def test_each_decision_is_about_other_readings(world: str) -> None:
    decide = decides(world, WAYS["policy"])
    actions = [decide() for _ in range(4)]
    assert all(action.shape == (3,) and np.abs(action).max() <= 1.0 for action in actions)
    assert all((one != other).any() for one, other in pairwise(actions))


def test_figures_are_of_the_turns_that_count() -> None:
    warm_up, each = [Took(9.0, 9.0)] * 2, [Took(0.1 * k, 0.05 * k) for k in range(1, 11)]
    (row,), _ = measure([Way("a", iter([*warm_up, *each]).__next__, 2, 25)])
    assert (row.variant, row.n, row.wall_s) == ("a", 10, 5.5)
    assert row.metrics == {
        "decisions_per_s": 1.8182, "median_ms": 550.0, "p99_ms": 991.0, "processor_ms": 275.0,
        "steps_per_decision": 25.0,
    }  # fmt: skip


def test_waiting_takes_time_by_the_clock_and_none_of_the_processor() -> None:
    took = clocked(lambda: time.sleep(0.1))
    assert took.wall_s >= 0.1
    assert took.processor_s < 0.05


def test_a_python_without_stable_worldmodel_is_refused_in_a_sentence() -> None:
    with (
        pytest.raises(InputError, match="expected one with the packages"),
        peer(sys.executable),
    ):
        pass


@pytest.mark.skipif(not PYTHON, reason="RUMPUS_SWM_PYTHON is not set")
def test_stable_worldmodel_decides_for_25_steps_when_asked() -> None:
    with peer(PYTHON) as (way, told):
        assert 15e6 < told["weights_n"] < 20e6
        assert way.steps_per_decision == 25
        assert way.decide().wall_s > 1.0
