"""Play for ever, or as long as is asked: live, sleep over it, save, live on."""

import importlib.util
import math
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import torch

from rumpus.agent import Agent
from rumpus.body.robot import Robot
from rumpus.errors import InputError, MemoryFault
from rumpus.goals.skew_fit import SkewFit
from rumpus.memory import Memory, MemoryConfig
from rumpus.memory.memory import DEFAULT
from rumpus.play import checkpoint
from rumpus.play.checkpoint import Mind
from rumpus.play.collect import Player, collect_step
from rumpus.play.learn import Learner
from rumpus.play.run import Run, RunConfig
from rumpus.spec import RobotSpec


@dataclass(frozen=True)
class Progress:
    """Where a run is, for whoever watches.

    Attributes:
        steps: lived and remembered in all.
        phase: "exploring", "reaching", "dreaming" (model), "recalling" (all of memory),
            "practising" (policy), "filming" (old pictures) or "saved".
        done: gradient steps of this sleep, or moments recalled; 0 outside sleep.
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


def make_mind(spec: RobotSpec, config: RunConfig) -> Mind:
    """A new mind for a robot, everything in it drawn from the run's seed."""
    # One thread: the nets are small, so more threads wait for each other longer than they help,
    # and the sums come out the same on a machine with more cores.
    torch.set_num_threads(1)
    rng = np.random.default_rng(config.seed)
    agent = Agent(spec, config.agent, config.seed)
    return Mind(agent, Learner(agent, config.learn, rng), SkewFit(config.skew_fit), rng)


def open_memory(run: Run, spec: RobotSpec, config: MemoryConfig = DEFAULT) -> Memory:
    """The run's memory, made where it is new.

    Raises:
        MemoryFault: when it is another robot's, in use, or damaged.
    """
    if Memory.exists(run.memory):
        return Memory.open(run.memory, spec=spec, config=config)
    return Memory.create(run.memory, spec, config)


def play(run: Run, robot: Robot, memory: Memory, mind: Mind, until: Until, watch: Watch) -> None:
    """Let a robot play.

    Everything lived is in memory; the mind is saved after every sleep and at the end. When an
    exception ends this, the robot is stopped, memory made durable and the mind saved all the
    same, each whatever becomes of the others; only a mind that diverged is not saved over a good
    one. `watch` is called between whole steps: to stop the play in good order, let it raise
    KeyboardInterrupt.
    """
    started_s = time.monotonic()
    player = Player(mind.agent, mind.goals, run.config.play, mind.rng, memory)

    def time_left() -> bool:
        return until.seconds is None or time.monotonic() - started_s < until.seconds

    def tick(phase: str, done: int, owed: int) -> bool:
        watch(Progress(len(memory), phase, done, owed))
        return time_left()

    def save() -> None:
        # Nothing is learned from a step that is not durable: the mind never runs ahead of these.
        checkpoint.save(run.checkpoint, mind, memory.acknowledged)

    with ExitStack() as ending:  # last in, first out
        ending.callback(save)
        ending.callback(memory.flush)
        ending.callback(robot.stop)
        if mind.learner.updates:
            mind.learner.recall(memory, tick)
        if until.steps is None or len(memory) < until.steps:
            memory.begin_episode(f"play {run.config.world} seed {run.config.seed}")
        while time_left():
            if sleep_is_due(len(memory), run.config, until) and mind.learner.owes(memory):
                sleep(run, memory, mind, tick)
            if not time_left() or (until.steps is not None and len(memory) >= until.steps):
                break
            step = collect_step(robot, player, memory)
            phase = "reaching" if step.goal_index >= 0 else "exploring"
            watch(Progress(len(memory), phase, goal_reason=step.goal_reason))
    watch(Progress(len(memory), "saved"))


def sleep_is_due(steps: int, config: RunConfig, until: Until) -> bool:
    """Sleep at the end of random play, then regularly, and after the last step."""
    first, every = config.play.random_steps, config.learn.sleep_every
    last = until.steps is not None and steps >= until.steps
    return last or (steps >= first and (steps - first) % every == 0)


def sleep(run: Run, memory: Memory, mind: Mind, tick: Callable[[str, int, int], bool]) -> None:
    """Learn all that is owed, save the mind, and log the figures."""
    begun_s = time.monotonic()
    memory.flush()
    losses = mind.learner.sleep(memory, tick)
    checkpoint.save(run.checkpoint, mind, len(memory))
    unfilmed = film(memory, tick)
    run.log({
        "steps": len(memory), "updates": mind.learner.updates, "practised": mind.learner.practised,
        "sleep_s": round(time.monotonic() - begun_s, 3), **losses,
        **({"unfilmed": unfilmed} if unfilmed else {}),
    })  # fmt: skip


def film(memory: Memory, tick: Callable[[str, int, int], bool]) -> str:
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
