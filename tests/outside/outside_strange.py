"""Strangers' environments that play as people's do: odd names, odd spaces, and days on which a
simulation breaks or its motors are others."""

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Box, Dict, Space, Text


class Dot(gym.Env[Any, Any]):
    """A point that is pushed about."""

    def __init__(
        self, reach: float = 1.0, breaks_after: int = 10**9, raises: bool = False, rate_hz: int = 10
    ) -> None:
        self.metadata = {"render_modes": [], "render_fps": rate_hz}
        self.action_space = Box(-reach, reach, (2,), np.float32)
        self.observation_space = self.space()
        self.at, self.acted, self.lasted = np.zeros(2, np.float32), 0, 0
        self.breaks_after, self.raises = breaks_after, raises

    def space(self) -> Space[Any]:
        return Dict({"at": Box(-1, 1, (2,), np.float32)})

    def see(self) -> Any:
        is_broken = self.acted > self.breaks_after
        return {"at": np.full(2, np.nan, np.float32) if is_broken else self.at.copy()}

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.at, self.lasted = self.np_random.uniform(-1, 1, 2).astype(np.float32), 0
        return self.see(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.acted, self.lasted = self.acted + 1, self.lasted + 1
        if self.raises and self.acted > self.breaks_after:
            raise RuntimeError("the simulation is unstable")
        self.at = np.clip(self.at + 0.1 * action, -1, 1).astype(np.float32)
        return self.see(), 0.0, False, False, {}


class Named(Dot):
    """Sensors that are called as LeRobot, robosuite or a tired person calls them."""

    names = (
        "observation.state",
        "keys",
        "type",
        "robot0/eef_pos",
        "",
        "left arm (rad)",
        "Größe 手",
    )

    def space(self) -> Space[Any]:
        return Dict({name: Box(-1, 1, (2,), np.float32) for name in self.names})

    def see(self) -> Any:
        return dict.fromkeys(self.names, self.at.copy())


class Spaces(Dot):
    """Every odd kind of space that was seen to break something."""

    def space(self) -> Space[Any]:
        numbered: Any = {0: Box(-1, 1, (2,), np.float32), 1: Box(-1, 1, (1,), np.float32)}
        return Dict(
            {
                "numbered": Dict(numbered),
                "stacked": Box(0, 255, (16, 16, 4), np.uint8),
                "frames": Box(0, 255, (4, 16, 16), np.uint8),
                "mission": Text(64),
                "nothing": Box(-1, 1, (0,), np.float32),
                "stamp_ns": Box(0, 2**63 - 1, (1,), np.int64),
            }
        )

    def see(self) -> Any:
        y, x = ((self.at + 1) * 6).astype(int)
        frames = np.zeros((4, 16, 16), np.uint8)
        frames[:, y : y + 4, x : x + 4] = 255
        return {
            "numbered": {0: self.at.copy(), 1: self.at[:1].copy()},
            "stacked": np.moveaxis(frames, 0, 2),
            "frames": frames,
            "mission": "to the dot",
            "nothing": np.zeros(0, np.float32),
            "stamp_ns": np.array([1_790_000_000_000_000_000 + 100_000_000 * self.acted]),
        }


class Ended(Dot):
    """Terminated and truncated at once, as numpy's bools."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        seen, reward, _, _, info = super().step(action)
        end: Any = np.bool_(self.lasted >= 20)  # as many environments give it
        return seen, reward, end, end, info


class Limitless(Dot):
    """No limits, written as the largest float."""

    def __init__(self) -> None:
        super().__init__(reach=float(np.finfo(np.float32).max))
