"""How many steps of practice until a wish comes true nine times of ten, and what that takes.

    python benchmarks/wishes.py --worlds door pusher cap brick --seeds 0 1 2 3 4 --keep runs/wishes

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
success rate, as people's answers tell it, holds the truth. Writes benchmarks/results/wishes.json.
"""

import argparse
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from worlds.wished import Wished

from rumpus.goals.base import Situation
from rumpus.goals.wish import WishGoalSource
from rumpus.memory.labels import Labels, Wish, open_labels
from rumpus.memory.memory import Memory
from rumpus.model.part import Part
from rumpus.play.evaluate import course_of
from rumpus.play.examples import load_examples
from rumpus.play.goal_chooser import GoalChooser
from rumpus.play.progress import Until
from rumpus.play.stored_goal import goal_at
from rumpus.result import Metric, Row, over_seeds, wilson_interval, write_result
from rumpus.run.play_loop import Resting, play
from rumpus.run.session import Asked, Session, begin_or_resume
from rumpus.run.teaching import Believed, TeachConfig, Teaching, WishLearner, success_rate
from rumpus.success.base import Evidence, Question, SuccessClassifier
from rumpus.types import Array
from rumpus.worlds._magnet import Magnet
from rumpus.worlds.base import Trial
from rumpus.worlds.catalogue import load

RESULTS = Path(__file__).parent / "results"
WORLDS = {
    "door": "worlds.wished:DoorOpen", "pusher": "worlds.wished:PuckOnMark",
    "cap": "cap", "brick": "brick", "mark": "mark", "hatch": "hatch",
}  # fmt: skip
CONDITIONS = ("asked", "a tenth wrong", "silent", "from scratch", "true reward")
SHOWN_N, QUESTIONS_N, ATTEMPTS_N = 20, 20, 50
PLAYED_N, PART_N, PARTS_N = 6000, 1000, 4  # steps of play; of practice, at most so many parts
RANDOM_N = 2000  # of it, where nothing else comes before practice
LEARNED = 0.9


def wishful(name: str, seed: int) -> Magnet | Wished:
    """The world of that name, which has a wish."""
    world = load(WORLDS[name], seed)
    assert isinstance(world, Magnet | Wished)
    return world


def attempts(world: Magnet | Wished, count: int, seed: int) -> list[Trial]:
    """Trials that begin where the wish has not come true, and whose goal shows it."""
    if isinstance(world, Wished):
        return world.wishes(count, seed)
    return world.trials(count, seed, world.trial_kinds[0])


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
    part: Part[Any]

    def learn(self, evidence: Evidence, updates: int, rng: np.random.Generator) -> float:
        """See `SuccessClassifier`; never called."""
        raise NotImplementedError

    def belief(self, pictures: Array) -> Array:
        """See `SuccessClassifier`; never called."""
        raise NotImplementedError

    def judged(self, evidence: Evidence) -> Array:
        """See `SuccessClassifier`; never called."""
        raise NotImplementedError


class TrueLearner(WishLearner):
    """Believes what is true: the ceiling of every classifier."""

    def learn(self) -> tuple[SuccessClassifier, Believed]:
        """See `WishLearner`."""
        assert isinstance(self.memory, Memory)
        shows = truth(self.memory)
        surely = shows.astype(np.float32)
        return NeverAsks(), Believed(np.arange(len(shows)), surely, surely)


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
    ended = [step for step, (aim, then) in enumerate(pairwise(aims), first + 1)
             if aim.startswith(f"'{wish.name}'") and aim != then]  # fmt: skip
    return np.array(ended, np.int64)


@dataclass
class Life:
    """One robot that is taught a wish.

    Attributes:
        session: its run.
        learner: of the wish.
        goals: what it goes for.
        world: another of the same, for attempts that it does not remember.
        seed: of the attempts.
    """

    session: Session
    learner: WishLearner
    goals: WishGoalSource
    world: Magnet | Wished
    seed: int

    def practise(self, steps: int) -> None:
        """Practise for so many steps; 0 learns what is known."""
        until = Until(steps=len(self.session.memory) + steps)
        begin = partial(Teaching, begin=Resting, learner=self.learner, goals=self.goals)
        play(self.session, until, lambda _: None, begin, self.goals)

    def succeeded(self, kind: str = "wish") -> int:
        """Of so many attempts, how many came out well: at the wish, at one picture, untouched."""
        trained, memory = self.session.mind.schedule.trained(), self.session.memory
        assert trained is not None
        actor, rng, successes = trained.actor, np.random.default_rng(self.seed), 0
        shown = replace(self.goals, believed=np.zeros(0, np.int64))
        source = self.goals if kind == "wish" else shown
        world = self.world
        for trial in attempts(world, ATTEMPTS_N, 1000 + self.seed):
            world.stage(trial)
            if kind != "never touch":
                here = actor.encode(world.observe().readings)
                point, known = actor.point(here), trained.candidates
                where = Situation(here, point, known, memory.spec.rate_hz, goal_at(memory), rng)
                goal = source.wished(where)
                assert goal is not None
                course_of(world, GoalChooser(actor, goal, rng), trial, world.measure)
            successes += world.is_success(world.state())
        return successes

    def row(self, variant: str, successes: int, begun_s: float, **more: Metric) -> Row:
        """The figures of so many attempts that came out well."""
        rate = successes / ATTEMPTS_N
        metrics: dict[str, Metric] = {
            "success_rate": rate, "success_interval": wilson_interval(successes, ATTEMPTS_N), **more
        }  # fmt: skip
        steps, wall_s = len(self.session.memory), round(time.monotonic() - begun_s, 1)
        return Row(variant, self.session.run.config.seed, ATTEMPTS_N, steps, wall_s, metrics)

    def told(self, first: int) -> dict[str, Metric]:
        """What is believed and was answered, beside the truth."""
        labels, wish, shows = self.learner.labels, self.learner.wish, truth(self.session.memory)
        believed, ended = self.goals.believed, outcomes(self.session.memory, wish, first)
        asked = labels.questions(wish)
        metrics: dict[str, Metric] = {
            "answers_n": float(sum(bool(question.answers) for question in asked)),
            "believed_n": float(len(believed)),
        }
        if len(believed):
            metrics["believed_false_share"] = round(float(1.0 - shows[believed].mean()), 4)
        if len(ended):
            metrics["attempts_n"] = float(len(ended))
            metrics["attempts_succeeded_rate"] = round(float(shows[ended].mean()), 4)
        if (rate := success_rate(asked)) and len(ended):
            low, high = rate.interval
            metrics["told_interval"] = rate.interval
            metrics["told_holds_rate"] = float(low <= shows[ended].mean() <= high)
        return metrics


@contextmanager
def life(run: Path, name: str, seed: int, condition: str, pictures: Path) -> Iterator[Life]:
    """Wake a robot that has played, and show it what success looks like."""
    questions = 0 if condition == "true reward" else QUESTIONS_N
    with (
        begin_or_resume(Asked(WORLDS[name], seed), run) as session,
        open_labels(session.memory.path) as labels,
    ):
        memory, world = session.memory, wishful(name, 1000 + seed)
        camera = memory.spec.sensors[0]
        wish = Wish(world.wish, len(memory), camera.name, "positive_unlabelled")
        shown = load_examples([str(pictures)], camera, memory, session.robot.observe)
        memory.flush()
        labels.teach(wish, shown.steps)
        learn = TrueLearner if condition == "true reward" else WishLearner
        learner = learn(labels, wish, memory, TeachConfig(questions=questions), seed)
        yield Life(session, learner, WishGoalSource(session.mind.goals, wish.name), world, seed)


def show(name: str, seed: int, folder: Path) -> None:
    """Write pictures of success: the goals of trials."""
    folder.mkdir(parents=True, exist_ok=True)
    world = wishful(name, 500 + seed)
    for number, trial in enumerate(attempts(world, SHOWN_N, 500 + seed)):
        (picture,) = world.stage(trial).readings.values()
        Image.fromarray(picture).save(folder / f"{number:02}.png")


def played(run: Path, name: str, seed: int, steps: int) -> None:
    """Let a robot play, where it has not yet."""
    with begin_or_resume(Asked(WORLDS[name], seed), run) as session:
        if len(session.memory) < steps:
            play(session, Until(steps=steps), lambda _: None)


def taught(keep: Path, name: str, seed: int, condition: str) -> list[Row]:
    """One condition, from play to a learned wish: a row for every part of practice."""
    begun_s, pictures = time.monotonic(), keep / f"{name}-{seed}-shown"
    show(name, seed, pictures)
    scratch, slug = condition == "from scratch", condition.replace(" ", "-")
    base = keep / f"{name}-{seed}{'-random' * scratch}"
    played(base, name, seed, RANDOM_N if scratch else PLAYED_N)
    run = keep / f"{name}-{seed}-{slug}"
    shutil.rmtree(run, ignore_errors=True)
    shutil.copytree(base, run)
    rng, rows = np.random.default_rng(seed), list[Row]()
    wrong = 0.1 if condition == "a tenth wrong" else 0.0
    parts = PARTS_N + (PLAYED_N - RANDOM_N) // PART_N * scratch
    with life(run, name, seed, condition, pictures) as robot:
        first = len(robot.session.memory)
        for part in range(parts + 1):
            robot.practise(PART_N * (part > 0))
            successes, variant = robot.succeeded(), f"{name}, {condition}"
            more = robot.told(first) | {"practised_steps": float(PART_N * part)}
            done = successes >= LEARNED * ATTEMPTS_N or part == parts
            rows.append(robot.row(variant + f", {part}" * (not done), successes, begun_s, **more))
            if part == 0 and condition == "asked":
                for kind in ("never touch", "one picture"):
                    rows.append(robot.row(f"{name}, {kind}", robot.succeeded(kind), begun_s))
            if done:
                break
            if condition != "silent":
                labels, wish = robot.learner.labels, robot.learner.wish
                answered(labels, wish, truth(robot.session.memory), wrong, rng)
    shutil.rmtree(run)
    return rows


def main() -> None:
    """Teach every wish under every condition, and write what came of it as it grows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--worlds", nargs="+", default=WORLDS, choices=WORLDS)
    parser.add_argument("--conditions", nargs="+", default=CONDITIONS, choices=CONDITIONS)
    parser.add_argument("--seeds", nargs="+", type=int, default=range(5))
    parser.add_argument("--keep", type=Path, required=True, help="where runs are kept")
    parser.add_argument("--out", type=Path, default=RESULTS / "wishes.json")
    given, rows = parser.parse_args(), list[Row]()
    for seed in given.seeds:
        for name in given.worlds:
            for condition in given.conditions:
                rows += taught(given.keep, name, seed, condition)
                write_result(given.out, "wishes", rows)
                print("\n".join(row.json() for row in rows[-2:]), flush=True)
    print("\n".join(over_seeds(rows, "success_rate")))


if __name__ == "__main__":
    main()
