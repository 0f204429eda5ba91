"""Finds parts by name: a file here, `package.module:Name`, or an entry point of another package.

A file NAME.py in the kind's folder that defines the class `Name`, or `Name` and the kind's word as
in `NameObjective`, is the part NAME; nothing else is edited. A leading underscore says that a file
is not a part. Looking for a part imports no other.
"""

import difflib
import importlib
import importlib.metadata
import inspect
import itertools
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from rumpus.errors import InputError, RumpusError, WorldError, missing_extra, told

HOUSE = Path(__file__).parent
Kind = Literal[
    "world", "sensor", "robot", "objective", "goal source", "planner", "success classifier"
]  # fmt: skip
FOLDERS: dict[Kind, str] = {
    "world": "worlds",
    "sensor": "body/sensors",
    "robot": "body/robots",
    "objective": "objectives",
    "goal source": "goals",
    "planner": "planning",
    "success classifier": "success",
}
OTHERS = {
    "world": "any Gymnasium environment, by its name or as package.module:Env",
    "robot": "any Gymnasium environment as package.module:Env",
}  # what else may be named, where it is more than a part of one's own
ANY_NUMBER = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)  # *args, **kwargs
MOST_CLASSES = 10  # named in a refusal


@dataclass(frozen=True)
class Listing:
    """One part in the catalogue.

    Attributes:
        name: what `find` takes.
        sentence: the first sentence of its description, or why it cannot be loaded.
        broken: whether it cannot be loaded.
    """

    name: str
    sentence: str
    broken: bool


def names(kind: Kind) -> list[str]:
    """Every part of a kind that can be named without a colon; imports none of them."""
    return sorted(_sources(kind))


def listings(kind: Kind) -> list[Listing]:
    """Every part of a kind that can be named without a colon; broken ones with their error."""
    return [_listing(kind, name) for name in names(kind)]


def find(kind: Kind, name: str) -> Callable[..., Any]:
    """The class or function that makes the part of that name.

    Raises:
        InputError: when there is no such part; says which are near and which there are.
        WorldError: when it is there and cannot be loaded; says why.
    """
    source = name if ":" in name else _sources(kind).get(name)
    if source is None or source.startswith(":"):
        raise InputError(_unknown(kind, name))
    module_name, _, attribute = source.partition(":")
    with printing_aside():
        module = _import(module_name, kind, name)
    made_by = vars(module).get(attribute)
    if not callable(made_by):
        there = ", ".join(_classes_of(module)) or "none"
        raise InputError(
            f"The {kind} '{name}' cannot be made: module '{module_name}' has no class or function "
            f"'{attribute}'; its classes are: {there}."
        )
    made: Callable[..., Any] = made_by
    return made


def make(kind: Kind, name: str, given: Mapping[str, Callable[[], Any]]) -> Any:
    """Make the part of that name, of what its constructor asks for by the names of its arguments.

    Args:
        kind: of the part.
        name: see `find`.
        given: by argument, what makes it; a `config` is made with its defaults.

    Raises:
        InputError: when there is no such part.
        WorldError: when it cannot be made, or asks for more than is given.
    """
    made_by = find(kind, name)
    with blamed(kind, name):
        needed = [
            argument
            for argument in inspect.signature(made_by).parameters.values()
            if argument.default is argument.empty and argument.kind not in ANY_NUMBER
        ]
        made_of = {a.name: a.annotation for a in needed if a.name == "config"} | dict(given)
        unknown = [argument.name for argument in needed if argument.name not in made_of]
        if unknown:
            raise WorldError(
                f"The {kind} '{name}' asks for {', '.join(unknown)}, but a {kind} is made of "
                f"{', '.join([*given, 'config'])} or of nothing; give the rest defaults."
            )
        return made_by(**{argument.name: made_of[argument.name]() for argument in needed})


@contextmanager
def printing_aside() -> Iterator[None]:
    """What a stranger's code prints, also below Python, is no result: it goes to standard error."""
    if None in (sys.stdout, sys.stderr):  # who began this program closed one: nothing to mix up
        yield
        return
    sys.stdout.flush()
    results = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(results, 1)
        os.close(results)


@contextmanager
def blamed(kind: Kind, name: str) -> Iterator[None]:
    """Whatever a stranger's constructor raises is its own fault, said in one sentence."""
    try:
        yield
    except RumpusError:
        raise
    except (Exception, SystemExit) as error:
        raise WorldError(_broken(kind, name, error)) from error


def _listing(kind: Kind, name: str) -> Listing:
    try:
        made_by = find(kind, name)
    except RumpusError as error:
        return Listing(name, str(error), broken=True)
    sentence = re.match(r".*?\.(?=\s|$)", " ".join((made_by.__doc__ or "").split()))
    return Listing(name, sentence.group() if sentence else "", broken=False)


def _sources(kind: Kind) -> dict[str, str]:
    """By name, where the part's class is: "package.module:Class"."""
    word = kind.title().replace(" ", "")
    group = f"rumpus.{kind.replace(' ', '_')}s"
    found = {e.name: e.value for e in importlib.metadata.entry_points(group=group)}
    for file in (HOUSE / FOLDERS[kind]).glob("[!_]*.py"):
        text, class_name = file.read_text(encoding="utf-8"), file.stem.title().replace("_", "")
        if match := re.search(rf"^class ({class_name}(?:{word})?)\b", text, re.MULTILINE):
            package = f"{__package__}.{FOLDERS[kind].replace('/', '.')}"
            found[file.stem] = f"{package}.{file.stem}:{match[1]}"
    return found


def _classes_of(module: ModuleType) -> list[str]:
    """Names of the classes that the module itself defines, the first few."""
    own = (
        n
        for n, v in vars(module).items()
        if isinstance(v, type) and v.__module__ == module.__name__
    )
    return list(itertools.islice(own, MOST_CLASSES))


def _import(module_name: str, kind: Kind, name: str) -> ModuleType:
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)  # last: what lies about must not hide what is installed
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(error.name + ".")):
            remedy = "install its package, or put the folder that holds it on PYTHONPATH"
            if module_name.endswith(".py"):
                remedy = f"name it without .py, as {name.replace('.py:', ':')}"
            raise InputError(
                f"The {kind} '{name}' cannot be found: there is no module '{error.name}'; {remedy}."
            ) from error
        raise WorldError(_broken(kind, name, error)) from error
    except (Exception, SystemExit) as error:  # a stranger's module is to blame, not we
        raise WorldError(_broken(kind, name, error)) from error


def _broken(kind: Kind, name: str, error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and (remedy := missing_extra(error)):
        return f"The {kind} '{name}' {remedy}"
    return f"The {kind} '{name}' cannot be loaded: {told(error)}; mend it there."


def _unknown(kind: Kind, name: str) -> str:
    known = names(kind)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean '{near[0]}'? There" if near else "there"
    others = OTHERS.get(kind, "your own as package.module:Name")
    return f"There is no {kind} '{name}'; {hint} are: {', '.join(known) or 'none'}, and {others}."
