"""What the simulator knows reaches nobody who learns: play needs a robot's three verbs, no more."""

import ast
from pathlib import Path

import numpy as np
import pytest

import rumpus
from rumpus.body.robot import Robot
from rumpus.memory import Memory
from rumpus.play.collect import PlayConfig
from rumpus.play.loop import Until, make_mind, open_memory, play
from rumpus.play.run import Run, RunConfig, begin
from rumpus.types import Array, Executed, Observation
from rumpus.worlds.catalogue import load

SOURCE = Path(rumpus.__file__).parent
TRUTHFUL = {"state", "errors", "trials", "stage", "measure", "engaged"}
BLIND = [
    SOURCE / "play" / f"{name}.py" for name in ("collect", "learn", "loop", "checkpoint")
] + [
    file
    for part in ("agent.py", "memory", "model", "goals", "objectives", "planning")
    for file in ([SOURCE / part] if part.endswith(".py") else (SOURCE / part).glob("*.py"))
]  # fmt: skip


class Bare(Robot):
    """Nothing but the three verbs of the world behind it."""

    def __init__(self, robot: Robot) -> None:
        self.spec = robot.spec
        self.observe_, self.act_, self.stop_ = robot.observe, robot.act, robot.stop

    def observe(self) -> Observation:
        return self.observe_()

    def act(self, action: Array) -> Executed:
        return self.act_(action)

    def stop(self) -> None:
        self.stop_()


def lived(run: Run, robot: Robot) -> tuple[Array, Array]:
    memory = open_memory(run, robot.spec)
    mind = make_mind(robot.spec, run.config)
    play(run, robot, memory, mind, Until(60), lambda progress: None)
    memory.close()
    with Memory.open(run.memory, write=False) as kept:
        return kept.executed_actions.copy(), kept.frames("observation").copy()


def test_play_learns_the_same_from_a_robot_that_has_no_truth(tmp_path: Path) -> None:
    config = RunConfig("outside_image:DotEnv", play=PlayConfig(random_steps=40))
    full = lived(begin(tmp_path / "full", config), load(config.world))
    bare = lived(begin(tmp_path / "bare", config), Bare(load(config.world)))
    for with_truth, without in zip(full, bare, strict=True):
        np.testing.assert_array_equal(with_truth, without)


@pytest.mark.parametrize("file", BLIND, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_who_learns_never_asks_a_world_for_its_truth(file: Path) -> None:
    """`.state` of a random generator or of an agent (its weights) is no world's."""
    asked = [
        f"{ast.unparse(node)}, line {node.lineno}"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in TRUTHFUL
    ]
    harmless = ("mind.agent.state", "mind.rng.bit_generator.state")
    assert [a for a in asked if not a.startswith(harmless)] == []
