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
        doubts: of what each chosen action leads to, see `Actor.doubt`.
    """

    def __init__(self, actor: Actor, goal: Goal, rng: np.random.Generator) -> None:
        self.actor, self.goal, self.rng = actor, goal, rng
        self.latent = actor.encode(goal.readings)
        self.doubts = list[float]()

    def choose(self, observation: Observation) -> Choice:
        """The next action towards the goal."""
        here = self.actor.encode(observation.readings)
        action = self.actor.plan_action(here, self.latent, self.rng)
        self.doubts.append(float(self.actor.doubt(here, action[None])[0]))
        return Choice(action, self.goal)

    @property
    def doubted_rate(self) -> float:
        """The share of its actions whose outcome it did not trust, NaN included."""
        return float(np.mean(~(np.array(self.doubts) <= 1.0))) if self.doubts else 0.0

    def interrupt(self) -> Goal | None:
        """A goal that was asked for stays, whatever ends."""
        return self.goal
