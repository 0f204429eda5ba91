"""However a play or an evaluation ends, what was kept and learned stays, and truth is told."""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import checkpoints
import pytest

from rumpus.body.robot import Robot
from rumpus.body.safe_robot import SafeRobot
from rumpus.cli.command_line import main
from rumpus.cli.playing import farewell
from rumpus.errors import RunError
from rumpus.memory import Memory
from rumpus.play.progress import Progress, Until
from rumpus.run import play_loop
from rumpus.run.session import Asked, begin_or_resume
from rumpus.types import Array, Executed, Observation
from rumpus.update_schedule import ENCODING, POLICY
from rumpus.worlds.catalogue import load

DOT = "outside_image:DotEnv"


class Jammed(Robot):
    """The dot, but it cannot be stopped, and breaks down at its third step."""

    def __init__(self) -> None:
        self.dot, self.stops = load(DOT), 0
        self.spec, self.acts = self.dot.spec, 0

    def observe(self) -> Observation:
        if self.acts == 3:
            raise OSError("the eye fell out")
        return self.dot.observe()

    def act(self, action: Array) -> Executed:
        self.acts += 1
        return self.dot.act(action)

    def stop(self) -> None:
        self.stops += 1
        raise OSError("the brake is broken")


def test_a_robot_that_cannot_be_stopped_costs_neither_memory_nor_mind(dot: Path) -> None:
    robot = Jammed()
    with begin_or_resume(Asked(DOT), dot) as session:
        with pytest.raises(OSError, match="brake"):
            play_loop.play(replace(session, robot=SafeRobot(robot)), Until(70), lambda _: None)
        assert robot.stops == 1
        assert session.memory.acknowledged == len(session.memory) == 63
        said = "Stopped: 63 steps remembered, mind saved as of step {}; the same command goes on."
        assert farewell(session) == said.format(63)
        session.run.checkpoint.write_bytes(b"cut short")
        assert farewell(session) == said.format(0)


def test_a_mind_that_cannot_be_saved_still_stops_the_robot_and_keeps_the_steps(dot: Path) -> None:
    (dot / "checkpoint.safetensors.part").mkdir()
    robot = Jammed()
    with begin_or_resume(Asked(DOT), dot) as session:
        with pytest.raises(RunError, match="cannot be written"):
            play_loop.play(replace(session, robot=SafeRobot(robot)), Until(70), lambda _: None)
        assert robot.stops == 1
        assert session.memory.acknowledged == 63


def test_a_diverged_mind_does_not_replace_the_good_one(dot: Path) -> None:
    good = (dot / "checkpoint.safetensors").read_bytes()
    with begin_or_resume(Asked(DOT), dot) as session:
        weights = session.mind.learner.policy.learned.parameters()
        next(weights).data.fill_(float("nan"))
        with pytest.raises(RunError, match=r"The mind diverged: '.*' is no longer finite"):
            play_loop.play(session, Until(100), lambda _: None)
    assert (dot / "checkpoint.safetensors").read_bytes() == good
    with Memory.open(dot / "memory", write=False) as memory:
        assert len(memory) == 100


def test_time_that_is_up_ends_the_encoding_too(dot: Path) -> None:
    seen: list[Progress] = []
    with begin_or_resume(Asked(DOT), dot) as session:
        schedule = session.mind.schedule
        schedule.replay.refresh()
        assert not schedule.encode(lambda *_: False)
        assert schedule.trained() is None
        schedule.learner.world_model_updates -= 1
        assert schedule.train(lambda *_: False) == {}  # in no time
        assert schedule.trained() is None
        assert schedule.train(lambda phase, *_: phase != POLICY)
        trained = schedule.trained()
        assert trained is not None
        assert len(trained.candidates.step) == 60
        until = Until(minutes=1e-9)
        play_loop.play(session, until, seen.append)
    assert [progress.phase for progress in seen] == [ENCODING, "saved"]


def test_figures_are_said_also_where_they_cannot_be_written(
    dot: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (dot / "report" / "evaluate-by-seed.json.part").mkdir(parents=True)
    capfd.readouterr()
    assert main(["evaluate", str(dot), "--goals", "1"]) == 2
    out, err = capfd.readouterr()
    assert re.search("^agent, by seed  .* 1$", out, re.MULTILINE)
    assert "cannot be written" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "figures",
    [
        '{"name": 3}',
        '{"name": "evaluate", "rows": []}',
        '{"name": "e", "date": "d", "command": "c", "rows": [], "measure": {"name": "error_m"}}',
        '{"name": "e", "date": "d", "command": "c", "measure": {"name": "error_m", "tolerance": 1,'
        ' "steps": 1}, "rows": [{"variant": "agent", "seed": 0, "n": 1, "steps": 1, "wall_s": 1,'
        ' "metrics": {}}]}',
    ],
)
def test_damaged_figures_are_one_sentence(
    dot: Path, figures: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (dot / "report").mkdir(exist_ok=True)
    (dot / "report" / "evaluate-old.json").write_text(figures)
    capfd.readouterr()
    assert main(["do", str(dot), "--goal", "memory:0", "--steps", "1"]) == 2
    err = capfd.readouterr().err
    assert "evaluate-old.json cannot be understood" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "change",
    [{"steps": "many"}, {"attempts": [3]}, {"random_state": {}}, {"world_model_updates": None}],
)
def test_a_checkpoint_that_tells_nonsense_is_one_sentence(
    dot: Path, change: dict[str, object], capfd: pytest.CaptureFixture[str]
) -> None:
    checkpoints.change(dot / "checkpoint.safetensors", **change)
    capfd.readouterr()
    assert main(["evaluate", str(dot)]) == 2
    err = capfd.readouterr().err
    assert "cannot be used" in err
    assert err.count("\n") == 1


# When the reader's memory has been counted, and before anything is drawn from it, play saves.
MEANWHILE = """
import sys
from pathlib import Path
import checkpoints
from rumpus.cli.command_line import main

armed = [True]

def meanwhile(event, told):
    if event == "open" and str(told[0]).endswith("index.raw") and armed:
        armed.clear()
        checkpoints.change(Path(sys.argv[1]) / "checkpoint.safetensors", steps=61)

sys.addaudithook(meanwhile)
code = main(["evaluate", sys.argv[1], "--goals", "1"])
assert not armed
sys.exit(code)
"""


def test_a_run_that_saves_meanwhile_is_measured_as_it_was(dot: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEANWHILE, dot], capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether a process handles a signal by now, as Linux tells it."""
    (mask,) = (line.split()[1] for line in Path(f"/proc/{pid}/status").read_text().splitlines()
               if line.startswith("SigCgt"))  # fmt: skip
    return bool(int(mask, 16) >> (number - 1) & 1)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_ends_an_evaluation_is_told_by_the_exit_code(dot: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "rumpus", "evaluate", str(dot), "--goals", "300"]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    ) as process:  # fmt: skip
        while not catches(process.pid, signal.SIGTERM):  # from just before the first trial
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(number)
        assert process.stderr is not None
        said = process.stderr.read()
    assert said == "Stopped.\n"
    assert process.returncode == 128 + number
