"""A stranger's environment: a dot on a picture, pushed about by two numbers."""

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

SIZE_PX = 32
STEP_PX = 2.0
Picture = NDArray[np.uint8]


class DotEnv(gym.Env[Any, Any]):
    """A dot to push about a picture of 32 x 32 pixels; it never ends."""

    # Unless it is told how many steps an episode lasts.

    def __init__(self, step_px: float = STEP_PX, lasts: int = 0) -> None:
        self._lasts, self._steps = lasts, 0
        self.observation_space = gym.spaces.Box(0, 255, (SIZE_PX, SIZE_PX, 3), np.uint8)
        self.action_space = gym.spaces.Box(-step_px, step_px, (2,), np.float32)
        self._dot = np.zeros(2)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Picture, dict[str, Any]]:
        super().reset(seed=seed)
        self._dot = self.np_random.uniform(4, SIZE_PX - 5, 2)
        return self._picture(), self._info()

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[Picture, float, bool, bool, dict[str, Any]]:
        self._dot = np.clip(self._dot + action, 3, SIZE_PX - 4)
        self._steps += 1
        is_over = self._lasts > 0 and self._steps % self._lasts == 0
        return self._picture(), 0.0, is_over, False, self._info()

    def _picture(self) -> Picture:
        rows, columns = np.mgrid[:SIZE_PX, :SIZE_PX]
        apart = (rows - self._dot[1]) ** 2 + (columns - self._dot[0]) ** 2
        shine = np.exp(-apart / 6.0)[:, :, None] * (220, 120, 30)
        picture: Picture = (20 + shine).astype(np.uint8)
        return picture

    def _info(self) -> dict[str, Any]:
        return {"state": {"dot_x_px": self._dot[0], "dot_y_px": self._dot[1]}}
