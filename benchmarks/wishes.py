"""How many steps of practice until a wish comes true nine times of ten, and what that takes.

    python benchmarks/wishes.py --worlds cap brick mark hatch --seeds 0 1 2 3 4 --keep runs/wishes

A robot plays in a world with a wish. Then it is shown pictures of success, practises the wish, and
what it asks is answered by the world's truth, a part of a thousand steps late. After every part
fifty attempts are made in a world apart, from where the wish has not come true, and judged by that
truth; who succeeds in nine of ten has learned it. Each condition goes on from a copy of the same
play:

asked: what it asks is answered, at most twenty questions.
a tenth wrong: of these answers.
silent: nothing is answered.
from scratch: no play but the random motion at its beginning; it practises for as many steps more.
true reward: what was lived and shows the wish is told by the world's truth: the ceiling.

Beside them, from the play: never touching, and going for one of the pictures that were shown. Told
with each: answers, the share of believed pictures that are false, and whether the interval of its
success rate, as people's answers tell it, holds the truth. Writes benchmarks/results/wishes.json;
what stands there of the same commit is not lived again.
"""

import argparse
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from rumpus.goals.base import Situation
from rumpus.goals.wish import WishGoalSource
from rumpus.memory.labels import Labels, Wish, open_labels
from rumpus.memory.memory import Memory
from rumpus.play.control import Chooser
from rumpus.play.evaluate import course_of
from rumpus.play.examples import load_examples
from rumpus.play.goal_chooser import GoalChooser
from rumpus.play.progress import Until
from rumpus.play.stored_goal import goal_at
from rumpus.result import Metric, Row, over_seeds, wilson_interval, write_result
from rumpus.run.play_loop import Resting, play
from rumpus.run.session import Asked, Session, begin_or_resume
from rumpus.run.teaching import (
    BELIEVED,
    Believed,
    TeachConfig,
    Teaching,
    WishLearner,
    success_rate,
)
from rumpus.success.base import Question, SuccessClassifier
from rumpus.types import Array, Goal, Observation
from rumpus.worlds._magnet import Magnet
from rumpus.worlds.catalogue import load

RESULTS = Path(__file__).parent / "results"
WORLDS = ("cap", "brick", "mark", "hatch")
CONDITIONS = ("asked", "a tenth wrong", "silent", "from scratch", "true reward")
SHOWN_N, QUESTIONS_N, ATTEMPTS_N = 20, 20, 50
PLAYED_N, PART_N, PARTS_N = 6000, 1000, 4  # steps of play; of practice, at most so many parts
RANDOM_N = 2000  # of it, where nothing else comes before practice
LEARNED = 0.9


def truth(memory: Memory) -> Array:
    """Whether each stored step shows the wish, as the world said when it came to it: bool (N,)."""
    shows, episodes = np.zeros(len(memory), bool), memory.episode_of
    for step in range(1, len(memory)):
        if episodes[step] == episodes[step - 1] and (said := memory.step(step - 1).outcome):
            shows[step] = json.loads(said)["success"]
    return shows


class NeverAsks:
    """Stands where a classifier would, and asks nothing."""

    asks: tuple[Question, ...] = ()


class TrueLearner(WishLearner):
    """Believes what is true: the ceiling of every classifier."""

    memory: Memory

    def learn(self) -> tuple[SuccessClassifier, Believed]:
        """See `WishLearner`."""
        shows = truth(self.memory)
        steps = np.arange(len(shows))
        return NeverAsks(), Believed(steps, shows.astype(np.float32))  # type: ignore[return-value]


def answered(
    labels: Labels, wish: Wish, shows: Array, wrong: float, rng: np.random.Generator
) -> None:
    """Answer what is asked by the truth, now and then wrongly."""
    for question in labels.questions(wish):
        if not question.answers:
            says = bool(shows[question.step]) != (rng.random() < wrong)
            labels.answer(question.id, "yes" if says else "no", "truth")


def outcomes(memory: Memory, wish: Wish, first: int) -> Array:
    """Where attempts at a wish ended, int64 (n,): the picture after the last step towards it."""
    aims = [memory.step(step).goal_reason for step in range(first, len(memory))]
    ended = [step for step, (aim, then) in enumerate(zip(aims, aims[1:], strict=False), first + 1)
             if aim.startswith(f"'{wish.name}'") and aim != then]  # fmt: skip
    return np.array(ended, np.int64)


@dataclass
class Life:
    """One robot that is taught a wish under one condition."""

    session: Session
    labels: Labels
    wish: Wish
    learner: WishLearner
    goals: WishGoalSource
    world: Magnet

    def practise(self, steps: int) -> None:
        """Practise for so many steps."""
        until = Until(steps=len(self.session.memory) + steps)
        begin = partial(Teaching, begin=Resting, learner=self.learner, goals=self.goals)
        play(self.session, until, lambda _: None, begin, self.goals)

    def succeeded(self, kind: str, seed: int) -> int:
        """Of so many attempts, how many came out well: by the wish, one picture, or untouched."""
        session, world = self.session, self.world
        trained, memory = session.mind.schedule.trained(), session.memory
        assert trained is not None
        rng, successes = np.random.default_rng(seed), 0
        for trial in world.trials(ATTEMPTS_N, 1000 + seed, world.trial_kinds[0]):
            world.stage(trial)
            if kind != "never touch":
                here = trained.actor.encode(world.observe().readings)
                point, rate_hz = trained.actor.point(here), memory.spec.rate_hz
                asked = Situation(here, point, trained.candidates, rate_hz, goal_at(memory), rng)
                source = (
                    self.goals if kind == "wish" else replace(self.goals, believed=np.zeros(0, int))
                )
                goal = source.wished(asked)
                assert goal is not None
                course_of(world, GoalChooser(trained.actor, goal, rng), trial, world.measure)
            successes += world.is_success(world.state())
        return successes
