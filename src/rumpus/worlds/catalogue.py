"""Makes a world of its name: of rumpus, registered with Gymnasium, or `package.module:Env`."""

import inspect
import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any

import msgspec

from rumpus.body.robot import Robot
from rumpus.catalogue import blamed, find, printing_aside
from rumpus.errors import InputError
from rumpus.spec import RobotSpec
from rumpus.worlds._bare_robot import BareRobot
from rumpus.worlds.base import World

REGISTERED = re.compile(r"([\w.]+:)?(([\w-]+/)?[\w.-]+-v\d+|[\w-]+/[\w.-]+)")
SIZE = re.compile(r"(\d{1,4})x(\d{1,4})")
SIDES_PX = range(8, 1025)


def load(name: str, seed: int = 0) -> World:
    """Make the world of that name.

    Args:
        name: a world of rumpus ("door"), of an installed package's entry point, registered with
            Gymnasium ("Pendulum-v1", "gymnasium_robotics:FetchPush-v4"), or "package.module:Env",
            where Env makes a `World`, a `Robot` or a `gymnasium.Env`; a function, or a class of
            worlds or robots, that asks for a seed is given it. Arguments follow behind commas,
            "Pendulum-v1,g=9.8"; `camera=64x48` adds what it renders as a sensor of that size.
        seed: where the world's randomness begins.

    Raises:
        InputError: when there is no such world; says which are near and which there are.
        WorldError: when it is there and cannot be loaded; says why.
    """
    plain, *given = name.split(",")
    arguments = dict(_argument(name, one) for one in given)
    camera = _size(name, str(arguments.pop("camera"))) if "camera" in arguments else None
    if camera:
        arguments["render_mode"] = "rgb_array"
    registered = REGISTERED.fullmatch(plain)
    made_by = partial(_registered, plain) if registered else find("world", plain)
    with blamed("world", name), printing_aside():
        return _made(made_by, name, seed, arguments, camera)


def check_begins(name: str, seed: int) -> RobotSpec:
    """Refuse a world that cannot be made, or gives no first observation; the robot in it.

    Raises:
        InputError: when there is no such world.
        WorldError: when it does not begin.
    """
    world = load(name, seed)
    try:
        world.observe()
        return world.spec
    finally:
        world.stop()


def _argument(name: str, given: str) -> tuple[str, Any]:
    """One argument by name: a number, anything in JSON, or else a word."""
    key, equals, value = given.partition("=")
    if not equals or not key.isidentifier():
        raise InputError(
            f"The world '{name}' was given '{given}', expected an argument as NAME=VALUE."
        )
    with suppress(msgspec.DecodeError):
        return key, msgspec.json.decode(value)
    return key, value


def _size(name: str, given: str) -> tuple[int, int]:
    """A picture's width and height."""
    found = SIZE.fullmatch(given)
    if not found or not all(int(side) in SIDES_PX for side in found.groups()):
        raise InputError(
            f"The world '{name}' was given camera={given}, expected WIDTHxHEIGHT in pixels, each "
            f"from {SIDES_PX[0]} to {SIDES_PX[-1]}, as camera=64x64."
        )
    return int(found[1]), int(found[2])


def _registered(name: str, **arguments: Any) -> Any:
    """An environment that is registered with Gymnasium.

    Raises:
        InputError: when none of that name is, or the package that registers it is missing.
    """
    import gymnasium

    if "/" in name and ":" not in name:  # a package often registers its worlds under its own name
        with suppress(ImportError, ValueError):
            import_module(name.partition("/")[0])
    try:
        return gymnasium.make(name, disable_env_checker=True, **arguments)
    except (gymnasium.error.UnregisteredEnv, ModuleNotFoundError) as error:
        raise InputError(
            f"There is no world '{name}' registered with Gymnasium: {error}; where a package "
            "brings it, install that and name it too, as package:Name-v1."
        ) from error


def _made(
    made_by: Callable[..., Any], name: str, seed: int, arguments: dict[str, Any],
    camera: tuple[int, int] | None,
) -> World:  # fmt: skip
    is_robot = isinstance(made_by, type) and issubclass(made_by, Robot)
    if is_robot and camera:
        raise InputError(f"The world '{name}' has cameras of its own; leave out camera=.")
    seedable = is_robot or inspect.isfunction(made_by)
    if seedable and "seed" in inspect.signature(made_by).parameters:
        arguments = {"seed": seed, **arguments}
    found = [made_by(**arguments)]
    if isinstance(found[0], Robot):
        return found[0] if isinstance(found[0], World) else BareRobot(found[0], name)
    # Gymnasium is needed for strangers' environments alone.
    import gymnasium

    from rumpus.body.robots._rendering import Rendering
    from rumpus.worlds.gymnasium_env import GymnasiumWorld

    if not isinstance(found[0], gymnasium.Env):
        raise InputError(
            f"The world '{name}' made a {type(found[0]).__name__}, expected a gymnasium.Env, or a "
            "rumpus World or Robot; name the environment's class or a function that returns one."
        )

    def make() -> Any:
        """The one that is there already, then others like it."""
        with printing_aside():
            env: Any = found.pop() if found else made_by(**arguments)
        return Rendering(env, camera) if camera else env

    return GymnasiumWorld(make, name, seed)
