"""Does a robot keep its promises? Moves it a little at random and answers in sentences."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from rumpus.body.random_motion import smoothed_actions
from rumpus.body.robot import Robot
from rumpus.body.safe_robot import SafeRobot
from rumpus.catalogue import make
from rumpus.errors import InputError
from rumpus.finding import Finding, failure, gather, ok, warning
from rumpus.spec import RobotSpec
from rumpus.types import Array, Observation

SEED = 0
LOOKS = 10  # observations without an action between them
LONGEST = 500  # steps in which an episode may end


def examine(made_by: Callable[[], Robot], steps: int = LONGEST) -> list[Finding]:
    """Move a robot at random and say which promises it keeps.

    Args:
        made_by: makes the robot.
        steps: control steps to move for.

    Returns:
        findings in the order in which they were looked for; a robot that raises ends the list
        with its sentence as a failure.

    Raises:
        InputError: when there is no such robot to be made.
    """
    return gather(lambda: _look(made_by(), steps), "robot")


def examine_named(name: str) -> list[Finding]:
    """Examine the robot of that name."""

    def made() -> Robot:
        # A robot that is made of an environment is tried with the lightest one of Gymnasium.
        robot = make("robot", name, {"env": _pendulum, "name": lambda: name})
        if isinstance(robot, Robot):
            return robot
        # An arm can be tried out where no Gymnasium is installed.
        import gymnasium

        from rumpus.body.robots.gymnasium import GymnasiumRobot

        if not isinstance(robot, gymnasium.Env):
            raise InputError(
                f"The robot '{name}' made a {type(robot).__name__}, expected a rumpus Robot or a "
                "gymnasium.Env; name the robot's class or a function that returns one."
            )
        return GymnasiumRobot(robot, name)

    return examine(made)


def _pendulum() -> object:
    import gymnasium

    return gymnasium.make("Pendulum-v1", disable_env_checker=True)


def _look(robot: Robot, steps: int) -> Iterator[Finding]:
    safe = SafeRobot(robot)
    try:
        yield described(robot.spec)
        yield _unmoved("observe()", [safe.observe() for _ in range(LOOKS)])
        yield _refusing(safe)
        yield from _acting(safe, steps)
        safe.rest()
        safe.rest()
        yield ok("It may rest twice.")
    finally:
        safe.stop()
    safe.stop()
    yield ok("It may be stopped twice.")


def described(spec: RobotSpec) -> Finding:
    """What a robot senses and how it moves; a failure where that is nothing."""
    sensors = ", ".join(map(str, spec.sensors))
    size = spec.action_size
    sentence = (
        f"It senses {sensors}; it moves by {size} number{'s' * (size != 1)} in [-1, 1] "
        f"at {spec.rate_hz:g} Hz."
    )
    return ok(sentence) if spec.sensors and size > 0 and spec.rate_hz > 0 else failure(sentence)


def differing(one: Observation, other: Observation) -> list[str]:
    """The sensors that read differently in two observations, or give something in only one."""
    names = dict.fromkeys([*one.readings, *other.readings])
    pairs = {name: (one.readings.get(name), other.readings.get(name)) for name in names}
    return [name for name, (a, b) in pairs.items()
            if a is None or b is None or not np.array_equal(a, b)]  # fmt: skip


def silences(given: Counter[str], spec: RobotSpec, count: int) -> list[Finding]:
    """One finding for each sensor that gave nothing in some of `count` observations."""
    findings = []
    for sensor in spec.sensors:
        missing = count - given[sensor.name]
        sentence = f"Sensor '{sensor.name}' gave nothing in {missing} of {count} observations"
        if missing == count:
            findings.append(failure(f"{sentence}; mend the sensor, or do not declare it."))
        elif missing:
            findings.append(ok(f"{sentence}; it was left out there."))
    return findings


def _unmoved(by: str, seen: list[Observation]) -> Finding:
    """Whether the readings stayed the same while nobody acted."""
    for one, other in itertools.pairwise(seen):
        if names := differing(one, other):
            if other.time_s == one.time_s:
                return failure(f"Its {by} changed '{names[0]}' in no time; let it only look.")
            return warning(
                f"'{names[0]}' changed while nobody acted; let nothing move at {by}, unless the "
                "sensor is noisy or the world moves by itself."
            )
    return ok(f"Its {by} moves nothing.")


def _refusing(safe: SafeRobot) -> Finding:
    """Whether an action that is no number leaves the robot as it was."""
    before = safe.observe()
    try:
        safe.act(np.full(safe.spec.action_size, np.nan, np.float32))
    except InputError:
        return _unmoved("refusal of an action that is no number", [before, safe.observe()])
    return failure("It took an action that is no number; ask it through SafeRobot.")


def _acting(safe: SafeRobot, steps: int) -> Iterator[Finding]:
    """What comes of actions: what was executed, the clock, silent sensors, ends of episodes."""
    given: Counter[str] = Counter()
    times_s, ends, silent_changes = [safe.observe().time_s], 0, 0
    for action in smoothed_actions(np.random.default_rng(SEED), steps, safe.spec.action_size):
        if any(safe.ended):
            safe.restart()
            ends += 1
            if any(safe.ended):
                yield failure("It is still ended after restart(); begin an episode there.")
                return
        executed = safe.act(action)
        silent_changes += executed.reason == "" and not _near(executed.action, action)
        seen = safe.observe()
        given.update(seen.readings.keys())
        times_s.append(seen.time_s)
    yield from silences(given, safe.spec, steps)
    if silent_changes:
        yield failure(
            f"It executed another action than it was asked for in {silent_changes} of {steps} "
            "steps and gave no reason; give one in Executed.reason."
        )
    else:
        yield ok("It says what it executed, and why where that is another action.")
    if (np.diff(times_s) > 0).all():
        yield ok(f"Its time grew in all of {steps} steps.")
    else:
        yield failure("Its time does not grow at every step; mend `time_s`.")
    yield ok(f"Its episodes ended {ends} times in {steps} steps and began anew." if ends
             else f"It never ended in {steps} steps.")  # fmt: skip


def _near(executed: Array, action: Array) -> bool:
    return bool(np.allclose(executed, action, rtol=0.0, atol=1e-5))
