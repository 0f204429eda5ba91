"""`rumpus imagine`: a page for every goal, of its own or asked for, and all of it remembered."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from rumpus.cli.command_line import main
from rumpus.memory import Memory
from rumpus.run.session import own_goal, resume


def test_a_goal_of_its_own_is_gone_for_remembered_and_shown(
    dot: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    code = main(["imagine", str(dot), "--steps", "15"])
    out, err = capfd.readouterr()
    assert (code, err) == (0 if "\nIt got there" in out else 3, "")
    assert out.startswith("It believed itself")
    assert re.search(r"\nWhat it imagined at first: .*15.* Of what it did, .* in \d+%\.\n", out)
    found = re.search(r"\nIts goal was memory:(\d+) \(seen .* ago\)\.\n", out)
    assert found is not None
    assert int(found[1]) < 60
    assert "To keep what it imagined at 6 of its decisions took" in out
    assert f"Report: {dot / 'report' / 'imagine-60.html'}\n" in out
    page = (dot / "report" / "imagine-60.html").read_text()
    assert page.count("aria-label='taken, ") == 6
    assert page.count("aria-label='cost ") == 6 * 9
    index = (dot / "report" / "index.html").read_text()
    assert "href='imagine-60.html'" in index
    assert "do-60.webp" in index  # it is done as by `rumpus do`
    with Memory.open(dot / "memory", write=False) as memory:
        assert len(memory) == 60 + 16
        assert memory.step(60).goal_index == int(found[1])


def test_goals_of_its_own_are_those_of_play(dot: Path) -> None:
    with resume(dot, write=False) as session:
        goals = [own_goal(session, lambda *_: True) for _ in range(9)]
        assert len({goal.step for goal in goals}) > 3
        for goal in goals:
            assert (goal.source, 0 <= goal.step < 60) == ("skew", True)
            readings = session.memory.readings(goal.step)
            np.testing.assert_array_equal(goal.readings["observation"], readings["observation"])


def test_a_goal_is_named_as_for_do_and_figures_answer_machines(
    dot: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    asked = ["imagine", str(dot), "--goal", "dot_x_px=12,dot_y_px=20", "--steps", "2", "--json"]
    assert main(asked) in (0, 3)
    out, err = capfd.readouterr()
    assert "nearest has dot_x_px 1" in err
    said = json.loads(out)
    assert (said["variant"], said["steps"]) == ("imagine dot_x_px=12,dot_y_px=20", 60)
    assert 0.0 <= said["metrics"]["doubted_rate"] <= 1.0
    assert 0.0 < said["metrics"]["keep_ms"] < said["metrics"]["plan_ms"]
    assert said["written"][-2:] == [
        str(dot / "report" / page) for page in ("imagine-61.html", "index.html")
    ]
    with Memory.open(dot / "memory", write=False) as memory:
        assert [episode.length for episode in memory.episodes()] == [60, 1, 3]
        assert memory.step(61).goal_reason == "numbers dot_x_px=12,dot_y_px=20"


def test_doing_shows_nothing_of_what_was_imagined(
    dot: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    assert main(["do", str(dot), "--goal", "memory:3", "--steps", "2", "--json"]) in (0, 3)
    assert set(json.loads(capfd.readouterr().out)["metrics"]) & {"plan_ms", "keep_ms"} == set()
    assert not list((dot / "report").glob("imagine-*"))
