"""Must learn: the whole loop, from a new robot to doing what pictures show, in under a minute.

The world is one moving dot that rumpus has never seen. The control is the same mind shown a
picture at random instead of the one that is judged.
"""

from pathlib import Path

import pytest

from rumpus.play.evaluate import Subject, TrialConfig, evaluate
from rumpus.play.progress import PlayConfig, Until
from rumpus.replay.update_ratio import TrainConfig
from rumpus.result import Row
from rumpus.run.config import RunConfig
from rumpus.run.folder import begin
from rumpus.run.play_loop import play
from rumpus.run.session import Asked, begin_or_resume, resume

CONFIG = RunConfig(
    "outside_image:DotEnv",
    play=PlayConfig(random_steps=300),
    train=TrainConfig(train_every=100, updates_per_step=0.5, policy_updates_per_step=0.5),
)


def median(row: Row) -> float:
    error = row.metrics["median_worst_part_error"]
    assert isinstance(error, float)
    return error


@pytest.mark.usefixtures("outside")
def test_a_robot_that_played_does_what_a_picture_shows(tmp_path: Path) -> None:
    run = begin(tmp_path / "run", CONFIG)
    with begin_or_resume(Asked(CONFIG.world), run.path) as session:
        play(session, Until(steps=400), lambda _: None)
        assert (session.memory.goal_index >= 0).any()  # it went for goals of its own
    with resume(run.path, write=False, seed=99) as session:
        actor = session.mind.learner.snapshot()
        subject = Subject(actor, session.memory, session.mind_steps, 0)
        found = evaluate(session.world, subject, TrialConfig(15, seed=1), lambda *_: None)
    agent, *baselines = found.rows
    assert {row.variant.split(",")[0] for row in baselines} >= {"as at the start", "random goal"}
    for baseline in baselines:
        assert median(agent) < 0.5 * median(baseline), baseline.variant
