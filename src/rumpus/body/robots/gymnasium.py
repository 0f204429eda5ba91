"""Any Gymnasium environment as a robot: its `Box` action scaled to [-1, 1], its readings named.

What it hands to play are the observations alone. Rewards are dropped; `info` is never part of
an observation, see `worlds/gymnasium_env.py` for the one use of `info["state"]`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from rumpus.body.robot import Robot, check_action
from rumpus.errors import RumpusError, WorldError, told
from rumpus.spec import RobotSpec, SensorSpec, sensor_for
from rumpus.types import Array, Executed, Observation

UNNAMED_SENSOR = "observation"
USUAL_RATE_HZ = 10.0
Env = gym.Env[Any, Any]


class GymnasiumRobot(Robot):
    """A robot made of a `gymnasium.Env`; it begins its first episode at once.

    Time is simulated: `time_s` grows by 1 / rate_hz a step and by as much at a restart. The rate
    is the environment's `metadata["render_fps"]`, or 10 Hz where it declares none.

    Args:
        env: has a `Box` action with finite limits and an observation that is a picture
            (uint8 (h, w, c) or (h, w)), a vector, or a flat `Dict` of them.
        name: what messages and the run call it.
        seed: of the first episode; later episodes follow from it.

    Raises:
        WorldError: when a space cannot be used, naming it and what would do; here and later,
            when a call of the environment raises or gives what cannot be read.
    """

    def __init__(self, env: Env, name: str, seed: int = 0) -> None:
        self.env = env
        self._limits = _action_limits(env.action_space, name)
        self.spec = RobotSpec(
            name=name,
            sensors=tuple(_sensor_spec(k, s, name) for k, s in _parts(env).items()),
            action_size=self._limits[0].size,
            rate_hz=float(env.metadata.get("render_fps") or USUAL_RATE_HZ),
        )
        self._steps, self._stopped = 0, False
        self.begin(seed)

    def begin(self, seed: int | None) -> None:
        """Begin an episode, from a seed or from where the random numbers stand."""
        self._take("reset", 2, lambda: self.env.reset(seed=seed))

    def observe(self) -> Observation:
        return Observation(self._readings, self._steps / self.spec.rate_hz)

    def act(self, action: Array) -> Executed:
        """Carry out one action.

        Raises:
            InputError: when the action is not A numbers in [-1, 1].
            WorldError: when the episode has ended and `restart` was not called.
        """
        check_action(action, self.spec)
        if any(self._ended):
            raise WorldError(
                f"{self.spec.name}: its episode has ended and it was told to act; "
                "call restart() first."
            )
        low, high = self._limits
        motor = low + (action + 1.0) / 2.0 * (high - low)
        space = self.env.action_space
        command = motor.reshape(space.shape).astype(space.dtype)
        self._take("step", 5, lambda: self.env.step(command))
        self._steps += 1
        return Executed(action.astype(np.float32))

    @property
    def ended(self) -> tuple[bool, bool]:
        return self._ended

    def restart(self) -> None:
        self._steps += 1
        self.begin(None)

    def stop(self) -> None:
        if self._stopped:
            return
        self._stopped = True
        with _blamed(f"{self.spec.name}: close() raised"):
            self.env.close()

    def _take(self, call: str, parts: int, given_by: Callable[[], Any]) -> None:
        """Call the environment and keep what it gives."""
        with _blamed(f"{self.spec.name}: {call}() raised"):
            result = given_by()
        if not isinstance(result, tuple) or len(result) != parts:
            raise WorldError(
                f"{self.spec.name}: {call}() gave {_described(result)}, expected a tuple of "
                f"{parts} as Gymnasium 1.0 has it; bring the environment to that interface."
            )
        with _blamed(f"{self.spec.name}: {call}() gave what cannot be read,"):
            self._readings, self.info = self._read(result[0]), dict(result[-1])
            terminated, truncated = result[2:4] or (False, False)  # reset() gives neither
            self._ended = (bool(terminated), bool(truncated))

    def _read(self, observation: Any) -> dict[str, Array]:
        named = observation if isinstance(observation, Mapping) else {UNNAMED_SENSOR: observation}
        readings = {name: _reading(np.asarray(value)) for name, value in named.items()}
        self.spec.check(readings)
        return readings


@contextmanager
def _blamed(what: str) -> Iterator[None]:
    """Whatever a stranger's environment raises is its own fault, said in one sentence."""
    try:
        yield
    except RumpusError:
        raise
    except Exception as error:
        raise WorldError(f"{what} {told(error)}; mend the environment there.") from error


def _described(result: Any) -> str:
    return f"a tuple of {len(result)}" if isinstance(result, tuple) else type(result).__name__


def _reading(value: Array) -> Array:
    """One reading as rumpus keeps it; copied, for environments write into their own arrays."""
    if value.dtype == np.uint8 and value.ndim == 2:
        return value[:, :, None].copy()
    if value.ndim == 3:
        return value.copy()
    return np.array(value, np.float32).reshape(-1)


def _parts(env: Env) -> dict[str, spaces.Space[Any]]:
    """The observation's spaces by sensor name."""
    space = env.observation_space
    return dict(space.spaces) if isinstance(space, spaces.Dict) else {UNNAMED_SENSOR: space}


def _sensor_spec(name: str, space: spaces.Space[Any], owner: str) -> SensorSpec:
    if isinstance(space, spaces.Box):
        sensor = sensor_for(name, space.shape, str(space.dtype), space.low, space.high)
        if sensor is not None:
            return sensor
    raise WorldError(
        f"{owner}: its observation '{name}' is {space}, expected a picture (Box, uint8, (h, w, c) "
        "with at most 4 channels, channels last), a vector (Box, (k,)) or a flat Dict of them; "
        "wrap the environment so that it gives one of these."
    )


def _action_limits(space: spaces.Space[Any], owner: str) -> tuple[Array, Array]:
    """Lowest and highest motor command, float64 (A,) each."""
    if not isinstance(space, spaces.Box) or not np.issubdtype(space.dtype, np.floating):
        raise WorldError(
            f"{owner}: its action is {space}, expected a Box of floats; "
            "rumpus moves by continuous actions, so wrap the environment to take them."
        )
    low, high = (np.asarray(b, np.float64).reshape(-1) for b in (space.low, space.high))
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise WorldError(
            f"{owner}: its action has no limits ({space}), expected a finite low and high for "
            "every motor; wrap it in gymnasium.wrappers.RescaleAction or declare the limits."
        )
    return low, high
