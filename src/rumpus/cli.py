"""The command line: verbs, no logic. Each verb is a dataclass of what it may be told.

Nothing heavy is imported before a verb runs, so that `rumpus --help` answers at once. Every
refusal is one sentence on standard error and exit code 2; results go to standard output,
everything else to standard error.
"""

import itertools
import re
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Annotated, Literal

import tyro
from tyro.conf import Positional, arg, subcommand

from rumpus.errors import InputError, RumpusError, missing_extra
from rumpus.play.interrupt import INTERRUPTED, Interrupted

REFUSED = 2
World = Annotated[Positional[str], arg(metavar="WORLD")]
Run = Annotated[Positional[Path], arg(metavar="RUN")]
Number = Annotated[int | None, arg(metavar="N", help_behavior_hint="")]
Amount = Annotated[float | None, arg(metavar="X", help_behavior_hint="")]


@dataclass(frozen=True)
class Play:
    """Let a robot play, or go on playing: it remembers everything and learns from it."""

    world: World
    """A world of rumpus (see `rumpus list`), or any Gymnasium environment as package.module:Env."""
    run: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="")] = None
    """Where memory and mind are kept; goes on where one is. Default: runs/WORLD-SEED."""
    steps: Number = None
    """Stop when so many steps are remembered in all."""
    minutes: Amount = None
    """Stop after so many minutes."""
    seed: Number = None
    """Where chance begins. Default: 0, or as the run was begun."""
    skew: Amount = None
    """How strongly play leans to the rare: -1 fully, 0 not at all."""
    random_steps: Number = None
    """Steps of random motion before the first wish."""
    durability: Literal["group", "step"] = "group"
    """When a step is on the disk for good: with those of a second, or each at once."""
    quota_gb: Amount = None
    """How much room the memory may take; where it is used up, play stops and drops nothing."""
    json: bool = False
    """Print one row of figures as JSON, and nothing else, on standard output."""

    def __call__(self) -> int:
        from rumpus.memory import MemoryConfig
        from rumpus.play.command import play

        keeping = MemoryConfig(self.durability, self.quota_gb or 0.0)
        return play(self.world, self.run, self.steps, self.minutes, self.seed, self.skew,
                    self.random_steps, keeping, self.json)  # fmt: skip


@dataclass(frozen=True)
class Do:
    """Show a robot a picture, let it do that, and keep a film strip of how it went."""

    run: Run
    """The folder of a run."""
    goal: Annotated[str, arg(metavar="PICTURE")]
    """A picture (PNG or JPEG), or a remembered moment as memory:NUMBER."""
    steps: Number = None
    """How long it may try. Default: as long as the world's own trials take."""
    json: bool = False
    """Print one row of figures as JSON, and nothing else, on standard output."""

    def __call__(self) -> int:
        from rumpus.play.command import do

        return do(self.run, self.goal, self.steps, self.json)


@dataclass(frozen=True)
class Evaluate:
    """Measure how well a robot does what pictures show, in a world apart from its play."""

    run: Run
    """The folder of a run."""
    goals: int = 100
    """How many pictures."""
    kind: str = ""
    """Which kind of trials, of those the world has. Default: its standard kind."""
    seed: int = 1000
    """Of the trials."""
    json: bool = False
    """Print the robot's row of figures as JSON, and nothing else, on standard output."""

    def __call__(self) -> int:
        from rumpus.play.command import evaluate

        return evaluate(self.run, self.goals, self.kind, self.seed, self.json)


@dataclass(frozen=True)
class Check:
    """Play at random in a world and say whether it keeps its promises."""

    part: Annotated[Positional[Literal["world"]], arg(metavar="world")]
    """What to check."""
    name: World
    """Its name."""
    json: bool = False
    """Print the findings as JSON, and nothing else, on standard output."""

    def __call__(self) -> int:
        from rumpus.play.command import check

        return check(self.name, self.json)


@dataclass(frozen=True)
class List:
    """List the worlds that can be named, broken ones with their error."""

    json: bool = False
    """Print them as JSON."""

    def __call__(self) -> int:
        from rumpus.play.command import catalogue

        return catalogue(self.json)


Folder = Annotated[Positional[Path], arg(metavar="FOLDER")]


@dataclass(frozen=True)
class MemoryInfo:
    """Say what a memory holds and how much room it takes."""

    folder: Folder
    """The folder of a run, or of a memory."""
    json: bool = False
    """Print it as JSON."""

    def __call__(self) -> int:
        from rumpus.play.remember import info

        return info(self.folder, self.json)


@dataclass(frozen=True)
class MemoryList:
    """List the episodes, oldest first."""

    folder: Folder
    """The folder of a run, or of a memory."""
    json: bool = False
    """Print them as JSON."""

    def __call__(self) -> int:
        from rumpus.play.remember import list_episodes

        return list_episodes(self.folder, self.json)


@dataclass(frozen=True)
class MemoryShow:
    """Show an episode as a film strip."""

    folder: Folder
    """The folder of a run, or of a memory."""
    episode: Number = None
    """Its number in `rumpus memory list`. Default: the last one."""
    out: Annotated[Path, arg(metavar="PICTURE")] = Path("episode.png")
    """The picture to write."""

    def __call__(self) -> int:
        from rumpus.play.remember import show

        return show(self.folder, self.episode, self.out)


@dataclass(frozen=True)
class MemoryVerify:
    """Read every byte of a memory and say what is not as it was written."""

    folder: Folder
    """The folder of a run, or of a memory."""
    json: bool = False
    """Print what was found as JSON."""

    def __call__(self) -> int:
        from rumpus.play.remember import verify

        return verify(self.folder, self.json)


@dataclass(frozen=True)
class MemoryRepair:
    """Mend what can be proved, from the training view beside the store."""

    folder: Folder
    """The folder of a run, or of a memory."""
    accept_loss: bool = False
    """Go on without steps that are gone from the end."""

    def __call__(self) -> int:
        from rumpus.play.remember import repair

        return repair(self.folder, self.accept_loss)


@dataclass(frozen=True)
class MemoryFilm:
    """Keep old pictures as lossless films, in a fraction of the room."""

    folder: Folder
    """The folder of a run, or of a memory."""

    def __call__(self) -> int:
        from rumpus.play.remember import film

        return film(self.folder)


@dataclass(frozen=True)
class MemoryMerge:
    """Take over from one memory what another has not yet; doing it again adds nothing."""

    source: Annotated[Positional[Path], arg(metavar="SOURCE")]
    """The run or memory to take from; it is only read."""
    into: Annotated[Positional[Path], arg(metavar="INTO")]
    """The run or memory that grows."""

    def __call__(self) -> int:
        from rumpus.play.remember import merge

        return merge(self.source, self.into)


@dataclass(frozen=True)
class MemoryExport:
    """Write a memory in a format that other people's programs read; say what that cannot hold."""

    folder: Folder
    """The folder of a run, or of a memory."""
    out: Annotated[Positional[Path], arg(metavar="OUT")]
    """The file or folder to make."""
    format: Literal["lerobot", "minari", "rrd", "film"] = "lerobot"
    """LeRobot dataset v3, Minari dataset, Rerun recording, or an episode as an MP4 film."""
    episode: Number = None
    """Only this episode. Default: all; for a film the last one."""

    def __call__(self) -> int:
        from rumpus.play.remember import export

        return export(self.folder, self.out, self.format, self.episode)


@dataclass(frozen=True)
class MemoryImport:
    """Take another program's dataset into a memory; say what was lost or mended."""

    source: Annotated[Positional[Path], arg(metavar="SOURCE")]
    """The dataset's folder."""
    into: Annotated[Positional[Path], arg(metavar="INTO")]
    """The run or memory that grows; made where there is none."""
    format: Literal["lerobot", "minari"] = "lerobot"
    """What it is."""

    def __call__(self) -> int:
        from rumpus.play.remember import take_in

        return take_in(self.source, self.into, self.format)


MemoryVerb = (
    Annotated[MemoryInfo, subcommand("info")]
    | Annotated[MemoryList, subcommand("list")]
    | Annotated[MemoryShow, subcommand("show")]
    | Annotated[MemoryVerify, subcommand("verify")]
    | Annotated[MemoryRepair, subcommand("repair")]
    | Annotated[MemoryFilm, subcommand("film")]
    | Annotated[MemoryMerge, subcommand("merge")]
    | Annotated[MemoryExport, subcommand("export")]
    | Annotated[MemoryImport, subcommand("import")]
)


@dataclass(frozen=True)
class OfMemory:
    """Look after what a robot remembers."""

    verb: Annotated[MemoryVerb, tyro.conf.OmitSubcommandPrefixes]
    """What to do."""

    def __call__(self) -> int:
        return self.verb()


Verb = (
    Annotated[Play, subcommand("play")]
    | Annotated[Do, subcommand("do")]
    | Annotated[Evaluate, subcommand("evaluate")]
    | Annotated[Check, subcommand("check")]
    | Annotated[OfMemory, subcommand("memory")]
    | Annotated[List, subcommand("list")]
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        the exit code: 0, 1 failed check, 2 refused, 130 interrupted (143 by a kind kill).
    """
    try:
        return _understood(arguments)()
    except RumpusError as error:
        return _refuse(str(error))
    except ModuleNotFoundError as error:
        remedy = missing_extra(error)
        if remedy is None:
            raise
        return _refuse(f"This {remedy}")
    except OSError as error:
        where = f" with {error.filename}" if error.filename else ""
        return _refuse(f"The disk or the system refused{where}: {error.strerror or error}.")
    except Interrupted as stop:
        print("Stopped.", file=sys.stderr)
        return INTERRUPTED + stop.signal
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return INTERRUPTED + signal.SIGINT


def _understood(arguments: Sequence[str] | None) -> Callable[[], int]:
    """The verb that was asked for.

    Raises:
        SystemExit: after help was printed.
        InputError: when the arguments are no verb.
    """
    said = StringIO()
    try:
        with redirect_stderr(said):
            return tyro.cli(
                Verb,
                prog="rumpus",
                description="A play room for robots.",
                args=arguments,
                config=(tyro.conf.FlagCreatePairsOff,),
            )
    except SystemExit as end:
        if end.code:
            raise InputError(_sentence(said.getvalue())) from None
        raise


def _sentence(box: str) -> str:
    """What tyro says about a misuse in a box of several lines, as one sentence."""
    lines = [line.strip("│ ") for line in box.splitlines()[1:]]
    first = itertools.takewhile(lambda line: line and "──" not in line, lines)
    said = re.sub(r"no type matching \S+ could .* from", "unfit is", " ".join(first))
    return f"{said.rstrip('.')}; see `rumpus --help`."


def _refuse(sentence: str) -> int:
    print(" ".join(sentence.split()), file=sys.stderr)
    return REFUSED
