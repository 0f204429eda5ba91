"""What tells success from pictures: what it learns from, what it believes, and what it asks."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from rumpus.model.part import Part
from rumpus.types import Array

Question = Literal["surest", "believed", "random"]
BELIEVED = 0.5  # as surely as this, a picture is taken for success
SURELY_NOT = 0.0025  # nothing is believed less, for what is asked about
GOLDEN = 0.618034  # steps of so much of a round come least often near to where one was


@dataclass(frozen=True)
class Evidence:
    """What is known of one wish, in pictures of one camera, uint8 (n, h, w, c).

    Attributes:
        shown: what a person showed as success.
        lived: what the robot saw since it began, in order; nobody said what it shows.
        first_n: how many of those it saw before it ever went for the wish.
        answered: which of them a person was asked about, and said what they show, int64 (q,).
        said: what was said of each of these, whether it is a success, bool (q,).
        seen_n: how many of the lived ones it had when it learned last; 0 where it never did.
    """

    shown: Array
    lived: Array
    first_n: int
    answered: Array
    said: Array
    seen_n: int = 0

    @property
    def successes(self) -> Array:
        """What was shown, and what was answered with yes, (n, h, w, c)."""
        return np.concatenate([self.shown, self.lived[self.answered[self.said]]])

    @property
    def failures(self) -> Array:
        """What was answered with no, (n, h, w, c)."""
        no: Array = self.lived[self.answered[~self.said]]
        return no


class SuccessClassifier(Protocol):
    """Learns from evidence what success looks like.

    Attributes:
        asks: what it wants a person to be asked about: of what was lived since it learned, the
            picture that it is surest of, or one drawn from all that it believes; of all that was
            lived one, see `spread`; or nothing.
        part: what it has learned; it is never saved, see `rumpus.run.teaching`.
    """

    asks: tuple[Question, ...]
    part: Part[Any]

    def learn(self, evidence: Evidence, updates: int, rng: np.random.Generator) -> float:
        """So many gradient steps at most; their mean loss."""
        ...

    def belief(self, pictures: Array) -> Array:
        """How surely each of (B, h, w, c) uint8 shows success, float32 (B,) from 0 to 1."""
        ...

    def judged(self, evidence: Evidence) -> Array:
        """How surely each lived picture does, by what people said of others, too; float32 (n,)."""
        ...


def spread(beliefs: Array, since: Array, asked_n: int) -> int:
    """Which of some pictures to ask about next, to learn whether beliefs are too low or too high.

    Of what was lived since it tried and of what was lived before in turn, as it is wrong about them
    in two ways, and one may be much longer than the other (decision 10, row 64). From those that
    are believed least to those that are believed most, the more often the more they are in doubt,
    by one standard deviation of whether it is a success: where most of life is surely none, answers
    about pictures drawn as it happens tell nothing else (rows 42 to 52). Nothing in it is drawn by
    chance.

    Args:
        beliefs: how surely each shows success, as it is judged, (n,).
        since: which were lived since it first went for the wish, bool (n,).
        asked_n: how many were asked about before, chosen like this.
    """
    turn = since == (asked_n % 2 == 0)
    some = np.flatnonzero(turn == turn.any())  # all, where there is none whose turn it is
    order = some[np.argsort(beliefs[some], kind="stable")]
    sure = np.clip(beliefs[order], SURELY_NOT, 1.0 - SURELY_NOT)
    weight = np.cumsum(np.sqrt(sure * (1.0 - sure)))
    return int(order[np.searchsorted(weight, (0.5 + GOLDEN * (asked_n // 2)) % 1.0 * weight[-1])])
