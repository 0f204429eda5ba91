"""Do what a picture shows, once, and keep it: remembered like play, and as a film strip."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from rumpus.agent import Agent
from rumpus.body.safety import limit
from rumpus.errors import InputError
from rumpus.memory.side_by_side import side_by_side
from rumpus.play.collect import Decision, collect_step
from rumpus.play.film import Tile, write_sheet
from rumpus.play.session import Session
from rumpus.spec import Readings
from rumpus.types import Array, Goal, Observation, Step

FRAMES = 8  # of what was imagined, and of what happened


@dataclass
class Doer:
    """Goes for one goal and nothing else."""

    agent: Agent
    goal: Goal
    wished: Tensor
    rng: np.random.Generator

    def choose(self, observation: Observation) -> Decision:
        """The next action towards the goal."""
        latent = self.agent.see(observation.readings)
        action = self.agent.act(latent, self.wished, self.rng)
        return Decision(action, self.goal.step_index, name(self.goal))

    def interrupt(self) -> None:
        """A goal from a person stays, whatever ends."""


@dataclass(frozen=True)
class Done:
    """What became of a goal.

    Attributes:
        goal: the goal.
        first_step: where in memory the attempt begins.
        believed_before: steps that the robot believed to lie between the start and the goal.
        believed_after: the same at the end.
        imagined: what it thought would happen, (steps, h, w, c) by picture sensor.
        happened: what its sensors read, from the start to the end.
    """

    goal: Goal
    first_step: int
    believed_before: float
    believed_after: float
    imagined: dict[str, Array]
    happened: list[Readings]


def do(session: Session, goal: Goal, steps: int, tick: Callable[[int, int], None]) -> Done:
    """Let the robot go for a goal; every step is remembered.

    Args:
        session: the run.
        goal: the readings to make true, of every sensor.
        steps: how many.
        tick: told (steps done, steps in all), between whole steps.

    Raises:
        InputError: when there is no step to do.
    """
    if steps < 1:
        raise InputError(f"{steps} steps were asked for, expected 1 or more.")
    world, memory, agent = session.world, session.memory, session.mind.agent
    wished = agent.see(goal.readings)
    doer = Doer(agent, goal, wished, session.mind.rng)
    start = agent.see(world.observe().readings)
    imagined = agent.draw(agent.intend(start, wished, steps, session.mind.rng))
    first_step, happened = len(memory), []
    memory.begin_episode(f"do {name(goal)}")
    for number in range(steps):
        tick(number, steps)
        happened.append(collect_step(world, doer, memory).observation.readings)
    last = world.observe()
    memory.append(_last_step(last, doer))
    memory.flush()
    tick(steps, steps)
    return Done(
        goal, first_step, agent.steps_to(start, wished),
        agent.steps_to(agent.see(last.readings), wished), imagined, [*happened, last.readings],
    )  # fmt: skip


def write_film(path: Path, done: Done) -> bool:
    """Write the film strip as a PNG: start and goal, what was imagined, what happened.

    Returns:
        whether there was anything to show: a robot without picture sensors leaves none.

    Raises:
        RunError: when the disk does not take it.
    """
    if side_by_side(done.happened[0]) is None:
        return False
    last = len(done.happened) - 1
    moments = np.unique(np.linspace(1, last, min(FRAMES, last)).astype(int))
    drawn = [
        Tile(f"imagined {k}", side_by_side({n: p[k - 1] for n, p in done.imagined.items()}))
        for k in moments
    ]
    lived = [Tile(f"happened {k}", side_by_side(done.happened[k])) for k in moments]
    ends = [
        Tile("start", side_by_side(done.happened[0])),
        Tile("goal", side_by_side(done.goal.readings)),
    ]
    write_sheet(path, [ends, drawn, lived])
    return True


def name(goal: Goal) -> str:
    """What a goal is called in memory: "memory:12", or "picture" and its file."""
    lived = goal.step_index >= 0
    return f"memory:{goal.step_index}" if lived else f"{goal.source} {goal.reason}"


def _last_step(observation: Observation, doer: Doer) -> Step:
    """The last moment, from which nothing was done."""
    still = limit(np.zeros(doer.agent.spec.action_size, np.float32), doer.agent.spec).action
    goal = doer.goal
    return Step(observation, still, still, "", goal.step_index, name(goal), truncated=True)
