"""Play for ever, or as long as is asked: play, train, save, play on."""

import importlib.util
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from rumpus.errors import MemoryFault
from rumpus.goals.base import GoalSource
from rumpus.memory.memory import Memory
from rumpus.memory.writer_thread import Writer
from rumpus.play.control import DurableKeeper, control_step
from rumpus.play.explore import PlayChooser
from rumpus.play.progress import Progress, Until, Watch
from rumpus.replay.measured import Measured
from rumpus.run import checkpoint
from rumpus.run.config import RunConfig
from rumpus.run.meter import Meter
from rumpus.run.session import Session, wake
from rumpus.run.train_phase import learns_first, pay, train_phase
from rumpus.run.training import Training
from rumpus.update_schedule import Tick, Trained


class Resting:
    """The robot rests while its mind learns: every so many steps, until nothing is owed."""

    def __init__(self, session: Session, until: Until) -> None:
        self._session, self._until = session, until
        # Who learned before the robot moved knows more than was saved when the run woke.
        learned = max(session.mind_steps, session.mind.schedule.paid_for)
        self._meter = Meter(session.run, session.memory, session.mind, learned)
        self.measured: Measured | None = None

    def wake(self, tick: Tick) -> Trained | None:
        """See `Training`."""
        return wake(self._session, tick)

    def after_step(self, steps: int, keeper: DurableKeeper, tick: Tick) -> Trained | None:
        """See `Training`; it learns here."""
        session, mind = self._session, self._session.mind
        if not train_is_due(steps, session.run.config, self._until):
            return None
        session.robot.rest()
        keeper.flush()
        if not mind.schedule.prepare():
            return None
        self.measured = self._meter.read()
        told = train_phase(session, tick)
        unfilmed = film(session.memory, tick)
        session.run.log(told | ({"unfilmed": unfilmed} if unfilmed else {}))
        return mind.schedule.trained()

    def save(self) -> None:
        """See `Training`."""
        # Nothing is learned from a step that is not durable: the mind never runs ahead of these.
        checkpoint.save(self._session.run, self._session.mind, self._session.memory.acknowledged)


def play(
    session: Session, until: Until, watch: Watch,
    begin: Callable[[Session, Until], Training] = Resting, goals: GoalSource | None = None,
) -> None:  # fmt: skip
    """Let a robot play; a mind that knows too little learns first where memory holds enough.

    Every step is in memory; the mind is saved after every train phase and at the end. When an
    exception ends this, the robot is stopped, memory made durable and the mind saved all the
    same, each whatever becomes of the others; only a mind that diverged is not saved over a good
    one. `watch` is called between whole steps: to stop the play in good order, let it raise
    KeyboardInterrupt. `begin` begins the training; `goals` says what to go for, by default what the
    run's own play goes for.
    """
    run, robot, memory, mind = session.run, session.robot, session.memory, session.mind
    started_s, steps = time.monotonic(), len(memory)
    chooser = PlayChooser(goals or mind.goals, run.config.play, mind.rng, memory)
    training: Training | None = None

    def time_left() -> bool:
        return until.seconds is None or time.monotonic() - started_s < until.seconds

    def enough() -> bool:
        return until.steps is not None and steps >= until.steps

    def tick(phase: str, done: int, owed: int) -> bool:
        measured = training.measured if training else None
        watch(Progress(steps, phase, done, owed, measured=measured))
        return time_left()

    def act_by(trained: Trained | None) -> None:
        if trained is not None:
            chooser.take(trained.actor, trained.candidates)

    if learns_first(session):
        pay(session, tick, Meter(run, memory, mind, session.mind_steps).read)
    training = begin(session, until)
    with ExitStack() as ending:  # last in, first out
        ending.callback(training.save)
        keeper = ending.enter_context(kept(memory))
        ending.callback(robot.stop)
        act_by(training.wake(tick))
        if not enough():
            keeper.begin_episode(f"play {run.config.world} seed {run.config.seed}")
        while time_left():
            act_by(training.after_step(steps, keeper, tick))
            if not time_left() or enough():
                break
            step = control_step(robot, chooser, keeper)
            steps += 1
            phase = "reaching" if step.goal_index >= 0 else "exploring"
            reason, measured = step.goal_reason, training.measured
            watch(Progress(steps, phase, goal_reason=reason, measured=measured))
    watch(Progress(steps, "saved", measured=training.measured))


@contextmanager
def kept(memory: Memory) -> Iterator[DurableKeeper]:
    """Where steps go: to a thread that writes them, so that no disk keeps the robot waiting.

    A memory that is to make every step durable at once is written to directly.
    """
    if memory.config.durability == "step":
        try:
            yield memory
        finally:
            memory.flush()
        return
    with Writer(memory) as writer:
        yield writer


def train_is_due(steps: int, config: RunConfig, until: Until) -> bool:
    """Train at the end of random play, then regularly, and after the last step."""
    first, every = config.play.random_steps, config.train.train_every
    last = until.steps is not None and steps >= until.steps
    return last or (steps >= first and (steps - first) % every == 0)


def film(memory: Memory, tick: Tick) -> str:
    """Make lossless films of old pictures, where PyAV is there to make them; why not, or ""."""
    if importlib.util.find_spec("av") is None:
        return "PyAV is not installed"
    segments = memory.segments()
    for number in range(segments):
        if not tick("filming", number, segments):
            break
        try:
            memory.film()
        except MemoryFault as fault:  # the pictures stay where they are: life goes on
            return str(fault)
    return ""
