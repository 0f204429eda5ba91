"""The whole life of a robot on one page: it plays, remembers, learns, and does what is shown.

    python examples/one_page.py runs/one-page

Nobody tells it what a door is, and nobody rewards it. The same folder again: it lives on, and
learns from both lives.
"""

import sys
from pathlib import Path

import numpy as np

from rumpus.actor import Actor, MindConfig
from rumpus.body.safe_robot import SafeRobot
from rumpus.goals.skew_fit import SkewFit, SkewFitConfig
from rumpus.learner import Learner
from rumpus.memory import Memory
from rumpus.play.control import control_step
from rumpus.play.do import do
from rumpus.play.evaluate import attempt
from rumpus.play.explore import PlayChooser
from rumpus.play.progress import PlayConfig
from rumpus.replay.replay import Replay, ReplayConfig
from rumpus.replay.update_ratio import TrainConfig
from rumpus.report.strip import write_strip
from rumpus.types import Goal
from rumpus.update_schedule import UpdateSchedule
from rumpus.worlds.base import World
from rumpus.worlds.catalogue import load


def main(
    folder: Path, name: str = "door", random_steps: int = 1500, goal_steps: int = 1000
) -> None:
    """Live a small life in a folder."""
    world, elsewhere = load(name, seed=0), load(name, seed=1)
    robot = SafeRobot(world)  # no action goes beyond its limits, whatever chose it
    with open_memory(folder / "memory", world) as memory:
        rng = np.random.default_rng(len(memory))  # a second life is not the first again
        learner = Learner(world.spec, MindConfig(), seed=0)
        schedule = UpdateSchedule(learner, Replay(memory, ReplayConfig(), rng), TrainConfig())
        goals = SkewFit(SkewFitConfig(skew_exponent=-1.0))  # what has happened, rather the rare
        chooser = PlayChooser(goals, PlayConfig(random_steps=random_steps), rng, memory)
        play(robot, chooser, memory, random_steps)  # at random: it knows no better yet
        train(schedule, chooser)
        play(robot, chooser, memory, goal_steps)  # go for a goal, look around there, and again
        actor = train(schedule, chooser)
        print(f"It remembers {len(memory):,} steps, and went for {len(goals.attempts)} goals.")
        measure(elsewhere, actor, rng)
        do_what_is_shown(robot, memory, actor, elsewhere, folder / "strip.png", rng)
    robot.stop()
    elsewhere.stop()


def open_memory(path: Path, world: World) -> Memory:
    """Everything it ever senses and does goes here, for ever."""
    if Memory.exists(path):
        return Memory.open(path, spec=world.spec)
    return Memory.create(path, world.spec)


def play(robot: SafeRobot, chooser: PlayChooser, memory: Memory, steps: int) -> None:
    """Observe, choose, act, remember, over and over."""
    memory.begin_episode("play")
    for _ in range(steps):
        control_step(robot, chooser, memory)


def train(schedule: UpdateSchedule, chooser: PlayChooser) -> Actor:
    """Learn from all of memory: what follows what, how far things are apart, how to get there."""
    schedule.prepare()
    losses = schedule.train(lambda phase, done, owed: True)  # False would end it early
    trained = schedule.trained()
    assert trained is not None  # it came to its end
    chooser.take(trained.actor, trained.candidates)
    print("It trained; its losses:", ", ".join(f"{k} {v:.3f}" for k, v in losses.items()))
    return trained.actor


def measure(world: World, actor: Actor, rng: np.random.Generator) -> None:
    """Five pictures it never commanded, in a world apart from its play."""
    for trial in world.trials(5, seed=1, kind=world.trial_kinds[0]):
        name, before = world.measure.name, world.errors(trial.start, trial.goal)
        after = attempt(world, actor, trial, None, world.measure, rng, show=False).errors
        print(f"{name}: {before[name]:.3f} at the start, {after[name]:.3f} at the end")


def do_what_is_shown(
    robot: SafeRobot, memory: Memory, actor: Actor, elsewhere: World, path: Path,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Show it one picture; it does it where it lives, and remembers that, too."""
    trial = elsewhere.trials(1, seed=2, kind=elsewhere.trial_kinds[0])[0]
    goal = Goal(elsewhere.stage(trial).readings, "example", "a picture that was shown")
    done = do(robot, memory, actor, goal, elsewhere.measure.steps, rng, lambda done, total: None)
    write_strip(path, done)
    print(f"It believed itself {done.believed_before:.1f} steps from a goal, and then "
          f"{done.believed_after:.1f}; how that looked lies in {path}.")  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/one-page"))
