"""What can be had in a world before anything is learned; truth is used for everything here.

Three questions to each world of mind.py: does random motion come to what is asked for, does a
search with the true simulator get there, and does a picture tell the truth that it shows? Of a run
that is given, also whether its latent does, by a linear map.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from worlds._finger import HAND_M, turned

from rumpus.body.random_motion import smoothed_actions
from rumpus.planning.cem import Cem, CemConfig
from rumpus.play.evaluate import TrialConfig, draw_trials, over_time, summary
from rumpus.result import Metric, Row, wilson_interval
from rumpus.run.session import load_actor
from rumpus.spec import Readings
from rumpus.types import Array
from rumpus.worlds import ball, curtain, die, stick
from rumpus.worlds._fingertip import BACK_M, Fingertip
from rumpus.worlds._simulation import SimulatedWorld
from rumpus.worlds.base import State, Trial
from rumpus.worlds.catalogue import load
from rumpus.worlds.door import DoorConfig
from worlds import dial, drawer, lever, u_maze

if TYPE_CHECKING:  # it needs a package of other people's worlds
    from worlds.push_t import PushT

SEARCH = CemConfig(horizon=10, candidates=24, elites=5, iterations=3)
FINGERTIP_UNIT_M = 0.005
HAND_UNIT_M = 0.05  # so far from its hold a hand counts as much as one tolerance
ARRIVED_M, BEHIND_M = 0.015, 0.05  # a thing from its goal; the hand from a thing's middle
A_THING = 10.0  # what a thing that is left counts: more than the way to the next one
RANDOM_STEPS_N, STILL_SHARE = 10_000, 0.01  # of the tolerance: a thing that moves less stands still
PICTURED_N, HELD_OUT_SHARE = 1000, 0.25  # trials of each kind, two pictures each
POOLED_PX, RIDGE = 2, 1e-4
Simulated: TypeAlias = "SimulatedWorld | PushT"
Features = Callable[[Readings], Array]  # of n observations together, (n, F)


def possible(world: str, name: str, trials: int, run: Path | None) -> Iterator[Row]:
    """All that is found out about one world.

    Args:
        world: what mind.py calls it.
        name: what rumpus calls it.
        trials: for the search, of each kind.
        run: of this world, to ask what its latent holds; None for none.
    """
    made, dream = load(name, 1000), load(name, 1001)
    assert isinstance(made, SimulatedWorld)
    assert isinstance(dream, SimulatedWorld)
    yield from (chance(made, kind) for kind in made.trial_kinds)
    touch = isinstance(made, Fingertip)  # no linear map tells how a die is turned: faces.py
    if not touch:
        yield told(made, "told by the picture", pooled)
    if run and not touch:
        actor = load_actor(run)
        yield told(made, "told by the latent", lambda seen: np.asarray(actor.encode(seen)))
    for kind in made.trial_kinds:
        asked = TrialConfig(trials, kind, farther_than=made.measure.tolerance)
        yield searched(made, dream, asked, AWAY[world])


# Does random motion come there?


def chance(world: Simulated, kind: str) -> Row:
    """How often random motion moves what is asked for, and how many goals it passes in its life."""
    begun_s, near = time.monotonic(), world.measure.tolerance
    goals = [trial.goal for trial in world.trials(100, 1000, kind)]
    least, moved, before = np.full(len(goals), np.inf), 0, dict(world.state())
    for action in smoothed_actions(
        np.random.default_rng(0), RANDOM_STEPS_N, world.spec.action_size
    ):
        world.act(action)
        now = dict(world.state())
        if world.headline_error(now, before) > STILL_SHARE * near:
            moved += 1
            least = np.minimum(least, [world.headline_error(now, goal) for goal in goals])
        before = now
    passed = int((least <= near).sum())
    metrics: dict[str, Metric] = {
        "moved_share": moved / RANDOM_STEPS_N,
        "goals_passed_rate": passed / len(goals),
        "goals_passed_interval": wilson_interval(passed, len(goals)),
    }
    wall_s = round(time.monotonic() - begun_s, 2)
    return Row(f"random play, {kind}", 0, len(goals), RANDOM_STEPS_N, wall_s, metrics)


# Does a search get there?


def searched(
    world: SimulatedWorld, dream: SimulatedWorld, asked: TrialConfig,
    away: Callable[[State, State], float],
) -> Row:  # fmt: skip
    """A plan at every step with the true simulator; where it has arrived, the hand rests."""
    begun_s, ends, courses = time.monotonic(), [], []
    planner, rng = Cem(world.spec.action_size, SEARCH), np.random.default_rng(0)
    for trial in draw_trials(world, asked):
        course = []
        world.stage(trial)
        for _ in range(world.measure.steps):
            if world.headline_error(world.state(), trial.goal) <= world.measure.tolerance / 2:
                world.act(np.zeros(world.spec.action_size, np.float32))
            else:
                imagine = imagined(dream, world.save(), trial, away)
                world.act(planner.plan(imagine, lambda costs: costs.sum(-1), rng).actions[0])
            course.append(world.headline_error(world.state(), trial.goal))
        ends.append(world.errors(world.state(), trial.goal))
        courses.append(course)
    metrics = summary(ends, world.measure) | over_time(courses, world.measure.tolerance)
    wall_s = round(time.monotonic() - begun_s, 2)
    return Row(f"search, true simulator, {asked.kind}", 0, asked.goals, 0, wall_s, metrics)


def imagined(
    dream: Simulated, saved: Array, trial: Trial, away: Callable[[State, State], float]
) -> Callable[[Array], tuple[Array, Array]]:
    """A function from actions (N, H, A) to the costs (N, H) of what truly follows, and actions."""

    def imagine(actions: Array) -> tuple[Array, Array]:
        costs = np.empty(actions.shape[:2])
        for candidate, sequence in enumerate(actions):
            dream.restore(saved)
            for step, action in enumerate(sequence):
                dream.act(action)
                state = dream.state()
                error = dream.headline_error(state, trial.goal) / dream.measure.tolerance
                costs[candidate, step] = error + away(state, trial.goal)
        return costs, actions

    return imagine


def from_hold(hold: Callable[[State], Array]) -> Callable[[State, State], float]:
    """How far the hand is from where it has hold of the thing, in `HAND_UNIT_M`."""

    def away(state: State, _: State) -> float:
        place = hold(state)
        hand = [state[name] for name in (*HAND_M, "hand_z_m")[: len(place)]]
        return float(np.linalg.norm(hand - place)) / HAND_UNIT_M

    return away


def from_behind(*things: tuple[str, str]) -> Callable[[State, State], float]:
    """How far the hand is from behind the first thing that is not where it belongs yet.

    One thing after the other: who goes for the farthest turns to another one all the time.
    """

    def away(state: State, goal: State) -> float:
        ways = [np.array([state[n] - goal[n] for n in names]) for names in things]
        far = [float(np.linalg.norm(way)) for way in ways]
        left = [k for k, distance in enumerate(far) if distance > ARRIVED_M]
        if not left:
            return 0.0
        k = left[0]
        behind = np.array([state[n] for n in things[k]]) + ways[k] * BEHIND_M / far[k]
        hand = float(np.linalg.norm([state[n] for n in HAND_M] - behind))
        return (hand + sum(far)) / HAND_UNIT_M + A_THING * len(left)

    return away


def in_loop(state: State) -> Array:
    """Where the door's loop is, and the peg half dipped into it, (3,)."""
    config = DoorConfig()
    turn = state["angle_rad"] - config.range_rad / 2 - np.pi / 2
    height = (config.low_m[2] + config.high_m[2]) / 2
    return np.append(turned(config.loop_radius_m, turn), height)


def round_the_bar(state: State, _: State) -> float:
    """How far the hand is from behind the drawer's bar, on a way round whatever is between."""
    slot = np.array([0.0, drawer.MIDDLE_M - state["drawer_m"]])
    at = np.array([state[name] for name in HAND_M])
    beside = np.array([np.copysign(drawer.ASIDE_M, at[0]), slot[1]])
    off, way = at[1] - slot[1], [at, slot]
    if abs(off) > drawer.SLOT_M / 2:  # before the bar, or beside the drawer behind its front
        way = [at, beside, slot]
        if off < 0 and abs(at[0]) < drawer.ASIDE_M:
            way = [at, beside - [0.0, drawer.SLOT_M], beside, slot]
    return float(np.linalg.norm(np.diff(way, axis=0), axis=1).sum()) / HAND_UNIT_M


def round_the_wall(state: State, goal: State) -> float:
    """How much longer the way through the U is than the crow's, in tolerances of 3 cm."""
    here, there = (np.array([each[n] for n in u_maze.UMaze.names]) for each in (state, goal))
    if here[1] * there[1] > 0:
        return 0.0
    gap = np.array([u_maze.HALF_M - u_maze.GAP_M / 2, 0.0])
    return float(np.linalg.norm(here - gap) + np.linalg.norm(gap - there)
                 - np.linalg.norm(here - there)) / 0.03  # fmt: skip


def at_fork(state: State) -> Array:
    """Where the lever's fork is, (2,)."""
    fork: Array = turned(lever.FORK_M, state["lever_rad"] - np.pi / 2) + np.array(
        [0.0, lever.PIVOT_M]
    )
    return fork


def lever_away(state: State, goal: State) -> float:
    """The flag comes late: how far the lever is from where the flag should be counts too."""
    return 10 * abs(state["lever_rad"] - goal["flag_rad"]) + from_hold(at_fork)(state, goal)


def off(top_m: float, *names: str) -> Callable[[State, State], float]:
    """How far a fingertip is from the top of a thing, its places sideways by name, in 5 mm.

    A thing without a name there has its place in the middle.
    """

    def away(state: State, _: State) -> float:
        thing = [state[name] if name else 0.0 for name in names]
        hand = np.array([state[name] for name in (*HAND_M, "hand_z_m")])
        return float(np.linalg.norm(hand - [*thing, top_m])) / FINGERTIP_UNIT_M

    return away


AWAY = {
    "door": from_hold(in_loop),
    "sprung_door": from_hold(in_loop),
    "television": from_hold(in_loop),
    "puck": from_behind(("puck_x_m", "puck_y_m")),
    "wide_table": from_behind(("cube_x_m", "cube_y_m")),
    "two_pucks": from_behind(("blue_x_m", "blue_y_m"), ("green_x_m", "green_y_m")),
    "drawer": round_the_bar,
    "dial": from_hold(lambda s: turned(dial.PINS_M, s["dial_rad"])),
    "u_maze": round_the_wall,
    "lever": lever_away,
    "ball": off(ball.PRESSED_M, "ball_x_m", "ball_y_m"),
    "stick": off(stick.STICK_M - BACK_M, "", ""),
    "die": off(die.PRESSED_M, "die_x_m", "die_y_m"),
    "curtain": off(curtain.PRESSED_M, "sled_x_m", "bar_y_m"),
}


# Does a picture tell it?


def told(world: Simulated, how: str, features: Features) -> Row:
    """What a ridge regression on features reads of the truth, held out: R2, and the error."""
    begun_s = time.monotonic()
    seen, states = pictured(world)
    found = features({name: np.stack([each[name] for each in seen]) for name in seen[0]})
    names = [name for name in world.names if not name.startswith("hand")]  # of what is asked for
    truth = np.array([[state[name] for name in names] for state in states])
    angles = np.array([name.endswith("_rad") for name in names])
    wanted = np.hstack([truth[:, ~angles], np.cos(truth[:, angles]), np.sin(truth[:, angles])])
    rng = np.random.default_rng(0)  # both pictures of a trial on the same side
    held = np.repeat(rng.random(len(seen) // 2) < HELD_OUT_SHARE, 2)
    mean, spread = wanted[~held].mean(0), wanted[~held].std(0)
    read = ridge(found[~held], (wanted[~held] - mean) / spread, found[held]) * spread + mean
    left = ((read - wanted[held]) ** 2).mean(0) / wanted[held].var(0)
    places, turns = np.split(read, [int((~angles).sum())], axis=1)
    cosine, sine = np.split(turns, 2, axis=1)
    said = np.empty_like(truth[held])
    said[:, ~angles], said[:, angles] = places, np.arctan2(sine, cosine)
    errors = []
    for values, true in zip(said, truth[held], strict=True):
        one, other = (dict(zip(names, each.tolist(), strict=True)) for each in (values, true))
        errors.append({world.measure.name: world.headline_error(one, other)})
    metrics = summary(errors, world.measure) | {"least_r2": round(float(1 - left.max()), 4)}
    wall_s = round(time.monotonic() - begun_s, 2)
    return Row(how, 0, len(errors), int((~held).sum()), wall_s, metrics)


def pictured(world: Simulated) -> tuple[list[Readings], list[State]]:
    """Goals and starts of many trials of every kind, in turn: what is sensed, and the truth."""
    seen, states = list[Readings](), list[State]()
    for seed, kind in enumerate(world.trial_kinds):
        for trial in world.trials(PICTURED_N, seed, kind):
            seen += [world.stage(trial).readings, world.observe().readings]
            states += [trial.goal, trial.start]
    return seen, states


def pooled(readings: Readings) -> Array:
    """The pictures' colours in squares of `POOLED_PX`, (n, F)."""
    pictures = readings["camera"].astype(np.float32) / 255
    n, height, width, colours = pictures.shape
    shape = (n, height // POOLED_PX, POOLED_PX, width // POOLED_PX, POOLED_PX, colours)
    squares: Array = pictures.reshape(shape).mean((2, 4)).reshape(n, -1)
    return squares


def ridge(features: Array, wanted: Array, asked: Array) -> Array:
    """What a ridge regression of wanted (n, K) on features (n, F) says of asked (m, F), (m, K)."""
    mean = features.mean(0)
    known = features - mean
    gram = known.T @ known + RIDGE * len(known) * np.eye(known.shape[1])
    said: Array = (asked - mean) @ np.linalg.solve(gram, known.T @ wanted)
    return said
