"""What tells success from pictures: what it learns from, what it believes, and what it asks."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from rumpus.model.part import Part
from rumpus.types import Array

Question = Literal["surest", "random"]
GOLDEN = 0.618034  # steps of so much of a round come least often near to where one was


@dataclass(frozen=True)
class Evidence:
    """What is known of one wish, in pictures of one camera, uint8 (n, h, w, c) each.

    Attributes:
        successes: what a person showed, and what was answered with yes.
        failures: what was answered with no.
        lived: what the robot saw since it began, in order; nobody said what it shows.
        first_n: how many of those it saw before it ever went for the wish.
        random_answers: of lived pictures that were drawn at random and asked about, see `spread`,
            whether each was a success, bool (q,).
        seen_n: how many of the lived ones it had when it learned last; 0 where it never did.
    """

    successes: Array
    failures: Array
    lived: Array
    first_n: int
    random_answers: Array
    seen_n: int = 0


class SuccessClassifier(Protocol):
    """Learns from evidence what success looks like.

    Attributes:
        asks: what it wants a person to be asked about: the lived picture that it is surest of, one
            drawn at random, see `spread`, or nothing.
        part: what it has learned, to be saved.
    """

    asks: tuple[Question, ...]
    part: Part[Any]

    def learn(self, evidence: Evidence, updates: int, rng: np.random.Generator) -> float:
        """So many gradient steps at most; their mean loss."""
        ...

    def belief(self, pictures: Array) -> Array:
        """How surely each of (B, h, w, c) uint8 shows success, float32 (B,) from 0 to 1."""
        ...


def spread(beliefs: Array, asked_n: int) -> int:
    """Which of some pictures to ask about next, to learn how many of them show success.

    Evenly from those that are believed least to those that are believed most. Where belief follows
    the truth, few answers then tell the share better than about pictures drawn as it happens; where
    it does not, no better (decision 10, rows 42 and 43). Nothing in it is drawn by chance.
    """
    order = np.argsort(beliefs, kind="stable")
    return int(order[int((0.5 + GOLDEN * asked_n) % 1.0 * len(order))])
