"""What can be wrong with a memory."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Damage:
    """One thing that is wrong with a memory.

    Attributes:
        step: where.
        episode: of it; 0 where that is not known.
        what: goes on "step 12 of episode 3 ...".
    """

    step: int
    episode: int
    what: str
