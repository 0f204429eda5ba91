"""An episode is a run of steps with nothing missing between them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """Where an episode was recorded first; never the same for two episodes, in any memory.

    Attributes:
        memory: id of the memory in which it was recorded first.
        episode: its id there; 0 where that is its id here.
        first: from which of that episode's steps on.
    """

    memory: str
    episode: int = 0
    first: int = 0


@dataclass(frozen=True)
class Episode:
    """Consecutive steps of one robot, nothing missing between them.

    Attributes:
        id: 1, 2, 3 ...; never given twice in one memory.
        first: index of its first step in memory.
        length: steps so far; 0 when it was begun and nothing was appended.
        provenance: where it came from, e.g. "play door seed 0".
        begun_unix_s: wall clock when it began.
        origin: where it was recorded first.
    """

    id: int
    first: int
    length: int
    provenance: str
    begun_unix_s: float
    origin: Origin
