"""What `rumpus play` tells: what it begins or goes on with, how it was stopped, its figures."""

import math
import resource
import sys

from rumpus.cli.verb import remark
from rumpus.play.progress import Progress, Until, Watch
from rumpus.result import Row
from rumpus.run.checkpoint import Study
from rumpus.run.mind_file import saved_steps
from rumpus.run.session import Session
from rumpus.run.train_phase import learns_first


def greeting(session: Session, until: Until) -> str:
    """What is begun or gone on with, and where there is nothing more to do."""
    steps, path = len(session.memory), session.run.path
    if not steps:
        return f"Beginning {path}: {session.run.config.world}, seed {session.run.config.seed}."
    # None, or this was refused before: a writer where steps lack, a mind that learned from more.
    lost = session.memory.missing()
    more = ""
    if learns_first(session):
        more += " It learns from them before it moves, and no random steps come first."
    if (own := session.world.spec.rate_hz) != (theirs := session.memory.spec.rate_hz):
        more += f" They were made at {theirs:g} steps a second, and it makes {own:g}."
    if session.world.spec.motor_ranges and not session.memory.spec.motor_ranges:
        more += " They do not say how far their motors go: as far as these, it is believed."
    if steps >= (until.steps or math.inf):
        more += (f" It has played the {until.steps:,} steps that --steps asks for in all: it does "
                 "not move, ask for more.")  # fmt: skip
    return (f"Going on with {path}: {steps:,} steps remembered, mind as of step "
            f"{session.mind_steps:,}, {lost:,} acknowledged steps lost.{more}")  # fmt: skip


def farewell(session: Study) -> str:
    """What is true of play that was broken off: who insists may cut its saving short."""
    return (f"Stopped: {session.memory.acknowledged:,} steps remembered, mind saved as of step "
            f"{saved_steps(session.run.checkpoint):,}; the same command goes on.")  # fmt: skip


def too_short(session: Study) -> str:
    """Why nothing can be learned from episodes that all end too soon; "" where one may last."""
    window = session.run.config.replay.window_steps
    lengths = [0, *(episode.length for episode in session.memory.episodes())]
    # An episode that has just begun, or is not all written yet, says nothing of how long it lasts.
    if max(lengths) >= window or sum(lengths) < 5 * window:
        return ""
    return (f"No episode lasted the {window} steps that it learns from at a time, the longest "
            f"lasted {max(lengths)}: it learns nothing; let them last longer.")  # fmt: skip


def noticing(session: Session) -> Watch:
    """Says as soon as it can be known that nothing can be learned, where that is so."""
    due: int | None = max(5 * session.run.config.replay.window_steps, 100)

    def watch(progress: Progress) -> None:
        nonlocal due
        # What is still on its way to memory says nothing of how long episodes last.
        if due is not None and min(progress.steps, len(session.memory)) >= due:
            due = None
            if sentence := too_short(session):
                remark(sentence)

    return watch


def advice(session: Session) -> str:
    """What a person can do next with what has played."""
    path = session.run.path
    if not session.mind.learner.world_model_updates:
        return too_short(session) or "It has learned nothing yet: let it play for longer."
    if not session.world.is_measured:
        return f"Show it a picture with: rumpus do {path} --goal FILE"
    return f"Measure it with: rumpus evaluate {path}"


def figures(session: Study, before: int, wall_s: float) -> Row:
    """The row of figures of one call, after `before` steps."""
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
