"""What can be wrong with a memory."""

from dataclasses import dataclass

from rumpus.errors import MemoryFault


class Damaged(MemoryFault):
    """What is on the disk is not what was written: `rumpus memory repair` is for it."""


@dataclass(frozen=True)
class Damage:
    """One thing that is wrong with a memory.

    Attributes:
        step: where; -1 where it is of no one step.
        episode: of it; 0 where that is not known.
        what: goes on "Step 12 of episode 3 ..."; where there is no step, the whole sentence.
    """

    step: int
    episode: int
    what: str

    def __str__(self) -> str:
        if self.step < 0:
            return f"{self.what}."
        episode = f" of episode {self.episode}" if self.episode > 0 else ""
        return f"Step {self.step:,}{episode} {self.what}."


def damaged_by(what: str, path: object, how: str) -> Damaged:
    """What is said of something damaged, with the remedy."""
    is_or_are = "are" if what.endswith("s") else "is"
    return Damaged(f"The {what} {path} {is_or_are} damaged: {how}; put back a copy of it, or see: "
                   "rumpus memory repair.")  # fmt: skip
