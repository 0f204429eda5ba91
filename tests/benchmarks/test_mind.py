"""The yardstick's table, on numbers that were made up."""

from collections.abc import Mapping, Sequence

import pytest
from mind import interquartile, scores_of, table

from rumpus.result import Row


def agent(world: str, kind: str, seed: int, rate: float, n: int = 40) -> Row:
    metrics = {"median_error_m": 0.5, "success_rate": rate}
    return Row(f"{world}: agent, {kind}", seed, n, 100, 1.0, dict(metrics))


def test_a_worlds_score_is_the_mean_over_its_kinds_for_every_seed() -> None:
    rows = [agent("dial", "pins", 0, 0.5), agent("dial", "anywhere", 0, 0.1),
            agent("dial", "pins", 1, 1.0), agent("dial", "anywhere", 1, 1.0),
            Row("dial: never touch, pins", 0, 40, 0, 0.0, {"success_rate": 0.9})]  # fmt: skip
    assert scores_of(rows) == {"dial": [(pytest.approx(0.3), 80), (1.0, 80)]}


def test_the_interquartile_mean_leaves_out_the_best_and_the_worst_quarter() -> None:
    scores = {str(k): [(rate, 10**6)] for k, rate in enumerate([0.0, 0.2, 0.4, 1.0])}
    middle, low, high = interquartile(scores)
    assert middle == pytest.approx(0.3)
    assert low == pytest.approx(0.3, abs=0.01)
    assert high == pytest.approx(0.3, abs=0.01)


def test_its_interval_holds_what_seeds_and_trials_leave_open() -> None:
    def wide(scores: Mapping[str, Sequence[tuple[float, int]]]) -> float:
        _, low, high = interquartile(scores)
        return high - low

    few, many = {"dial": [(0.5, 20)]}, {"dial": [(0.5, 2000)]}
    assert wide(few) == pytest.approx(0.44, abs=0.06)  # binomial: 2 x 1.96 x 0.112
    assert wide(many) < 0.06
    assert wide({"dial": [(0.2, 2000), (0.8, 2000)]}) > 0.5


def test_labels_stand_side_by_side_and_only_shared_worlds_are_counted_together() -> None:
    today = [agent("door", "handle", 0, 1.0), agent("dial", "pins", 0, 0.25)]
    told = table({"today": today, "new": [agent("dial", "pins", 0, 0.75)]})
    lines = {line.split("  ")[0]: line.split() for line in told.splitlines()}
    assert lines["door"] == ["door", "100%"]
    assert lines["dial"] == ["dial", "25%", "75%"]
    assert lines["IQM of 1 worlds"][4] == "25%"
    assert told.splitlines()[0].split() == ["today", "new"]
