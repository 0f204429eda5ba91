"""The command line: which verbs there are, and how a misuse or a failure is told.

Every refusal is one sentence on standard error and exit code 2.
"""

import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from difflib import get_close_matches
from io import StringIO
from typing import Annotated, Any, Union

import tyro
from tyro.conf import subcommand

from rumpus.cli import (
    bench_command,
    command,
    do_command,
    memory_command,
    progress_command,
    run_command,
    teach_command,
)
from rumpus.cli.verb import Command, answer, deferred, remark
from rumpus.errors import InputError, RumpusError, limit_met, missing_extra
from rumpus.service.interrupt import INTERRUPTED, Interrupted

REFUSED = 2
COMPLETION, SHELLS = "--tyro-print-completion", ("bash", "zsh", "fish")
ABOUT = (
    "A play room for robots. Begin with: rumpus play door\n\n"
    "Exit codes: 0 well, 1 check failed, 2 refused, 3 goal not reached, 130 interrupted.\n\n"
    "For its version: rumpus --version\n\n"
    f"For completion by the tabulator key: rumpus {COMPLETION} {'|'.join(SHELLS)}"
)


# What tyro says, and how it is said to people.
_PLAINER = {
    "Error parsing ": "",
    " or misplaced": "",
    r" \(applied to [^)]*\)": "",
    " Arguments are applied.*": "",
    r"Missing value for argument '(\S+)'.*": r"\1 needs a value",
    r"invalid choice ('.*') for argument '(.*)'. Expected one of \((.*)\)": (
        r"\1 is no choice for \2; there are: \3"
    ),
}


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


@deferred
def memory(
    verb: Annotated[MemoryVerb, tyro.conf.OmitSubcommandPrefixes],  # type: ignore[valid-type]
) -> int:
    """Look after what a robot remembers.

    Args:
        verb: What to do.
    """
    run: Command = verb
    return run()


Verb = _one_of(
    command.play,
    do_command.do,
    command.evaluate,
    do_command.imagine,
    teach_command.teach,
    teach_command.questions,
    teach_command.answer_question,
    progress_command.progress,
    command.goals,
    command.snapshot,
    run_command.learn,
    run_command.runs,
    run_command.compare,
    run_command.config,
    command.check,
    bench_command.bench,
    memory,
    command.list_worlds,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        the exit code: 0, 1 failed check, 2 refused, 3 a goal not reached, 130 interrupted (143 by
        a kind kill).
    """
    if sys.platform == "win32":
        return _refuse("rumpus needs a POSIX system (Linux, macOS); on Windows, install it in WSL.")
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        return _understood(given)()
    except RumpusError as error:
        return _refuse(str(error))
    except BrokenPipeError:  # who read it has read enough, as `head` does: nobody is to be told
        for closed in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), closed)
        return INTERRUPTED + signal.SIGPIPE
    except Exception as error:
        return _refuse(_failure(error))
    except KeyboardInterrupt as stop:
        remark("Stopped.")
        return INTERRUPTED + (stop.signal if isinstance(stop, Interrupted) else signal.SIGINT)


def _failure(error: Exception) -> str:
    """What no part of rumpus refused, but the system around it did; a mistake is raised again."""
    if limit := limit_met(error):
        return f"This could not be done: {limit}"
    if isinstance(error, ModuleNotFoundError) and (remedy := missing_extra(error)):
        return f"This {remedy}"
    if isinstance(error, OSError):
        where = f" with {error.filename}" if error.filename else ""
        return f"The disk or the system refused{where}: {error.strerror or error}."
    raise error


def _understood(given: list[str]) -> Command:
    """The command that was asked for.

    Raises:
        SystemExit: after help was printed.
        InputError: when the arguments are no verb.
    """
    if given == ["--version"]:
        from importlib.metadata import version

        return lambda: answer(False, None, f"rumpus {version('rumpus')}")
    if given[:1] == [COMPLETION] and (shell := " ".join(given[1:]) or "no shell") not in SHELLS:
        raise InputError(f"{COMPLETION} was given {shell}, expected one of {', '.join(SHELLS)}.")
    said = StringIO()
    try:
        with redirect_stderr(said):
            understood: Command = tyro.cli(
                Verb, prog="rumpus", description=ABOUT, args=given,
                config=(tyro.conf.FlagCreatePairsOff,),
            )  # fmt: skip
            return understood
    except SystemExit as end:
        if end.code:
            raise InputError(_sentence(said.getvalue(), given)) from None
        sys.stdout.flush()
        raise


def _sentence(box: str, given: list[str]) -> str:
    """What tyro says about a misuse in a box of several lines, as one sentence."""
    box = re.sub(r"\x1b\[[\d;]*m", "", box)  # it is coloured for a terminal
    lines = [line.strip("│ ") for line in box.splitlines()[1:]]
    said, *more = (" ".join(part.split()) for part in " ".join(lines).split("───"))
    for tyros, ours in _PLAINER.items():
        said = re.sub(tyros, ours, said)
    hints = ". ".join(more)
    verb = " ".join(given[: 1 + (given[:1] == ["memory"])])
    if choices := re.search(r"(?:there are|Available subcommands): ([\w', ]+)", f"{said} {hints}"):
        known = choices[1].replace("'", "").strip(" ,").split(", ")
        if "Available subcommands" in hints:
            said = f"There is no command '{verb}'"
        said = f"{said.partition('; there')[0]}; there are: {', '.join(known)}"
        near = [name for word in given for name in get_close_matches(word, known, 1)]
    else:
        options = re.split(r"\s(?=--(?!help))", hints)  # each with the verbs that have it
        near = [o.split()[0] for o in options[1:] if f"in rumpus {verb} --help" in o]
    if said.startswith("Missing from"):
        names = re.findall(r"^│ {5}(?!rumpus)(\S.*?) *│$", box, re.MULTILINE)
        said = f"rumpus {verb} needs {' and '.join(names)}"
    is_verb = not re.search(r"Available subcommands|one of \{", f"{said} {hints}")
    see = f"ee `rumpus {f'{verb} ' * is_verb}--help`."
    said = said.rstrip(". ")
    return f"{said}; did you mean {near[0]}? S{see}" if near else f"{said}; s{see}"


def _refuse(sentence: str) -> int:
    remark(sentence)
    return REFUSED
