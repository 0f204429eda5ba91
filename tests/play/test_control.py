"""The control step: acted first, then kept, with what the robot says that it really did."""

import time
from pathlib import Path

import numpy as np
import pytest

from rumpus.body.robot import Robot
from rumpus.body.safe_robot import SafeRobot
from rumpus.errors import WorldError
from rumpus.memory import Memory
from rumpus.memory.writer_thread import Writer
from rumpus.play.control import Choice, control_step
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Executed, Goal, GoalReference, Observation, Step
from rumpus.worlds.door import Door

SPEC = RobotSpec("toy", (SensorSpec("joint", (1,), -1.0, 1.0),), 1, 10.0)


class Always:
    """Chooses one action for one goal."""

    def __init__(self, action: list[float], goal: Goal | None = None) -> None:
        self.action, self.goal = np.array(action, np.float32), goal
        self.interrupted = 0

    def choose(self, observation: Observation) -> Choice:
        return Choice(self.action, self.goal)

    def interrupt(self) -> Goal | None:
        self.interrupted += 1
        return self.goal


class Noted(Robot):
    """A robot that notes, with its keeper, in which order things happen."""

    spec = SPEC

    def __init__(self, happened: list[str]) -> None:
        self.happened, self.over = happened, False

    def observe(self) -> Observation:
        self.happened.append("observe")
        return Observation({"joint": np.zeros(1, np.float32)}, float(len(self.happened)))

    def act(self, action: Array) -> Executed:
        self.happened.append("act")
        return Executed(np.zeros(1, np.float32), "a locked joint")

    @property
    def ended(self) -> tuple[bool, bool]:
        return self.over, False

    def restart(self) -> None:
        self.happened.append("restart")
        self.over = False

    def stop(self) -> None:
        self.happened.append("stop")


class Kept:
    """A keeper that notes what it is given."""

    def __init__(self, happened: list[str]) -> None:
        self.happened = happened
        self.steps: list[Step] = []

    def begin_episode(self, provenance: str) -> int:
        self.happened.append("begin episode")
        return 1

    def append(self, step: Step) -> int:
        self.happened.append("keep")
        self.steps.append(step)
        return len(self.steps) - 1


def test_it_acts_before_it_keeps_and_keeps_what_was_executed() -> None:
    happened: list[str] = []
    keeper, goal = Kept(happened), Goal({}, "skew", "seen once", GoalReference("m", 1, 7))
    step = control_step(SafeRobot(Noted(happened)), Always([0.5], goal), keeper)
    assert happened == ["observe", "act", "keep"]
    assert keeper.steps == [step]
    assert step.action == np.float32(0.5)
    assert step.executed_action == 0.0
    assert (step.clip_reason, step.goal_index, step.goal_reason) == (
        "a locked joint",
        7,
        "seen once",
    )


def test_where_an_episode_ended_nothing_is_done_and_the_next_one_begins() -> None:
    happened: list[str] = []
    robot, keeper, chooser = Noted(happened), Kept(happened), Always([0.5])
    robot.over = True
    step = control_step(SafeRobot(robot), chooser, keeper)
    assert happened == ["observe", "keep", "restart", "begin episode"]
    assert step.terminated
    assert step.action == step.executed_action == 0.0
    assert chooser.interrupted == 1


def test_a_step_that_failed_is_not_kept() -> None:
    class Broken(Noted):
        def act(self, action: Array) -> Executed:
            raise WorldError("the arm is stuck.")

    keeper = Kept([])
    with pytest.raises(WorldError, match="stuck"):
        control_step(SafeRobot(Broken([])), Always([0.5]), keeper)
    assert keeper.steps == []


def test_a_hand_at_its_workspace_limit_is_remembered_as_it_was_moved(tmp_path: Path) -> None:
    """The door's hand is driven to the right until it can go no further."""
    door = Door(seed=0)
    reach_m = door.config.high_m[0]
    robot, chooser = SafeRobot(door), Always([1.0, 0.0, 0.0])
    with Memory.create(tmp_path / "memory", door.spec) as memory:
        memory.begin_episode("to the right")
        hands_m = []
        for _ in range(30):
            hands_m.append(door.state()["hand_x_m"])
            control_step(robot, chooser, memory)
        memory.flush()
        steps = [memory.step(index) for index in range(30)]
    asked = np.stack([step.action for step in steps])
    executed = np.stack([step.executed_action for step in steps])
    np.testing.assert_array_equal(asked, np.tile([1.0, 0.0, 0.0], (30, 1)))
    free = np.array(hands_m) + door.config.step_m[0] <= reach_m
    assert free[0]
    assert not free[-1]
    np.testing.assert_array_equal(executed[free, 0], 1.0)
    assert [step.clip_reason for step, is_free in zip(steps, free, strict=True) if is_free] == [
        ""
    ] * int(free.sum())
    left_m = (reach_m - np.array(hands_m)[~free]) / door.config.step_m[0]
    np.testing.assert_allclose(executed[~free, 0], left_m, atol=1e-5)
    assert {step.clip_reason for step, is_free in zip(steps, free, strict=True) if not is_free} == {
        "beyond the workspace"
    }
    assert abs(executed[-1, 0]) < 0.1  # at the wall nothing is left to do


def test_a_slow_disk_keeps_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[str] = []
    robot, chooser = SafeRobot(Noted(happened)), Always([0.5])
    with Memory.create(tmp_path / "memory", SPEC) as memory:
        flush = memory.flush

        def slow() -> None:
            time.sleep(0.5)
            flush()

        monkeypatch.setattr(memory, "flush", slow)
        monkeypatch.setattr(memory, "_group_s", 0.05)  # a group is due again and again
        with Writer(memory) as writer:
            writer.begin_episode("on a slow disk")
            took_s = []
            for _ in range(60):
                begun_s = time.monotonic()
                control_step(robot, chooser, writer)
                took_s.append(time.monotonic() - begun_s)
                time.sleep(0.01)
        monkeypatch.undo()
        assert len(memory) == 60
    assert float(np.median(took_s)) < 0.01
    assert max(took_s) < 0.25  # the disk took twice that
