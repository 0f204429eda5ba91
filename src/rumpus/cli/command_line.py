"""The command line: verbs, no logic. Each verb is a function of what it may be told.

It gives back a command to run instead of running it, so that a misuse is told apart from what
the command says.
Nothing heavy is imported before a verb was asked for, so that `rumpus --help` answers at once.
Every refusal is one sentence on standard error and exit code 2; results go to standard output,
everything else to standard error.
"""

import itertools
import re
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Annotated, Literal

import tyro
from tyro.conf import Positional, arg, subcommand

from rumpus.cli.interrupt import INTERRUPTED, Interrupted
from rumpus.errors import InputError, RumpusError, missing_extra

REFUSED = 2
Command = Callable[[], int]
World = Annotated[Positional[str], arg(metavar="WORLD")]
Run = Annotated[Positional[Path], arg(metavar="RUN", help="The folder of a run.")]
Folder = Annotated[
    Positional[Path], arg(metavar="FOLDER", help="The folder of a run, or of a memory.")
]
Source = Annotated[Positional[Path], arg(metavar="SOURCE")]
Into = Annotated[Positional[Path], arg(metavar="INTO")]
Number = Annotated[int | None, arg(metavar="N", help_behavior_hint="")]
Amount = Annotated[float | None, arg(metavar="X", help_behavior_hint="")]
DeviceChoice = Literal["auto", "cpu", "cuda"]
Camera = Annotated[str, arg(metavar="NAME", help_behavior_hint="")]
Json = Annotated[bool, arg(help="Print the result as JSON, and nothing else, on standard output.")]


def play(
    world: World,
    run: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="")] = None,
    steps: Number = None,
    minutes: Amount = None,
    seed: Number = None,
    skew: Amount = None,
    random_steps: Number = None,
    device: DeviceChoice = "auto",
    learner: Literal["resting", "beside"] = "resting",
    durability: Literal["group", "step"] = "group",
    quota_gb: Amount = None,
    json: Json = False,
) -> Command:
    """Let a robot play, or go on playing: it remembers everything and learns from it.

    Args:
        world: A world of rumpus (see `rumpus list`), or any Gymnasium environment as
            package.module:Env.
        run: Where memory and mind are kept; goes on where one is. Default: runs/WORLD-SEED.
        steps: Stop when so many steps are remembered in all.
        minutes: Stop after so many minutes.
        seed: Where chance begins. Default: 0, or as the run was begun.
        skew: How strongly play leans to the rare: -1 fully, 0 not at all.
        random_steps: Steps of random motion before the first goal.
        device: Where the mind learns and acts; auto is CUDA where there is one.
        learner: Whether the robot rests while its mind learns, or goes on at its own rate with
            the learner beside it, in a process of its own.
        durability: When a step is on the disk for good: with those of a second, or each at once.
        quota_gb: How much room the memory may take; where it is used up, play stops and drops
            nothing.
        json: the row of figures.
    """
    from rumpus.cli import command
    from rumpus.memory import MemoryConfig
    from rumpus.play.progress import Until
    from rumpus.run.session import Asked

    until = Until(steps, minutes)
    keeping = MemoryConfig(durability, quota_gb or 0.0)
    asked = Asked(world, seed, skew, random_steps, keeping, device)
    return partial(command.play, asked, run, until, learner, json)


def do(
    run: Run, goal: Annotated[str, arg(metavar="PICTURE")], camera: Camera = "",
    steps: Number = None, device: DeviceChoice = "auto", json: Json = False,
) -> Command:  # fmt: skip
    """Show a robot a picture, let it do that, and keep a film strip of how it went.

    Args:
        run: of the robot.
        goal: A picture (PNG or JPEG), or a stored step as memory:NUMBER.
        camera: Which camera the picture is of, where the robot has several. Default: the first.
        steps: How long it may try. Default: as long as the world's own trials take.
        device: Where the mind acts.
        json: the row of figures.
    """
    from rumpus.cli import command

    return partial(command.do, run, goal, camera, steps, device, json)


def evaluate(
    run: Run, goals: int = 100, kind: str = "", seed: int = 1000, device: DeviceChoice = "auto",
    json: Json = False,
) -> Command:  # fmt: skip
    """Measure how well a robot does what pictures show, in a world apart from its play.

    Args:
        run: of the robot.
        goals: How many pictures.
        kind: Which kind of trials, of those the world has. Default: its standard kind.
        seed: Of the trials.
        device: Where the mind acts.
        json: the robot's row of figures.
    """
    from rumpus.cli import command

    return partial(command.evaluate, run, goals, kind, seed, device, json)


def check(
    part: Annotated[
        Positional[Literal["world", "sensor", "robot", "objective", "goal_source", "planner"]],
        arg(metavar="world|sensor|robot|objective|goal_source|planner"),
    ],
    name: Annotated[Positional[str], arg(metavar="NAME")],
    json: Json = False,
) -> Command:
    """Try out a part, of rumpus or of another package, and say whether it keeps its promises.

    Args:
        part: What to check.
        name: Its name: of rumpus, of an installed package, or package.module:Name.
        json: the findings.
    """
    from rumpus.cli import command

    return partial(command.check, part, name, json)


def worlds(json: Json = False) -> Command:
    """List the worlds that can be named, broken ones with their error."""
    from rumpus.cli import command

    return partial(command.catalogue, json)


def info(folder: Folder, json: Json = False) -> Command:
    """Say what a memory holds and how much room it takes."""
    from rumpus.cli import memory_command

    return partial(memory_command.info, folder, json)


def episodes(folder: Folder, json: Json = False) -> Command:
    """List the episodes, oldest first."""
    from rumpus.cli import memory_command

    return partial(memory_command.list_episodes, folder, json)


def show(
    folder: Folder,
    episode: Number = None,
    out: Annotated[Path, arg(metavar="PICTURE")] = Path("episode.png"),
) -> Command:
    """Show an episode as a film strip.

    Args:
        folder: of the memory.
        episode: Its number in `rumpus memory list`. Default: the last one.
        out: The picture to write.
    """
    from rumpus.cli import memory_command

    return partial(memory_command.show, folder, episode, out)


def verify(folder: Folder, json: Json = False) -> Command:
    """Read every byte of a memory and say what is not as it was written."""
    from rumpus.cli import memory_command

    return partial(memory_command.verify, folder, json)


def repair(folder: Folder, accept_loss: bool = False) -> Command:
    """Mend what can be proved, from the training view beside the store.

    Args:
        folder: of the memory.
        accept_loss: Go on without steps that are gone from the end.
    """
    from rumpus.cli import memory_command

    return partial(memory_command.repair, folder, accept_loss)


def film(folder: Folder) -> Command:
    """Keep old pictures as lossless films, in a fraction of the room."""
    from rumpus.cli import memory_command

    return partial(memory_command.film, folder)


def merge(source: Source, into: Into) -> Command:
    """Take over from one memory what another has not yet; doing it again adds nothing.

    Args:
        source: The run or memory to take from; it is only read.
        into: The run or memory that grows.
    """
    from rumpus.cli import memory_command

    return partial(memory_command.merge, source, into)


def export(
    folder: Folder,
    out: Annotated[Positional[Path], arg(metavar="OUT")],
    format: Literal["lerobot", "minari", "rrd", "film"] = "lerobot",
    episode: Number = None,
) -> Command:
    """Write a memory in a format that other people's programs read; say what that cannot hold.

    Args:
        folder: of the memory.
        out: The file or folder to make.
        format: LeRobot dataset v3, Minari dataset, Rerun recording, or an episode as an MP4 film.
        episode: Only this episode. Default: all; for a film the last one.
    """
    from rumpus.cli import memory_command

    return partial(memory_command.export, folder, out, format, episode)


def import_dataset(
    source: Source, into: Into, format: Literal["lerobot", "minari"] = "lerobot"
) -> Command:
    """Take another program's dataset into a memory; say what was lost or mended.

    Args:
        source: The dataset's folder.
        into: The run or memory that grows; made where there is none.
        format: What it is.
    """
    from rumpus.cli import memory_command

    return partial(memory_command.import_dataset, source, into, format)


MemoryVerb = (
    Annotated[Command, subcommand("info", constructor=info)]
    | Annotated[Command, subcommand("list", constructor=episodes)]
    | Annotated[Command, subcommand("show", constructor=show)]
    | Annotated[Command, subcommand("verify", constructor=verify)]
    | Annotated[Command, subcommand("repair", constructor=repair)]
    | Annotated[Command, subcommand("film", constructor=film)]
    | Annotated[Command, subcommand("merge", constructor=merge)]
    | Annotated[Command, subcommand("export", constructor=export)]
    | Annotated[Command, subcommand("import", constructor=import_dataset)]
)


def memory(verb: Annotated[MemoryVerb, tyro.conf.OmitSubcommandPrefixes]) -> Command:
    """Look after what a robot remembers.

    Args:
        verb: What to do.
    """
    return verb


Verb = (
    Annotated[Command, subcommand("play", constructor=play)]
    | Annotated[Command, subcommand("do", constructor=do)]
    | Annotated[Command, subcommand("evaluate", constructor=evaluate)]
    | Annotated[Command, subcommand("check", constructor=check)]
    | Annotated[Command, subcommand("memory", constructor=memory)]
    | Annotated[Command, subcommand("list", constructor=worlds)]
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


def _understood(arguments: Sequence[str] | None) -> Command:
    """The command that was asked for.

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
