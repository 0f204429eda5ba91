"""What the simulator knows reaches nobody who learns: play needs a robot's three verbs, no more."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rumpus
from rumpus.body.robot import Robot
from rumpus.body.safe_robot import SafeRobot
from rumpus.memory import Memory
from rumpus.play.progress import PlayConfig, Until
from rumpus.run.config import RunConfig
from rumpus.run.folder import Run, begin
from rumpus.run.play_loop import play
from rumpus.run.session import Asked, begin_or_resume
from rumpus.types import Array, Executed, Observation

SOURCE = Path(rumpus.__file__).parent
TRUTHFUL = {"state", "errors", "trials", "stage", "measure", "engaged"}
BLIND = [
    SOURCE / part
    for part in ("actor.py", "learner.py", "run/play_loop.py", "run/checkpoint.py")
] + [
    file
    for part in ("memory", "model", "goals", "objectives", "planning", "replay", "play")
    for file in (SOURCE / part).glob("*.py")
    # These two judge, and find the picture of an angle that a person asked for by number.
    if file.name not in ("evaluate.py", "named_goal.py")
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


def played(run: Run, bare: bool) -> tuple[Array, Array]:
    with begin_or_resume(Asked(run.config.world), run.path) as session:
        robot = Bare(session.world) if bare else session.world
        play(replace(session, robot=SafeRobot(robot)), Until(60), lambda progress: None)
    with Memory.open(run.memory, write=False) as kept:
        return kept.executed_actions.copy(), kept.frames("observation").copy()


def test_play_learns_the_same_from_a_robot_that_has_no_truth(tmp_path: Path) -> None:
    config = RunConfig("outside_image:DotEnv", play=PlayConfig(random_steps=40))
    full = played(begin(tmp_path / "full", config), bare=False)
    bare = played(begin(tmp_path / "bare", config), bare=True)
    for with_truth, without in zip(full, bare, strict=True):
        np.testing.assert_array_equal(with_truth, without)


@pytest.mark.parametrize("file", BLIND, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_who_learns_never_asks_a_world_for_its_truth(file: Path) -> None:
    """`.state` of a random generator or of a replay (what it saves) is no world's."""
    asked = [
        f"{ast.unparse(node)}, line {node.lineno}"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in TRUTHFUL
    ]
    harmless = ("mind.replay.state", "mind.rng.bit_generator.state")
    assert [a for a in asked if not a.startswith(harmless)] == []
