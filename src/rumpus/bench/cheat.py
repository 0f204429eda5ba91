"""How often a classifier of success is cheated: what its attackers find is false, in rounds.

A person shows pictures of success, the robot plays at random, and the classifier learns. Then, in
every round, attackers look for the scenes that it believes most; what they find is lived, beside
more of random play, a few questions are answered, and it learns on. The share of the attackers'
best scenes that are false is its cheat rate. Where the wish is out of reach, as it is for a robot
at first, they find false scenes alone: how many of those it believes is told, too, and half of what
is lived is such. Beside both stands how much of true success it still believes, as who believes
nothing is never cheated. Source: interview 20:49 to 23:16; the rounds are those of VICE-RAQ (Singh
2019, arXiv 1904.07854, algorithm 2), with a search in the place of its policy.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from rumpus.bench.attackers import ATTACKERS
from rumpus.bench.scenes import FAMILIES, Scenes
from rumpus.body.random_motion import smoothed_action
from rumpus.catalogue import make
from rumpus.errors import InputError
from rumpus.result import Metric, Row, wilson_interval
from rumpus.success._own_file import OwnClassifier
from rumpus.success.base import BELIEVED, Evidence, SuccessClassifier, spread
from rumpus.types import Array

Classifier = SuccessClassifier | OwnClassifier


@dataclass(frozen=True)
class CheatConfig:
    """How long and how hard it is tried.

    Attributes:
        rounds: of attack and learning; after the last it learns and is attacked once more.
        shown: pictures of success that a person shows.
        first: steps of random play before the first round.
        played: steps of random play in each round.
        found: of the most believed scenes how many are judged; half of them are lived.
        tries: scenes that each attacker may try, in a round, for either.
        answers: of a person, in all rounds.
        answer_error: share of answers that are wrong.
        updates: gradient steps in a round, and before the first.
        recalled: true successes that it is asked about and never learns from.
    """

    rounds: int = 10
    shown: int = 20
    first: int = 1500
    played: int = 100
    found: int = 100
    tries: int = 400
    answers: int = 20
    answer_error: float = 0.0
    updates: int = 300
    recalled: int = 200


@dataclass(frozen=True)
class Found:
    """The scenes that were believed most, by all attackers, in order.

    Attributes:
        points: (n, size), see `Scenes`.
        beliefs: (n,).
        families: of each, "" where it is true, (n,).
    """

    points: Array
    beliefs: Array
    families: Array


class Life:
    """What a robot lives in the rounds, and what a person shows and answers.

    Attributes:
        scenes: in which it is attacked.
        recalled: pictures of true success that no classifier learns from.
        seen: every picture that was lived, in order, uint8 (n, h, w, 3).
        answers_n: questions that were answered so far.
    """

    def __init__(self, wish: str, seed: int, config: CheatConfig) -> None:
        """Show successes, and play at random for the first time."""
        self.scenes, self._config = Scenes(wish, seed), config
        # Chance of its own for each, so that every classifier is shown, and lives, the same.
        showing, self._playing, self._asking = np.random.default_rng(seed).spawn(3)
        shown_n, asked_n = config.shown, config.recalled
        points = self.scenes.successes(shown_n + asked_n, showing)
        self._shown, _ = self.scenes.pictures(points[:shown_n])
        self.recalled, _ = self.scenes.pictures(points[shown_n:])
        self._said = dict[int, bool]()
        self._world, self._action = Scenes(wish, seed).world, np.zeros(3, np.float32)
        self.seen, self._truth = self._played(config.first)

    @property
    def answers_n(self) -> int:
        """Questions that were answered so far."""
        return len(self._said)

    def evidence(self, seen_n: int = 0) -> Evidence:
        """All that a classifier may learn from, which had so much of life when it did last."""
        answered, said = np.array([*self._said], np.int64), np.array([*self._said.values()], bool)
        return Evidence(self._shown, self.seen, self._config.first, answered, said, seen_n)

    def go_on(self, found: Array, classifier: Classifier, due: int) -> None:
        """Live what was found, and play; then so many questions are answered in all."""
        newest = len(self.seen)
        (seen, families), (more, truth) = (
            self.scenes.pictures(found),
            self._played(self._config.played),
        )
        self.seen = np.concatenate([self.seen, seen, more])
        self._truth = np.concatenate([self._truth, families == "", truth])
        belief, judged = classifier.belief(self.seen), classifier.judged(self.evidence(newest))
        while classifier.asks and self.answers_n < due:
            question = classifier.asks[self.answers_n % len(classifier.asks)]
            left = np.setdiff1d(np.arange(len(self.seen)), [*self._said])
            new = left[left >= min(newest, left[-1])]
            at = int(new[belief[new].argmax()])
            if question == "random":
                since, alike_n = left >= self._config.first, self.answers_n // len(classifier.asks)
                at = int(left[spread(judged[left], since, alike_n)])
            elif question == "believed" and belief[at] > BELIEVED:
                at = int(self._asking.choice(new[belief[new] > BELIEVED]))
            wrong = self._asking.random() < self._config.answer_error  # who answers errs at times
            self._said[at] = bool(self._truth[at]) != wrong

    def _played(self, steps: int) -> tuple[Array, Array]:
        """Pictures of so many steps of random play, and which are true; nothing is put back."""
        seen, truth = list[Array](), list[bool]()
        for _ in range(steps):
            self._action = smoothed_action(self._playing, self._action)
            self._world.act(self._action)
            seen += self._world.observe().readings.values()
            truth.append(self._world.is_success(self._world.state()))
        return np.array(seen).reshape(-1, *self.recalled.shape[1:]), np.array(truth, bool)


@dataclass(frozen=True)
class Round:
    """One round of attack and learning.

    Attributes:
        number: from 0.
        life: what was lived and said until then.
        classifier: that has learned from it.
        config: how long and how hard it is tried.
        rng: chance of the attackers.
    """

    number: int
    life: Life
    classifier: Classifier
    config: CheatConfig
    rng: np.random.Generator

    @cached_property
    def found(self) -> tuple[Found, Found]:
        """What attackers found in this round; and where the wish is out of reach."""
        return self.attack()

    def attack(self, held_out: bool = False) -> tuple[Found, Found]:
        """Attack, and once more where the wish is out of reach; see `Scenes.at`."""
        with_, without = (
            best_found(self.life.scenes, self.classifier, self.config, self.rng, out, held_out)
            for out in (False, True)
        )
        return with_, without


def classifier_named(name: str, shape: tuple[int, ...], seed: int) -> Classifier:
    """A classifier of success of that name, or of a Python file; see `_own_file.py`.

    Raises:
        InputError: when there is none.
    """
    if name.endswith(".py"):
        return OwnClassifier(Path(name))
    given = {"shape": lambda: shape, "seed": lambda: seed}
    made: SuccessClassifier = make("success classifier", name, given)
    return made


def check_asked(config: CheatConfig, wishes: Sequence[str], classifiers: Sequence[str]) -> None:
    """Refuse what cannot be measured before anything is.

    Raises:
        InputError: naming it and what would do.
    """
    if config.rounds < 0:
        raise InputError(f"{config.rounds} rounds were asked for, expected 0 or more.")
    if not 0.0 <= config.answer_error <= 1.0:
        raise InputError(f"The share of wrong answers is {config.answer_error:g}, expected 0 to 1.")
    shapes = [Scenes(wish, 0).world.spec.sensors[0].shape for wish in wishes]
    for name in classifiers:
        classifier_named(name, shapes[0], 0)


def attacked(
    wish: str, name: str, seed: int, config: CheatConfig | None = None,
    tick: Callable[[int], None] = lambda done: None,
) -> list[Row]:  # fmt: skip
    """A row for every round, the last one with all figures; the same again from the same seed.

    Args:
        wish: a world that has one.
        name: of the classifier, see `classifier_named`.
        seed: of everything.
        config: how long and how hard it is tried.
        tick: told after every round how many are done.

    Raises:
        InputError: when there is no such wish or classifier.
    """
    begun_s, config, rows = time.monotonic(), config or CheatConfig(), list[Row]()
    for one in rounds(wish, name, seed, config):
        last, life = one.number == config.rounds, one.life
        metrics = _cheated("", *one.found)
        metrics |= _recalled(one.classifier.belief(life.recalled)) | {"answers_n": life.answers_n}
        if last:
            metrics |= _cheated("held_out_", *one.attack(held_out=True))
        variant = f"{wish}, {Path(name).stem}" + f", round {one.number}" * (not last)
        wall_s = round(time.monotonic() - begun_s, 2)
        rows.append(Row(variant, seed, config.found, len(life.seen), wall_s, metrics))
        tick(one.number + 1)
    return rows


def rounds(wish: str, name: str, seed: int, config: CheatConfig) -> Iterator[Round]:
    """Every round, as `attacked` has them: who is cheated has learned, and what was found."""
    life = Life(wish, seed, config)
    classifier = classifier_named(name, life.recalled.shape[1:], seed)
    learning, attacking = np.random.default_rng(seed).spawn(5)[3:]
    seen_n = 0
    for number in range(config.rounds + 1):
        classifier.learn(life.evidence(seen_n), config.updates, learning)
        seen_n = len(life.seen)
        now = Round(number, life, classifier, config, attacking)
        yield now
        if number < config.rounds:
            found = np.concatenate([each.points[: config.found // 2] for each in now.found])
            life.go_on(found, classifier, config.answers * (number + 1) // config.rounds)


def best_found(
    scenes: Scenes, classifier: Classifier, config: CheatConfig, rng: np.random.Generator,
    out_of_reach: bool, held_out: bool = False,
) -> Found:  # fmt: skip
    """What the classifier believes most, of all that every attacker tried.

    What is nearly right is neither a success nor a cheat: nobody could tell it from one.

    Args:
        scenes: where they look.
        classifier: whom they cheat.
        config: how many scenes they try.
        rng: chance.
        out_of_reach: whether they find no scene that is true.
        held_out: see `Scenes.at`.
    """

    def believed(points: Array) -> Array:
        seen, families = scenes.pictures(points, held_out)
        left_out = ("near", "") if out_of_reach else ("near",)
        return np.where(np.isin(families, left_out), -1.0, classifier.belief(seen))

    tried = [attack(believed, scenes.size, config.tries, rng) for attack in ATTACKERS.values()]
    points, beliefs = (np.concatenate(each) for each in zip(*tried, strict=True))
    best = np.argsort(-beliefs, kind="stable")[: config.found]
    return Found(points[best], beliefs[best], scenes.pictures(points[best], held_out)[1])


def _cheated(which: str, free: Found, kept: Found) -> dict[str, Metric]:
    """How many of the best are false, and of which families; how many false ones are believed."""
    n, families = len(free.points), free.families.tolist()
    false_n, fooled_n = n - families.count(""), int((kept.beliefs > BELIEVED).sum())
    told: dict[str, Metric] = {
        "cheat_share": false_n / n, "cheat_interval": wilson_interval(false_n, n),
        "fooled_share": fooled_n / n, "fooled_interval": wilson_interval(fooled_n, n),
        **{f"{f}_share": families.count(f) / n for f in FAMILIES if f in families},
    }  # fmt: skip
    return {f"{which}{name}": value for name, value in told.items()}


def _recalled(beliefs: Array) -> dict[str, Metric]:
    """How much of true success is believed."""
    believed, n = int((beliefs > BELIEVED).sum()), len(beliefs)
    return {"recall_rate": believed / n, "recall_interval": wilson_interval(believed, n)}
