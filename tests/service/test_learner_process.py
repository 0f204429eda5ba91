"""A learner beside the robot: it pays what is owed, and whatever ends, what was kept stays."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from rumpus.errors import RunError
from rumpus.memory import Memory
from rumpus.memory.verify import verify
from rumpus.play.progress import Progress, Until
from rumpus.run.play_loop import play
from rumpus.run.session import Asked, begin_or_resume, resume
from rumpus.service.learner_process import Beside, learn, read_actor, write_actor

DOT = "outside_image:DotEnv"
# A robot that nobody holds back runs far ahead of its learner, which then owes much.
LITTLE = {
    "train.updates_per_step": 0.02, "train.early_times": 1.0, "train.policy_updates_per_step": 0.02,
    "train.dynamics_ratio": 1.0,
}  # fmt: skip
ASKED = Asked(DOT, random_steps=40, settings=[*LITTLE.items()])
PLAY = [sys.executable, "-m", "rumpus", "play", DOT, "--random-steps", "40", "--learner", "beside"]
PLAY += [word for name, value in LITTLE.items() for word in ("--set", f"{name}={value}")]


def test_what_is_owed_is_paid_and_the_robot_acts_by_new_actors(tmp_path: Path) -> None:
    dot = tmp_path / "dot"
    with begin_or_resume(ASKED, dot) as session:
        play(session, Until(60), lambda progress: None)  # else it is done before an actor comes
    with begin_or_resume(ASKED, dot) as session:
        until = Until(1100)
        play(session, until, lambda progress: None, partial(Beside, device="cpu"))
        learner = session.mind.learner
        paid = learner.world_model_updates, learner.policy_updates
        assert paid == session.run.config.train.owed(1100, 0, 0)
    lines = (dot / "metrics.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["steps"] == 1100
    with resume(dot, write=False) as session:
        assert session.mind_steps == 1100
        assert session.mind.learner.world_model_updates == learner.world_model_updates
    with Memory.open(dot / "memory", write=False) as memory:
        assert len(memory) == 1100
        assert verify(memory.path, lambda *_: None).good
        assert (memory.goal_index >= 0).any()


def test_an_actor_goes_through_its_file_as_it_is(dot: Path) -> None:
    with resume(dot, write=False) as session:
        schedule = session.mind.schedule
        schedule.replay.refresh()
        schedule.encode(lambda *_: True)
        sent = schedule.trained()
        assert sent is not None
        write_actor(dot / "actor.safetensors", sent)
        came = read_actor(dot / "actor.safetensors", session.memory.spec, session.run.config)
        weights = came.actor.state_dict()
        assert all(torch.equal(t, weights[name]) for name, t in sent.actor.state_dict().items())
        assert came.actor.version == sent.actor.version > 0
        np.testing.assert_array_equal(came.candidates.step, sent.candidates.step)
        latent = came.actor.encode(session.memory.readings(3))
        torch.testing.assert_close(latent, sent.actor.encode(session.memory.readings(3)))
        action = came.actor.policy_action(latent, latent)
        # The same weights elsewhere in RAM may round otherwise.
        np.testing.assert_allclose(action, sent.actor.policy_action(latent, latent), rtol=1e-5)


def test_a_learner_that_died_is_told_and_every_step_stays(dot: Path) -> None:
    with begin_or_resume(Asked(DOT), dot) as session:
        until = Until(100_000)
        beside = Beside(session, until, "cpu")

        def watch(progress: Progress) -> None:
            if progress.steps == 100:
                beside.process.kill()
            time.sleep(0.001)

        with pytest.raises(RunError, match="could not go on: its process ended with -9"):
            play(session, until, watch, lambda *_: beside)
        steps = len(session.memory)
        assert session.memory.acknowledged == steps >= 100
    with resume(dot, write=False) as session:
        assert session.mind.learner.world_model_updates > 0


def test_chance_goes_on_where_a_run_goes_on(tmp_path: Path) -> None:
    """Short runs beside a learner do not move alike each time."""
    run = tmp_path / "run"
    for steps in (40, 80):
        with begin_or_resume(Asked(DOT), run) as session:
            until = Until(steps)
            play(session, until, lambda progress: None, partial(Beside, device="cpu"))
    with Memory.open(run / "memory", write=False) as memory:
        assert not np.array_equal(memory.actions[:40], memory.actions[40:])


def test_an_actor_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with begin_or_resume(ASKED, tmp_path / "dot") as session:
        (tmp_path / "dot" / "actor.safetensors.part").mkdir()
        until = Until(700)
        with pytest.raises(RunError, match=r"The actor .* cannot be written"):
            play(session, until, lambda progress: None, partial(Beside, device="cpu"))


def test_an_old_failure_is_no_reason_for_a_new_one(dot: Path) -> None:
    (dot / "learner-failed.txt").write_text("The disk was full in March.")
    with begin_or_resume(Asked(DOT), dot) as session:
        beside = Beside(session, Until(100_000), "cpu")
        beside.process.kill()
        beside.process.join()
        with pytest.raises(RunError, match="ended with -9"):
            beside.save()


def test_who_insists_on_stopping_does_not_wait_for_the_learner(
    dot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with begin_or_resume(Asked(DOT), dot) as session:
        beside = Beside(session, Until(100_000), "cpu")

        def insist() -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(beside._watch, "end", insist)
        with pytest.raises(KeyboardInterrupt):
            beside.save()
        beside.process.join(10.0)
        assert not beside.process.is_alive()


def test_a_learner_that_starts_without_its_robot_writes_nothing(dot: Path) -> None:
    """The robot was killed while its learner was still starting."""
    before = (dot / "checkpoint.safetensors").read_bytes()
    orders = multiprocessing.get_context("spawn").Queue()
    learn(dot, "cpu", orders, robot_process=1 + os.getppid())
    assert (dot / "checkpoint.safetensors").read_bytes() == before


def test_ctrl_c_ends_robot_and_learner_and_both_are_saved(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with subprocess.Popen(
        [*PLAY, "--run", str(run)], stderr=subprocess.PIPE, text=True, env=environment(),
        start_new_session=True,
    ) as process:  # fmt: skip
        while not (run / "actor.safetensors").exists():  # it has learned something
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: everybody hears it
        assert process.stderr is not None
        said = process.stderr.read()
    assert process.returncode == 130, said
    assert "Stopped" in said.splitlines()[-1]
    assert "Traceback" not in said
    with resume(run, write=False) as session:
        assert session.mind.learner.world_model_updates > 0
        assert len(session.memory) >= session.mind_steps


def test_a_learner_whose_robot_is_gone_ends_itself(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with subprocess.Popen(
        [*PLAY, "--run", str(run)], stderr=subprocess.DEVNULL, env=environment()
    ) as process:
        while not (run / "actor.safetensors").exists():
            assert process.poll() is None
            time.sleep(0.1)
        learners = children(process.pid)
        process.kill()
    assert learners
    deadline_s = time.monotonic() + 120.0  # on a machine that others keep busy
    while any(Path(f"/proc/{pid}/stat").exists() for pid in learners):
        assert time.monotonic() < deadline_s
        time.sleep(0.1)
    with resume(run, write=False) as session:  # what it saved at its end is whole
        assert session.mind.learner.world_model_updates > 0


def environment() -> dict[str, str]:
    """As here, with what can be imported here."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}


def children(pid: int) -> list[int]:
    """Processes that a process started and that are named after learning."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]
