"""What each classifier of success is known for: to be cheated, to forget, to do neither."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rumpus.catalogue import make
from rumpus.errors import InputError
from rumpus.success import naive_classifier
from rumpus.success.base import Evidence, SuccessClassifier, spread
from rumpus.success.check import SIDE_PX, squares
from rumpus.success.positive_unlabelled import LEAST, MOST, moved, success_share
from rumpus.types import Array

NAIVE, VICE, RAQ, DEFAULT = "naive_classifier", "vice", "vice_raq", "positive_unlabelled"
NOTHING = squares(0, False, np.random.default_rng(0))
UPDATES_N = 150


@pytest.fixture(autouse=True)
def as_short_as_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naive_classifier, "UPDATES_N", UPDATES_N)


def covered(count: int, rng: np.random.Generator) -> Array:
    """A finger in the lens: its red covers the left of the picture, whatever is behind it."""
    pictures = squares(count, False, rng)
    pictures[:, :, : SIDE_PX // 2] = (200, 30, 20)
    return pictures


def learned(
    name: str, lived: Array, first_n: int, answers: Array, seen_n: int | None = None
) -> SuccessClassifier:
    """A classifier that was shown twelve pictures of success and lived all these.

    Where `seen_n` is given it learned twice, the first time of so many of them.
    """
    parts = {"shape": lambda: (SIDE_PX, SIDE_PX, 3), "seed": lambda: 0}
    classifier: SuccessClassifier = make("success classifier", name, parts)
    shown = squares(12, True, np.random.default_rng(1))
    evidence = Evidence(shown, NOTHING, lived, first_n, answers, seen_n or 0)
    if seen_n is not None:
        before = replace(evidence, lived=lived[:seen_n], seen_n=0)
        classifier.learn(before, UPDATES_N, np.random.default_rng(0))
    classifier.learn(evidence, UPDATES_N, np.random.default_rng(0))
    return classifier


@pytest.mark.parametrize(("name", "cheated"), [(NAIVE, True), (VICE, False), (DEFAULT, False)])
def test_who_never_learns_from_what_was_tried_is_cheated(name: str, cheated: bool) -> None:
    rng = np.random.default_rng(2)
    lived = np.concatenate([squares(200, False, rng), covered(200, rng)])
    belief = learned(name, lived, 200, np.zeros(20, bool)).belief(covered(20, rng)).mean()
    assert belief > 0.8 if cheated else belief < 0.2


@pytest.mark.parametrize(("name", "forgets"), [(VICE, True), (RAQ, True), (DEFAULT, False)])
def test_who_takes_all_that_was_lived_for_failure_forgets_success(name: str, forgets: bool) -> None:
    rng = np.random.default_rng(2)
    lived = np.concatenate([squares(50, False, rng), squares(350, True, rng)])
    answers = np.arange(20) < 17  # of pictures drawn at random
    seen_n = len(lived) if name == DEFAULT else None  # the others learn alike each time
    belief = learned(name, lived, 50, answers, seen_n).belief(squares(50, True, rng)).mean()
    assert belief < 0.4 if forgets else belief > 0.6


@pytest.mark.parametrize("new", [True, False])
def test_what_is_new_counts_as_failure_though_it_is_believed(new: bool) -> None:
    rng = np.random.default_rng(2)
    lived = np.concatenate([squares(200, False, rng), covered(40, rng)])
    nobody = np.zeros(0, bool)  # answered, so as much of life is success as is believed
    believes = learned(DEFAULT, lived[:200], 200, nobody)
    assert believes.belief(covered(20, rng)).mean() > 0.6
    shown = squares(12, True, np.random.default_rng(1))
    evidence = Evidence(shown, NOTHING, lived, 200, nobody, 200 if new else 240)
    believes.learn(evidence, UPDATES_N, np.random.default_rng(0))
    belief = believes.belief(covered(20, rng)).mean()
    assert belief < 0.2 if new else belief > 0.6, belief


def test_a_picture_that_a_person_said_no_to_is_believed_less() -> None:
    rng = np.random.default_rng(2)
    parts = {"shape": lambda: (SIDE_PX, SIDE_PX, 3), "seed": lambda: 0}
    beliefs = []
    for failures in (NOTHING, covered(2, rng)):
        classifier: SuccessClassifier = make("success classifier", DEFAULT, parts)
        evidence = Evidence(
            squares(12, True, rng), failures, squares(200, False, rng), 200, np.zeros(20, bool)
        )
        classifier.learn(evidence, UPDATES_N, np.random.default_rng(0))
        beliefs.append(float(classifier.belief(covered(20, rng)).mean()))
    assert beliefs[1] < 0.5 * beliefs[0]


def test_the_naive_classifier_learns_once() -> None:
    rng = np.random.default_rng(2)
    classifier = learned(NAIVE, squares(50, False, rng), 50, np.zeros(0, bool))
    before = classifier.belief(squares(20, True, rng := np.random.default_rng(3)))
    shown = squares(12, False, rng)  # now the other way round
    evidence = Evidence(shown, NOTHING, squares(50, True, rng), 50, np.zeros(0, bool))
    assert classifier.learn(evidence, UPDATES_N, rng) == 0.0
    after = classifier.belief(squares(20, True, np.random.default_rng(3)))
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("name", [NAIVE, VICE, RAQ, DEFAULT])
def test_what_was_learned_is_saved_whole(name: str) -> None:
    rng = np.random.default_rng(2)
    lived = squares(50, False, rng)
    classifier = learned(name, lived, 50, np.zeros(5, bool))
    parts = {"shape": lambda: (SIDE_PX, SIDE_PX, 3), "seed": lambda: 9}
    other: SuccessClassifier = make("success classifier", name, parts)
    saved = classifier.part.state_dict()
    other.part.load_state_dict({tensor: value.clone() for tensor, value in saved.items()})
    asked = squares(20, True, rng)
    np.testing.assert_array_equal(classifier.belief(asked), other.belief(asked))
    evidence = Evidence(squares(12, True, rng), NOTHING, lived, 50, np.zeros(5, bool))
    for one in (classifier, other):
        one.learn(evidence, 3, np.random.default_rng(4))
    np.testing.assert_array_equal(classifier.belief(asked), other.belief(asked))


@pytest.mark.parametrize("name", [NAIVE, VICE, RAQ, DEFAULT])
def test_from_no_pictures_nothing_is_learned(name: str) -> None:
    with pytest.raises(InputError, match="was to learn from no pictures"):
        learned(name, NOTHING, 0, np.zeros(0, bool))


def test_no_pictures_are_no_beliefs() -> None:
    parts = {"shape": lambda: (SIDE_PX, SIDE_PX, 3), "seed": lambda: 0}
    classifier: SuccessClassifier = make("success classifier", DEFAULT, parts)
    assert classifier.belief(NOTHING).shape == (0,)


def test_how_much_of_life_is_success_is_what_is_believed_until_it_is_answered() -> None:
    assert success_share(np.zeros(0, bool), 0.4) == pytest.approx(0.4)
    assert success_share(np.arange(100) < 30, 0.4) == pytest.approx(0.3, abs=0.02)
    assert success_share(np.zeros(10_000, bool), 0.4) == LEAST
    assert success_share(np.ones(10_000, bool), 0.4) == MOST


@given(logits=st.lists(st.floats(-6.0, 6.0), min_size=1, max_size=50), share=st.floats(LEAST, MOST))
def test_logits_are_moved_to_a_share_and_keep_their_order(
    logits: list[float], share: float
) -> None:
    before, found = torch.tensor(logits), moved(torch.tensor(logits), share)
    assert float(found.sigmoid().mean()) == pytest.approx(share, abs=1e-3)
    torch.testing.assert_close(found - found[0], before - before[0], rtol=0, atol=1e-4)


def test_questions_spread_from_what_is_believed_least_to_what_is_believed_most() -> None:
    rng = np.random.default_rng(0)
    beliefs = rng.random(500)
    asked = [spread(beliefs, asked_n) for asked_n in range(10)]
    places = np.sort(np.argsort(np.argsort(beliefs))[asked]) / len(beliefs)
    assert np.diff(places).max() < 0.2, "no part of life is left out"
    errors = np.zeros(2)
    for _ in range(100):
        shows = beliefs > rng.random()  # the surer it is, the more it is success
        told = shows[asked].mean(), rng.choice(shows, 10).mean()
        errors += np.abs(np.array(told) - shows.mean())
    assert errors[0] < 0.6 * errors[1], errors
