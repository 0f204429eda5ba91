"""How long one decision takes; it needs nothing, so that a peer's own Python can have it, too."""

import time
from collections.abc import Callable
from typing import NamedTuple


class Took(NamedTuple):
    """What a decision took.

    Attributes:
        wall_s: by the clock.
        processor_s: of the processor: what other programs took meanwhile does not count.
    """

    wall_s: float
    processor_s: float


def clocked(decide: Callable[[], object]) -> Took:
    """Decide once."""
    busy_s, begun_s = time.process_time(), time.perf_counter()
    decide()
    return Took(time.perf_counter() - begun_s, time.process_time() - busy_s)
