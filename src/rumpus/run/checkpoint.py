"""The mind on disk: one safetensors file, replaced in one move, so that a crash leaves a whole one.

It holds weights, optimiser states and priorities as tensors, and what `mind_file` tells of beside
them; and a checksum over all of that. Never pickle.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor, from_numpy

from rumpus.errors import RunError, writing
from rumpus.goals.skew_fit import SkewFit
from rumpus.learner import Learner
from rumpus.memory.memory import Memory
from rumpus.model.part import join, split
from rumpus.replay.replay import Replay
from rumpus.run import mind_file
from rumpus.run.folder import Run, from_memory
from rumpus.run.mind_file import About
from rumpus.update_schedule import UpdateSchedule


@dataclass(frozen=True)
class Mind:
    """All that is saved of a run beside its memory.

    Attributes:
        schedule: its learner and what that learns from.
        goals: remembers which goals were reached.
        rng: the run's only source of chance.
    """

    schedule: UpdateSchedule
    goals: SkewFit
    rng: np.random.Generator

    @property
    def learner(self) -> Learner:
        """What learns."""
        return self.schedule.learner

    @property
    def replay(self) -> Replay:
        """What it learns from."""
        return self.schedule.replay


@dataclass(frozen=True)
class Study:
    """A run that is awake without its robot: it can learn, and be looked at.

    Attributes:
        run: its folder and config.
        memory: every step.
        mind: what was learned.
        mind_steps: how many steps the mind had learned from when it was saved.
    """

    run: Run
    memory: Memory
    mind: Mind
    mind_steps: int


def save(run: Run, mind: Mind, steps: int) -> None:
    """Replace the checkpoint.

    Args:
        run: whose mind it is.
        mind: what to save.
        steps: how many steps it has learned from.

    Raises:
        RunError: when the mind diverged or the disk does not take it; the old checkpoint stays.
    """
    path, learner = run.checkpoint, mind.learner
    kept = {name: from_numpy(array) for name, array in mind.replay.state().items()}
    tensors = {
        name: tensor.cpu()
        for name, tensor in (learner.state_dict() | join({"replay": kept})).items()
    }
    if wrong := [name for name, tensor in tensors.items() if not tensor.isfinite().all()]:
        raise RunError(
            f"The mind diverged: '{wrong[0]}' is no longer finite after "
            f"{learner.world_model_updates} world-model and {learner.policy_updates} policy "
            f"updates, so it does not replace {path}; the same command goes on from the last good "
            "mind; if it diverges again, begin a new run."
        )
    log_bytes = run.log_file.stat().st_size if run.log_file.exists() else 0
    about = About(
        steps, learner.world_model_updates, learner.policy_updates, mind.goals.attempts,
        dict(mind.rng.bit_generator.state), mind_file.LAYOUT, run.id, mind.replay.stored.id,
        run.config.mind_hash, log_bytes,
    )  # fmt: skip
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    with writing("checkpoint", path):
        mind_file.write(path, arrays, about)


@dataclass(frozen=True)
class Saved:
    """A checkpoint as it was read.

    Attributes:
        path: the file.
        about: what it tells beside its tensors.
        tensors: by name.
    """

    path: Path
    about: About
    tensors: dict[str, Tensor]

    def check_memory(self, memory: str) -> None:
        """Refuse it where it did not learn from the memory of this id.

        Raises:
            RunError: naming both.
        """
        with blamed(self.path):
            self.about.check("", memory)


def read(run: Run) -> Saved | None:
    """The checkpoint of a run, checked against damage; None where there is none.

    Raises:
        RunError: when the file is damaged, or of another run or config.
    """
    path = run.checkpoint
    if not path.exists():
        return None
    with blamed(path):
        arrays, about = mind_file.read(path)
        about.check(run.id)
        if about.mind_hash != run.config.mind_hash:
            raise ValueError(
                "it was learned with another config of the mind than run.json holds now"
            )
        return Saved(path, about, {name: from_numpy(array) for name, array in arrays.items()})


def restore(saved: Saved, mind: Mind) -> int:
    """Take up a checkpoint.

    Args:
        saved: the checkpoint.
        mind: what takes it up; of no use any more when this raises.

    Returns:
        how many steps the mind had learned from when it was saved.

    Raises:
        RunError: when it learned from another memory, or from more steps than that holds.
    """
    about, stored = saved.about, mind.replay.stored
    saved.check_memory(stored.id)
    with blamed(saved.path):
        mind.learner.load_state_dict(saved.tensors, about.updates)
        kept = split("replay", saved.tensors)
        mind.replay.restore({name: tensor.numpy() for name, tensor in kept.items()})
        mind.rng.bit_generator.state = about.random_state
    mind.goals.attempts = about.attempts
    if about.steps > len(stored):
        raise RunError(
            f"The mind in {saved.path} has learned from {about.steps} steps, but its memory holds "
            f"{len(stored)}: put the whole memory back, or {from_memory(saved.path.parent)}"
        )
    return about.steps


@contextmanager
def blamed(path: Path) -> Iterator[None]:
    """Whatever a file that is not what was written leads to is said in one sentence."""
    try:
        yield
    except mind_file.DAMAGE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise RunError(f"The checkpoint {path} cannot be used: {reason}; put it back from a copy, "
                       f"or {from_memory(path.parent)}") from error  # fmt: skip
