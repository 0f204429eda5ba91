"""What all verbs of the command line share: how they are told, and how they answer.

A verb is one function: its signature and docstring are its help, its body is what it does, and it
returns the exit code. It imports what it needs itself, so that `rumpus --help` answers at once.
Results go to standard output, everything else to standard error.
"""

import functools
import inspect
import math
import re
import shutil
import sys
import textwrap
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, ParamSpec, TextIO

import tyro
from tyro.conf import Positional, arg
from tyro.constructors import PrimitiveConstructorSpec

Command = Callable[[], int]
P = ParamSpec("P")
Run = Annotated[Positional[Path], arg(metavar="RUN", help="The folder of a run.")]
Source = Annotated[Positional[Path], arg(metavar="SOURCE")]
Into = Annotated[Positional[Path], arg(metavar="INTO")]


def whole(text: str) -> int:
    """A whole number, also as people write large ones: 10000, 10_000, 1e4.

    Raises:
        ValueError: when it is none.
    """
    with suppress(ValueError):
        return int(text)
    with suppress(ValueError, OverflowError):  # OverflowError: infinity
        if (number := float(text)) == int(number):
            return int(number)
    raise ValueError(f"'{text}' is no whole number")


def amount(text: str) -> float:
    """A number, not an infinite one.

    Raises:
        ValueError: when it is none.
    """
    with suppress(ValueError):
        if math.isfinite(number := float(text)):
            return number
    raise ValueError(f"'{text}' is no number")


def _read_by(read: Callable[[str], float]) -> PrimitiveConstructorSpec[Any]:
    """How tyro reads a number, or leaves a default that is none."""
    return PrimitiveConstructorSpec(
        nargs=1, metavar="N", instance_from_str=lambda given: read(given[0]),
        is_instance=lambda value: True, str_from_instance=lambda value: [str(value)],
    )  # fmt: skip


Whole = Annotated[int, _read_by(whole)]
Number = Annotated[int | None, _read_by(whole), arg(metavar="N", help_behavior_hint="")]
Amount = Annotated[float | None, _read_by(amount), arg(metavar="X", help_behavior_hint="")]
Device = Literal["auto", "cpu", "cuda"]
Chosen = tyro.conf.UseAppendAction[
    Annotated[tuple[str, ...], arg(name="set", metavar="NAME=VALUE", help_behavior_hint="")]
]
File = Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")]
Json = Annotated[bool, arg(help="Print the result as JSON, and nothing else, on standard output.")]


def deferred(verb: Callable[P, int]) -> Callable[P, Command]:
    """A verb that gives back a command to run instead of running it.

    So a misuse, which is told before anything runs, is told apart from what the command says. It is
    a class, as tyro would load a checker of types, a quarter of its time, for a function.
    """
    # Where a line ends in what is said of an argument, none ends in its help.
    verb.__doc__ = re.sub(r"\n {8}(?=\S)", " ", inspect.getdoc(verb) or "")

    @functools.wraps(verb, updated=())
    class Understood:
        def __init__(self, *given: P.args, **named: P.kwargs) -> None:
            self._run = functools.partial(verb, *given, **named)

        def __call__(self) -> int:
            return self._run()

    return Understood


def answer(json: bool, result: Any, *sentences: str) -> int:
    """Print a result: as JSON where that was asked for, else as sentences; the exit code 0."""
    import msgspec

    if json:
        print(msgspec.json.encode(result).decode(), flush=True)
        return 0
    for line in sentences:
        tell(line)
    return 0


def tell(line: str) -> None:
    """Print a line of a result."""
    print(fitted(line, sys.stdout), flush=True)


def remark(sentence: str) -> None:
    """Tell a person what is no result, in one line whatever names are in it."""
    print(fitted(" ".join(sentence.split()), sys.stderr), file=sys.stderr, flush=True)


def fitted(line: str, to: TextIO | None) -> str:
    """A line as a terminal shows it without breaking words; unchanged for everything else.

    What does not fit goes on below the column that it is in. A path that is longer than a line
    stays whole, to be copied.
    """
    if to is None or not to.isatty():  # None where a program was begun without it
        return line
    width = shutil.get_terminal_size().columns
    columns = [
        gap.end() for gap in re.finditer(r"(?<=\S) {2,}", line) if gap.end() < width * 2 // 3
    ]
    return textwrap.fill(
        line, width, subsequent_indent=" " * max(columns, default=0),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
