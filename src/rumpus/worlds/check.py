"""Does a world keep its promises? Plays in it at random and answers in sentences.

Promises: readings as declared, the same play from the same seed, trials that put the world where
they say, and a place worth playing in: random motion changes what is seen, both ways, and never
gets stuck. `state()` is read here to measure; it goes nowhere else.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from rumpus.body.random_motion import smoothed_actions
from rumpus.body.robots.check import described, differing, silences
from rumpus.body.safe_robot import SafeRobot, check_readings
from rumpus.finding import Finding, failure, gather, ok, warning
from rumpus.replay.replay import ReplayConfig
from rumpus.types import Array, Observation
from rumpus.worlds.base import State, World, unrepeatable
from rumpus.worlds.catalogue import load

Make = Callable[[], World]
Limits = Mapping[str, tuple[float, float]]
SEED = 0
TWIN_STEPS = 100  # play repeated in a second world of the same seed
STILL_SHARE, SLOW_SHARE = 0.01, 0.10  # of steps in which something changes: failure, warning
MOVED_SHARE = 1e-3  # of its seen range: a scalar that moves less in a step stands still
BINS = 10  # of a scalar's seen range, to tell how evenly play covers it
STUCK_SHARE = 0.5  # of all steps without moving, at a stretch: warning
SEEN_SHARE = 0.5  # of what a scalar can be, seen by random play: warning below
MOST_SCALARS = 12  # told one by one
WINDOW_STEPS = ReplayConfig().window_steps
PLACED_SHARE = 0.02  # of its seen range: how near a scalar must be to where a trial puts it


@dataclass
class Played:
    """What random play saw, in memory that does not grow with the size of pictures.

    Attributes:
        first: the first TWIN_STEPS + 1 observations, the first one before any action.
        times_s: capture time of every observation.
        states: simulator truth at every observation.
        restarts: indices of observations that begin an episode.
        changed: for each observation after an action, whether any sensor reads differently.
        moved: the sensors that an action was ever seen to change.
        seen: lowest and highest reading by sensor.
        given: how many readings each sensor gave.
    """

    first: list[Observation] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    restarts: set[int] = field(default_factory=set)
    changed: list[bool] = field(default_factory=list)
    moved: set[str] = field(default_factory=set)
    seen: dict[str, tuple[float, float]] = field(default_factory=dict)
    given: Counter[str] = field(default_factory=Counter)

    def note(self, observation: Observation, state: State) -> None:
        """Take down one step."""
        if len(self.first) <= TWIN_STEPS:
            self.first.append(observation)
        self.times_s.append(observation.time_s)
        self.states.append(dict(state))
        self.given.update(observation.readings.keys())
        for name, reading in observation.readings.items():
            low, high = self.seen.get(name, (np.inf, -np.inf))
            self.seen[name] = min(low, float(reading.min())), max(high, float(reading.max()))

    def values(self, name: str) -> Array:
        """A scalar of the state at every observation, float64."""
        return np.array([state[name] for state in self.states])

    def changes(self, name: str) -> Array:
        """Change of a scalar of the state by each action, float64."""
        acted = [i for i in range(len(self.states) - 1) if i + 1 not in self.restarts]
        changes: Array = np.diff(self.values(name))[acted]
        return changes


def examine(make: Make, steps: int = 2000) -> list[Finding]:
    """Play in a world at random and say which promises it keeps.

    Args:
        make: makes the world afresh, always with the same seed.
        steps: random control steps to play.

    Returns:
        findings in the order in which they were looked for; a world that raises ends the list
        with its sentence as a failure.

    Raises:
        InputError: when there is no such world to be made.
    """
    return gather(lambda: _look(make, steps), "world")


def examine_named(name: str) -> list[Finding]:
    """Examine the world of that name."""
    return examine(lambda: load(name))


def _look(make: Make, steps: int) -> Iterator[Finding]:
    world = make()
    try:
        yield described(world.spec)
        told = world.notices
        yield from map(ok, told)
        played = play_at_random(world, steps)
        yield from map(warning, world.notices[len(told) :])
        yield from silences(played.given, world.spec, len(played.times_s))
        yield _kept(world, played)
        yield _episodes(played)
        yield _repeatable(make, played)
        yield _lively(played)
        yield from _unmoved(world, played)
        yield from _both_ways(played, world.limits)
        yield _trials(world, played)
    finally:
        world.stop()


def play_at_random(world: World, steps: int) -> Played:
    """Play `steps` smoothed random actions, restarting where an episode ends.

    Raises:
        WorldError: when a reading or an executed action does not keep the world's spec.
    """
    rng, robot = np.random.default_rng(SEED), SafeRobot(world)
    played, before = Played(), robot.observe()
    played.note(before, world.state())
    for action in smoothed_actions(rng, steps, world.spec.action_size):
        if ended := any(robot.ended):
            robot.restart()
            played.restarts.add(len(played.states))
        else:
            robot.act(action)
        now = robot.observe()
        played.note(now, world.state())
        if not ended:
            changed = differing(before, now)
            played.moved.update(changed)
            played.changed.append(bool(changed))
        before = now
    return played


def _kept(world: World, played: Played) -> Finding:
    """The clock and the range; shapes and dtypes were checked in play."""
    if not (np.diff(played.times_s) > 0).all():
        return failure("Its capture time does not grow at every step; mend `time_s`.")
    for sensor in world.spec.sensors:
        low, high = played.seen.get(sensor.name, (sensor.low, sensor.high))
        if low < sensor.low or high > sensor.high:
            return warning(
                f"Sensor '{sensor.name}' ranged over {low:.3g} to {high:.3g}, outside its declared "
                f"{sensor.low:.3g} to {sensor.high:.3g}; declare what it can read."
            )
    count = len(played.times_s)
    return ok(f"All {count:,} readings keep the declared shape, dtype and range.")


def _episodes(played: Played) -> Finding:
    steps, ends = len(played.states) - 1, len(played.restarts)
    if not ends:
        return ok(f"It was never reset in {steps:,} steps.")
    longest = int(np.diff([0, *sorted(played.restarts), len(played.states)]).max())
    if longest < WINDOW_STEPS:
        return warning(
            f"None of its {ends:,} episodes lasted the {WINDOW_STEPS} steps that learning takes at "
            f"a time, the longest lasted {longest}: nothing is learned; let them last longer."
        )
    if steps < ends * WINDOW_STEPS:
        return warning(
            f"Its episodes ended {ends:,} times in {steps:,} steps; learning takes stretches of "
            f"{WINDOW_STEPS} steps, so from most of them nothing is learned: let them last longer."
        )
    return ok(f"Its episodes ended {ends:,} times in {steps:,} steps and began anew.")


def _repeatable(make: Make, played: Played) -> Finding:
    world = make()
    try:
        twin = play_at_random(world, len(played.first) - 1)
    finally:
        world.stop()
    for i, (one, other) in enumerate(zip(played.first, twin.first, strict=True)):
        if names := differing(one, other):
            return failure(
                f"The same seed and actions gave another '{names[0]}' at step {i}; "
                "draw every random number from the seed."
            )
    steps = len(played.first) - 1
    return ok(f"The same seed and actions gave the same readings for {steps:,} steps.")


def _lively(played: Played) -> Finding:
    share = float(np.mean(played.changed))
    sentence = f"Random play changed what is seen in {share:.0%} of the steps"
    if share < STILL_SHARE:
        return failure(f"{sentence}; there is nothing to learn: let actions do more.")
    if share < SLOW_SHARE:
        return warning(f"{sentence}; learning will be slow: let actions do more.")
    return ok(f"{sentence}.")


def _unmoved(world: World, played: Played) -> Iterator[Finding]:
    """Sensors that say something which nothing in an episode changes, as a task's target."""
    names = [s.name for s in world.spec.sensors if s.name not in played.moved]
    for name in names if played.moved else []:
        yield warning(f"Sensor '{name}' never changed within an episode: no action reaches it, so "
                      "it is left out of goals.")  # fmt: skip


def _both_ways(played: Played, limits: Limits) -> list[Finding]:
    """One finding for each scalar of the state, or one for all where they are too many."""
    names = list(played.states[0])
    found = [_scalar(name, played.values(name), played.changes(name), limits.get(name))
             for name in names]  # fmt: skip
    if len(found) <= MOST_SCALARS:
        return found
    good = sum(finding.verdict == "ok" for finding in found)
    sentence = (
        f"Its state has {len(found)} scalars, {good} of which random play moved both ways "
        "over their whole range; name a few true scalars to learn more."
    )
    return [ok(sentence) if good else warning(sentence)]


def _scalar(
    name: str, values: Array, changes: Array, limits: tuple[float, float] | None
) -> Finding:
    low, high = float(values.min()), float(values.max())
    if high == low:
        return warning(f"{name} never moved from {low:.3g}; random play cannot reach it.")
    moved = MOVED_SHARE * (high - low)
    up, down = float((changes > moved).mean()), float((changes < -moved).mean())
    counts = np.histogram(values, BINS, (low, high))[0]
    still = longest_still(np.abs(changes) > moved)
    share = (high - low) / (limits[1] - limits[0]) if limits else 1.0
    could = f" of {limits[0]:.3g} to {limits[1]:.3g}" if limits else ""
    sentence = (
        f"{name} rose in {up:.1%} and fell in {down:.1%} of the steps, ranged over {low:.3g} to "
        f"{high:.3g}{could}, was in {np.count_nonzero(counts)} of {BINS} parts of it, "
        f"and stood still for at most {still} steps"
    )
    if min(up, down) == 0.0:
        return warning(f"{sentence}; it goes one way only: play without resets stops.")
    if still > STUCK_SHARE * len(changes):
        return warning(f"{sentence}; play gets stuck: make it easier to move again.")
    if not counts.all():
        return warning(f"{sentence}; parts of its range are hardly ever seen.")
    if share < SEEN_SHARE:
        return warning(f"{sentence}; random play saw {share:.0%} of what it can be: the rest is "
                       "for goals to find.")  # fmt: skip
    return ok(f"{sentence}.")


def longest_still(moved: Array) -> int:
    """Most steps in a row without moving; `moved` is bool (steps,)."""
    edges = np.flatnonzero(np.concatenate([[True], moved, [True]]))
    return int(np.diff(edges).max()) - 1


def _trials(world: World, played: Played) -> Finding:
    for kind in world.trial_kinds:
        trials = world.trials(3, SEED, kind)
        if trials != world.trials(3, SEED, kind):
            return failure(f"The trials '{kind}' differ from call to call; use the seed.")
        if why := unrepeatable(world, trials):
            return failure(f"The trials '{kind}' do not repeat: {why}; use the seed.")
        for trial in trials:
            check_readings(world.stage(trial), world.spec)
            state = world.state()
            far = [n for n, v in trial.start.items() if abs(state[n] - v) > _near(played, n)]
            if far:
                return failure(
                    f"A trial '{kind}' says {far[0]} = {trial.start[far[0]]:.3g} and the world "
                    f"began at {state[far[0]]:.3g}; mend stage() or the trial."
                )
            if world.measure.name not in (errors := world.errors(state, trial.goal)):
                return failure(
                    f"It measures '{world.measure.name}', which errors() does not give; "
                    f"it gives: {', '.join(errors)}."
                )
    return ok(f"Its trials ({', '.join(world.trial_kinds)}) begin where they say.")


def _near(played: Played, name: str) -> float:
    return PLACED_SHARE * float(np.ptp(played.values(name))) + 1e-6
