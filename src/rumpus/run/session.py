"""A run, woken: its robot, its memory and its mind together, as `play`, `do`, `evaluate` need it.

What they may be told wrongly (another world, another seed, a run that never learned) is refused
here, before anything is written.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rumpus.actor import Actor
from rumpus.body.safe_robot import SafeRobot
from rumpus.errors import MemoryFault, RunError
from rumpus.goals.base import Situation
from rumpus.goals.skew_fit import SkewFit
from rumpus.learner import Learner
from rumpus.memory.memory import DEFAULT, Memory, MemoryConfig
from rumpus.model.device import Device, choose_device, prepare_process
from rumpus.play.evaluate import Subject
from rumpus.play.progress import check_seed
from rumpus.play.stored_goal import goal_at
from rumpus.replay.replay import Replay
from rumpus.run import checkpoint, folder, setting
from rumpus.run.checkpoint import Mind, Study
from rumpus.run.config import RunConfig
from rumpus.run.folder import Run
from rumpus.run.layout import memory_in
from rumpus.spec import RobotSpec
from rumpus.types import Goal
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
        settings: any setting by name, see `setting.py`.
        file: TOML with settings; what is given otherwise counts more.
        new_mind: go on from memory alone: the mind that is there is put aside, and a run.json that
            cannot be used, too.
    """

    world: str | None = None
    seed: int | None = None
    skew: float | None = None
    random_steps: int | None = None
    memory: MemoryConfig = DEFAULT
    device: Device = "auto"
    settings: Sequence[tuple[str, Any]] = ()
    file: Path | None = None
    new_mind: bool = False

    @cached_property
    def given(self) -> dict[str, Any]:
        """Every setting that is asked for, by name.

        Raises:
            InputError: when one cannot be used.
        """
        short = zip(
            setting.SHORTHANDS, (self.world, self.seed, self.skew, self.random_steps), strict=True
        )
        named = [(name, value) for name, value in short if value is not None]
        return setting.together(self.file, [*named, *self.settings])

    def check(self, begun: Run) -> None:
        """Refuse to go on with a run that was begun otherwise; a world it may still be given.

        Raises:
            RunError: naming the first thing that differs.
        """
        for name, asked in self.given.items():
            has = setting.SETTINGS[name].of(begun.config)
            if asked != has and (name != "world" or has):
                raise RunError(
                    f"The run {begun.path} was begun with {setting.label(name)} {has}, not "
                    f"{asked}; go on with {has}, or name a new folder."
                )


@dataclass(frozen=True)
class Session(Study):
    """A run that is awake.

    Attributes:
        world: the world, to be measured.
        robot: the robot in it, within its limits.
    """

    world: World
    robot: SafeRobot

    def subject(self) -> Subject:
        """What is measured of it."""
        actor, seed = self.mind.learner.snapshot(), self.run.config.seed
        return Subject(actor, self.memory, self.mind_steps, seed)


def default_folder(asked: Asked) -> Path:
    """Where a run goes when nobody says: runs/WORLD-SEED."""
    config = setting.made(asked.given)
    return Path("runs") / re.sub(r"[^\w.-]", "-", f"{config.world}-{config.seed}")


@contextmanager
def begin_or_resume(asked: Asked, path: Path) -> Iterator[Session]:
    """Wake the run in a folder, or begin it where there is none, with the memory that is there.

    Raises:
        RumpusError: when the world, the folder, the run in it or the device cannot be used as
            asked.
    """
    choose_device(asked.device)  # refused before anything is made
    begun = None
    with suppress(RunError) if asked.new_mind else nullcontext():
        begun = folder.open_run(path) if folder.is_run(path) else None
    if begun is None:
        config = setting.made(asked.given)
        _check_world(config.world, config.seed, path)  # before a folder is made
        begun = folder.begin(path, config, asked.new_mind)
    asked.check(begun)
    if not begun.config.world:
        world = setting.made(asked.given).world
        _check_world(world, begun.config.seed, path)
        begun = folder.give_world(begun, world)
    seed, keeping = begun.config.seed, asked.memory
    with _awake(begun, seed, True, asked.device, keeping, asked.new_mind) as session:
        yield session


@contextmanager
def study(asked: Asked, path: Path) -> Iterator[Study]:
    """Wake a run to learn without its robot, or begin one of a memory, which then has no world.

    Raises:
        RumpusError: when there is nothing to learn from, or the run cannot be used as asked.
    """
    choose_device(asked.device)
    if folder.is_run(path):
        begun = folder.open_run(path)
        asked.check(begun)
    else:
        config = setting.made(asked.given)
        if not Memory.exists(path):
            folder.check_not_lost(path)
            raise RunError(f"There is nothing to learn from in {path}: it holds neither a run nor "
                           "a memory; play, or see `rumpus memory import`.")  # fmt: skip
        begun = folder.begin(path, config)
    with _minded(begun, None, True, asked.device) as woken:
        yield woken


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
    begun = _learned(path)
    if not begun.config.world:
        raise RunError(f"The run {path} learned from a memory and has no world; give it one that "
                       f"fits with: rumpus play WORLD --run {path}")  # fmt: skip
    seed = begun.config.seed if seed is None else seed
    with _awake(begun, seed, write, device) as session:
        _check_learned(session)
        yield session


@contextmanager
def recall(path: Path) -> Iterator[Study]:
    """Wake a run that has learned, to look at what it remembers.

    Raises:
        RumpusError: when there is no run, or it never learned.
    """
    with _minded(_learned(path), None, False, "auto") as woken:
        _check_learned(woken)
        yield woken


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
        spec, id_ = memory.spec, memory.id
    saved = checkpoint.read(begun)
    if saved is None or not saved.about.world_model_updates:
        raise _ignorant(begun.path)
    saved.check_memory(id_)
    learner = Learner(spec, begun.config.mind, begun.config.seed, choose_device(device))
    with checkpoint.blamed(saved.path):
        learner.load_state_dict(saved.tensors, saved.about.updates)
    return learner.snapshot()


def _learned(path: Path) -> Run:
    begun = folder.open_run(path)
    if not begun.checkpoint.exists():
        raise _ignorant(path)
    return begun


def _check_learned(woken: Study) -> None:
    if not woken.mind.learner.world_model_updates:
        raise _ignorant(woken.run.path)


def _check_world(name: str, seed: int, path: Path) -> None:
    """Refuse a world that does not begin, or that a memory which is there already does not fit."""
    spec, place = check_begins(name, seed), memory_in(path)
    if Memory.exists(place):
        with Memory.open(place, write=False) as memory:
            check_fits(spec, memory)


def check_fits(robot: RobotSpec, memory: Memory) -> None:
    """Refuse a robot that does not sense and move like the one whose steps a memory holds.

    What they are called, their rates and the ranges of their sensors may differ.

    Raises:
        MemoryFault: naming the first sensor that differs, or the motors.
    """

    def parts(spec: RobotSpec) -> dict[str, tuple[int, ...]]:
        sensors = {f"the sensor '{s.name}'": s.shape for s in spec.sensors}
        return sensors | {"actions": (spec.action_size,)}

    here, there = parts(robot), parts(memory.spec)
    for part in {**there, **here}:
        if here.get(part) != there.get(part):
            raise MemoryFault(
                f"The memory {memory.path} is of a robot that has {part} of size "
                f"{_size(there.get(part))}, and {robot.name} has {_size(here.get(part))}; use a "
                "robot that senses and moves alike, or another folder."
            )
    if not robot.moves_like(memory.spec):
        raise MemoryFault(
            f"The memory {memory.path} is of a robot with {memory.spec.motors}, and {robot.name} "
            f"has {robot.motors}: the same action would move it differently; give it the motors' "
            "ranges that it had, or use another folder."
        )


def _size(shape: tuple[int, ...] | None) -> str:
    return " x ".join(map(str, shape)) if shape else "none"


def _ignorant(path: Path) -> RunError:
    return RunError(f"The run {path} has not learned anything yet; let it play for longer, or see "
                    "by `rumpus check world` whether its episodes are long enough.")  # fmt: skip


def make_mind(memory: Memory, config: RunConfig, device: Device = "cpu") -> Mind:
    """A new mind for the robot of a memory, everything in it drawn from the run's seed."""
    prepare_process()
    rng = np.random.default_rng(config.seed)
    learner = Learner(memory.spec, config.mind, config.seed, choose_device(device))
    schedule = UpdateSchedule(learner, Replay(memory, config.replay, rng), config.train)
    return Mind(schedule, SkewFit(config.skew_fit), rng)


def open_memory(
    run: Run, robot: RobotSpec | None, write: bool = True, config: MemoryConfig = DEFAULT
) -> Memory:
    """The run's memory, made where it is new, its robot is known and it may be written.

    Raises:
        MemoryFault: when there is none, or it is in use or damaged.
    """
    if write and robot and not (Memory.exists(run.memory) or run.checkpoint.exists()):
        return Memory.create(run.memory, robot, config)
    return Memory.open(run.memory, write, config=config)


def wake(session: Study, tick: Tick) -> Trained | None:
    """What a mind that was saved has to play by; None where it learned nothing yet."""
    mind = session.mind
    mind.replay.refresh()
    if not mind.learner.world_model_updates or not mind.schedule.encode(tick):
        return None
    return mind.schedule.trained()


def own_goal(session: Session, tick: Tick) -> Goal:
    """What a robot would go for now if it played: a step of its memory, rather a rare one.

    Args:
        session: that has learned.
        tick: told (phase, done, owed) while memory is encoded, and goes on with it.
    """
    trained, mind = wake(session, tick), session.mind
    assert trained is not None
    return mind.goals.next_goal(situation(session, trained))


def situation(session: Session, trained: Trained) -> Situation:
    """Where the robot is now, to be given a goal."""
    memory, actor = session.memory, trained.actor
    here = actor.encode(session.robot.observe().readings)
    return Situation(
        here, actor.point(here), trained.candidates, memory.spec.rate_hz, goal_at(memory),
        session.mind.rng,
    )  # fmt: skip


@contextmanager
def _minded(
    begun: Run, robot: RobotSpec | None, write: bool, device: Device,
    keeping: MemoryConfig = DEFAULT, new_mind: bool = False,
) -> Iterator[Study]:  # fmt: skip
    """A run's memory, made where it is new, and its mind."""
    # A reader takes the mind first: memory only grows, so it then holds all that this mind
    # learned from, also while another program plays on and saves. A writer takes the memory
    # first, and with it the right to save another mind.
    saved = None if write else checkpoint.read(begun)
    with open_memory(begun, robot, write, keeping) as memory:
        if robot:
            check_fits(robot, memory)
        mind = make_mind(memory, begun.config, device)
        if new_mind:
            folder.put_aside(begun.checkpoint)
            checkpoint.save(begun, mind, 0)
        saved = checkpoint.read(begun) if write else saved
        mind_steps = checkpoint.restore(saved, mind) if saved else 0
        if write and len(memory) > mind_steps:  # else the chance of those steps comes again
            fresh = np.random.default_rng((begun.config.seed, len(memory)))
            mind.rng.bit_generator.state = fresh.bit_generator.state
        yield Study(begun, memory, mind, mind_steps)


@contextmanager
def _awake(
    begun: Run, seed: int, write: bool, device: Device,
    keeping: MemoryConfig = DEFAULT, new_mind: bool = False,
) -> Iterator[Session]:  # fmt: skip
    known = Memory.exists(begun.memory)
    world = load(begun.config.world, seed)
    try:
        with _minded(begun, world.spec, write, device, keeping, new_mind) as woken:
            memory = woken.memory
            if write and known:  # a world that begins anew should not begin the same again
                world.stop()
                sequence = np.random.SeedSequence((seed, len(memory)))
                world = load(begun.config.world, int(sequence.generate_state(1)[0] & 0x3FFFFFFF))
            mind, steps = woken.mind, woken.mind_steps
            yield Session(begun, memory, mind, steps, world, SafeRobot(world))
    finally:
        world.stop()
