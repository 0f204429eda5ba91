"""A sensor that nothing in an episode changes is no part of any goal."""

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from rumpus.body.safe_robot import SafeRobot
from rumpus.memory import Memory
from rumpus.memory.repair import repair
from rumpus.play.control import control_step
from rumpus.play.explore import PlayChooser
from rumpus.play.progress import PlayConfig
from rumpus.play.stored_goal import goal_at
from rumpus.replay import movable as movable_file
from rumpus.replay.movable import movable
from rumpus.replay.replay import Replay, ReplayConfig
from rumpus.run.config import RunConfig
from rumpus.run.session import make_mind
from rumpus.worlds.check import examine
from rumpus.worlds.gymnasium_env import GymnasiumWorld

EPISODE_STEPS = 20


class Tasks(gym.Env[Any, Any]):
    """A slider; each episode draws a task that is told all the while and that nothing changes."""

    def __init__(self, still: bool = False) -> None:
        box = gym.spaces.Box(-9, 9, (1,), np.float32)
        names = ("colour",) if still else ("colour", "slider")
        self._names = names
        self.observation_space = gym.spaces.Dict(dict.fromkeys(names, box))
        self.action_space = gym.spaces.Box(-1, 1, (1,), np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self._at, self._steps, self._colour = 0.0, 0, self.np_random.uniform(1, 5)
        return self._seen(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self._at += 0.1 * float(action[0])
        self._steps += 1
        return self._seen(), 0.0, False, self._steps >= EPISODE_STEPS, {}

    def _seen(self) -> dict[str, Any]:
        seen = {"colour": self._colour, "slider": self._at}
        return {name: np.array([seen[name]], np.float32) for name in self._names}


def played(path: Path, still: bool = False, steps: int = 100) -> Memory:
    """A memory of random play with tasks."""
    world = GymnasiumWorld(lambda: Tasks(still), "tasks")
    memory = Memory.create(path, world.spec)
    mind = make_mind(memory, RunConfig("tasks"))
    chooser = PlayChooser(mind.goals, PlayConfig(), mind.rng, memory)
    memory.begin_episode("play")
    for _ in range(steps):
        control_step(SafeRobot(world), chooser, memory)
    return memory


@pytest.mark.parametrize("block", [500, 7, 2])
def test_what_only_a_new_episode_changes_does_not_move(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(movable_file, "BLOCK", block)
    with played(tmp_path / "memory") as memory:
        assert len(np.unique(memory.frames("colour"))) > 3
        assert [s.name for s in memory.spec.sensors] == ["colour", "slider"]
        assert movable(memory).tolist() == [False, True]


def test_where_nothing_moves_everything_stays_a_goal(tmp_path: Path) -> None:
    with played(tmp_path / "memory", still=True) as memory:
        assert movable(memory).tolist() == [True]
        assert set(goal_at(memory)(3, "", "").readings) == {"colour"}


def test_no_goal_is_about_what_does_not_move(tmp_path: Path) -> None:
    with played(tmp_path / "memory") as memory:
        assert set(goal_at(memory)(3, "", "").readings) == {"slider"}
        replay = Replay(memory, ReplayConfig(), np.random.default_rng(0))
        replay.refresh()
        encoded = np.zeros((len(memory), 2, 4), np.float32)
        replay.encode(lambda readings: encoded[: len(readings["slider"])], 1, lambda *_: True)
        assert (replay.candidates()[1] == [False, True]).all()
        batch = replay.goal_batch()
        assert (batch.goal_present == [False, True]).all()
        assert batch.present[:, 0].any()  # it is sensed all the same


def test_no_goal_is_a_lost_step(tmp_path: Path) -> None:
    played(tmp_path / "memory").close()
    shutil.rmtree(tmp_path / "memory" / "view")
    with sqlite3.connect(tmp_path / "memory" / "memory.sqlite") as store:
        store.execute("UPDATE step SET time_s = 77.0 WHERE step % 3 = 1")
    store.close()
    lost = [damage.step for damage in repair(tmp_path / "memory", lambda done, total: None).lost]
    with Memory.open(tmp_path / "memory") as memory:
        assert len(lost) == len(memory) // 3
        replay = Replay(memory, ReplayConfig(), np.random.default_rng(0))
        replay.refresh()
        encoded = np.zeros((len(memory), 2, 4), np.float32)
        replay.encode(lambda readings: encoded[: len(readings["slider"])], 1, lambda *_: True)
        assert not set(replay.candidates()[2]) & set(lost)
        for _ in range(10):
            batch = replay.goal_batch()
            assert batch.goal_present.any(1).all()
            assert batch.present.any(1).all()


def test_check_tells_what_does_not_move() -> None:
    found = examine(lambda: GymnasiumWorld(Tasks, "tasks"), steps=200)
    (told,) = [f for f in found if "left out of goals" in f.sentence]
    assert (told.verdict, "'colour'" in told.sentence) == ("warning", True)
