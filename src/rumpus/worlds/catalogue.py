"""Finds worlds by name: `door`, `package.module:Env`, or an entry point of `rumpus.worlds`.

A file `worlds/NAME.py` that defines the class `Name` is the world NAME; nothing else is edited.
A leading underscore says that a file is not a world.
"""

import difflib
import importlib
import importlib.metadata
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from rumpus.errors import InputError, RumpusError, WorldError, missing_extra, told
from rumpus.worlds.base import World

ENTRY_POINTS = "rumpus.worlds"


@dataclass(frozen=True)
class Listing:
    """One world in the catalogue.

    Attributes:
        name: what `load` takes.
        sentence: the first sentence of its description, or why it cannot be loaded.
        broken: whether it cannot be loaded.
    """

    name: str
    sentence: str
    broken: bool


def load(name: str, seed: int = 0) -> World:
    """Make the world of that name.

    Args:
        name: a world of rumpus ("door"), of an installed package's entry point, or
            "package.module:Env", where Env makes a `World` or a `gymnasium.Env`.
        seed: where the world's randomness begins.

    Raises:
        InputError: when there is no such world; says which are near and which there are.
        WorldError: when it is there and cannot be loaded; says why.
    """
    return _build(_find(name), name, seed)


def catalogue() -> list[Listing]:
    """Every world that can be named without a colon; broken ones with their error."""
    return [_listing(name) for name in sorted(_sources())]


def _listing(name: str) -> Listing:
    try:
        made_by = _find(name)
    except RumpusError as error:
        return Listing(name, str(error), broken=True)
    sentence = re.match(r".*?\.(?=\s|$)", " ".join((made_by.__doc__ or "").split()))
    return Listing(name, sentence.group() if sentence else "", broken=False)


def _sources() -> dict[str, str]:
    """By world name, where its class is: "package.module:Class". Imports no world."""
    found = {e.name: e.value for e in importlib.metadata.entry_points(group=ENTRY_POINTS)}
    for file in Path(__file__).parent.glob("[!_]*.py"):
        class_name = file.stem.title().replace("_", "")
        if re.search(rf"^class {class_name}\b", file.read_text(encoding="utf-8"), re.MULTILINE):
            found[file.stem] = f"{__package__}.{file.stem}:{class_name}"
    return found


def _find(name: str) -> Callable[..., Any]:
    """What makes the world of that name."""
    source = name if ":" in name else _sources().get(name)
    if source is None:
        raise InputError(_unknown(name))
    module_name, _, attribute = source.partition(":")
    module = _import(module_name, name)
    made_by = vars(module).get(attribute)
    if not callable(made_by):
        there = ", ".join(_classes_of(module)) or "none"
        raise InputError(
            f"The world '{name}' cannot be made: module '{module_name}' has no class or function "
            f"'{attribute}'; its classes are: {there}."
        )
    made: Callable[..., Any] = made_by
    return made


def _classes_of(module: ModuleType) -> list[str]:
    """Names of the classes that the module itself defines, at most ten."""
    own = (
        n
        for n, v in vars(module).items()
        if isinstance(v, type) and v.__module__ == module.__name__
    )
    return list(itertools.islice(own, 10))


def _import(module_name: str, name: str) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(error.name + ".")):
            raise InputError(
                f"The world '{name}' cannot be found: there is no module '{error.name}'; install "
                "its package, or put the folder that holds it on PYTHONPATH."
            ) from error
        raise WorldError(_broken(name, error)) from error
    except Exception as error:  # whatever a stranger's module raises is its own fault, reported
        raise WorldError(_broken(name, error)) from error


def _build(made_by: Callable[..., Any], name: str, seed: int) -> World:
    try:
        return _made(made_by, name, seed)
    except RumpusError:
        raise
    except Exception as error:  # so is whatever its class raises
        raise WorldError(_broken(name, error)) from error


def _made(made_by: Callable[..., Any], name: str, seed: int) -> World:
    if isinstance(made_by, type) and issubclass(made_by, World):
        made: World = made_by(seed)  # type: ignore[call-arg]  # every final world takes its seed
        return made
    # Gymnasium is needed for strangers' environments alone.
    import gymnasium

    from rumpus.worlds.gymnasium_env import GymnasiumWorld

    env = made_by()
    if not isinstance(env, gymnasium.Env):
        raise InputError(
            f"The world '{name}' made a {type(env).__name__}, expected a gymnasium.Env or a "
            "rumpus World; name the environment's class or a function that returns one."
        )
    return GymnasiumWorld(env, name, seed)


def _broken(name: str, error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and (remedy := missing_extra(error)):
        return f"The world '{name}' {remedy}"
    return f"The world '{name}' cannot be loaded: {told(error)}; mend it there."


def _unknown(name: str) -> str:
    known = sorted(_sources())
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean '{near[0]}'? There" if near else "there"
    return (
        f"There is no world '{name}'; {hint} are: {', '.join(known)}, "
        "and any Gymnasium environment as package.module:Env."
    )
