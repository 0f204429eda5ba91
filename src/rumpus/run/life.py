"""Play for ever, or as long as is asked: play, train, save, play on."""

import importlib.util
import math
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from rumpus.errors import InputError, MemoryFault
from rumpus.memory import Memory
from rumpus.play.control import control_step
from rumpus.play.explore import PlayChooser
from rumpus.play.train import Tick
from rumpus.run import checkpoint
from rumpus.run.checkpoint import Mind
from rumpus.run.config import RunConfig
from rumpus.run.folder import Run
from rumpus.run.session import Session

FILMING = "filming"


@dataclass(frozen=True)
class Progress:
    """Where a run is, for whoever watches.

    Attributes:
        steps: in memory.
        phase: "exploring", "reaching", a phase of training (see play/train.py), "filming" (old
            pictures) or "saved".
        done: gradient steps of this train phase, or steps encoded; 0 outside of it.
        owed: how many there are in all.
        goal_reason: why the present goal was chosen, or "".
    """

    steps: int
    phase: str
    done: int = 0
    owed: int = 0
    goal_reason: str = ""


@dataclass(frozen=True)
class Until:
    """When to stop: at so many steps in all, or after so many minutes of this call, or never."""

    steps: int | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        if self.steps is not None and self.minutes is not None:
            raise InputError("Both --steps and --minutes were given; give one of them.")
        for name, limit in (("steps", self.steps), ("minutes", self.minutes)):
            if limit is not None and not 0 < limit < math.inf:
                raise InputError(f"Play was to last {limit:g} {name}, expected more than 0.")

    @property
    def seconds(self) -> float | None:
        """How long this call may last."""
        return None if self.minutes is None else 60.0 * self.minutes


Watch = Callable[[Progress], None]


def play(session: Session, until: Until, watch: Watch) -> None:
    """Let a robot play.

    Every step is in memory; the mind is saved after every train phase and at the end. When an
    exception ends this, the robot is stopped, memory made durable and the mind saved all the
    same, each whatever becomes of the others; only a mind that diverged is not saved over a good
    one. `watch` is called between whole steps: to stop the play in good order, let it raise
    KeyboardInterrupt.
    """
    run, robot, memory, mind = session.run, session.robot, session.memory, session.mind
    started_s = time.monotonic()
    chooser = PlayChooser(mind.goals, run.config.play, mind.rng, memory)

    def time_left() -> bool:
        return until.seconds is None or time.monotonic() - started_s < until.seconds

    def tick(phase: str, done: int, owed: int) -> bool:
        watch(Progress(len(memory), phase, done, owed))
        return time_left()

    def save() -> None:
        # Nothing is learned from a step that is not durable: the mind never runs ahead of these.
        checkpoint.save(run, mind, memory.acknowledged)

    with ExitStack() as ending:  # last in, first out
        ending.callback(save)
        ending.callback(memory.flush)
        ending.callback(robot.stop)
        mind.replay.refresh()
        if mind.learner.world_model_updates and mind.trainer.encode(tick):
            _act_by(mind, chooser)
        if until.steps is None or len(memory) < until.steps:
            memory.begin_episode(f"play {run.config.world} seed {run.config.seed}")
        while time_left():
            if train_is_due(len(memory), run.config, until):
                memory.flush()
                if mind.trainer.prepare():
                    train(run, memory, mind, tick)
                    _act_by(mind, chooser)
            if not time_left() or (until.steps is not None and len(memory) >= until.steps):
                break
            step = control_step(robot, chooser, memory)
            phase = "reaching" if step.goal_index >= 0 else "exploring"
            watch(Progress(len(memory), phase, goal_reason=step.goal_reason))
    watch(Progress(len(memory), "saved"))


def train_is_due(steps: int, config: RunConfig, until: Until) -> bool:
    """Train at the end of random play, then regularly, and after the last step."""
    first, every = config.play.random_steps, config.train.train_every
    last = until.steps is not None and steps >= until.steps
    return last or (steps >= first and (steps - first) % every == 0)


def train(run: Run, memory: Memory, mind: Mind, tick: Tick) -> None:
    """Learn all that is owed, save the mind, film old pictures, and log the figures."""
    begun_s = time.monotonic()
    losses = mind.trainer.train(tick)
    checkpoint.save(run, mind, len(memory))
    unfilmed = film(memory, tick)
    run.log({
        "steps": len(memory), "world_model_updates": mind.learner.world_model_updates,
        "policy_updates": mind.learner.policy_updates,
        "train_s": round(time.monotonic() - begun_s, 3), **losses,
        **({"unfilmed": unfilmed} if unfilmed else {}),
    })  # fmt: skip


def film(memory: Memory, tick: Tick) -> str:
    """Make lossless films of old pictures, where PyAV is there to make them; why not, or ""."""
    if importlib.util.find_spec("av") is None:
        return "PyAV is not installed"
    segments = memory.segments()
    for number in range(segments):
        if not tick(FILMING, number, segments):
            break
        try:
            memory.film()
        except MemoryFault as fault:  # the pictures stay where they are: life goes on
            return str(fault)
    return ""


def _act_by(mind: Mind, chooser: PlayChooser) -> None:
    """Let play go on by what was learned, where training came to its end."""
    trained = mind.trainer.trained()
    if trained is not None:
        chooser.take(trained.actor, trained.candidates)
