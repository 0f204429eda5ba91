"""The mind on disk: one safetensors file, replaced in one move, so that a crash leaves a whole one.

It holds weights, optimiser states and surprise as tensors; counters, random state and goal
statistics as JSON in the file's own metadata. Never pickle.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from rumpus import atomic_file
from rumpus.agent import Agent
from rumpus.errors import RunError
from rumpus.goals.skew_fit import SkewFit
from rumpus.play.learn import Learner
from rumpus.replay.priority import Priorities

# What may come of reading a file that is not what was written.
_DAMAGE = (
    OSError, SafetensorError, msgspec.DecodeError, KeyError, TypeError, ValueError, RuntimeError,
)  # fmt: skip


@dataclass(frozen=True)
class Mind:
    """All that is saved of a run beside its memory.

    Attributes:
        agent: the weights.
        learner: counts what was learned.
        goals: remembers which goals were reached.
        rng: the run's only source of chance.
    """

    agent: Agent
    learner: Learner
    goals: SkewFit
    rng: np.random.Generator


@dataclass(frozen=True)
class _About:
    """What the file tells beside its tensors.

    Attributes:
        steps: how many remembered steps the mind had lived.
        updates: see `Learner`.
        practised: see `Learner`.
        attempts: see `SkewFit`.
        random_state: of the run's source of chance.
    """

    steps: int
    updates: int
    practised: int
    attempts: list[tuple[int, bool]]
    random_state: dict[str, Any]


def save(path: Path, mind: Mind, steps: int) -> None:
    """Replace the checkpoint.

    Args:
        path: the file.
        mind: what to save.
        steps: how many remembered steps it has lived.

    Raises:
        RunError: when the mind diverged or the disk does not take it; the old checkpoint stays.
    """
    learner = mind.learner
    about = _About(
        steps,
        learner.updates,
        learner.practised,
        mind.goals.attempts,
        dict(mind.rng.bit_generator.state),
    )
    tensors = mind.agent.state()
    tensors["surprise"] = torch.from_numpy(learner.surprise.values)
    if wrong := [name for name, tensor in tensors.items() if not tensor.isfinite().all()]:
        raise RunError(
            f"The mind diverged: '{wrong[0]}' is no longer finite after {learner.updates} "
            f"world-model and {learner.practised} practice steps, so it does not replace {path}; "
            "the same command goes on from the last good mind; if it diverges again, begin a new "
            "run."
        )
    try:
        # json, as chance counts in numbers that are too great for msgspec
        with atomic_file.replacing(path) as part:
            save_file(tensors, part, metadata={"rumpus": json.dumps(asdict(about))})
    except (OSError, SafetensorError) as error:
        raise RunError(
            f"The checkpoint {path} cannot be written: {error}; "
            "make room on the disk and run the same command again."
        ) from error


def restore(path: Path, mind: Mind) -> int:
    """Take up the checkpoint where there is one; `check` it against the memory, too.

    Args:
        path: the file.
        mind: what takes it up; of no use any more when this raises.

    Returns:
        how many remembered steps the mind had lived when it was saved; 0 without a checkpoint.

    Raises:
        RunError: when the file is damaged, or of another robot or config.
    """
    if not path.exists():
        return 0
    try:
        with safe_open(path, "pt") as file:
            about = _about(file)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        surprise = Priorities(tensors.pop("surprise").numpy())
        mind.agent.restore(tensors)
        mind.rng.bit_generator.state = about.random_state
    except _DAMAGE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise RunError(f"The checkpoint {path} cannot be used: {reason}; delete it, and the same "
                       "command learns anew from memory.") from error  # fmt: skip
    mind.learner.surprise, mind.goals.attempts = surprise, about.attempts
    mind.learner.updates, mind.learner.practised = about.updates, about.practised
    return about.steps


def check(path: Path, mind_steps: int, lived: int) -> None:
    """Refuse a mind whose life is not all in its memory.

    Args:
        path: the mind's file.
        mind_steps: steps that it has lived.
        lived: steps in memory.

    Raises:
        RunError: when the memory lacks some.
    """
    if mind_steps > lived:
        raise RunError(f"The mind in {path} has lived {mind_steps} steps, but its memory holds "
                       f"{lived}: put the whole memory back, or delete the mind.")  # fmt: skip


def holds(path: Path, mind: Mind, steps: int) -> bool:
    """Whether the file is of this mind as it is now: as many steps lived and learned from."""
    try:
        with safe_open(path, "pt") as file:
            about = _about(file)
    except _DAMAGE:
        return False
    learned = about.updates, about.practised
    return (about.steps, learned) == (steps, (mind.learner.updates, mind.learner.practised))


def _about(file: Any) -> _About:
    return msgspec.convert(json.loads(file.metadata()["rumpus"]), _About)
