"""Everything the robot ever sensed and did, kept on disk for ever and drawn from to learn."""

from rumpus.memory.episode import Episode
from rumpus.memory.memory import Memory, MemoryConfig

__all__ = ["Episode", "Memory", "MemoryConfig"]
