"""A stranger's environment: a cart on a rail, with a gauge and a camera, in short episodes."""

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

RAIL_M = 1.0
EPISODE_STEPS = 120
Readings = dict[str, NDArray[Any]]


class CartEnv(gym.Env[Any, Any]):
    """A cart pushed along a rail of 2 m; every episode is cut after 120 steps."""

    metadata = {"render_fps": 20}  # noqa: RUF012  (Gymnasium declares it so)

    def __init__(self) -> None:
        self.observation_space = gym.spaces.Dict(
            {
                "camera": gym.spaces.Box(0, 255, (24, 48, 3), np.uint8),
                "gauge": gym.spaces.Box(-np.inf, np.inf, (2,), np.float64),
            }
        )
        self.action_space = gym.spaces.Box(-0.5, 0.5, (1,), np.float32)
        self._x = self._speed = 0.0
        self._steps = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Readings, dict[str, Any]]:
        super().reset(seed=seed)
        self._x, self._speed, self._steps = self.np_random.uniform(-0.8, 0.8), 0.0, 0
        return self._readings(), self._info()

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[Readings, float, bool, bool, dict[str, Any]]:
        self._speed = 0.5 * self._speed + 0.2 * float(action[0])
        self._x = float(np.clip(self._x + self._speed, -RAIL_M, RAIL_M))
        self._steps += 1
        return self._readings(), 0.0, False, self._steps >= EPISODE_STEPS, self._info()

    def _readings(self) -> Readings:
        picture = np.full((24, 48, 3), 40, np.uint8)
        apart = np.abs(np.arange(48) - (self._x / RAIL_M * 20 + 23.5))
        picture[8:16] = (40 + 200 * np.clip(4 - apart, 0, 1))[None, :, None].astype(np.uint8)
        return {"camera": picture, "gauge": np.array([self._x, self._speed])}

    def _info(self) -> dict[str, Any]:
        return {"state": {"cart_x_m": self._x}}
