"""A wish that is practised: what it learns from, what it asks, and that it comes true."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from rumpus.goals.wish import WishGoalSource
from rumpus.memory.labels import Labels, Question, Wish, open_labels
from rumpus.play.progress import Until
from rumpus.run.play_loop import Resting, play
from rumpus.run.session import Session, resume
from rumpus.run.teaching import (
    KnownWish,
    TeachConfig,
    Teaching,
    WishLearner,
    doubted,
    success_rate,
    wishing,
)
from rumpus.types import Array

LEFT = Wish("dot on the left", 60, "observation", "positive_unlabelled")
QUICK = TeachConfig(questions=7, most_open=5, updates=40, fold_updates=20)


def across(picture: Array) -> float:
    """Where the dot is in a picture, 0 on the left to 1 on the right."""
    light = picture.astype(float).sum((0, 2)) - picture.astype(float).sum((0, 2)).min()
    return float((light * np.arange(len(light))).sum() / light.sum() / len(light))


@contextmanager
def taught(
    run: Path, config: TeachConfig = QUICK, shown: int = 8
) -> Iterator[tuple[Session, Labels, WishLearner]]:
    """A run that was shown the remembered steps at which the dot is farthest to the left."""
    with resume(run, write=True) as session, open_labels(session.memory.path) as labels:
        places = [across(picture) for picture in session.memory.frames("observation")]
        labels.teach(LEFT, np.argsort(places)[:shown].tolist())
        yield session, labels, WishLearner(labels, LEFT, session.memory, config, 0)


def practise(session: Session, learner: WishLearner, steps: int) -> None:
    goals = WishGoalSource(session.mind.goals, LEFT.name)
    begin = partial(Teaching, begin=Resting, learner=learner, goals=goals)
    play(session, Until(steps=steps), lambda _: None, begin, goals)


def test_what_looks_like_the_examples_is_believed(dot: Path) -> None:
    with taught(dot, replace(QUICK, updates=300)) as (session, _, learner):
        _, found = learner.learn()
        frames = session.memory.frames("observation")
        places = np.array([across(frames[step]) for step in found.steps])
    order = np.argsort(places)
    assert found.belief[order[:8]].mean() > found.belief[order[30:]].mean() + 0.3


def test_what_a_person_said_is_believed(dot: Path) -> None:
    with taught(dot) as (_, labels, learner):
        for question, (step, verdict) in enumerate(((50, "yes"), (51, "no"), (52, "unsure")), 1):
            labels.ask(LEFT, step, "surest", 0.5)
            labels.answer(question, verdict)  # type: ignore[arg-type]
        _, found = learner.learn()
    assert (found.belief[50], found.belief[51]) == (1.0, 0.0)
    assert 0.0 < found.belief[52] < 1.0


def test_what_was_answered_is_learned_from_also_where_life_is_long(dot: Path) -> None:
    with taught(dot, replace(QUICK, lived_steps=5, updates=1)) as (session, labels, learner):
        for question, step in enumerate((33, 12, 50), 1):
            labels.ask(LEFT, step, "random", 0.5)
            labels.answer(question, "no" if step == 33 else "yes")
        steps = learner._lived(np.random.default_rng(0))
        frames = session.memory.frames("observation")
        evidence = learner._evidence(steps, frames[steps])
    assert {12, 33, 50} <= set(steps.tolist())
    assert len(steps) <= 8
    np.testing.assert_array_equal(evidence.failures, frames[[33]])
    np.testing.assert_array_equal(evidence.successes[-2:], frames[[12, 50]])


def test_the_same_labels_lead_to_the_same_beliefs(dot: Path) -> None:
    with taught(dot) as (session, labels, learner):
        again = WishLearner(labels, LEFT, session.memory, QUICK, 0)
        np.testing.assert_array_equal(learner.learn()[1].belief, again.learn()[1].belief)


def test_practice_goes_for_the_wish_asks_and_never_waits(dot: Path) -> None:
    with taught(dot) as (session, labels, learner):
        practise(session, learner, 200)
        memory = session.memory
        assert len(memory) == 200
        aims = [memory.step(k).goal_reason for k in range(200)]
        assert any(aim.startswith("'dot on the left', as believed of") for aim in aims)
        assert any(aim.startswith("seen ") for aim in aims[60:])  # and plays between
        asked = labels.questions()
        assert {question.why for question in asked} == {"believed", "random", "outcome"}
        assert len(asked) == QUICK.most_open  # nobody answered
        assert len({question.step for question in asked}) == len(asked)
        for question in asked:
            if question.why == "outcome":  # the last picture of an attempt
                before, here = aims[question.step - 1 : question.step + 1]
                assert before.startswith("'dot on the left'")
                assert here != before
        for question in labels.questions():
            labels.answer(question.id, "yes")
        practise(session, learner, 240)
        assert len(labels.questions()) == QUICK.questions  # and no more in all
        any_ones = [question.step for question in labels.questions() if question.why == "random"]
        since = [step >= LEFT.first_step for step in any_ones]
        assert since == [False, False, True], any_ones  # in turn; at first there was none since


def test_doubtful_examples_are_told(dot: Path) -> None:
    with taught(dot, replace(QUICK, fold_updates=60)) as (session, labels, learner):
        places = [across(picture) for picture in session.memory.frames("observation")]
        assert doubted(learner) == ""
        wrong = int(np.argmax(places))
        labels.teach(LEFT, [wrong])
        assert f"is memory:{wrong}; look" in doubted(learner)


def test_examples_that_show_nothing_special_are_told(dot: Path) -> None:
    with resume(dot, write=True) as session, open_labels(session.memory.path) as labels:
        labels.teach(LEFT, range(0, 60, 3))
        learner = WishLearner(labels, LEFT, session.memory, QUICK, 0)
        assert "look like what the robot saw anyway" in doubted(learner)


def test_a_known_wish_is_gone_for_judged_and_asked_about(dot: Path) -> None:
    with taught(dot):
        pass
    with resume(dot, write=True) as session, wishing(session, LEFT.name) as known:
        assert isinstance(known, KnownWish)
        goal = known.goal(session, lambda *_: True)
        assert goal.source == "wish"
        verdict = known.verdict(goal.readings)
        assert verdict is not None
        assert (verdict.wish, verdict.reached) == (LEFT.name, verdict.chance > 0.5)
        assert known.verdict({}) is None
        assert known.ask(59, replace(verdict, chance=0.6))
        assert not known.ask(59, replace(verdict, chance=0.6))  # it was asked
        assert not known.ask(58, replace(verdict, chance=0.95))  # it is sure
        assert not known.ask(57, None)
    with resume(dot, write=False) as session, wishing(session, None) as known:
        assert known is None


def test_how_often_it_succeeds_is_told_by_outcomes_alone() -> None:
    said = [("outcome", "yes"), ("outcome", "yes"), ("outcome", "no"), ("outcome", "unsure"),
            ("surest", "no"), ("random", "no"), ("outcome", "")]  # fmt: skip
    asked = [
        Question(k, "w", k, why, 0.5, 0.0, {verdict: 1} if verdict else {})
        for k, (why, verdict) in enumerate(said)
    ]
    rate = success_rate(asked)
    assert rate is not None
    assert rate.n == 3
    assert rate.rate == pytest.approx(2 / 3)
    assert rate.interval[0] < 0.3 < 0.9 < rate.interval[1]
    assert success_rate([]) is None
