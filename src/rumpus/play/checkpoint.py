"""The mind on disk: one safetensors file, replaced in one move, so that a crash leaves a whole one.

It holds weights, optimiser states and surprise as tensors; counters, random state and goal
statistics as JSON in the file's own metadata. Never pickle.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from rumpus.agent import Agent
from rumpus.errors import RunError
from rumpus.goals.skew_fit import SkewFit
from rumpus.memory.surprise import Surprise
from rumpus.play.learn import Learner


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


def save(path: Path, mind: Mind, steps: int) -> None:
    """Replace the checkpoint.

    Args:
        path: the file.
        mind: what to save.
        steps: how many remembered steps it has lived.

    Raises:
        RunError: when the disk does not take it; the old checkpoint stays.
    """
    about = {
        "steps": steps,
        "updates": mind.learner.updates,
        "practised": mind.learner.practised,
        "attempts": mind.goals.attempts,
        "random_state": mind.rng.bit_generator.state,
    }
    tensors = mind.agent.state()
    tensors["surprise"] = torch.from_numpy(mind.learner.surprise.values)
    waiting = path.with_suffix(".part")
    try:
        save_file(tensors, waiting, metadata={"rumpus": json.dumps(about)})
        with waiting.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(waiting, path)
    except (OSError, SafetensorError) as error:
        raise RunError(
            f"The checkpoint {path} cannot be written: {error}; "
            "make room on the disk and run the same command again."
        ) from error


def restore(path: Path, mind: Mind, lived: int) -> int:
    """Take up the checkpoint where there is one.

    Args:
        path: the file.
        mind: what takes it up.
        lived: steps in memory, which must hold everything that the mind has lived.

    Returns:
        how many remembered steps the mind had lived when it was saved; 0 without a checkpoint.

    Raises:
        RunError: when the file is damaged, or of another robot, config or memory.
    """
    if not path.exists():
        return 0
    try:
        with safe_open(path, "pt") as file:
            about: dict[str, Any] = json.loads(file.metadata()["rumpus"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        surprise = Surprise(tensors.pop("surprise").numpy())
        mind.agent.restore(tensors)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise RunError(f"The checkpoint {path} cannot be used: {reason}; delete it, and the same "
                       "command learns anew from memory.") from error  # fmt: skip
    if about["steps"] > lived:
        raise RunError(f"The mind in {path} has lived {about['steps']} steps, but its memory holds "
                       f"{lived}: put the whole memory back, or delete the mind.")  # fmt: skip
    mind.learner.surprise = surprise
    mind.learner.updates, mind.learner.practised = about["updates"], about["practised"]
    mind.goals.attempts = [(int(index), bool(reached)) for index, reached in about["attempts"]]
    mind.rng.bit_generator.state = about["random_state"]
    return int(about["steps"])
