from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rumpus.finding import Finding
from rumpus.types import Array, Executed, Observation
from rumpus.worlds.base import State, Trial
from rumpus.worlds.catalogue import load
from rumpus.worlds.check import examine, longest_still
from rumpus.worlds.gymnasium_env import GymnasiumWorld


@pytest.mark.parametrize("name", ["outside_image:DotEnv", "outside_dict:CartEnv"])
def test_a_good_world_passes_without_a_word_of_warning(name: str, outside: Path) -> None:
    findings = examine(lambda: load(name), steps=1000)
    assert [f for f in findings if f.verdict != "ok"] == []
    assert all(f.sentence.endswith(".") for f in findings)
    assert any(" rose in " in f.sentence for f in findings)


def test_episodes_are_counted(outside: Path) -> None:
    sentences = [f.sentence for f in examine(lambda: load("outside_dict:CartEnv"), steps=605)]
    assert any("ended 5 times in 605 steps" in s for s in sentences)


class Lamp(gym.Env[Any, Any]):
    """A lamp that an action turns up or down; each fault below breaks one promise of it."""

    def __init__(self) -> None:
        self.observation_space = gym.spaces.Box(0, 1, (1,), np.float32)
        self.action_space = gym.spaces.Box(-0.1, 0.1, (1,), np.float32)
        self.light = 0.5

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.light = 0.5
        return self._told()

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.light = float(np.clip(self.light + self.turn(float(action[0])), 0, 1))
        seen, info = self._told()
        return seen, 0.0, False, False, info

    def turn(self, by: float) -> float:
        return by

    def reading(self) -> Any:
        return np.array([self.light], np.float32)

    def _told(self) -> tuple[Any, dict[str, Any]]:
        return self.reading(), {"state": {"light": self.light}}


class Dead(Lamp):
    def turn(self, by: float) -> float:
        return 0.0


class Sluggish(Lamp):
    def turn(self, by: float) -> float:
        return by if self.np_random.random() < 0.05 else 0.0


class OneWay(Lamp):
    def turn(self, by: float) -> float:
        return max(by, 0.0) / 10


class OneWayEpisodes(OneWay):
    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        seen, reward, _, _, info = super().step(action)
        return seen, reward, self.light > 0.9, False, info


class Brief(Lamp):
    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        seen, reward, _, _, info = super().step(action)
        return seen, reward, True, False, info


class Fitful(Lamp):
    """One episode in ten is long enough."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        seen, reward, _, _, info = super().step(action)
        self.acted = getattr(self, "acted", 0) + 1
        return seen, reward, self.acted % 18 > 8, False, info


class Switch(Lamp):
    def turn(self, by: float) -> float:
        return 0.9 - self.light + by if self.np_random.random() < 0.5 else 0.1 - self.light + by


class Sticky(Lamp):
    def turn(self, by: float) -> float:
        return 0.0 if self.light == 1.0 else by


class Moody(Lamp):
    def turn(self, by: float) -> float:
        return by * float(np.random.default_rng().uniform(0.9, 1.1))


class Glaring(Lamp):
    def reading(self) -> Any:
        return np.array([3 * self.light], np.float32)


class Misshapen(Lamp):
    def reading(self) -> Any:
        return np.array([self.light] * (1 if self.light == 0.5 else 2), np.float32)


class Blinded(Lamp):
    def reading(self) -> Any:
        return np.array([np.nan], np.float32)


@pytest.mark.parametrize(
    ("lamp", "verdict", "words"),
    [
        (Dead, "failure", "nothing to learn"),
        (Dead, "warning", "light never moved"),
        (Sluggish, "warning", "learning will be slow"),
        (OneWay, "warning", "one way only"),
        (OneWayEpisodes, "warning", "one way only"),
        (Brief, "warning", "steps that learning takes at a time, the longest lasted 2: nothing is"),
        (Fitful, "warning", "from most of them nothing is learned"),
        (Switch, "warning", "hardly ever seen"),
        (Sticky, "warning", "play gets stuck"),
        (Moody, "failure", "draw every random number from the seed"),
        (Glaring, "warning", "outside its declared 0 to 1"),
        (Misshapen, "failure", "float32 (2,)"),
        (Blinded, "failure", "not finite"),
    ],
)
def test_each_fault_is_found(lamp: type[Lamp], verdict: str, words: str) -> None:
    findings = examine(lambda: GymnasiumWorld(lamp, "lamp"), steps=1000)
    assert [f for f in findings if f.verdict == verdict and words in f.sentence], findings


def test_the_sound_lamp_has_none_of_them() -> None:
    assert _bad(examine(lambda: GymnasiumWorld(Lamp, "lamp"), steps=1000)) == []


def test_a_range_is_judged_by_what_the_world_can_be() -> None:
    def wide() -> GymnasiumWorld:
        world = GymnasiumWorld(Lamp, "lamp")
        world.limits = {"light": (0.0, 4.0)}
        return world

    (said,) = [f for f in examine(wide, steps=500) if "ranged" in f.sentence]
    assert said.verdict == "warning"
    assert "ranged over 0 to 1 of 0 to 4" in said.sentence
    assert "random play saw 25% of what it can be" in said.sentence


def test_a_worlds_own_joints_limit_it() -> None:
    assert load("door").limits["angle_rad"] == (0.0, 0.83)


def test_many_scalars_are_summed_up() -> None:
    class Panel(Lamp):
        def _told(self) -> tuple[Any, dict[str, Any]]:
            return self.reading(), {"state": {f"light_{i}": self.light for i in range(30)}}

    findings = examine(lambda: GymnasiumWorld(Panel, "panel"), steps=1000)
    assert len([f for f in findings if "30 scalars, 30 of which" in f.sentence]) == 1
    assert len(findings) < 10


class Timeless(GymnasiumWorld):
    def observe(self) -> Observation:
        return Observation(super().observe().readings, 0.0)


class Fickle(GymnasiumWorld):
    def trials(self, count: int, seed: int, kind: str) -> list[Trial]:
        return super().trials(count, int(np.random.default_rng().integers(1 << 30)), kind)


class Elsewhere(GymnasiumWorld):
    def trials(self, count: int, seed: int, kind: str) -> list[Trial]:
        made = super().trials(count, seed, kind)
        return [Trial(start={"light": 0.1}, goal=t.goal, seed=t.seed) for t in made]


class Unmeasured(GymnasiumWorld):
    def errors(self, state: State, goal: State) -> dict[str, float]:
        return {"something_else": 0.0}


class Mute(GymnasiumWorld):
    def act(self, action: Array) -> Executed:
        super().act(action)
        return None  # type: ignore[return-value]


class Blind(GymnasiumWorld):
    def observe(self) -> Observation:
        return Observation({}, super().observe().time_s)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Mute, "act() gave NoneType, expected Executed"),
        (Blind, "'observation' gave nothing in 501 of 501 observations"),
        (Timeless, "capture time"),
        (Fickle, "differ from call to call"),
        (Elsewhere, "mend stage() or the trial"),
        (Unmeasured, "does not give"),
    ],
)
def test_a_world_that_does_not_keep_its_word_is_found(
    kind: type[GymnasiumWorld], words: str
) -> None:
    bad = _bad(examine(lambda: kind(Lamp, "lamp"), steps=500))
    assert [f for f in bad if f.verdict == "failure" and words in f.sentence], bad


@given(st.lists(st.booleans(), max_size=30))
def test_longest_still_counts_the_longest_run(moved: list[bool]) -> None:
    runs = "".join("m" if m else "." for m in moved).split("m")
    assert longest_still(np.array(moved, bool)) == max(len(run) for run in runs)


def _bad(findings: list[Finding]) -> list[Finding]:
    return [f for f in findings if f.verdict != "ok"]
