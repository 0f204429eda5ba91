"""Look at every byte that was ever kept, and say what is no longer as it was written.

The ledger: every step that was acknowledged is stored, every stored step is whole, and every whole
step can be drawn by the learner. What lies on the disk is compared, never a copy made of it, and
of one moment, also while another program writes.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rumpus.errors import MemoryFault
from rumpus.memory import acknowledged, labels
from rumpus.memory.damage import Damage, Damaged
from rumpus.memory.database import FILE_NAME
from rumpus.memory.durable_store import Store, migrate
from rumpus.memory.fault import faults
from rumpus.memory.recover import is_left
from rumpus.memory.view import VIEW_NAME, View, view_of

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
        lost: of them, those that `repair` wrote down as lost for good; nothing is missed in them.
        damages: what is wrong, in order of the steps.
    """

    acknowledged: int
    stored: int
    whole: int
    drawable: int
    lost: int
    damages: list[Damage]

    @property
    def good(self) -> bool:
        """Whether nothing is damaged, missed or out of reach."""
        return not self.damages and self.acknowledged <= self.drawable


def verify(folder: Path, tick: Tick) -> Verified:
    """Read the whole memory: every step, every film, the view and what people said beside them.

    Args:
        folder: of the memory; it is only read.
        tick: told (steps looked at, steps in all) now and then.

    Raises:
        MemoryFault: when there is none, or the disk does not give it at all.
    """
    check_there(folder)
    told, damages = acknowledged.read(folder), labels.damaged(folder)
    if told is None:
        damages.append(
            _of_all(f"The file {acknowledged.FILE_NAME} is gone or not what was written")
        )
    try:
        with faults(folder):
            migrate(folder)
            with closing(Store(folder, write=False)) as store, store.frozen():
                return _verified(folder, store, damages, tick)
    except Damaged as fault:  # nothing more can be said of it
        return Verified(told.count if told else 0, 0, 0, 0, 0, [*damages, _of_all(str(fault))])


def check_there(folder: Path) -> None:
    """Refuse a folder in which there is no memory, nor anything that one left.

    Raises:
        MemoryFault: naming it.
    """
    with faults(folder):
        if not (folder / FILE_NAME).exists() and not is_left(folder):
            raise MemoryFault(f"There is no memory in {folder}; give the folder of one.")


def _verified(folder: Path, store: Store, damages: list[Damage], tick: Tick) -> Verified:
    ever, _, stored = store.ledger()
    damages += map(_of_all, [*store.torn(), *store.flaws()])
    known, unproved = store.known()
    damages += [_of_all(f"What is known of episode {id_} is not what was written")
                for id_ in unproved]  # fmt: skip
    begins, astray = [episode.first for episode in known], set(unproved)
    whole = drawable = lost = 0
    view = view_of(folder / VIEW_NAME, store)
    damages += map(_of_all, _flaws_of(view))
    for index in ticking(store.count, tick):
        found = store.examine(index)
        if isinstance(found, Damage):
            damages.append(found)
            continue
        whole, lost = whole + 1, lost + (found["episode"] < 0)
        if view is not None and view.holds(index, found):
            drawable += 1
        elif view is not None:
            damages.append(Damage(index, found["episode"], "is not in the view as it was written"))
        at = bisect_right(begins, index) - 1
        told, id_ = known[at].id if at >= 0 else 0, found["episode"]
        if (told != id_ if id_ > 0 else told >= 0) and id_ not in astray:
            damages.append(Damage(index, id_, "is in an episode of which nothing is known"))
            astray.add(id_)
        if not -1 <= found["goal_index"] < store.count:
            damages.append(Damage(index, id_, "was on its way to a step that is not here"))
    if ever > store.count:
        gone = f"is gone, and what followed it: {ever - store.count:,} steps in all"
        damages.append(Damage(store.count, 0, gone))
    if view is not None:
        view.close()
    return Verified(ever, stored, whole, drawable, lost, sorted(damages, key=lambda d: d.step))


def _flaws_of(view: View | None) -> Iterator[str]:
    if view is None:
        yield "The view that learning draws from is not there; repair, and play, make it anew"
    elif not view.is_marked:
        yield "What the view that learning draws from says of itself is not what was written"


def _of_all(what: str) -> Damage:
    return Damage(-1, 0, what.removesuffix("."))


def ticking(total: int, tick: Tick) -> Iterator[int]:
    """Count through so many steps, telling how far it came now and then."""
    for index in range(total):
        if index % TICK_STEPS == 0:
            tick(index, total)
        yield index
    tick(total, total)
