"""Chooses actions towards one goal and nothing else: what a person asked for, or an evaluation."""

import numpy as np

from rumpus.actor import Actor
from rumpus.play.control import Choice
from rumpus.types import Goal, Observation


class GoalChooser:
    """Goes for one goal by the best action that the actor can think of.

    Attributes:
        goal: what it goes for.
        latent: (D,) of the goal.
    """

    def __init__(self, actor: Actor, goal: Goal, rng: np.random.Generator) -> None:
        self.actor, self.goal, self.rng = actor, goal, rng
        self.latent = actor.encode(goal.readings)

    def choose(self, observation: Observation) -> Choice:
        """The next action towards the goal."""
        here = self.actor.encode(observation.readings)
        return Choice(self.actor.plan_action(here, self.latent, self.rng), self.goal)

    def interrupt(self) -> Goal | None:
        """A goal that was asked for stays, whatever ends."""
        return self.goal
