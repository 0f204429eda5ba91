"""What each verb of the command line does, and what it says; returns the exit code.

Results go to standard output, everything else to standard error.
"""

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from rumpus.catalogue import listings
from rumpus.cli.counting import stoppable
from rumpus.cli.interrupt import INTERRUPTED, Interrupted, interruptible
from rumpus.cli.progress import telling
from rumpus.errors import InputError
from rumpus.finding import Finding
from rumpus.model.device import Device
from rumpus.play import do as attempt
from rumpus.play import evaluate as trial
from rumpus.play.goal import load_goal
from rumpus.play.progress import Progress, Until
from rumpus.report.page import check_report, report_evaluation, write_page
from rumpus.report.strip import write_strip
from rumpus.result import Row
from rumpus.run import checkpoint, play_loop
from rumpus.run.session import Asked, Session, begin_or_resume, default_folder, resume
from rumpus.service.learner_process import Beside

Part = Literal["world", "sensor", "robot", "objective", "goal_source", "planner"]


def play(
    asked: Asked, run: Path | None, until: Until, learner: Literal["resting", "beside"], json: bool
) -> int:
    """Let a robot play, or go on playing."""
    path = run or default_folder(asked)
    begun_s = time.monotonic()
    with begin_or_resume(asked, path) as session:
        _say(_greeting(session))
        before = len(session.memory)
        try:
            with interruptible() as interrupt, telling(until, session.mind.trainer) as tell:

                def watch(progress: Progress) -> None:
                    tell(progress)
                    interrupt.check()

                training = Beside(session, until, asked.device) if learner == "beside" else None
                play_loop.play(session, until, watch, training)
        except Interrupted as stop:
            session.memory.flush()
            _say(_farewell(session))
            return INTERRUPTED + stop.signal
        row = _played(session, before, time.monotonic() - begun_s)
    if json:
        print(row.json())
    else:
        print(f"{path} remembers {row.steps:,} steps; measure it with: rumpus evaluate {path}")
    return 0


def do(run: Path, goal: str, camera: str, steps: int | None, device: Device, json: bool) -> int:
    """Do what one picture shows."""
    if steps is not None and steps < 1:  # before the picture is stored
        raise InputError(f"{steps} steps were asked for, expected 1 or more.")
    begun_s = time.monotonic()
    with resume(run, write=True, device=device) as session:
        memory, mind = session.memory, session.mind
        wanted, notices = load_goal(goal, camera, memory)
        for notice in notices:
            _say(notice)
        steps = session.world.measure.steps if steps is None else steps
        with stoppable("doing") as tick:
            done = attempt.do(
                session.robot, memory, mind.learner.snapshot(), wanted, steps, mind.rng, tick
            )
        strip = session.run.report / f"do-{done.first_step}.png"
        shown = write_strip(strip, done)
        write_page(session.run)
    metrics = {"believed_before_steps": done.believed_before,
               "believed_after_steps": done.believed_after}  # fmt: skip
    if json:
        wall_s = round(time.monotonic() - begun_s, 2)
        seed = session.run.config.seed
        print(Row(f"do {goal}", seed, 1, session.mind_steps, wall_s, {**metrics}).json())
        return 0
    print(f"It believed itself {done.believed_before:.1f} steps from the goal at the start, "
          f"and {done.believed_after:.1f} at the end.")  # fmt: skip
    if shown:
        print(f"Film strip: {strip}")
    return 0


def evaluate(run: Path, goals: int, kind: str, seed: int, device: Device, json: bool) -> int:
    """Measure how well a robot does what pictures show."""
    import matplotlib  # noqa: F401  (missing, it should be missed now and not after the trials)

    with resume(run, write=False, seed=seed, device=device) as session:
        check_report(session.run)
        with stoppable("trying") as tick:
            subject = trial.Subject(
                session.mind.learner.snapshot(), session.memory, session.mind_steps,
                session.run.config.seed,
            )  # fmt: skip
            evaluation = trial.evaluate(session.world, subject, kind, goals, seed, tick)
        if json:
            print(evaluation.rows[0].json(), flush=True)
        else:  # said before it is written: minutes of trials are not lost to a full disk
            for row in evaluation.rows:
                print(trial.sentence(row, evaluation.measure), flush=True)
        page = report_evaluation(session.run, evaluation)
    if not json:
        print(f"Report: {page}")
    return 0


def check(part: Part, name: str, json: bool) -> int:
    """Say whether a part keeps its promises; 1 when it does not."""
    findings = _examiner(part)(name)
    if json:
        print(msgspec.json.encode(findings).decode())
    else:
        for finding in findings:
            print(f"{finding.verdict:8} {finding.sentence}")
    return int(any(finding.verdict == "failure" for finding in findings))


def _examiner(part: Part) -> Callable[[str], list[Finding]]:
    """What examines a part of that kind; only what is asked for is imported."""
    if part == "sensor":
        from rumpus.body.sensors.contract import examine_named
    elif part == "robot":
        from rumpus.body.robots.contract import examine_named
    elif part == "objective":
        from rumpus.objectives.contract import examine_named
    elif part == "goal_source":
        from rumpus.goals.contract import examine_named
    elif part == "planner":
        from rumpus.planning.contract import examine_named
    else:
        from rumpus.worlds.contract import examine_named
    return examine_named


def catalogue(json: bool) -> int:
    """List the worlds."""
    found = listings("world")
    if json:
        print(msgspec.json.encode(found).decode())
    else:
        for listing in found:
            print(f"{listing.name:12} {'BROKEN: ' * listing.broken}{listing.sentence}")
    return 0


def _greeting(session: Session) -> str:
    steps, path = len(session.memory), session.run.path
    if not steps:
        return f"Beginning {path}: {session.run.config.world}, seed {session.run.config.seed}."
    # None, or this was refused before: a writer where steps lack, a mind that learned from more.
    lost = session.memory.missing()
    return (f"Going on with {path}: {steps:,} steps remembered, mind as of step "
            f"{session.mind_steps:,}, {lost:,} acknowledged steps lost.")  # fmt: skip


def _farewell(session: Session) -> str:
    """What is true of play that was broken off: who insists may cut its saving short."""
    kept = f"{session.memory.acknowledged:,} steps remembered"
    if checkpoint.holds(session.run, session.mind):
        return f"Stopped and saved: {kept}; the same command goes on."
    return (f"Stopped before all was saved: {kept}, but the mind is as it was last saved; the "
            "same command goes on.")  # fmt: skip


def _played(session: Session, before: int, wall_s: float) -> Row:
    learner, attempts = session.mind.learner, session.mind.goals.attempts
    reached = sum(reached for _, reached in attempts) / max(len(attempts), 1)
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux kilobytes
    # A learner beside the robot has ended by now, and counts.
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    peak_mb = sum(each.ru_maxrss for each in used) * unit / 2**20
    return Row(
        session.run.config.world, session.run.config.seed, 1, len(session.memory), round(wall_s, 2),
        {
            "new_steps": len(session.memory) - before,
            "world_model_updates": learner.world_model_updates,
            "policy_updates": learner.policy_updates,
            "recent_goals_reached_rate": round(reached, 4),
            "processor_s": round(sum(u.ru_utime + u.ru_stime for u in used), 1),
            "peak_memory_mb": round(peak_mb, 1),
        },
    )  # fmt: skip


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
