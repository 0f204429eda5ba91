"""Any Gymnasium environment as a robot: its actions scaled to [-1, 1], its readings named.

What it hands to play are the observations alone. What it says of its own task, a reward or a
success, is kept as an action's outcome, for people; `info` is never part of an observation, see
`worlds/gymnasium_env.py` for the one use of `info["state"]`.
"""

import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from types import FrameType
from typing import Any

import gymnasium as gym
import numpy as np

from rumpus.body.robot import Robot, check_action
from rumpus.body.robots._spaces import motors_of, sensors_of
from rumpus.errors import RumpusError, WorldError, told
from rumpus.spec import RobotSpec
from rumpus.types import Array, Executed, Observation

USUAL_RATE_HZ = 10.0
LONGEST_CALL_S = 60.0  # of a reset or a step, before it counts as hanging
SUCCESSES = ("is_success", "success")  # in `info`, as Fetch and Meta-World say it
Env = gym.Env[Any, Any]


class GymnasiumRobot(Robot):
    """A robot made of a `gymnasium.Env`; its first episode begins when it is first asked.

    Until then nothing moves: an arm behind this interface is not reset to be looked at. Time is
    simulated: `time_s` grows by 1 / rate_hz a step and by as much at a restart. The rate is the
    environment's `metadata["render_fps"]`, or 10 Hz where it declares none.

    Args:
        env: see `_spaces.py` for the spaces that fit.
        name: what messages and the run call it.
        seed: of the first episode; later episodes follow from it.

    Attributes:
        notices: how its spaces were adapted, and what was left out.
        raw: the last observation as the environment gave it; `info` that came with it.

    Raises:
        WorldError: when a space cannot be used, naming it and what would do; here and later,
            when a call of the environment raises, hangs or gives what cannot be read.
    """

    def __init__(self, env: Env, name: str, seed: int = 0) -> None:
        self.env, self._seed = env, seed
        self._motors = motors_of(env.action_space, name)
        self._sensors, notices = sensors_of(env.observation_space, name)
        self.notices = tuple(notices)
        self.spec = RobotSpec(
            name=name,
            sensors=tuple(sensor.spec for sensor in self._sensors),
            action_size=self._motors.size,
            rate_hz=float(env.metadata.get("render_fps") or USUAL_RATE_HZ),
            motor_ranges=self._motors.ranges,
        )
        self._steps, self._begun, self._stopped = 0, False, False

    def begin(self, seed: int | None) -> None:
        """Begin an episode, from a seed or from where the random numbers stand."""
        self._begun = True
        if seed is not None:  # Meta-World draws from here, whatever reset() is told
            with suppress(AttributeError):  # an environment may keep its chance to itself
                self.env.unwrapped.np_random = np.random.default_rng(seed)
        self._take("reset", 2, lambda: self.env.reset(seed=seed))

    def first(self) -> None:
        """Begin the first episode, where none has begun."""
        if not self._begun:
            self.begin(self._seed)

    def observe(self) -> Observation:
        self.first()
        return Observation(self._readings, self._steps / self.spec.rate_hz)

    def act(self, action: Array) -> Executed:
        """Carry out one action.

        Raises:
            InputError: when the action is not A numbers in [-1, 1].
            WorldError: when the episode has ended and `restart` was not called.
        """
        check_action(action, self.spec)
        self.first()
        if any(self._ended):
            raise WorldError(
                f"{self.spec.name}: its episode has ended and it was told to act; "
                "call restart() first."
            )
        command, executed = self._motors.command(action)
        self._take("step", 5, lambda: self.env.step(command))
        self._steps += 1
        reason = "" if np.array_equal(executed, action) else self._motors.reason
        return Executed(executed, reason, self._outcome)

    @property
    def ended(self) -> tuple[bool, bool]:
        self.first()
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
        with _blamed(f"{self.spec.name}: {call}() raised"), in_time(f"{self.spec.name}: {call}()"):
            result = given_by()
        if not isinstance(result, tuple) or len(result) != parts:
            raise WorldError(
                f"{self.spec.name}: {call}() gave {_described(result)}, expected a tuple of "
                f"{parts} as Gymnasium 1.0 has it; bring the environment to that interface."
            )
        with _blamed(f"{self.spec.name}: {call}() gave what cannot be read,"):
            self.raw, self.info = result[0], dict(result[-1])
            self._readings = self._read(self.raw)
            terminated, truncated = result[2:4] or (False, False)  # reset() gives neither
            self._ended = (bool(terminated), bool(truncated))
            self._outcome = _outcome(result[1], self.info) if parts == 5 else ""

    def _read(self, observation: Any) -> dict[str, Array]:
        readings = {s.spec.name: s.reading(observation) for s in self._sensors}
        self.spec.check(readings)
        return readings


@contextmanager
def in_time(what: str) -> Iterator[None]:
    """Give up a call that does not come back; only the main thread can be called back from one.

    Raises:
        WorldError: when it lasted longer than `LONGEST_CALL_S`.
    """

    def give_up(number: int, frame: FrameType | None) -> None:
        raise WorldError(f"{what} did not come back within {LONGEST_CALL_S:g} s; mend it there.")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, LONGEST_CALL_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _blamed(what: str) -> Iterator[None]:
    """Whatever a stranger's environment raises is its own fault, said in one sentence."""
    try:
        with redirect_stdout(sys.stderr):  # it may print what it likes: that is no result
            yield
    except RumpusError:
        raise
    except (Exception, SystemExit) as error:
        raise WorldError(f"{what} {told(error)}; mend the environment there.") from error


def _outcome(reward: Any, info: dict[str, Any]) -> str:
    """What an environment says of its own task, as JSON; "" where that is no finite number."""
    told = {"reward": reward} | {name: info[name] for name in SUCCESSES if name in info}
    finite = {
        name: float(value) for name, value in told.items()
        if isinstance(value, int | float | np.number | np.bool_) and np.isfinite(value)
    }  # fmt: skip
    return json.dumps(finite) if finite else ""


def _described(result: Any) -> str:
    return f"a tuple of {len(result)}" if isinstance(result, tuple) else type(result).__name__
