"""Repair what can be proved, and go on without what nothing proves.

The view holds every reading a second time. Where the store's own checksum confirms what the view
says of a step, the step is put back as it was. Where the store has nothing that could confirm it,
the view's own checksum proves what was sensed and done, and the step comes back without its
reasons. Where neither proves anything the step is lost: its place stays, so that no other step is
numbered anew, and holds nothing; what came after it in its episode becomes an episode of its own,
so that nothing is learned across the gap; and the loss is written down among the episodes. Should
the step turn up in a copy of the memory, merging that brings it back. Nothing is guessed.
"""

import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from rumpus.memory import acknowledged, labels
from rumpus.memory.damage import Damage, Damaged
from rumpus.memory.database import lock
from rumpus.memory.durable_store import Store, migrate
from rumpus.memory.episode import Episode, Origin
from rumpus.memory.fault import faults
from rumpus.memory.recover import recover
from rumpus.memory.schema import Row
from rumpus.memory.verify import Tick, check_there, ticking
from rumpus.memory.view import VIEW_NAME, View, made_again, view_of


@dataclass
class Repaired:
    """What became of it.

    Attributes:
        repaired: what was damaged and is as it was written again.
        recalled: what came back from the view alone: as sensed and done, without its reasons.
        lost: what is lost for good.
        forgotten: acknowledged steps, gone from the end, that are no longer missed.
        recovered: whether the store's file could not be read and was made anew.
        mended: sentences on what else was set right.
    """

    repaired: list[Damage] = field(default_factory=list)
    recalled: list[Damage] = field(default_factory=list)
    lost: list[Damage] = field(default_factory=list)
    forgotten: int = 0
    recovered: bool = False
    mended: list[str] = field(default_factory=list)


def repair(folder: Path, tick: Tick) -> Repaired:
    """Repair a memory as far as anything proves what was there; it can be written to afterwards.

    Args:
        folder: of the memory; no other program may have it.
        tick: told (steps looked at, steps in all) now and then.

    Raises:
        MemoryFault: when another program writes to it, nothing says whose it is, or there is none.
    """
    check_there(folder)
    with suppress(Damaged, sqlite3.DatabaseError), faults(folder):  # it is made anew
        migrate(folder)
    with faults(folder), lock(folder):
        told = acknowledged.read(folder)
        done = Repaired(recovered=recover(folder))
        if told is None:
            done.mended.append(f"The file {acknowledged.FILE_NAME} was written anew")
        with closing(Store(folder, write=True)) as store:
            if told and told.memory not in ("", store.id):
                done.mended.append("The figure beside the store was of another memory; what is "
                                   "there now is what was found in the store")  # fmt: skip
            done.mended += store.flaws()
            view = view_of(folder / VIEW_NAME, store, "r+b")
            _Repair(store, view, done).all(tick)
            if view is not None:
                view.close()
            if view is None or not view.is_marked:
                done.mended.append("The view that learning draws from was made anew")
                made_again(folder / VIEW_NAME, store).close()
        done.mended += labels.repair(folder)
    return done


class _Repair:
    """One pass over a memory, step by step."""

    def __init__(self, store: Store, view: View | None, done: Repaired) -> None:
        self._store, self._view, self._done = store, view, done
        self._ever, self._stop, _ = store.ledger()
        known, self._unproved = store.known()
        self._known = {episode.id: episode for episode in known}
        self._lost_at = {episode.first for episode in known if episode.id < 0}
        self._episodes: list[Episode] = []  # as they are now
        self._id = self._new_id = 0  # of the episode that the last step was in: was, and is now

    def all(self, tick: Tick) -> None:
        """Leave nothing that is damaged, and what is lost written down."""
        store, view, done = self._store, self._view, self._done
        stop, redrawn = store.count, 0
        if view is not None and view.is_marked:  # it alone proves what is gone from the end
            beyond = range(stop, min(self._ever, view.capacity))
            stop = max((index + 1 for index in beyond if view.proves(index)), default=stop)
        self._stop = stop
        for index in ticking(stop, tick):
            stored = self._found(index)
            row = self._in_its_episode(stored)
            if view is not None and view.is_marked and not view.holds(index, row):
                if stored["episode"] > 0 and not view.holds(index, stored) and view.proves(index):
                    done.mended.append(
                        f"Step {index:,} was another in the view, as whole; the store's is kept"
                    )
                view.put(index, row)
                redrawn += 1
        done.forgotten = max(self._ever - stop, 0)
        if done.forgotten:
            self._write_off(stop, f"{done.forgotten:,} steps gone from the end")
        begun = {e.first: e.id for e in self._episodes if e.id > 0} | {stop: store.last_episode + 1}
        told = {episode.id for episode in self._episodes}
        self._episodes += [e for e in self._known.values()  # of which there is no step
                           if e.id not in told and e.id < begun.get(e.first, e.id)]  # fmt: skip
        if self._unproved or any(e != self._known.get(e.id) for e in self._episodes if e.id > 0):
            done.mended.append("What is known of the episodes was written anew from their steps")
        store.settle(stop, self._episodes)
        if view is not None and view.is_marked:
            view.count = stop
            view.mark()
            if redrawn:
                done.mended.append(f"{redrawn:,} rows of the view were drawn anew")

    def _found(self, index: int) -> Row:
        """What is stored of a step, put back as far as the view knows it, or what stands for it."""
        store, view, found = self._store, self._view, self._store.examine(index)
        if not isinstance(found, Damage):
            return self._with_goal(found)
        copy, glimpsed = view.row(index) if view is not None else None, store.glimpse(index)
        row = store.schema.repaired(glimpsed, copy) if glimpsed and copy else None
        if row is not None:
            self._done.repaired.append(found)
        elif copy and view and view.is_marked and copy["episode"] > 0 and view.proves(index):
            row = copy
            self._done.recalled.append(found)
        else:
            self._done.lost.append(found)
            return store.lose(index)
        store.put(row)
        return self._with_goal(row)

    def _with_goal(self, row: Row) -> Row:
        """A row whose goal is a step of this memory, or none."""
        if -1 <= row["goal_index"] < self._stop:
            return row
        self._done.mended.append(
            f"Step {row['step']:,} was on its way to a step that is not here: to none, now"
        )
        return self._restated(row, goal_index=-1)

    def _in_its_episode(self, row: Row) -> Row:
        """A row in the episode that it is in now; the episode is known from here on."""
        index, id_ = row["step"], row["episode"]
        if id_ < 0:
            if index in self._lost_at:
                self._episodes += [e for e in self._known.values()
                                   if e.id < 0 and e.first == index]  # fmt: skip
            elif not self._new_id < 0:
                what = [d.what for d in self._done.lost[-1:] if d.step == index]
                self._write_off(index, *what)
            self._new_id = -1
            return row
        if id_ == self._id and self._new_id < 0:  # it goes on after a gap
            self._begin(self._after_gap(id_, index), index)
        elif id_ != self._id:
            self._begin(self._known.get(id_) or _unknown(id_, index, self._store.id), index)
        self._id = id_
        return self._restated(row, episode=self._new_id) if self._new_id != id_ else row

    def _after_gap(self, id_: int, index: int) -> Episode:
        begun = self._known.get(id_) or _unknown(id_, index, self._store.id)
        self._store.last_episode += 1
        return replace(begun, id=self._store.last_episode)

    def _begin(self, episode: Episode, index: int) -> None:
        """Have an episode begin at a step, where its first ones are lost at a later one."""
        origin = episode.origin
        at = max(origin.first + index - episode.first, 0)
        self._episodes.append(replace(episode, first=index, origin=replace(origin, first=at)))
        self._new_id = episode.id

    def _write_off(self, index: int, what: str = "") -> None:
        known = [*self._known, *(episode.id for episode in self._episodes)]
        lost = Episode(min([*known, 0]) - 1, index, 0, f"lost: {what}", time.time(), Origin(""))
        self._episodes.append(lost)

    def _restated(self, row: Row, **values: int) -> Row:
        new = self._store.schema.moved(row, **values)
        self._store.restate(new)
        return new


def _unknown(id_: int, index: int, memory: str) -> Episode:
    return Episode(id_, index, 0, "known from its steps alone", 0.0, Origin(memory, id_))
