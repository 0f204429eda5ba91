"""Repair what can be proved: damaged and lost steps come back from the training view.

The view holds every reading a second time. Where the store's own checksum confirms what the view
says of a step, the step is put back as it was. Where the store has nothing that could confirm it,
the view's own checksum proves what was sensed and done, and the step comes back without its
reasons. Where neither proves anything, nothing is touched. Nothing is guessed.
"""

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from rumpus.errors import MemoryFault
from rumpus.memory.damage import Damage
from rumpus.memory.database import FILE_NAME, lock
from rumpus.memory.durable_store import Store, migrate
from rumpus.memory.fault import faults
from rumpus.memory.films import segment_of
from rumpus.memory.recover import is_left, recover
from rumpus.memory.verify import Tick, ticking
from rumpus.memory.view import VIEW_NAME, View, view_of


@dataclass
class Repaired:
    """What became of it.

    Attributes:
        repaired: what was damaged and is as it was written again.
        recalled: what came back from the view alone: as sensed and done, without its reasons.
        lost: what is still damaged.
        forgotten: acknowledged steps, gone from the end, that are no longer missed.
        recovered: whether the store's file could not be read and was made anew.
    """

    repaired: list[Damage] = field(default_factory=list)
    recalled: list[Damage] = field(default_factory=list)
    lost: list[Damage] = field(default_factory=list)
    forgotten: int = 0
    recovered: bool = False


def repair(folder: Path, accept_loss: bool, tick: Tick) -> Repaired:
    """Repair a memory as far as anything proves what was there.

    Args:
        folder: of the memory; no other program may have it.
        accept_loss: no longer miss the steps that are gone from the end, so that the robot can go
            on; the others are numbered on from there.
        tick: told (steps looked at, steps in all) now and then.

    Raises:
        MemoryFault: when another program writes to it, nothing says whose it is, or there is none.
    """
    if not (folder / FILE_NAME).exists() and not is_left(folder):
        raise MemoryFault(f"There is no memory in {folder}; give the folder of one.")
    with faults(folder), suppress(sqlite3.DatabaseError):  # one that cannot be read is made anew
        migrate(folder)
    with faults(folder), lock(folder):
        done = Repaired(recovered=recover(folder))
        with closing(Store(folder, write=True)) as store:
            with closing(view_of(folder / VIEW_NAME, store)) as view:
                _repair_all(store, view, done, tick)
            store.commit()
            done.forgotten = store.forget_end() if accept_loss else 0
    return done


def _repair_all(store: Store, view: View, done: Repaired, tick: Tick) -> None:
    filmed = {damage.step for damage in store.films.damaged()}
    for index in ticking(store.ledger()[0], tick):
        found = store.examine(index)
        if isinstance(found, Damage):
            _restore(store, view, found, done)
            continue
        store.know_episode(found)
        if segment_of(index) in filmed:  # read from a film that is going: put it back
            store.repair(found)
    # A segment of which a step is still lost keeps its films, which may be all that holds it.
    for first in filmed - {segment_of(damage.step) for damage in done.lost}:
        store.films.forget(first)


def _restore(store: Store, view: View, damage: Damage, done: Repaired) -> None:
    """Put one step back as far as the view knows it."""
    index = damage.step
    if index < view.capacity and store.repair(view.row(index)):
        done.repaired.append(damage)
    elif view.proves(index):
        store.put_back(view.row(index))
        done.recalled.append(damage)
    else:
        done.lost.append(damage)
