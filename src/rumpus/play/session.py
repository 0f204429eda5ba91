"""A run, woken: its robot, its memory and its mind together, as `play`, `do`, `evaluate` need it.

What they may be told wrongly (another world, another seed, a run that never learned) is refused
here, before anything is written.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rumpus.errors import RunError
from rumpus.memory import Memory, MemoryConfig
from rumpus.memory.memory import DEFAULT
from rumpus.play import checkpoint, run
from rumpus.play.checkpoint import Mind
from rumpus.play.loop import make_mind, open_memory
from rumpus.play.run import Run, RunConfig
from rumpus.spec import RobotSpec
from rumpus.worlds.base import World
from rumpus.worlds.catalogue import load


@dataclass(frozen=True)
class Asked:
    """What a person asks of a run; None is the default, or as the run was begun.

    Attributes:
        world: the world's name.
        seed: of all chance in the run.
        skew: the skew exponent, see `goals/skew_fit.py`.
        random_steps: of random motion before the first wish.
        memory: how its memory is kept this time.
    """

    world: str
    seed: int | None = None
    skew: float | None = None
    random_steps: int | None = None
    memory: MemoryConfig = DEFAULT

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
        world: the robot in its world.
        memory: everything lived.
        mind: what was learned.
        mind_steps: how many remembered steps the mind had lived when it was saved.
    """

    run: Run
    world: World
    memory: Memory
    mind: Mind
    mind_steps: int


def default_folder(asked: Asked) -> Path:
    """Where a run goes when nobody says: runs/WORLD-SEED."""
    return Path("runs") / f"{asked.world.replace(':', '-')}-{asked.seed or 0}"


@contextmanager
def begin_or_resume(asked: Asked, path: Path) -> Iterator[Session]:
    """Wake the run in a folder, or begin it where there is none.

    Raises:
        RumpusError: when the world, the folder or the run in it cannot be used as asked.
    """
    if run.is_run(path):
        begun = run.open_run(path)
        asked.check(begun)
    else:
        config = asked.config()
        load(asked.world, config.seed).stop()  # refuse an unknown world before a folder is made
        begun = run.begin(path, config)
    with _awake(begun, begun.config.seed, True, asked.memory) as session:
        yield session


@contextmanager
def resume(path: Path, write: bool, seed: int | None = None) -> Iterator[Session]:
    """Wake a run that has learned.

    Args:
        path: its folder.
        write: False looks at its memory without adding to it, also while it plays.
        seed: of the world; the run's own by default.

    Raises:
        RumpusError: when the seed is no seed, there is no run, its world is gone, or it never
            slept.
    """
    if seed is not None:
        run.check_seed(seed)
    begun = run.open_run(path)
    ignorant = RunError(f"The run {path} has not learned anything yet; let it play for longer.")
    if not begun.checkpoint.exists():
        raise ignorant
    with _awake(begun, begun.config.seed if seed is None else seed, write) as session:
        if not session.mind.learner.updates:
            raise ignorant
        yield session


@contextmanager
def _awake(
    begun: Run, seed: int, write: bool, keeping: MemoryConfig = DEFAULT
) -> Iterator[Session]:
    lived = Memory.exists(begun.memory)
    world = load(begun.config.world, seed)
    try:
        mind, path = make_mind(world.spec, begun.config), begun.checkpoint
        # For a reader first: memory only grows, so it then holds all that this mind has lived,
        # also while another program plays on and saves.
        mind_steps = 0 if write else checkpoint.restore(path, mind)
        with _open(begun, world.spec, write, keeping) as memory:
            if write:  # only now, when nobody else can save another mind
                mind_steps = checkpoint.restore(path, mind)
            checkpoint.check(path, mind_steps, len(memory))
            if write and lived:  # a world that begins anew should not begin the same again
                world.stop()
                world = load(begun.config.world, _fresh(seed, len(memory)))
            yield Session(begun, world, memory, mind, mind_steps)
    finally:
        world.stop()


def _open(begun: Run, spec: RobotSpec, write: bool, keeping: MemoryConfig) -> Memory:
    return open_memory(begun, spec, keeping) if write else Memory.open(begun.memory, False, spec)


def _fresh(seed: int, steps: int) -> int:
    """Another seed, the same for the same run at the same age."""
    return int(np.random.SeedSequence((seed, steps)).generate_state(1)[0] & 0x3FFFFFFF)
