"""The bench as a whole, small: repeatable, fair to all classifiers, open to one's own."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rumpus.bench.cheat import CheatConfig, Life, attacked, classifier_named
from rumpus.cli.bench_command import HEAD, _told
from rumpus.cli.command_line import main
from rumpus.errors import InputError, WorldError
from rumpus.success.base import BELIEVED, Question

SMALL = CheatConfig(
    rounds=2, shown=4, first=30, played=10, found=10, tries=30, answers=4, updates=2,
    recalled=10,
)  # fmt: skip
GOOD = """
def learned(evidence):
    mean = evidence.successes[:, ::8, ::8].mean(0)
    return lambda pictures: 1.0 / (1.0 + abs(pictures[:, ::8, ::8] - mean).mean((1, 2, 3)))
"""
RED = """
def learned(evidence):
    red = lambda pictures: pictures[..., 0].mean((1, 2))
    usual = sorted(red(evidence.lived))[len(evidence.lived) // 2]
    return lambda pictures: 1.0 / (1.0 + 2.718 ** (usual - red(pictures)))
"""


def own(folder: Path, source: str) -> str:
    path = folder / "mine.py"
    path.write_text(source)
    return str(path)


def test_the_same_seed_gives_the_same_rows_and_another_seed_others() -> None:
    def rows(seed: int) -> list[object]:
        return [replace(r, wall_s=0.0) for r in attacked("brick", "vice_raq", seed, SMALL)]

    first = rows(0)
    assert first == rows(0)
    assert first != rows(1)


def test_a_row_for_every_round_and_in_the_last_what_was_held_out() -> None:
    done = list[int]()
    rows = attacked("mark", "positive_unlabelled", 0, SMALL, done.append)
    assert [row.variant for row in rows] == [
        "mark, positive_unlabelled, round 0", "mark, positive_unlabelled, round 1",
        "mark, positive_unlabelled",
    ]  # fmt: skip
    assert done == [1, 2, 3]
    assert [row.steps for row in rows] == [30, 50, 70]
    assert [row.metrics["answers_n"] for row in rows] == [0, 2, 4]
    assert "held_out_cheat_share" not in rows[1].metrics
    last = rows[-1].metrics
    assert {"held_out_cheat_share", "held_out_fooled_share", "recall_interval"} <= {*last}
    shares = {k: v for k, v in last.items() if k.endswith("_share") and "held_out" not in k}
    cheat, _ = shares.pop("cheat_share"), shares.pop("fooled_share")
    assert sum(float(str(share)) for share in shares.values()) == pytest.approx(cheat)
    assert not {"light_share", "stacked_share"} & {*shares}


def test_every_classifier_is_shown_and_lives_the_same_at_first(tmp_path: Path) -> None:
    lives = [Life("cap", 3, SMALL) for _ in range(2)]
    np.testing.assert_array_equal(lives[0].seen, lives[1].seen)
    np.testing.assert_array_equal(lives[0].evidence().successes, lives[1].evidence().successes)
    assert not np.array_equal(lives[0].recalled[:4], lives[0].evidence().successes)


@pytest.mark.parametrize("error", [0.0, 1.0])
def test_answers_are_true_or_as_often_wrong_as_they_should_be(error: float, tmp_path: Path) -> None:
    life = Life("mark", 0, replace(SMALL, answer_error=error))
    classifier = classifier_named(own(tmp_path, GOOD), life.recalled.shape[1:], 0)
    classifier.learn(life.evidence(), 1, np.random.default_rng(0))
    points = np.random.default_rng(0).random((60, life.scenes.size))
    false = points[life.scenes.pictures(points)[1] != ""]
    life._truth[:] = False
    life._config = replace(life._config, played=0)
    life.go_on(false, classifier, 6)
    evidence = life.evidence()
    said_yes = len(evidence.successes) - SMALL.shown
    assert (said_yes, len(evidence.failures)) == ((6, 0) if error else (0, 6))
    assert evidence.said.tolist() == [bool(error)] * 6
    assert life.answers_n == 6


@pytest.mark.parametrize("question", ["surest", "believed"])
def test_of_what_is_new_the_surest_or_any_that_is_believed_is_asked_about(
    question: Question, tmp_path: Path
) -> None:
    life = Life("mark", 0, replace(SMALL, played=0))
    classifier = classifier_named(own(tmp_path, RED), life.recalled.shape[1:], 0)
    classifier.asks, newest = (question,), len(life.seen)
    classifier.learn(life.evidence(), 1, np.random.default_rng(0))
    life.go_on(np.random.default_rng(0).random((60, life.scenes.size)), classifier, 6)
    belief = classifier.belief(life.seen)
    belief[:newest] = 0.0  # it was lived before
    asked = belief[life.evidence().answered]
    assert asked.min() > BELIEVED, asked
    assert np.array_equal(asked, np.sort(belief)[-6:][::-1]) is (question == "surest"), asked


def test_of_what_it_lived_since_it_tried_and_before_is_asked_in_turn(tmp_path: Path) -> None:
    life = Life("mark", 0, replace(SMALL, played=0))
    classifier = classifier_named(own(tmp_path, RED), life.recalled.shape[1:], 0)
    classifier.asks, before_n = ("believed", "random"), len(life.seen)
    classifier.learn(life.evidence(), 1, np.random.default_rng(0))
    life.go_on(np.random.default_rng(0).random((60, life.scenes.size)), classifier, 8)
    assert (life.evidence().answered[1::2] >= before_n).tolist() == [True, False] * 2


def test_one_who_asks_nothing_is_answered_nothing() -> None:
    assert attacked("hatch", "vice", 0, SMALL)[-1].metrics["answers_n"] == 0


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("x = 1", InputError, "has no function `learned`"),
        ("import nowhere_at_all", WorldError, "cannot be loaded: ModuleNotFoundError"),
        ("def learned(e): raise OSError('no disk')", WorldError, "cannot learn: OSError: no disk"),
        ("def learned(e): return 3", WorldError, "gave int, expected a function of pictures"),
        ("def learned(e): return lambda p: p.mean()", WorldError, "with () numbers from"),
        ("def learned(e): return lambda p: 2.0 + p.mean((1, 2, 3))", WorldError, "from 0 to 1"),
        ("def learned(e): return lambda p: p * float('nan')", WorldError, "from 0 to 1"),
        ("def learned(e): return lambda p: 1 / 0", WorldError, "cannot judge pictures: ZeroDiv"),
    ],
)
def test_a_bad_file_is_refused_in_a_sentence(
    source: str, error: type[Exception], words: str, tmp_path: Path
) -> None:
    with pytest.raises(error) as refusal:
        attacked("cap", own(tmp_path, source), 0, SMALL)
    assert words in str(refusal.value)
    assert "mine.py" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_command_prints_rows_of_ones_own_classifier(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    mine, out = own(tmp_path, "print('hello')\n" + GOOD), tmp_path / "cheat.json"
    asked = ["bench", "cheat", "--wish", "cap", "--classifier", mine, "--rounds", "0"]
    assert main([*asked, "--json", "--out", str(out)]) == 0
    (row,) = json.loads(capfd.readouterr().out)
    assert row["variant"] == "cap, mine"
    assert json.loads(out.read_text())["rows"][0]["metrics"] == row["metrics"]


def test_the_last_row_is_a_line_of_the_table() -> None:
    row = attacked("cap", "vice", 0, replace(SMALL, rounds=0))[-1]
    assert len(HEAD) == len(line := _told(row))
    assert line.startswith("cap, vice, 0 ")
    assert line.count("%") == 5


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--wish", "door"], "The world 'door' has no wish"),
        (["--classifier", "vic"], "did you mean 'vice'?"),
        (["--classifier", "nowhere.py"], "There is no Python file nowhere.py"),
        (["--rounds", "-1"], "-1 rounds were asked for, expected 0 or more"),
        (["--answer-error", "2"], "wrong answers is 2, expected 0 to 1"),
        (["--seeds", "0"], "0 seeds were asked for"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_is(
    asked: list[str], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "cheat", *asked]) == 2
    assert words in capfd.readouterr().err
