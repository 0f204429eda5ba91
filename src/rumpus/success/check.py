"""Does a classifier of success keep its promises? Shows it pictures and answers in sentences."""

from collections.abc import Callable, Iterator

import numpy as np

from rumpus.catalogue import make
from rumpus.errors import WorldError
from rumpus.finding import Finding, failure, gather, ok
from rumpus.success.base import Evidence, SuccessClassifier
from rumpus.types import Array

SEED, SIDE_PX, SQUARE_PX = 0, 24, 6
SHOWN_N, LIVED_N, ASKED_N, UPDATES_N = 12, 200, 16, 120


def examine(made_by: Callable[[], SuccessClassifier]) -> list[Finding]:
    """Show a classifier what success looks like, and say which promises it keeps.

    Args:
        made_by: makes the classifier, always alike, for pictures of `SIDE_PX` pixels a side.

    Returns:
        findings in the order in which they were looked for; a classifier that raises ends the list
        with its sentence as a failure.

    Raises:
        InputError: when there is no such classifier to be made.
    """
    return gather(lambda: _look(made_by), "success classifier")


def examine_named(name: str) -> list[Finding]:
    """Examine the classifier of that name."""

    def made() -> SuccessClassifier:
        given = {"shape": lambda: (SIDE_PX, SIDE_PX, 3), "seed": lambda: SEED}
        classifier: SuccessClassifier = make("success classifier", name, given)
        return classifier

    return examine(made)


def squares(count: int, success: bool, rng: np.random.Generator) -> Array:
    """Pictures of a red square on grey: on the left where it is success, else on the right."""
    pictures = rng.integers(90, 110, (count, SIDE_PX, SIDE_PX, 3)).astype(np.uint8)
    for picture in pictures:
        across = rng.integers(0, 4) + (0 if success else SIDE_PX - SQUARE_PX - 4)
        down = rng.integers(0, SIDE_PX - SQUARE_PX)
        picture[down : down + SQUARE_PX, across : across + SQUARE_PX] = (200, 30, 20)
    return pictures


def _look(made_by: Callable[[], SuccessClassifier]) -> Iterator[Finding]:
    rng = np.random.default_rng(SEED)
    lived = squares(LIVED_N, False, rng)
    shown, answered = squares(SHOWN_N, True, rng), np.arange(2)
    evidence = Evidence(shown, lived, LIVED_N, answered, np.zeros(2, bool))
    before, asked = lived.copy(), [squares(ASKED_N, success, rng) for success in (True, False)]
    beliefs = []
    for _ in range(2):
        classifier = made_by()
        loss = classifier.learn(evidence, UPDATES_N, np.random.default_rng(SEED))
        beliefs.append(classifier.belief(np.concatenate(asked)))
    told = np.asarray(beliefs[0])
    for by, gave, count in (
        ("belief()", told, 2 * ASKED_N),
        ("judged()", np.asarray(classifier.judged(evidence)), LIVED_N),
    ):
        if gave.shape != (count,) or not ((gave >= 0.0) & (gave <= 1.0)).all():
            raise WorldError(
                f"{by} gave {gave.dtype} {gave.shape} {gave}, expected ({count},) numbers "
                f"from 0 to 1, one for each picture; mend {by}."
            )
    yield ok(f"It learned with a mean loss of {loss:.3g}, and believes each picture from 0 to 1.")
    if not np.array_equal(beliefs[0], beliefs[1]):
        yield failure("The same chance led to other beliefs; draw every random number from `rng`.")
    if not np.array_equal(lived, before):
        yield failure("It changed the pictures that it was to learn from; change a copy.")
    surer = float((told[:ASKED_N, None] > told[ASKED_N:]).mean())
    sentence = f"It believes a success more than a failure in {surer:.0%} of pairs"
    yield ok(f"{sentence}.") if surer > 0.95 else failure(f"{sentence}; mend learn().")
