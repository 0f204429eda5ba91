"""What a Gymnasium environment renders, as one more sensor of it."""

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from PIL import Image

from rumpus.body.robots._spaces import UNNAMED_SENSOR
from rumpus.errors import InputError, WorldError

CAMERA = "camera"


class Rendering(gym.ObservationWrapper[Any, Any, Any]):
    """An environment that shows a picture beside what it gives.

    Args:
        env: made with `render_mode="rgb_array"`.
        size: width and height of the picture, in pixels.

    Raises:
        InputError: when it has a sensor of that name already.
    """

    def __init__(self, env: gym.Env[Any, Any], size: tuple[int, int]) -> None:
        super().__init__(env)
        self._size = size
        space = env.observation_space
        parts = dict(space.spaces) if isinstance(space, spaces.Dict) else {UNNAMED_SENSOR: space}
        if CAMERA in parts:
            raise InputError(f"The environment senses a '{CAMERA}' already; leave out camera=.")
        picture = spaces.Box(0, 255, (size[1], size[0], 3), np.uint8)
        self.observation_space = spaces.Dict({**parts, CAMERA: picture})

    def observation(self, observation: Any) -> dict[str, Any]:
        named = observation if isinstance(observation, Mapping) else {UNNAMED_SENSOR: observation}
        rendered = self.env.render()
        if not isinstance(rendered, np.ndarray) or rendered.ndim != 3 or rendered.shape[2] != 3:
            raise WorldError(
                "The environment renders no picture (h, w, 3); leave out camera=, or make it with "
                'render_mode="rgb_array".'
            )
        picture = Image.fromarray(rendered.astype(np.uint8))
        return {**named, CAMERA: np.asarray(picture.resize(self._size, Image.Resampling.BOX))}
