"""What each classifier of success is known for: to be cheated, to forget, to do neither."""

from copy import deepcopy
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import softplus

from rumpus.catalogue import make
from rumpus.errors import InputError
from rumpus.success import naive_classifier
from rumpus.success._nets import logits
from rumpus.success.base import Evidence, SuccessClassifier, spread
from rumpus.success.check import SIDE_PX, squares
from rumpus.success.positive_unlabelled import OFFSET_SD, fitted_offset
from rumpus.types import Array

NAIVE, VICE, RAQ, DEFAULT = "naive_classifier", "vice", "vice_raq", "positive_unlabelled"
NOTHING = squares(0, False, np.random.default_rng(0))
NOBODY = (np.zeros(0, np.int64), np.zeros(0, bool))  # answered
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
    name: str, lived: Array, first_n: int, answers: tuple[Array, Array] = NOBODY, times: int = 1
) -> SuccessClassifier:
    """A classifier that was shown twelve pictures of success and lived all these.

    The second time, the default judges what was lived by what it learned the first time.
    """
    parts = {"shape": lambda: (SIDE_PX, SIDE_PX, 3), "seed": lambda: 0}
    classifier: SuccessClassifier = make("success classifier", name, parts)
    shown = squares(12, True, np.random.default_rng(1))
    for seen_n in (0, len(lived))[:times]:
        evidence = Evidence(shown, lived, first_n, *answers, seen_n)
        classifier.learn(evidence, UPDATES_N, np.random.default_rng(0))
    return classifier


@pytest.mark.parametrize(("name", "cheated"), [(NAIVE, True), (VICE, False), (DEFAULT, False)])
def test_who_never_learns_from_what_was_tried_is_cheated(name: str, cheated: bool) -> None:
    rng = np.random.default_rng(2)
    lived = np.concatenate([squares(200, False, rng), covered(200, rng)])
    times = 2 if name == DEFAULT else 1  # the others learn alike each time
    belief = learned(name, lived, 200, times=times).belief(covered(20, rng)).mean()
    assert belief > 0.8 if cheated else belief < 0.2


@pytest.mark.parametrize(("name", "forgets"), [(VICE, True), (RAQ, True), (DEFAULT, False)])
def test_who_takes_all_that_was_lived_for_failure_forgets_success(name: str, forgets: bool) -> None:
    rng = np.random.default_rng(2)
    lived = np.concatenate([squares(50, False, rng), squares(350, True, rng)])
    answered = np.arange(0, 400, 40)
    answers, times = (answered, answered >= 50), 2 if name == DEFAULT else 1
    belief = learned(name, lived, 50, answers, times).belief(squares(50, True, rng)).mean()
    assert belief < 0.4 if forgets else belief > 0.6, belief


@cache
def _before() -> SuccessClassifier:
    return learned(DEFAULT, squares(200, False, np.random.default_rng(2)), 200)


def learned_on(offset: float, seen_n: int) -> SuccessClassifier:
    """One that never saw a finger in the lens, then lived 40 pictures of it, and learned again."""
    lived = [squares(200, False, np.random.default_rng(2)), covered(40, np.random.default_rng(3))]
    classifier = deepcopy(_before())
    classifier.part.learned.get_buffer("offsets")[1] = offset  # of what it lived since
    shown = squares(12, True, np.random.default_rng(1))
    evidence = Evidence(shown, np.concatenate(lived), 200, *NOBODY, seen_n)
    classifier.learn(evidence, UPDATES_N, np.random.default_rng(0))
    return classifier


@pytest.mark.parametrize("new", [True, False])
def test_what_is_new_counts_as_failure_though_it_is_believed(new: bool) -> None:
    unseen = covered(20, np.random.default_rng(4))
    assert _before().belief(unseen).mean() > 0.6
    belief = learned_on(0.0, 200 if new else 240).belief(unseen).mean()
    assert belief < 0.2 if new else belief > 0.6, belief


@pytest.mark.parametrize("offset", [-12.0, 12.0])
def test_what_was_lived_counts_by_beliefs_that_are_set_right(offset: float) -> None:
    belief = learned_on(offset, 240).belief(covered(20, np.random.default_rng(4))).mean()
    assert belief > 0.8 if offset > 0 else belief < 0.2, belief


@pytest.mark.parametrize("says", [False, True])
def test_an_answer_sets_beliefs_right_by_the_net_that_did_not_learn_of_it(says: bool) -> None:
    rng = np.random.default_rng(2)
    odd = squares(1, not says, rng)  # a person says of it what it does not look like
    odd[:, :2] = 255  # and who learned of it knows it by this
    lived = np.concatenate([odd, squares(200, False, rng)])
    answer = np.arange(1), np.full(1, says)
    classifier = learned(DEFAULT, lived, len(lived), answer)
    before, since = classifier.part.learned.get_buffer("offsets").tolist()
    assert before > 1.0 if says else before < -1.0, before
    assert abs(since) < 1e-6, "nothing was asked about what was lived since"


def test_a_picture_that_a_person_said_no_to_is_believed_less() -> None:
    rng = np.random.default_rng(2)
    lived = np.concatenate([squares(200, False, rng), covered(2, rng)])
    beliefs = []
    for answers in (NOBODY, (np.array([200, 201]), np.zeros(2, bool))):
        classifier = learned(DEFAULT, lived, 200, answers)
        beliefs.append(float(classifier.belief(covered(20, rng)).mean()))
    assert beliefs[1] < 0.5 * beliefs[0], beliefs


def test_the_naive_classifier_learns_once() -> None:
    rng = np.random.default_rng(2)
    classifier = learned(NAIVE, squares(50, False, rng), 50)
    before = classifier.belief(squares(20, True, rng := np.random.default_rng(3)))
    shown = squares(12, False, rng)  # now the other way round
    evidence = Evidence(shown, squares(50, True, rng), 50, *NOBODY)
    assert classifier.learn(evidence, UPDATES_N, rng) == 0.0
    after = classifier.belief(squares(20, True, np.random.default_rng(3)))
    np.testing.assert_array_equal(before, after)


def test_nothing_is_believed_more_than_what_was_shown_and_less_what_is_unlike_it() -> None:
    classifier, rng = _before(), np.random.default_rng(4)
    shown, like = squares(12, True, np.random.default_rng(1)), squares(20, True, rng)
    usual = np.median(classifier.belief(shown))
    assert usual == classifier.belief(shown).max()
    alike, unlike = classifier.belief(like), classifier.belief(covered(20, rng))
    assert alike.max() <= usual
    assert 0.5 < unlike.min() <= unlike.max() < alike.min(), (unlike, alike)
    by_nets = logits(classifier.part, covered(20, rng)).mean(0).sigmoid()
    assert (by_nets > alike.max()).all(), "what the nets alone say would not tell the two apart"


def test_what_is_surely_no_success_is_so_however_unlike_success_it_is() -> None:
    seen = squares(20, False, np.random.default_rng(4))
    np.testing.assert_allclose(
        _before().belief(seen), logits(_before().part, seen).mean(0).sigmoid(), atol=1e-6
    )


@pytest.mark.parametrize("name", [NAIVE, VICE, RAQ, DEFAULT])
def test_from_no_pictures_nothing_is_learned(name: str) -> None:
    with pytest.raises(InputError, match="was to learn from no pictures"):
        learned(name, NOTHING, 0)


def test_no_pictures_are_no_beliefs() -> None:
    parts = {"shape": lambda: (SIDE_PX, SIDE_PX, 3), "seed": lambda: 0}
    classifier: SuccessClassifier = make("success classifier", DEFAULT, parts)
    assert classifier.belief(NOTHING).shape == (0,)


def test_beliefs_are_right_until_answers_tell_otherwise() -> None:
    assert fitted_offset(torch.zeros(0), np.zeros(0, bool)) == pytest.approx(0.0, abs=1e-6)
    told = torch.tensor([-6.0, -2.0, 2.0, 6.0])
    agreed = fitted_offset(told, np.array([False, False, True, True]))
    assert agreed == pytest.approx(0.0, abs=1e-6)
    assert fitted_offset(told, np.array([False, True, True, True])) > 1.0
    assert fitted_offset(told, np.array([False, False, False, True])) < -1.0


@given(
    told=st.lists(st.tuples(st.floats(-6.0, 6.0), st.booleans()), min_size=1, max_size=50),
)
def test_the_offset_is_the_likeliest(told: list[tuple[float, bool]]) -> None:
    said, shows = torch.tensor([[one[0] for one in told]]), torch.tensor([one[1] for one in told])

    def unlikely(offset: Tensor) -> Tensor:
        wrong = softplus(torch.where(shows, -1.0, 1.0) * (said + offset[:, None]))
        return wrong.sum(1) + (offset / OFFSET_SD) ** 2 / 2

    found = fitted_offset(said[0], shows.numpy())
    near = torch.tensor([found, found - 0.01, found + 0.01])
    assert int(unlikely(near.double()).argmin()) == 0


def test_questions_spread_over_all_beliefs_and_most_where_they_are_in_doubt() -> None:
    rng = np.random.default_rng(0)
    beliefs = np.concatenate([np.full(900, 0.001), rng.uniform(0.05, 0.95, 80), np.full(20, 0.999)])
    beliefs, since = rng.permutation(beliefs), np.zeros(1000, bool)
    asked = beliefs[[spread(beliefs, since, 2 * asked_n) for asked_n in range(10)]]
    assert 3 <= (asked < 0.01).sum() <= 7, "most of life, but no more than half of the questions"
    doubted = np.sort(asked[(asked > 0.01) & (asked < 0.99)])
    assert len(doubted) >= 3, asked
    assert doubted[0] < 0.5 < doubted[-1], asked
    assert spread(np.array([0.3]), since[:1], 7) == 0


def test_questions_are_in_turn_about_what_was_lived_before_it_tried_and_since() -> None:
    since, beliefs = np.arange(100) >= 97, np.linspace(0.4, 0.6, 100)
    asked = [spread(beliefs, since, asked_n) for asked_n in range(20)]
    assert (since[asked] == (np.arange(20) % 2 == 0)).all()
    assert set(asked[::2]) == {97, 98, 99}
    assert len(set(asked[1::2])) == 10
