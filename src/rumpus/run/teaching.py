"""Practising a wish: play whose goals show it, and a classifier that learns whether they did.

Whenever the robot rests and its mind learns, the classifier learns from all that was said and
lived until then: the default anew, told by the one of before how to take what was lived, the others
as their files say (decision 10). It is never saved, so no reward is ever stored. Then it asks a
person about a few pictures (interview 22:50), never more than are left to be answered, and goes on
without waiting.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from msgspec import Meta

from rumpus.catalogue import make
from rumpus.goals.wish import WishGoalSource
from rumpus.memory.labels import Labels, Question, Why, Wish, open_labels
from rumpus.play.control import DurableKeeper
from rumpus.play.progress import Until
from rumpus.play.verdict import Verdict
from rumpus.replay.base import ReplayView
from rumpus.replay.measured import Measured
from rumpus.replay.window import lived
from rumpus.result import wilson_interval
from rumpus.run.session import Session, situation, wake
from rumpus.run.training import Training
from rumpus.spec import Readings
from rumpus.success.base import BELIEVED, Evidence, SuccessClassifier, spread
from rumpus.types import Array, Goal
from rumpus.update_schedule import Tick, Trained

UNSURE = (0.1, 0.9)  # between these, a person is asked
OUTCOME: Why = "outcome"
KNOWN = ("yes", "no")  # what is said for certain
FOLDS_N = 5  # to judge examples by the others
COMPARED_N = 500  # lived pictures that examples are compared with
SPECIAL = 0.75  # how much of life examples are believed more than at least, in the mean
ODD = 0.25  # an example that is believed more than so much less of it than the middle one is told


@dataclass(frozen=True)
class TeachConfig:
    """How a wish is practised.

    Attributes:
        questions: a person may be asked in all, for as long as the wish is known.
        most_open: of them may wait for an answer at once.
        updates: gradient steps of the classifier each time that it learns.
        fold_updates: gradient steps of one that judges examples by the others.
        lived_steps: of all that was lived, so many at random stand for it.
    """

    questions: Annotated[int, Meta(ge=0, le=100_000)] = 20
    most_open: Annotated[int, Meta(ge=1, le=10_000)] = 10
    updates: Annotated[int, Meta(ge=1, le=1_000_000)] = 300
    fold_updates: Annotated[int, Meta(ge=1, le=1_000_000)] = 100
    lived_steps: Annotated[int, Meta(ge=1, le=1_000_000)] = 10_000


@dataclass(frozen=True)
class Believed:
    """What a classifier makes of what was lived.

    Attributes:
        steps: int64 (n,), some lived steps, in order.
        belief: float32 (n,), how surely each shows the wish, 0 to 1.
        judged: float32 (n,), the same by what people said of other steps, too.
    """

    steps: Array
    belief: Array
    judged: Array


@dataclass(frozen=True)
class SuccessRate:
    """How many attempts came out well, by what people said of some that were drawn at random.

    Attributes:
        rate: of those that were answered with yes or no.
        interval: of 95 %.
        n: answers.
    """

    rate: float
    interval: tuple[float, float]
    n: int


class WishLearner:
    """Learns what shows a wish from all that was said and lived.

    Attributes:
        labels: what was said.
        wish: which wish.
        config: how.
    """

    def __init__(
        self, labels: Labels, wish: Wish, memory: ReplayView, config: TeachConfig, seed: int
    ) -> None:
        """Learn of a wish in pictures of a memory, the same for the same labels and seed."""
        self.labels, self.wish, self.config = labels, wish, config
        self.memory, self._seed = memory, seed
        self._classifier, self._learned_n = self._fresh(), 0

    def learn(self) -> tuple[SuccessClassifier, Believed]:
        """A classifier of all that was said and lived until now, and what it makes of that.

        At first it learns twice, as what it learned before tells it how to take what was lived.
        """
        rng, classifier = np.random.default_rng(self._seed), self._classifier
        steps = self._lived(rng)
        pictures = self.memory.frames(self.wish.sensor)[steps]
        for _ in range(1 if self._learned_n else 2):
            evidence = self._evidence(steps, pictures)
            classifier.learn(evidence, self.config.updates, rng)
            self._learned_n = len(self.memory)
        belief, judged = classifier.belief(pictures), classifier.judged(evidence)
        for said, certain in ((KNOWN[0], 1.0), (KNOWN[1], 0.0)):
            belief[np.isin(steps, self._answered(said))] = certain
        return classifier, Believed(steps, belief, judged)

    def held_out_ranks(self) -> Array:
        """Of what was lived, how much is believed less than each example by who saw the others.

        Returns:
            float64 (n,) from 0 to 1; about 0.5 where they show nothing special.
        """
        rng, examples = np.random.default_rng(self._seed), self.examples
        steps, frames = self._lived(rng), self.memory.frames(self.wish.sensor)
        evidence, ranks = self._evidence(steps, frames[steps]), np.ones(len(examples))
        some = frames[rng.choice(steps, min(COMPARED_N, len(steps)), replace=False)]
        for fold in np.array_split(rng.permutation(len(examples)), FOLDS_N):
            classifier, shown = self._fresh(), frames[np.delete(examples, fold)]
            evidence = replace(evidence, shown=shown, seen_n=0)
            classifier.learn(evidence, self.config.fold_updates, rng)
            belief, others = classifier.belief(frames[examples[fold]]), classifier.belief(some)
            ranks[fold] = (others < belief[:, None]).mean(1)
        return ranks

    @property
    def examples(self) -> Array:
        """The steps that were shown as success, int64 (n,)."""
        return self.labels.examples(self.wish)

    def _fresh(self) -> SuccessClassifier:
        shape, seed = self.memory.frames(self.wish.sensor).shape[1:], self._seed
        given = {"shape": lambda: shape, "seed": lambda: seed}
        classifier: SuccessClassifier = make("success classifier", self.wish.classifier, given)
        return classifier

    def _lived(self, rng: np.random.Generator) -> Array:
        """Lived steps with a picture, of too many some, and what was answered: (n,), in order."""
        steps = np.flatnonzero(self.memory.present(self.wish.sensor))
        steps = steps[lived(self.memory.episode_of, steps)]
        if len(steps) > self.config.lived_steps:
            steps = rng.choice(steps, self.config.lived_steps, replace=False)
        return np.union1d(steps, np.concatenate([self._answered(said) for said in KNOWN]))

    def _evidence(self, steps: Array, pictures: Array) -> Evidence:
        yes, no = map(self._answered, KNOWN)
        known = np.concatenate([yes, no])
        shown = self.memory.frames(self.wish.sensor)[self.examples]
        first_n, seen_n = np.searchsorted(steps, [self.wish.first_step, self._learned_n]).tolist()
        answered, said = np.searchsorted(steps, known), np.arange(len(known)) < len(yes)
        return Evidence(shown, pictures, first_n, answered, said, seen_n)

    def _answered(self, said: str) -> Array:
        return _steps([q for q in self.labels.questions(self.wish) if q.verdict == said])


class Teaching:
    """The training of a robot that practises a wish: its mind's, and the classifier's after it."""

    def __init__(
        self, session: Session, until: Until, begin: Callable[[Session, Until], Training],
        learner: WishLearner, goals: WishGoalSource,
    ) -> None:  # fmt: skip
        """Practise a wish, for `play`.

        Args:
            session: the run.
            until: when play stops.
            begin: begins the training of its mind.
            learner: learns what shows the wish.
            goals: what it goes for, to be given to `play` too.
        """
        self._mind = begin(session, until)
        self._memory, self._rng = session.memory, session.mind.rng
        self._learner, self._goals = learner, goals
        self._ended_n, self._outcomes, self._asked_until = 0, list[int](), 0

    @property
    def measured(self) -> Measured | None:
        """See `Training`."""
        return self._mind.measured

    def wake(self, tick: Tick) -> Trained | None:
        """See `Training`."""
        trained = self._mind.wake(tick)
        self._goals.examples = self._learner.examples
        self._ask(*self._learn())
        return trained

    def after_step(self, steps: int, keeper: DurableKeeper, tick: Tick) -> Trained | None:
        """See `Training`; notes how attempts ended, and asks about some."""
        if self._goals.attempts_n > self._ended_n:  # judged by what the last step saw
            self._ended_n = self._goals.attempts_n
            self._outcomes.append(steps - 1)
        trained = self._mind.after_step(steps, keeper, tick)
        if trained is not None:
            self._ask(*self._learn())
        return trained

    def save(self) -> None:
        """See `Training`."""
        self._mind.save()

    def _learn(self) -> tuple[SuccessClassifier, Believed]:
        classifier, found = self._learner.learn()
        self._goals.believed = found.steps[found.belief > BELIEVED]
        return classifier, found

    def _ask(self, classifier: SuccessClassifier, found: Believed) -> None:
        """One question of each kind that is of use, while there are any left."""
        learner, frames = self._learner, self._memory.frames(self._learner.wish.sensor)
        for why in (*classifier.asks, OUTCOME):
            asked = learner.labels.questions(learner.wish)
            open_n = sum(not question.answers for question in asked)
            if len(asked) >= learner.config.questions or open_n >= learner.config.most_open:
                break
            if (step := self._chosen(why, found, asked)) is not None:
                belief = float(classifier.belief(frames[step : step + 1])[0])
                learner.labels.ask(learner.wish, step, why, belief)
        self._asked_until, self._outcomes = int(found.steps.max(initial=-1)) + 1, []

    def _chosen(self, why: Why, found: Believed, asked: list[Question]) -> int | None:
        """Which step to ask about, of those about which nothing was said."""
        new = found.steps >= self._asked_until
        steps = {
            "surest": found.steps[new], "believed": found.steps[new & (found.belief > BELIEVED)],
            "random": found.steps, OUTCOME: np.array(self._outcomes, np.int64),
        }[why]  # fmt: skip
        steps = np.setdiff1d(steps, np.concatenate([_steps(asked), self._learner.examples]))
        if not len(steps):
            return None
        at = np.searchsorted(found.steps, steps)
        if why == "surest":
            return int(steps[found.belief[at].argmax()])
        if why == "random":
            alike_n = sum(question.why == why for question in asked)
            since = steps >= self._learner.wish.first_step
            return int(steps[spread(found.judged[at], since, alike_n)])
        return int(self._rng.choice(steps))


class KnownWish:
    """A wish as it is known now: what is gone for, and whether it has come true."""

    def __init__(self, learner: WishLearner) -> None:
        """Learn what is known of it."""
        self._learner, self._goals = learner, WishGoalSource(name=learner.wish.name)
        self._classifier, found = learner.learn()
        self._goals.believed = found.steps[found.belief > BELIEVED]
        self._goals.examples = learner.examples

    def goal(self, session: Session, tick: Tick) -> Goal:
        """What the robot should go for from where it is; `tick` is told while memory is encoded."""
        trained = wake(session, tick)
        assert trained is not None
        goal = self._goals.wished(situation(session, trained))
        assert goal is not None
        return goal

    def verdict(self, readings: Readings) -> Verdict | None:
        """Whether a picture shows it; None where the camera gave none."""
        wish = self._learner.wish
        if wish.sensor not in readings:
            return None
        belief = float(self._classifier.belief(readings[wish.sensor][None])[0])
        return Verdict(belief > BELIEVED, belief, wish=wish.name)

    def ask(self, step: int, verdict: Verdict | None) -> bool:
        """Ask a person about a step where the verdict is unsure; whether that was done."""
        if verdict is None or not UNSURE[0] < verdict.chance < UNSURE[1]:
            return False
        return self._learner.labels.ask(self._learner.wish, step, "unsure", verdict.chance)


@contextmanager
def wishing(session: Session, name: str | None) -> Iterator[KnownWish | None]:
    """What a run knows of a wish; None where none is named.

    Raises:
        InputError: when nothing of that name was taught.
    """
    if name is None:
        yield None
        return
    seed, memory = session.run.config.seed, session.memory
    with open_labels(memory.path) as labels:
        yield KnownWish(WishLearner(labels, labels.wish(name), memory, TeachConfig(), seed))


def doubted(learner: WishLearner) -> str:
    """A sentence where what was shown cannot be told from life, or some of it from the rest.

    Each fifth of the examples is judged by a classifier that was shown the others.
    """
    if len(learner.examples) < FOLDS_N:
        return ""
    ranks, name = learner.held_out_ranks(), learner.wish.name
    if ranks.mean() < SPECIAL:
        return (f"The pictures of '{name}' look like what the robot saw anyway: who was shown some "
                f"believes the others more than {ranks.mean():.0%} of that. If they show no "
                "success, teach another name by others, else answer what it asks.")  # fmt: skip
    low = learner.examples[ranks < np.median(ranks) - ODD]
    odd = ", ".join(f"memory:{step}" for step in low)
    return odd and f"Unlike the other pictures of '{name}' is {odd}; look whether it shows it."


def success_rate(questions: list[Question]) -> SuccessRate | None:
    """What people said of attempts that were drawn at random; None where they said nothing."""
    said = [q.verdict == "yes" for q in questions if q.why == OUTCOME and q.verdict in KNOWN]
    if not said:
        return None
    return SuccessRate(sum(said) / len(said), wilson_interval(sum(said), len(said)), len(said))


def _steps(questions: list[Question]) -> Array:
    return np.array([question.step for question in questions], np.int64)
