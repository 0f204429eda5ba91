"""One control step: look, choose, move, remember. Chooses by playing: reach, then explore.

Play begins with smoothed random motion. Then, over and over: wish for a rare moment of the past,
go for it until it is reached or time is up, and from there move at random for a while, as what
is new lies next to what is rare (interview 31:41; go-explore, Ecoffet 2021).
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from torch import Tensor

from rumpus.agent import Agent
from rumpus.body.random_motion import smoothed_action
from rumpus.body.safe_robot import SafeRobot
from rumpus.errors import InputError
from rumpus.goals.base import GoalSource, Lived
from rumpus.memory import Memory
from rumpus.types import Array, Executed, Observation, Step


@dataclass(frozen=True)
class PlayConfig:
    """How the robot spends its play.

    Attributes:
        random_steps: of smoothed random motion before the first wish.
        goal_steps: at most, towards one wish.
        explore_steps: of random motion after each wish.
        reached_steps: a wish this near, in discounted steps, is reached.
    """

    random_steps: int = 2000
    goal_steps: int = 40
    explore_steps: int = 10
    reached_steps: float = 2.5

    def __post_init__(self) -> None:
        if self.random_steps < 0:
            raise InputError(
                f"{self.random_steps} random steps were asked for, expected 0 or more."
            )


@dataclass(frozen=True)
class Decision:
    """What to do next, and what for.

    Attributes:
        action: the wish, float32 (A,), not yet limited.
        goal_index: the remembered moment that it goes for, or -1.
        goal_reason: why that goal, or "" while there is none.
    """

    action: Array
    goal_index: int = -1
    goal_reason: str = ""


class Chooser(Protocol):
    """Chooses each action of a robot's life."""

    def choose(self, observation: Observation) -> Decision:
        """The next action, from what is sensed now."""
        ...

    def interrupt(self) -> None:
        """The episode ended: drop what was under way, without judging it."""
        ...


@dataclass
class Pursuit:
    """One wish under way: the remembered moment that it goes for, why, and for how long yet."""

    index: int
    reason: str
    steps_left: int


class Player:
    """Chooses each action of play.

    Attributes:
        pursuit: the wish under way, or None while exploring.
    """

    def __init__(
        self, agent: Agent, goals: GoalSource, config: PlayConfig, rng: np.random.Generator,
        memory: Memory,
    ) -> None:  # fmt: skip
        self.agent, self.goals, self.config, self.rng = agent, goals, config, rng
        self.memory = memory
        self.pursuit: Pursuit | None = None
        self.explore_left = 0
        self.last = np.zeros(agent.spec.action_size, np.float32)

    def choose(self, observation: Observation) -> Decision:
        """The next action of play: random, or towards the wish under way."""
        if len(self.memory) < self.config.random_steps or not len(self.agent.latents):
            return self._explore()
        if self.pursuit is not None or self.explore_left <= 0:
            latent = self.agent.see(observation.readings)
            if self.pursuit is not None:
                self._judge(self.pursuit, latent)
            if self.pursuit is None and self.explore_left <= 0:
                self.pursuit = self._wish()
            if self.pursuit is not None:
                return self._reach(self.pursuit, latent)
        self.explore_left -= 1
        return self._explore()

    def interrupt(self) -> None:
        """Drop the wish under way, without judging it."""
        self.pursuit = None

    def _wish(self) -> Pursuit:
        # Ages are counted in steps: a robot's clock may begin anew with every start.
        lived_s = np.arange(len(self.agent.latents)) / self.agent.spec.rate_hz
        choice = self.goals.choose(Lived(self.agent.places(), lived_s), self.rng)
        return Pursuit(choice.index, choice.reason, self.config.goal_steps)

    def _judge(self, pursuit: Pursuit, latent: Tensor) -> None:
        """End a wish that was reached, or that ran out of time."""
        goal = self.agent.latents[pursuit.index]
        reached = self.agent.distance(latent, goal) < self.config.reached_steps
        if reached or pursuit.steps_left <= 0:
            self.goals.report(pursuit.index, reached)
            self.pursuit, self.explore_left = None, self.config.explore_steps

    def _reach(self, pursuit: Pursuit, latent: Tensor) -> Decision:
        # Looked up at every step: a sleep changes what the moment means.
        goal = self.agent.latents[pursuit.index]
        self.last = self.agent.react(latent, goal)
        pursuit.steps_left -= 1
        return Decision(self.last, pursuit.index, pursuit.reason)

    def _explore(self) -> Decision:
        self.last = smoothed_action(self.rng, self.last)
        return Decision(self.last)


def collect_step(robot: SafeRobot, chooser: Chooser, memory: Memory) -> Step:
    """Live one step and remember it: the action, what was executed, and why they differ."""
    observation = robot.observe()
    decision = chooser.choose(observation)
    terminated, truncated = robot.ended
    if terminated or truncated:
        executed = Executed(np.zeros(robot.spec.action_size, np.float32), "the episode had ended")
    else:
        executed = robot.act(decision.action)
    step = Step(
        observation, decision.action, executed.action, executed.reason,
        decision.goal_index, decision.goal_reason, terminated, truncated,
    )  # fmt: skip
    memory.append(step)
    if terminated or truncated:
        chooser.interrupt()
        robot.restart()
        memory.begin_episode("after a restart")
    return step
