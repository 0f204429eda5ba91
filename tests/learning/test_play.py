"""Must learn: the whole loop, from a new robot to doing what pictures show, in under a minute.

The world is one moving dot that rumpus has never seen. The control is the same mind shown a
picture at random instead of the one that is judged.
"""

from pathlib import Path

import pytest

from rumpus.play.collect import PlayConfig
from rumpus.play.evaluate import evaluate
from rumpus.play.learn import LearnConfig
from rumpus.play.loop import Until, make_mind, open_memory, play
from rumpus.play.result import Row
from rumpus.play.run import RunConfig, begin
from rumpus.play.session import resume
from rumpus.worlds.catalogue import load

CONFIG = RunConfig(
    "outside_image:DotEnv",
    play=PlayConfig(random_steps=350),
    learn=LearnConfig(sleep_every=100, updates_per_step=0.5, practice_per_step=0.5),
)


def median(row: Row) -> float:
    error = row.metrics["median_mean_error_px"]
    assert isinstance(error, float)
    return error


@pytest.mark.usefixtures("outside")
def test_a_robot_that_played_does_what_a_picture_shows(tmp_path: Path) -> None:
    run = begin(tmp_path / "run", CONFIG)
    world = load(CONFIG.world)
    with open_memory(run, world.spec) as memory:
        play(run, world, memory, make_mind(world.spec, CONFIG), Until(steps=500), lambda _: None)
        assert (memory.goal_index >= 0).any()  # it went for wishes of its own
    with resume(run.path, write=False, seed=99) as session:
        found = evaluate(session, "", goals=30, seed=1, tick=lambda *_: None)
    agent, *baselines = found.rows
    assert {row.variant.split(",")[0] for row in baselines} >= {"as at the start", "random goal"}
    for baseline in baselines:
        assert median(agent) < 0.5 * median(baseline), baseline.variant
