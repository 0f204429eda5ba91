"""How play chooses: a goal is gone for, judged where it led, and followed by some exploring."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from torch import Tensor

from rumpus.actor import Actor
from rumpus.memory import Memory
from rumpus.play.explore import PlayChooser
from rumpus.play.progress import PlayConfig, Until
from rumpus.run import checkpoint
from rumpus.run.checkpoint import Mind
from rumpus.run.config import RunConfig
from rumpus.run.folder import begin, open_run
from rumpus.run.play_loop import play
from rumpus.run.session import Asked, begin_or_resume, make_mind
from rumpus.types import Array

DOT = "outside_image:DotEnv"


def playing(path: Path, memory: Memory, config: PlayConfig) -> tuple[Mind, PlayChooser]:
    """The dot's mind and a chooser that begins with a goal."""
    run = open_run(path)
    mind, saved = make_mind(memory, run.config), checkpoint.read(run)
    assert saved is not None
    checkpoint.restore(saved, mind)
    mind.goals.attempts.clear()
    mind.replay.refresh()
    chooser = PlayChooser(mind.goals, config, mind.rng, memory)
    take(mind, chooser)
    return mind, chooser


def take(mind: Mind, chooser: PlayChooser) -> None:
    mind.schedule.encode(lambda *_: True)
    trained = mind.schedule.trained()
    assert trained is not None
    chooser.take(trained.actor, trained.candidates)


def test_a_goal_out_of_reach_is_judged_after_its_last_step(dot: Path) -> None:
    config = PlayConfig(random_steps=40, goal_steps=3, explore_steps=2, reached_steps=-1.0)
    with Memory.open(dot / "memory", write=False) as memory:
        mind, chooser = playing(dot, memory, config)
        reaching, judged = [], []
        for k in range(10):
            reaching.append(chooser.choose(memory.step(k).observation).goal is not None)
            judged.append(len(mind.goals.attempts))
    assert reaching == [True, True, True, False, False] * 2
    assert judged == [0, 0, 0, 1, 1, 1, 1, 1, 2, 2]
    assert not any(reached for _, reached in mind.goals.attempts)


def test_a_goal_that_is_reached_ends_at_once(dot: Path) -> None:
    config = PlayConfig(random_steps=40, goal_steps=30, explore_steps=1, reached_steps=1e9)
    with Memory.open(dot / "memory", write=False) as memory:
        mind, chooser = playing(dot, memory, config)
        chosen = [chooser.choose(memory.step(k).observation) for k in range(6)]
    assert [choice.goal is not None for choice in chosen] == [True, False] * 3
    assert [reached for _, reached in mind.goals.attempts] == [True] * 3


@pytest.mark.parametrize("by", ["irreversible", "random"])
def test_after_a_goal_it_explores_by_what_was_asked_for(
    by: Literal["irreversible", "random"], dot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five steps of a course are acted before another is looked for, and none outlives its time."""
    config = PlayConfig(random_steps=40, goal_steps=1, explore_steps=7, explores_by=by)
    with Memory.open(dot / "memory", write=False) as memory:
        _, chooser = playing(dot, memory, config)
        courses, looked_for = list[Array](), Actor.explore

        def watched(actor: Actor, latent: Tensor, rng: np.random.Generator) -> Array:
            courses.append(looked_for(actor, latent, rng))
            return courses[-1]

        monkeypatch.setattr(Actor, "explore", watched)
        chosen = [chooser.choose(memory.step(k).observation) for k in range(17)]
    explored = [choice.action for choice in chosen if choice.goal is None]
    assert [choice.goal is None for choice in chosen].count(True) >= 14
    if by == "random":
        assert not courses
        return
    assert [len(course) for course in courses[:2]] == [5, 5]
    np.testing.assert_array_equal(explored[:7], [*courses[0], *courses[1][:2]])
    np.testing.assert_array_equal(explored[7:12], courses[2])


def test_a_goal_is_encoded_by_the_actor_of_now(dot: Path) -> None:
    """What its readings mean may change in a train phase, also while it is under way."""
    config = PlayConfig(random_steps=40, goal_steps=30, reached_steps=-1.0)
    with Memory.open(dot / "memory", write=False) as memory:
        mind, chooser = playing(dot, memory, config)
        here = memory.step(0).observation
        before = chooser.choose(here)
        assert chooser.attempt is not None
        latent = chooser.attempt.latent
        for _ in range(20):
            mind.learner.update_world_model(mind.replay.batch()[0])
        take(mind, chooser)
        after = chooser.choose(here)
        assert (chooser.attempt.latent - latent).abs().max() > 1e-3
    assert before.goal is not None
    assert after.goal is not None
    assert before.goal.step == after.goal.step
    assert np.abs(before.action - after.action).max() > 1e-4


def test_every_goal_of_play_says_where_it_is_stored(dot: Path) -> None:
    config = PlayConfig(random_steps=40, goal_steps=30, reached_steps=-1.0)
    with Memory.open(dot / "memory", write=False) as memory:
        _, chooser = playing(dot, memory, config)
        goal = chooser.choose(memory.step(0).observation).goal
        assert goal is not None
        assert goal.reference is not None
        assert goal.reference.memory == memory.id
        assert goal.reference.episode == memory.episode_of[goal.step]
        np.testing.assert_array_equal(
            goal.readings["observation"], memory.readings(goal.step)["observation"]
        )


@pytest.mark.parametrize("steps", [1, 4])
def test_play_too_short_to_learn_from_is_remembered_all_the_same(
    steps: int, tmp_path: Path
) -> None:
    run = begin(tmp_path / "run", RunConfig(DOT, play=PlayConfig(random_steps=1)))
    with begin_or_resume(Asked(DOT), run.path) as session:
        play(session, Until(steps), lambda progress: None)
        assert len(session.memory) == steps
        learner = session.mind.learner
        assert learner.world_model_updates == learner.policy_updates == 0


def test_episodes_shorter_than_a_window_never_stop_play(tmp_path: Path) -> None:
    """Every start begins an episode: a robot that is switched off every few steps goes on."""
    config = RunConfig(DOT, play=PlayConfig(random_steps=5))
    run = begin(tmp_path / "run", replace(config, train=replace(config.train, train_every=5)))
    for steps, learned in ((4, False), (8, False), (12, False), (22, True)):
        with begin_or_resume(Asked(DOT), run.path) as session:
            play(session, Until(steps), lambda progress: None)
            assert (session.mind.learner.world_model_updates > 0) == learned
