"""Look at every byte that was ever kept, and say what is no longer as it was written.

The ledger: every step that was acknowledged is stored, every stored step is whole, and every whole
step can be drawn by the learner.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rumpus.memory.damage import Damage
from rumpus.memory.reader import Reader

TICK_STEPS = 1000
Tick = Callable[[int, int], None]  # told (steps looked at, steps in all)


@dataclass(frozen=True)
class Verified:
    """What was found.

    Attributes:
        acknowledged: steps that were ever said to be durable.
        stored: steps that are in the store.
        whole: of them, those that are what was written.
        drawable: of them, those that the training view gives to the learner as they are stored.
        damages: what is wrong, in order of the steps.
    """

    acknowledged: int
    stored: int
    whole: int
    drawable: int
    damages: list[Damage]

    @property
    def good(self) -> bool:
        """Whether nothing is lost, damaged or out of reach."""
        return not self.damages and self.acknowledged <= self.drawable


def verify(memory: Reader, tick: Tick) -> Verified:
    """Read the whole memory: every step, every film, and the view beside them.

    Args:
        memory: it is only read.
        tick: told (steps looked at, steps in all) now and then.

    Raises:
        MemoryFault: when the disk does not give it at all.
    """
    whole = drawable = 0
    with memory.opened() as (store, view):
        (total, stored), damages = store.ledger(), list(store.films.damaged())
        for index in ticking(total, tick):
            found = store.examine(index)
            if isinstance(found, Damage):
                damages.append(found)
            else:
                whole += 1
                drawable += index < view.count and view.holds(index, found)
    return Verified(total, stored, whole, drawable, sorted(damages, key=lambda d: d.step))


def ticking(total: int, tick: Tick) -> Iterator[int]:
    """Count through so many steps, telling how far it came now and then."""
    for index in range(total):
        if index % TICK_STEPS == 0:
            tick(index, total)
        yield index
    tick(total, total)
