"""An episode is one unbroken stretch of a robot's life."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """Where a stretch of life was lived; never the same for two stretches, in any memory.

    Attributes:
        memory: id of the memory in which it was remembered first.
        episode: its id there; 0 where that is its id here.
        first: from which of that episode's steps on.
    """

    memory: str
    episode: int = 0
    first: int = 0


@dataclass(frozen=True)
class Episode:
    """One unbroken stretch of life: consecutive steps, nothing missing between them.

    Attributes:
        id: 1, 2, 3 ...; never given twice in one memory.
        first: index of its first step in memory.
        length: steps so far; 0 when it was begun and nothing was appended.
        provenance: where it came from, e.g. "play door seed 0".
        begun_unix_s: wall clock when it began.
        origin: where it was lived.
    """

    id: int
    first: int
    length: int
    provenance: str
    begun_unix_s: float
    origin: Origin
