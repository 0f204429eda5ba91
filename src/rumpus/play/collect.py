"""One control step: look, choose, move, remember. Chooses by playing: reach, then explore.

Play begins with smoothed random motion. Then, over and over: wish for a rare moment of the past,
go for it until it is reached or time is up, and from there move at random for a while, as what
is new lies next to what is rare (interview 31:41; go-explore, Ecoffet 2021).
"""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from rumpus.agent import Agent
from rumpus.body.robot import Robot
from rumpus.body.safety import limit
from rumpus.goals.base import GoalSource, Lived
from rumpus.memory import Memory
from rumpus.types import Array, Observation, Step


@dataclass(frozen=True)
class PlayConfig:
    """How the robot spends its play.

    Attributes:
        random_steps: of smoothed random motion before the first wish.
        goal_steps: at most, towards one wish.
        explore_steps: of random motion after each wish.
        keep: share of the last action that random motion keeps.
        noise: fresh randomness in random motion.
        reached_steps: a wish this near, in steps, is reached.
    """

    random_steps: int = 3000
    goal_steps: int = 30
    explore_steps: int = 20
    keep: float = 0.8
    noise: float = 0.5
    reached_steps: float = 1.5


@dataclass
class Pursuit:
    """One wish under way."""

    index: int
    reason: str
    latent: Tensor
    steps_left: int


class Player:
    """Chooses each action of play.

    Attributes:
        pursuit: the wish under way, or None while exploring.
    """

    def __init__(
        self, agent: Agent, goals: GoalSource, config: PlayConfig, rng: np.random.Generator
    ) -> None:
        self.agent, self.goals, self.config, self.rng = agent, goals, config, rng
        self.pursuit: Pursuit | None = None
        self.explore_left = 0
        self.last = np.zeros(agent.spec.action_size, np.float32)

    def choose(self, observation: Observation, memory: Memory) -> Array:
        """The next action, float32 (A,) in [-1, 1], as a wish and not yet limited."""
        if len(memory) < self.config.random_steps or not len(self.agent.latents):
            return self._explore()
        if self.pursuit is None and self.explore_left <= 0:
            self.pursuit = self._wish(memory)
        if self.pursuit is None:
            self.explore_left -= 1
            return self._explore()
        return self._reach(self.pursuit, observation)

    def interrupt(self) -> None:
        """Drop the wish under way, without judging it."""
        self.pursuit = None

    def _wish(self, memory: Memory) -> Pursuit:
        recalled = len(self.agent.latents)
        lived = Lived(self.agent.places(), memory.time_s[:recalled])
        choice = self.goals.choose(lived, self.rng)
        latent = self.agent.latents[choice.index].clone()
        return Pursuit(choice.index, choice.reason, latent, self.config.goal_steps)

    def _reach(self, pursuit: Pursuit, observation: Observation) -> Array:
        latent = self.agent.see(observation.sensors)
        self.last = self.agent.act(latent, pursuit.latent, self.rng)
        pursuit.steps_left -= 1
        reached = self.agent.steps_to(latent, pursuit.latent) < self.config.reached_steps
        if reached or pursuit.steps_left <= 0:
            self.goals.report(pursuit.index, reached)
            self.pursuit, self.explore_left = None, self.config.explore_steps
        return self.last

    def _explore(self) -> Array:
        noise = self.config.noise * self.rng.standard_normal(len(self.last), dtype=np.float32)
        self.last = np.clip(self.config.keep * self.last + noise, -1.0, 1.0).astype(np.float32)
        return self.last


def collect_step(robot: Robot, player: Player, memory: Memory) -> Step:
    """Live one step and remember it: the wish, the deed, and why they differ."""
    observation = robot.observe()
    before = player.pursuit
    action = player.choose(observation, memory)
    pursuit = before or player.pursuit
    limited = limit(action, robot.spec)
    terminated, truncated = robot.ended
    step = Step(
        observation, action, limited.action, limited.reason,
        pursuit.index if pursuit else -1, pursuit.reason if pursuit else "",
        terminated, truncated,
    )  # fmt: skip
    memory.append(step)
    if terminated or truncated:
        player.interrupt()
        robot.restart()
        memory.begin_episode("after a restart")
    else:
        robot.act(limited.action)
    return step
