"""The command line: which verbs there are, and how a misuse or a failure is told.

Every refusal is one sentence on standard error and exit code 2.
"""

import re
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from difflib import get_close_matches
from importlib import metadata
from io import StringIO
from typing import Annotated, Any, Union

import tyro
from tyro.conf import subcommand

from rumpus.cli import command, memory_command
from rumpus.cli.verb import Command, answer, remark
from rumpus.errors import InputError, RumpusError, missing_extra
from rumpus.service.interrupt import INTERRUPTED, Interrupted

REFUSED = 2


def _one_of(*verbs: Callable[..., Command]) -> Any:
    """A type for any of these verbs, each called by the first word of its function's name."""
    return Union[tuple(  # noqa: UP007  (how many there are is not known here)
        Annotated[Command, subcommand(verb.__name__.partition("_")[0], constructor=verb)]
        for verb in verbs
    )]  # fmt: skip


MemoryVerb = _one_of(
    memory_command.info, memory_command.list_episodes, memory_command.show, memory_command.verify,
    memory_command.repair, memory_command.film, memory_command.merge, memory_command.export,
    memory_command.import_dataset,
)  # fmt: skip


def memory(
    verb: Annotated[MemoryVerb, tyro.conf.OmitSubcommandPrefixes],  # type: ignore[valid-type]
) -> Command:
    """Look after what a robot remembers.

    Args:
        verb: What to do.
    """
    return verb


Verb = _one_of(
    command.play,
    command.do,
    command.evaluate,
    command.goals,
    command.snapshot,
    command.check,
    memory,
    command.list_worlds,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        the exit code: 0, 1 failed check, 2 refused, 3 a goal not reached, 130 interrupted (143 by
        a kind kill).
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        return _understood(given)()
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
    except KeyboardInterrupt as stop:
        remark("Stopped.")
        return INTERRUPTED + (stop.signal if isinstance(stop, Interrupted) else signal.SIGINT)


def _understood(given: list[str]) -> Command:
    """The command that was asked for.

    Raises:
        SystemExit: after help was printed.
        InputError: when the arguments are no verb.
    """
    if given == ["--version"]:
        return lambda: answer(False, None, f"rumpus {metadata.version('rumpus')}")
    said = StringIO()
    try:
        with redirect_stderr(said):
            understood: Command = tyro.cli(
                Verb, prog="rumpus", description="A play room for robots.", args=given,
                config=(tyro.conf.FlagCreatePairsOff,),
            )  # fmt: skip
            return understood
    except SystemExit as end:
        if end.code:
            raise InputError(_sentence(said.getvalue(), given)) from None
        raise


def _sentence(box: str, given: list[str]) -> str:
    """What tyro says about a misuse in a box of several lines, as one sentence."""
    lines = [line.strip("│ ") for line in box.splitlines()[1:]]
    said, *more = (" ".join(part.split()) for part in " ".join(lines).split("───"))
    said = re.sub(r"no type matching \S+ could .* from", "unfit is", said).rstrip(". ")
    hints = " ".join(more)
    options = re.findall(r"Perhaps you meant: (--[\w-]+)", hints)
    if verbs := re.search(r"Available subcommands: ([\w, ]+)", hints):
        known = verbs[1].strip().split(", ")
        options = [near for word in given for near in get_close_matches(word, known, 1)]
        said = f"{said}; there are: {', '.join(known)}"
    meant = f"; did you mean {options[0]}?" if options else ""
    return f"{said}{meant} See `rumpus --help`." if meant else f"{said}; see `rumpus --help`."


def _refuse(sentence: str) -> int:
    remark(" ".join(sentence.split()))
    return REFUSED
