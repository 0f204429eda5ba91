"""Must solve: a planner that imagines with the true simulator opens and shuts the door.

It shows that the search itself is good enough, whatever is learned. The control searches as long
without knowing what is good.
"""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rumpus.worlds.base import Trial
from rumpus.worlds.door import Door


@pytest.fixture(scope="module")
def parts() -> dict[str, Any]:
    """The benchmark that does the same with more trials."""
    return runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "parts.py"))


@pytest.fixture(scope="module")
def trials() -> list[Trial]:
    """Doors that are far from where they should be."""
    every = Door().trials(20, 3, "handle")
    return [t for t in every if abs(t.start["angle_rad"] - t.goal["angle_rad"]) > 0.3][:3]


def test_with_the_true_simulator_the_planner_solves_the_door(
    parts: dict[str, Any], trials: list[Trial]
) -> None:
    for trial in trials:
        assert parts["search"](trial, parts["score_for"](trial.goal))["angle_error_rad"] < 0.05


def test_who_does_not_know_the_goal_does_not_find_it(
    parts: dict[str, Any], trials: list[Trial]
) -> None:
    blind = [parts["search"](trial, lambda states: np.zeros(len(states))) for trial in trials]
    assert np.median([errors["angle_error_rad"] for errors in blind]) > 0.15
