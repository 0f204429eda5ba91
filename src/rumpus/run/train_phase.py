"""A train phase: learn from what is stored, save the mind, and tell what came of it."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from rumpus.run import checkpoint
from rumpus.run.checkpoint import Study
from rumpus.update_schedule import Tick

PARTS = 10  # of a long memory that is learned from at once; a mind is saved after each


def train_phase(woken: Study, tick: Tick, most_steps: int | None = None) -> dict[str, Any]:
    """Learn and save the mind; what is to be logged of it. Prepare the schedule first."""
    mind, steps, begun_s = woken.mind, len(woken.memory), time.monotonic()
    losses = mind.schedule.train(tick, most_steps)
    checkpoint.save(woken.run, mind, steps)
    return {
        "steps": steps, "world_model_updates": mind.learner.world_model_updates,
        "policy_updates": mind.learner.policy_updates,
        "train_s": round(time.monotonic() - begun_s, 3), **losses,
    }  # fmt: skip


def learns_first(woken: Study) -> bool:
    """Whether a mind that knows too little to play by has the steps to learn from in memory."""
    enough = max(woken.run.config.play.random_steps, 1)
    return woken.mind.schedule.paid_for < enough <= len(woken.memory)


def pay(woken: Study, tick: Tick, measure: Callable[[], object]) -> None:
    """Learn until nothing is owed for what is in memory, or `tick` says False.

    However this ends, what was learned is saved. `measure` is called before anything is learned.
    """
    mind, goes_on = woken.mind, True
    part = max(woken.run.config.train.train_every, len(woken.memory) // PARTS)

    def tell(phase: str, done: int, owed: int) -> bool:
        nonlocal goes_on
        goes_on = tick(phase, done, owed)
        return goes_on

    with ExitStack() as ending:
        ending.callback(checkpoint.save, woken.run, mind, len(woken.memory))
        if any(mind.schedule.owed(len(woken.memory))):
            measure()
        while goes_on and mind.schedule.prepare():
            woken.run.log(train_phase(woken, tell, part))
