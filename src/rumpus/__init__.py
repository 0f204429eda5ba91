"""A play room for robots: play without reward, keep every picture, do what a picture shows.

The public interface, for programs of one's own; each name is loaded when it is first used, so that
`import rumpus` is quick and needs no torch:

    world = rumpus.load_world("door")  # or a class of one's own, derived from rumpus.Robot
    memory = rumpus.Memory.open(path, write=False)  # every step that a robot ever lived
    actor = rumpus.load_actor("runs/door")  # what a run has learned
    action = actor.act(readings, goal)  # in a loop of one's own
    actor = rumpus.train("runs/theirs")  # from what is remembered, without any robot
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rumpus.actor import Actor
    from rumpus.body.robot import Robot
    from rumpus.body.safe_robot import Limits, SafeRobot
    from rumpus.body.sensors.base import Reading, Sensor
    from rumpus.errors import RumpusError
    from rumpus.memory import Memory
    from rumpus.run.learning import train
    from rumpus.run.session import load_actor
    from rumpus.spec import RobotSpec, SensorSpec
    from rumpus.types import Executed, Goal, Observation, Step
    from rumpus.worlds.base import World
    from rumpus.worlds.catalogue import load as load_world

__all__ = [
    "Actor", "Executed", "Goal", "Limits", "Memory", "Observation", "Reading", "Robot", "RobotSpec",
    "RumpusError", "SafeRobot", "Sensor", "SensorSpec", "Step", "World", "load_actor", "load_world",
    "train",
]  # fmt: skip
_PLACES = {
    "rumpus.actor": ["Actor"],
    "rumpus.body.robot": ["Robot"],
    "rumpus.body.safe_robot": ["Limits", "SafeRobot"],
    "rumpus.body.sensors.base": ["Reading", "Sensor"],
    "rumpus.errors": ["RumpusError"],
    "rumpus.memory": ["Memory"],
    "rumpus.run.session": ["load_actor"],
    "rumpus.run.learning": ["train"],
    "rumpus.spec": ["RobotSpec", "SensorSpec"],
    "rumpus.types": ["Executed", "Goal", "Observation", "Step"],
    "rumpus.worlds.base": ["World"],
    "rumpus.worlds.catalogue": ["load_world"],
}


def __getattr__(name: str) -> Any:
    """Load a public name from where it is."""
    for place, names in _PLACES.items():
        if name in names:
            return getattr(import_module(place), "load" if name == "load_world" else name)
    raise AttributeError(f"rumpus has no '{name}'; it has: {', '.join(__all__)}.")


def __dir__() -> list[str]:
    return __all__
