"""A run, woken: its robot, its memory and its mind together, as `play`, `do`, `evaluate` need it.

What they may be told wrongly (another world, another seed, a run that never learned) is refused
here, before anything is written.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from rumpus.actor import Actor
from rumpus.body.safe_robot import SafeRobot
from rumpus.errors import RunError
from rumpus.goals.skew_fit import SkewFit
from rumpus.learner import Learner
from rumpus.memory.memory import DEFAULT, Memory, MemoryConfig
from rumpus.model.device import Device, choose_device
from rumpus.play.evaluate import Subject
from rumpus.play.progress import check_seed
from rumpus.replay.replay import Replay
from rumpus.run import checkpoint, folder
from rumpus.run.checkpoint import Mind
from rumpus.run.config import RunConfig
from rumpus.run.folder import Run
from rumpus.spec import RobotSpec
from rumpus.update_schedule import Tick, Trained, UpdateSchedule
from rumpus.worlds.base import World
from rumpus.worlds.catalogue import check_begins, load


@dataclass(frozen=True)
class Asked:
    """What a person asks of a run; None is the default, or as the run was begun.

    Attributes:
        world: the world's name.
        seed: of all chance in the run.
        skew: the skew exponent, see `goals/skew_fit.py`.
        random_steps: of random motion before the first goal.
        memory: how its memory is kept this time.
        device: where the mind learns and acts this time.
    """

    world: str
    seed: int | None = None
    skew: float | None = None
    random_steps: int | None = None
    memory: MemoryConfig = DEFAULT
    device: Device = "auto"

    def config(self) -> RunConfig:
        """The config of a new run.

        Raises:
            InputError: when a value cannot be used.
        """
        config = RunConfig(self.world, self.seed or 0)
        if self.skew is not None:
            config = replace(config, skew_fit=replace(config.skew_fit, skew_exponent=self.skew))
        if self.random_steps is not None:
            config = replace(config, play=replace(config.play, random_steps=self.random_steps))
        return config

    def check(self, begun: Run) -> None:
        """Refuse to go on with a run that was begun otherwise.

        Raises:
            RunError: naming the first thing that differs.
        """
        config = begun.config
        pairs = {
            "world": (self.world, config.world),
            "--seed": (self.seed, config.seed),
            "--skew": (self.skew, config.skew_fit.skew_exponent),
            "--random-steps": (self.random_steps, config.play.random_steps),
        }
        for name, (asked, has) in pairs.items():
            if asked is not None and asked != has:
                raise RunError(
                    f"The run {begun.path} was begun with {name} {has}, not {asked}; go on with "
                    f"{has}, or name a new folder with --run."
                )


@dataclass(frozen=True)
class Session:
    """A run that is awake.

    Attributes:
        run: its folder and config.
        world: the world, to be measured.
        robot: the robot in it, within its limits.
        memory: every step.
        mind: what was learned.
        mind_steps: how many steps the mind had learned from when it was saved.
    """

    run: Run
    world: World
    robot: SafeRobot
    memory: Memory
    mind: Mind
    mind_steps: int

    def subject(self) -> Subject:
        """What is measured of it."""
        actor, seed = self.mind.learner.snapshot(), self.run.config.seed
        return Subject(actor, self.memory, self.mind_steps, seed)


def default_folder(asked: Asked) -> Path:
    """Where a run goes when nobody says: runs/WORLD-SEED."""
    return Path("runs") / re.sub(r"[^\w.-]", "-", f"{asked.world}-{asked.seed or 0}")


@contextmanager
def begin_or_resume(asked: Asked, path: Path) -> Iterator[Session]:
    """Wake the run in a folder, or begin it where there is none.

    Raises:
        RumpusError: when the world, the folder, the run in it or the device cannot be used as
            asked.
    """
    choose_device(asked.device)  # refused before anything is made
    if folder.is_run(path):
        begun = folder.open_run(path)
        asked.check(begun)
    else:
        config = asked.config()
        check_begins(asked.world, config.seed)  # before a folder is made
        begun = folder.begin(path, config)
    with _awake(begun, begun.config.seed, True, asked.device, asked.memory) as session:
        yield session


@contextmanager
def resume(
    path: Path, write: bool, seed: int | None = None, device: Device = "auto"
) -> Iterator[Session]:
    """Wake a run that has learned.

    Args:
        path: its folder.
        write: False looks at its memory without adding to it, also while it plays.
        seed: of the world; the run's own by default.
        device: where the mind acts.

    Raises:
        RumpusError: when the seed is no seed, there is no run, its world is gone, it never
            learned, or there is no such device.
    """
    choose_device(device)
    if seed is not None:
        check_seed(seed)
    begun = folder.open_run(path)
    if not begun.checkpoint.exists():
        raise _ignorant(path)
    seed = begun.config.seed if seed is None else seed
    with _awake(begun, seed, write, device) as session:
        if not session.mind.learner.world_model_updates:
            raise _ignorant(path)
        yield session


def load_actor(path: Path | str, device: Device = "auto") -> Actor:
    """What a run has learned, to act by in a program of one's own; needs neither world nor robot.

    Args:
        path: the run's folder; it may be playing on meanwhile.
        device: where it acts.

    Raises:
        RumpusError: when there is no run, it has not learned anything, or is damaged.
    """
    begun = folder.open_run(Path(path))
    with Memory.open(begun.memory, write=False) as memory:
        spec = memory.spec
    saved = checkpoint.read(begun)
    if saved is None or not saved.about.world_model_updates:
        raise _ignorant(begun.path)
    learner = Learner(spec, begun.config.mind, begun.config.seed, choose_device(device))
    with checkpoint.blamed(saved.path):
        learner.load_state_dict(saved.tensors, saved.about.updates)
    return learner.snapshot()


def _ignorant(path: Path) -> RunError:
    return RunError(f"The run {path} has not learned anything yet; let it play for longer, or see "
                    "by `rumpus check world` whether its episodes are long enough.")  # fmt: skip


def make_mind(memory: Memory, config: RunConfig, device: Device = "cpu") -> Mind:
    """A new mind for the robot of a memory, everything in it drawn from the run's seed."""
    # One thread: the nets are small, so more threads wait for each other longer than they help,
    # and the sums come out the same on a machine with more cores.
    torch.set_num_threads(1)
    rng = np.random.default_rng(config.seed)
    learner = Learner(memory.spec, config.mind, config.seed, choose_device(device))
    schedule = UpdateSchedule(learner, Replay(memory, config.replay, rng), config.train)
    return Mind(schedule, SkewFit(config.skew_fit), rng)


def open_memory(
    run: Run, spec: RobotSpec, write: bool = True, config: MemoryConfig = DEFAULT
) -> Memory:
    """The run's memory, made where it is new and may be written.

    Raises:
        MemoryFault: when it is another robot's, in use, or damaged.
    """
    if write and not (Memory.exists(run.memory) or run.checkpoint.exists()):
        return Memory.create(run.memory, spec, config)
    return Memory.open(run.memory, write, spec, config)


def wake(session: Session, tick: Tick) -> Trained | None:
    """What a mind that was saved has to play by; None where it learned nothing yet."""
    mind = session.mind
    mind.replay.refresh()
    if not mind.learner.world_model_updates or not mind.schedule.encode(tick):
        return None
    return mind.schedule.trained()


@contextmanager
def _awake(
    begun: Run, seed: int, write: bool, device: Device, keeping: MemoryConfig = DEFAULT
) -> Iterator[Session]:
    known = Memory.exists(begun.memory)
    world = load(begun.config.world, seed)
    try:
        # A reader takes the mind first: memory only grows, so it then holds all that this mind
        # learned from, also while another program plays on and saves. A writer takes the memory
        # first, and with it the right to save another mind.
        saved = None if write else checkpoint.read(begun)
        with open_memory(begun, world.spec, write, keeping) as memory:
            mind = make_mind(memory, begun.config, device)
            saved = checkpoint.read(begun) if write else saved
            mind_steps = checkpoint.restore(saved, mind, len(memory)) if saved else 0
            if write and len(memory) > mind_steps:  # else the chance of those steps comes again
                fresh = np.random.default_rng((begun.config.seed, len(memory)))
                mind.rng.bit_generator.state = fresh.bit_generator.state
            if write and known:  # a world that begins anew should not begin the same again
                world.stop()
                sequence = np.random.SeedSequence((seed, len(memory)))
                world = load(begun.config.world, int(sequence.generate_state(1)[0] & 0x3FFFFFFF))
            yield Session(begun, world, SafeRobot(world), memory, mind, mind_steps)
    finally:
        world.stop()
