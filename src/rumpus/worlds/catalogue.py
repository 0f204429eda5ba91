"""Makes a world of its name: `door`, `package.module:Env`, or an entry point of `rumpus.worlds`."""

import inspect
from collections.abc import Callable
from typing import Any

from rumpus.catalogue import blamed, find
from rumpus.errors import InputError
from rumpus.worlds.base import World


def load(name: str, seed: int = 0) -> World:
    """Make the world of that name.

    Args:
        name: a world of rumpus ("door"), of an installed package's entry point, or
            "package.module:Env", where Env makes a `World` or a `gymnasium.Env`; a class of worlds
            is given the seed, and so is a function that asks for one.
        seed: where the world's randomness begins.

    Raises:
        InputError: when there is no such world; says which are near and which there are.
        WorldError: when it is there and cannot be loaded; says why.
    """
    made_by = find("world", name)
    with blamed("world", name):
        return _made(made_by, name, seed)


def _made(made_by: Callable[..., Any], name: str, seed: int) -> World:
    if isinstance(made_by, type) and issubclass(made_by, World):
        made: World = made_by(seed)  # type: ignore[call-arg]  # every final world takes its seed
        return made
    # Gymnasium is needed for strangers' environments alone.
    import gymnasium

    from rumpus.worlds.gymnasium_env import GymnasiumWorld

    asks = inspect.isfunction(made_by) and "seed" in inspect.signature(made_by).parameters
    found = made_by(**({"seed": seed} if asks else {}))
    if isinstance(found, World):
        return found
    if not isinstance(found, gymnasium.Env):
        raise InputError(
            f"The world '{name}' made a {type(found).__name__}, expected a gymnasium.Env or a "
            "rumpus World; name the environment's class or a function that returns one."
        )
    return GymnasiumWorld(found, name, seed)
