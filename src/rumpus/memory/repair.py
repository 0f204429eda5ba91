"""Mend what can be proved: damaged steps come back from the training view beside the store.

The view holds every reading a second time. Where the store's own checksum confirms what the view
says of a step, the step is put back; where it does not, nothing is touched. Nothing is guessed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rumpus.memory import movie
from rumpus.memory.fault import faults
from rumpus.memory.store import Damage, Store, lock
from rumpus.memory.view import VIEW_NAME, View, trusted_view

TICK_STEPS = 1000
Tick = Callable[[int, int], None]  # told (steps looked at, steps in all)


@dataclass(frozen=True)
class Repaired:
    """What became of it.

    Attributes:
        mended: what was damaged and is as it was written again.
        lost: what is still damaged.
        forgotten: acknowledged steps, gone from the end, that are no longer missed.
    """

    mended: list[Damage]
    lost: list[Damage]
    forgotten: int


def repair(folder: Path, accept_loss: bool, tick: Tick) -> Repaired:
    """Mend a memory as far as anything proves what was there.

    Args:
        folder: of the memory; no other program may have it.
        accept_loss: no longer miss the steps that are gone from the end, so that the robot can go
            on; the others are numbered on from there.
        tick: told (steps looked at, steps in all) now and then.

    Raises:
        MemoryFault: when another program writes to it, or the store cannot be read at all.
    """
    with faults(folder), lock(folder):
        store = Store(folder, write=True, gaps=True)
        try:
            view = trusted_view(folder / VIEW_NAME, store)
            mended, lost = _mend(store, view, tick)
            store.commit()
            return Repaired(mended, lost, store.forget_end() if accept_loss else 0)
        finally:
            store.close()


def _mend(store: Store, view: View | None, tick: Tick) -> tuple[list[Damage], list[Damage]]:
    mended: list[Damage] = []
    lost: list[Damage] = []
    filmed = {damage.step for damage in store.damaged_films()}
    total = store.told()
    for index in range(total):
        if index % TICK_STEPS == 0:
            tick(index, total)
        found = store.examine(index)
        whole = not isinstance(found, Damage)
        if whole and index - index % movie.REEL_STEPS not in filmed:
            continue
        told = view.row(index) if view and index < view.count else None
        back = told is not None and store.mend(index, *told)
        if isinstance(found, Damage):
            (mended if back else lost).append(found)
        elif not back:  # it was read from a film that is going: put it back from there
            store.mend(index, *found)
    # A reel of which a step is still lost keeps its films: they may hold what is in no other place.
    for first in filmed - {damage.step - damage.step % movie.REEL_STEPS for damage in lost}:
        store.forget_films(first)
    tick(total, total)
    return mended, lost
