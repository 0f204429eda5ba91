import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rumpus.errors import RunError
from rumpus.play.evaluate import summary
from rumpus.result import Row, median_interval, over_seeds, wilson_interval, write_result
from rumpus.worlds.base import Measure


def test_wilson_interval_is_that_of_the_textbook() -> None:
    """Wilson's interval for 85 of 100, as published tables have it."""
    assert wilson_interval(85, 100) == pytest.approx((0.7672, 0.9069), abs=1e-4)


@given(st.integers(1, 500), st.data())
def test_wilson_interval_holds_the_rate_and_narrows(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    low, high = wilson_interval(successes, n)
    assert 0.0 <= low <= round(successes / n, 4) + 1e-4
    assert round(successes / n, 4) - 1e-4 <= high <= 1.0
    four_times = wilson_interval(4 * successes, 4 * n)
    assert four_times[1] - four_times[0] < high - low


def test_median_interval_covers_the_true_median_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held = [
        low <= 0.0 <= high
        for low, high in (median_interval(rng.standard_normal(100).tolist()) for _ in range(200))
    ]
    assert 0.88 <= np.mean(held) <= 0.99


def test_summary_counts_what_is_within_tolerance() -> None:
    errors = [{"angle_error_rad": e, "hand_error_m": 2 * e} for e in (0.0, 0.1, 0.11, 0.5, 0.9)]
    metrics = summary(errors, Measure("angle_error_rad", 0.1, 60))
    assert metrics["median_angle_error_rad"] == 0.11
    assert metrics["median_hand_error_m"] == 0.22
    assert metrics["success_rate"] == 0.4
    assert metrics["success_interval"] == wilson_interval(2, 5)


def test_seeds_are_told_with_their_middle_and_their_worst() -> None:
    rows = [
        Row("agent", seed, 10, 100, 1.0, {"median_error_m": error, "success_rate": rate})
        for seed, (error, rate) in enumerate([(0.3, 0.9), (0.1, 0.5), (0.2, 0.7)])
    ]
    assert "middle 0.2000, worst 0.3000" in over_seeds(rows, "median_error_m")[0]
    assert "middle 0.7000, worst 0.5000" in over_seeds(rows, "success_rate")[0]
    assert over_seeds(rows, "median_error_rad") == []


def test_a_result_says_where_it_comes_from(tmp_path: Path) -> None:
    write_result(
        tmp_path / "new" / "r.json", "toy", [Row("agent", 0, 3, 10, 0.5, {"i": (0.1, 0.2)})]
    )
    told = json.loads((tmp_path / "new" / "r.json").read_text())
    assert told["versions"]["python"]
    assert told["command"]
    assert told["rows"] == [
        {"variant": "agent", "seed": 0, "n": 3, "steps": 10, "wall_s": 0.5,
         "metrics": {"i": [0.1, 0.2]}}
    ]  # fmt: skip


def test_a_result_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be written"):
        write_result(tmp_path, "toy", [])
