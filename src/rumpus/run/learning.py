"""Learning without any robot, from what a run or an imported memory holds."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rumpus.actor import Actor
from rumpus.errors import RunError
from rumpus.model.device import Device
from rumpus.play.progress import Progress, Until, Watch
from rumpus.run.checkpoint import Study
from rumpus.run.meter import Meter
from rumpus.run.session import Asked, study
from rumpus.run.train_phase import pay


def learn(woken: Study, until: Until, watch: Watch) -> None:
    """Learn without a robot until nothing is owed for what is in memory, or time is up.

    Args:
        woken: the run.
        until: its minutes count.
        watch: told how far it is; to stop in good order, let it raise KeyboardInterrupt.

    Raises:
        RunError: when memory holds too little to learn from, or the mind cannot be saved.
    """
    begun_s, steps = time.monotonic(), len(woken.memory)

    def tick(phase: str, done: int, owed: int) -> bool:
        watch(Progress(steps, phase, done, owed))
        return until.seconds is None or time.monotonic() - begun_s < until.seconds

    pay(woken, tick, Meter(woken.run, woken.memory, woken.mind, woken.mind_steps).read)
    if not woken.mind.learner.world_model_updates and not woken.mind.replay.has_windows:
        raise RunError(
            f"The memory {woken.memory.path} holds {steps:,} steps and no episode of "
            f"{woken.run.config.replay.window_steps}, which is too little to learn from."
        )
    watch(Progress(steps, "saved"))


def train(
    run: Path | str, settings: Mapping[str, Any] | None = None, minutes: float | None = None,
    device: Device = "auto", watch: Watch = lambda progress: None,
) -> Actor:  # fmt: skip
    """Learn from what a run remembers, or from an imported memory; needs neither world nor robot.

    Args:
        run: the folder of a run, or of a memory, of which a run is then made.
        settings: of a new run, by name, as `{"train.updates_per_step": 0.5}`; see `rumpus config`.
        minutes: learn for so long at most; until nothing is owed for what is in memory by default.
        device: where it learns.
        watch: told how far it is at each gradient step; what it raises ends the learning, and what
            was learned until then is saved.

    Returns:
        what was learned so far, as `load_actor` gives it.

    Raises:
        RumpusError: when there is nothing to learn from, another program plays or learns there, the
            run was begun with other settings, or a setting cannot be used.
    """
    asked = Asked(device=device, settings=tuple((settings or {}).items()))
    with study(asked, Path(run)) as woken:
        learn(woken, Until(minutes=minutes), watch)
        return woken.mind.learner.snapshot()
