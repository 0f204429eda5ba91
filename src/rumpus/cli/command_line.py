"""The command line: which verbs there are, and how a misuse or a failure is told.

Every refusal is one sentence on standard error and exit code 2.
"""

import itertools
import re
import signal
from collections.abc import Sequence
from contextlib import redirect_stderr
from io import StringIO
from typing import Annotated

import tyro
from tyro.conf import subcommand

from rumpus.cli import command, memory_command
from rumpus.cli.verb import Command, remark
from rumpus.errors import InputError, RumpusError, missing_extra
from rumpus.service.interrupt import INTERRUPTED, Interrupted

REFUSED = 2
MemoryVerb = (
    Annotated[Command, subcommand("info", constructor=memory_command.info)]
    | Annotated[Command, subcommand("list", constructor=memory_command.list_episodes)]
    | Annotated[Command, subcommand("show", constructor=memory_command.show)]
    | Annotated[Command, subcommand("verify", constructor=memory_command.verify)]
    | Annotated[Command, subcommand("repair", constructor=memory_command.repair)]
    | Annotated[Command, subcommand("film", constructor=memory_command.film)]
    | Annotated[Command, subcommand("merge", constructor=memory_command.merge)]
    | Annotated[Command, subcommand("export", constructor=memory_command.export)]
    | Annotated[Command, subcommand("import", constructor=memory_command.import_dataset)]
)


def memory(verb: Annotated[MemoryVerb, tyro.conf.OmitSubcommandPrefixes]) -> Command:
    """Look after what a robot remembers.

    Args:
        verb: What to do.
    """
    return verb


Verb = (
    Annotated[Command, subcommand("play", constructor=command.play)]
    | Annotated[Command, subcommand("do", constructor=command.do)]
    | Annotated[Command, subcommand("evaluate", constructor=command.evaluate)]
    | Annotated[Command, subcommand("check", constructor=command.check)]
    | Annotated[Command, subcommand("memory", constructor=memory)]
    | Annotated[Command, subcommand("list", constructor=command.worlds)]
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
    except KeyboardInterrupt as stop:
        remark("Stopped.")
        return INTERRUPTED + (stop.signal if isinstance(stop, Interrupted) else signal.SIGINT)


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
    remark(" ".join(sentence.split()))
    return REFUSED
