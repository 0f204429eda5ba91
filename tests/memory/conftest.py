"""A small robot and the steps of its life, each different from every other."""

from collections.abc import Callable

import numpy as np
import pytest

from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Observation, Step

StepOf = Callable[[int], Step]


@pytest.fixture
def spec() -> RobotSpec:
    sensors = (SensorSpec("camera/left", (4, 5, 3)), SensorSpec('joint "q"', (2,), -1.0, 1.0))
    return RobotSpec("toy", sensors, action_size=3, rate_hz=10.0)


@pytest.fixture
def step_of(spec: RobotSpec) -> StepOf:
    def step(k: int) -> Step:
        rng = np.random.default_rng(k)
        readings: dict[str, Array] = {
            "camera/left": rng.integers(0, 256, (4, 5, 3), dtype=np.uint8),
            'joint "q"': rng.normal(size=2).astype(np.float32),
        }
        return Step(
            Observation(readings, time_s=0.1 * k),
            action=rng.uniform(-1, 1, 3).astype(np.float32),
            executed_action=rng.uniform(-1, 1, 3).astype(np.float32),
            clip_reason="too fast" if k % 3 else "",
            goal_index=k - 1,
            goal_reason=f"seen {k} times, é",
            terminated=k % 4 == 3,
            truncated=k % 5 == 4,
        )

    return step
