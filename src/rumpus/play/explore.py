"""Chooses the actions of play: reach, then explore.

Play begins with smoothed random motion. Then, over and over: go for a rare step of the past, until
it is reached or time is up, and from there begin what cannot be undone for a while, as what is new
lies next to what is rare (interview 31:41; go-explore, Ecoffet 2021).
"""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from rumpus.actor import Actor
from rumpus.body.random_motion import smoothed_action
from rumpus.goals.base import Candidates, GoalSource, Situation
from rumpus.play.control import Choice
from rumpus.play.progress import PlayConfig
from rumpus.play.stored_goal import goal_at
from rumpus.replay.base import StoredSteps
from rumpus.types import Array, Goal, Observation


@dataclass
class Attempt:
    """One goal under way.

    Attributes:
        goal: what it goes for.
        latent: (D,) of the goal, as the actor of now encodes it.
        steps_left: until it is given up.
    """

    goal: Goal
    latent: Tensor
    steps_left: int


class PlayChooser:
    """Chooses each action of play.

    Attributes:
        attempt: the goal under way, or None while exploring.
    """

    def __init__(
        self, goals: GoalSource, config: PlayConfig, rng: np.random.Generator, memory: StoredSteps
    ) -> None:
        """Play from the steps of a memory; nothing but random motion until an actor comes."""
        self.goals, self.config, self.rng, self.memory = goals, config, rng, memory
        self.attempt: Attempt | None = None
        self._actor: Actor | None = None
        self._candidates: Candidates | None = None
        self._goal_at = goal_at(memory)
        self._random_left = max(config.random_steps - len(memory), 0)
        self._explore_left = 0
        self._course: list[Array] = []
        self._last = np.zeros(memory.spec.action_size, np.float32)

    def take(self, actor: Actor, candidates: Candidates) -> None:
        """Act by another actor from now on, and choose goals among its candidates."""
        self._actor, self._candidates = actor, candidates
        self._goal_at = goal_at(self.memory)
        if self.attempt is not None:  # a new encoder: the same readings, another latent
            self.attempt.latent = actor.encode(self.attempt.goal.readings)

    def choose(self, observation: Observation) -> Choice:
        """The next action of play: towards the goal under way, or exploring."""
        actor, candidates = self._actor, self._candidates
        if self._random_left > 0 or actor is None or candidates is None:
            self._random_left -= 1
            return self._at_random()
        if self.attempt is None and self._explore_left > 0:
            self._explore_left -= 1
            return self._explore(actor, observation)
        latent = actor.encode(observation.readings)
        if self.attempt is not None:
            self._judge(self.attempt, actor, latent)
        if self.attempt is None and self._explore_left <= 0:
            self.attempt = self._next_attempt(actor, candidates, latent)
        if self.attempt is None:
            self._explore_left -= 1
            return self._explore(actor, observation)
        self.attempt.steps_left -= 1
        self._last = actor.plan_action(latent, self.attempt.latent, self.rng)
        return Choice(self._last, self.attempt.goal)

    def interrupt(self) -> Goal | None:
        """Drop the goal under way, without judging it; what that was."""
        dropped, self.attempt, self._course = self.attempt, None, []
        return None if dropped is None else dropped.goal

    def _next_attempt(self, actor: Actor, candidates: Candidates, latent: Tensor) -> Attempt | None:
        rate_hz, point = self.memory.spec.rate_hz, actor.point(latent)
        goal = self.goals.next_goal(
            Situation(latent, point, candidates, rate_hz, self._goal_at, self.rng)
        )
        if goal is None:
            return None
        return Attempt(goal, actor.encode(goal.readings), self.config.goal_steps)

    def _judge(self, attempt: Attempt, actor: Actor, latent: Tensor) -> None:
        """End an attempt that arrived, or that ran out of time."""
        reached = actor.distance(latent, attempt.latent) < self.config.reached_steps
        if reached or attempt.steps_left <= 0:
            self.goals.record_attempt(attempt.goal, reached)
            self.attempt, self._explore_left, self._course = None, self.config.explore_steps, []

    def _explore(self, actor: Actor, observation: Observation) -> Choice:
        if self.config.explores_by == "random":
            return self._at_random()
        if not self._course:
            self._course = list(actor.explore(actor.encode(observation.readings), self.rng))
        self._last = self._course.pop(0)
        return Choice(self._last)

    def _at_random(self) -> Choice:
        self._last = smoothed_action(self.rng, self._last)
        return Choice(self._last)
