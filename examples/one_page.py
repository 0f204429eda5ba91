"""The whole life of a robot on one page: it plays, remembers, learns, and does what is shown.

    python examples/one_page.py runs/one-page

Nobody tells it what a door is, and nobody rewards it. The same folder again: it lives on, and
learns from both lives.
"""

import sys
from pathlib import Path

import numpy as np

from rumpus.agent import Agent, AgentConfig
from rumpus.body.safety import limit
from rumpus.goals.base import Lived
from rumpus.goals.skew_fit import SkewFit, SkewFitConfig
from rumpus.memory import Memory
from rumpus.memory.side_by_side import side_by_side
from rumpus.play.film import Tile, write_sheet
from rumpus.play.learn import chunks
from rumpus.replay import sampler
from rumpus.replay.hindsight import HindsightConfig, hindsight
from rumpus.types import Array, Step
from rumpus.worlds.base import Trial, World
from rumpus.worlds.catalogue import load
from rumpus.worlds.random_play import smoothed_action

GOAL_STEPS, REACHED_STEPS = 30, 2.5


def main(folder: Path, name: str = "door", random_steps: int = 1500, wishes: int = 20) -> None:
    """Live a small life in a folder."""
    world = load(name, seed=0)
    agent = Agent(world.spec, AgentConfig(), seed=0)
    goals = SkewFit(SkewFitConfig(skew_exponent=-1.0))
    with open_memory(folder, world) as memory:
        rng = np.random.default_rng(len(memory))  # a second life is not the first again
        move_at_random(world, memory, random_steps, rng)
        sleep(agent, memory, updates=random_steps // 4, practice=random_steps // 2, rng=rng)
        for _ in range(wishes):
            live_for_a_wish(world, agent, goals, memory, rng)
        sleep(agent, memory, updates=wishes * 4, practice=wishes * 8, rng=rng)
        print(f"It remembers {len(memory):,} steps.")
    world.stop()
    elsewhere = load(name, seed=1)
    measure(elsewhere, agent, rng)
    film(elsewhere, agent, folder / "film.png", rng)
    elsewhere.stop()


def open_memory(folder: Path, world: World) -> Memory:
    """Everything it ever sees and does goes here, for ever."""
    if Memory.exists(folder / "memory"):
        return Memory.open(folder / "memory", spec=world.spec)
    return Memory.create(folder / "memory", world.spec)


def live(world: World, memory: Memory, wish: Array, goal_index: int = -1, reason: str = "") -> None:
    """One step: look, let the safety box have its say, remember wish and deed, move."""
    observation = world.observe()
    deed = limit(wish, world.spec)
    memory.append(Step(observation, wish, deed.action, deed.reason, goal_index, reason))
    world.act(deed.action)


def move_at_random(world: World, memory: Memory, steps: int, rng: np.random.Generator) -> None:
    """Babble: each action keeps most of the one before."""
    memory.begin_episode("random motion")
    action = np.zeros(world.spec.action_size, np.float32)
    for _ in range(steps):
        action = smoothed_action(rng, action)
        live(world, memory, action)


def sleep(
    agent: Agent, memory: Memory, updates: int, practice: int, rng: np.random.Generator
) -> None:
    """Learn from all of memory: what comes of what, how far things are apart, how to get there."""
    for _ in range(updates):
        losses = agent.update(sampler.sample(memory, rng, batch=64, length=6)).losses
    agent.recall(chunks(memory), len(memory))
    for _ in range(practice):
        moments = hindsight(rng, memory.episode_of, memory.goal_index, 512, HindsightConfig())
        losses |= agent.practise(moments)
    print("It slept; its losses:", ", ".join(f"{k} {v:.3f}" for k, v in losses.items()))


def live_for_a_wish(
    world: World, agent: Agent, goals: SkewFit, memory: Memory, rng: np.random.Generator
) -> None:
    """Wish for something rare that has happened, go for it, and look around there."""
    lived_s = np.arange(len(agent.latents)) / world.spec.rate_hz
    choice = goals.choose(Lived(agent.places(), lived_s), rng)
    wished = agent.latents[choice.index]
    memory.begin_episode(f"a wish: {choice.reason}")
    for steps_left in reversed(range(GOAL_STEPS + 1)):
        latent = agent.see(world.observe().readings)
        reached = agent.distance(latent, wished) < REACHED_STEPS
        if reached or not steps_left:
            break
        live(world, memory, agent.react(latent, wished), choice.index, choice.reason)
    goals.report(choice.index, reached)
    move_at_random(world, memory, 20, rng)


def pursue(world: World, agent: Agent, trial: Trial, rng: np.random.Generator) -> list[Array]:
    """Show it one picture and let it act; returns what it was shown and then saw."""
    shown = world.stage(trial).readings
    wished = agent.see(shown)
    seen = [shown]
    for _ in range(world.measure.steps):
        seen.append(world.observe().readings)
        action = agent.act(agent.see(seen[-1]), wished, rng)
        world.act(limit(action, world.spec).action)
    return [picture for sensors in seen if (picture := side_by_side(sensors)) is not None]


def measure(world: World, agent: Agent, rng: np.random.Generator) -> None:
    """Five pictures it never commanded, in a world apart from its play."""
    for trial in world.trials(5, seed=1, kind=world.trial_kinds[0]):
        before = world.errors(trial.start, trial.goal)[world.measure.name]
        pursue(world, agent, trial, rng)
        after = world.errors(world.state(), trial.goal)[world.measure.name]
        print(f"{world.measure.name}: {before:.3f} at the start, {after:.3f} at the end")


def film(world: World, agent: Agent, path: Path, rng: np.random.Generator) -> None:
    """One picture, as a film strip."""
    trial = world.trials(1, seed=2, kind=world.trial_kinds[0])[0]
    goal, *seen = pursue(world, agent, trial, rng)
    frames = [Tile(f"step {k}", seen[k]) for k in range(0, len(seen), 8)]
    write_sheet(path, [[Tile("goal", goal)], frames])
    print(f"A film strip of one picture lies in {path}.")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/one-page"))
