"""The mind on disk: one safetensors file, replaced in one move, so that a crash leaves a whole one.

It holds weights, optimiser states and priorities as tensors; counters, random state, the fate of
goals, the ids of run and memory and the hash of the mind's config as JSON in the file's own
metadata; and a checksum over all of that. Never pickle.
"""

import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from safetensors import SafetensorError, safe_open
from torch import Tensor, from_numpy

from rumpus.errors import RunError, writing
from rumpus.goals.skew_fit import SkewFit
from rumpus.learner import Learner
from rumpus.memory.memory import Memory
from rumpus.model.part import join, split
from rumpus.replay.replay import Replay
from rumpus.run import tensor_file
from rumpus.run.folder import Run, from_memory
from rumpus.update_schedule import UpdateSchedule

LAYOUT = 8
# What may come of reading a file that is not what was written.
_DAMAGE = (
    OSError, SafetensorError, msgspec.DecodeError, LookupError, TypeError, ValueError, RuntimeError,
    ArithmeticError,
)  # fmt: skip


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


@dataclass(frozen=True)
class _About:
    """What the file tells beside its tensors.

    Attributes:
        steps: how many steps the mind had learned from.
        world_model_updates: see `Learner`.
        policy_updates: see `Learner`.
        attempts: see `SkewFit`.
        random_state: of the run's source of chance.
        layout: of the file.
        run: id of the run; "" where that has none.
        memory: id of the memory that it learned from.
        mind_hash: see `RunConfig`.
    """

    steps: int
    world_model_updates: int
    policy_updates: int
    attempts: list[tuple[int, bool]]
    random_state: dict[str, Any]
    layout: int
    run: str
    memory: str
    mind_hash: str

    @property
    def updates(self) -> tuple[int, int]:
        """Gradient steps of the world model and of the policy."""
        return self.world_model_updates, self.policy_updates


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
    about = _About(
        steps, learner.world_model_updates, learner.policy_updates, mind.goals.attempts,
        dict(mind.rng.bit_generator.state), LAYOUT, run.id, mind.replay.stored.id,
        run.config.mind_hash,
    )  # fmt: skip
    told = json.dumps(asdict(about))  # chance counts in numbers that are too great for msgspec
    whole = {"rumpus": told, "checksum": checksum(told, tensors)}
    with writing("checkpoint", path):
        tensor_file.write(path, tensors, whole)


@dataclass(frozen=True)
class Saved:
    """A checkpoint as it was read.

    Attributes:
        path: the file.
        about: what it tells beside its tensors.
        tensors: by name.
    """

    path: Path
    about: _About
    tensors: dict[str, Tensor]

    def check_memory(self, memory: str) -> None:
        """Refuse it where it did not learn from the memory of this id.

        Raises:
            RunError: naming both.
        """
        with blamed(self.path):
            if self.about.memory != memory:
                raise ValueError(
                    f"it learned from the memory {self.about.memory}, and this one is {memory}"
                )


def read(run: Run) -> Saved | None:
    """The checkpoint of a run, checked against damage; None where there is none.

    Raises:
        RunError: when the file is damaged, or of another run or config.
    """
    path = run.checkpoint
    if not path.exists():
        return None
    with blamed(path):
        with safe_open(path, "pt") as file:
            about, told = _about(file), file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if told["checksum"] != checksum(told["rumpus"], tensors):
            raise ValueError("its bytes are not what was written")
        _check_whose(about, run)
        return Saved(path, about, tensors)


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
    except _DAMAGE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise RunError(f"The checkpoint {path} cannot be used: {reason}; put it back from a copy, "
                       f"or {from_memory(path.parent)}") from error  # fmt: skip


def _check_whose(about: _About, run: Run) -> None:
    """Refuse the mind of another run, or one that was learned with another config."""
    if about.run and run.id and about.run != run.id:
        raise ValueError(f"it is of the run {about.run}, and this one is {run.id}")
    if about.mind_hash != run.config.mind_hash:
        raise ValueError("it was learned with another config of the mind than run.json holds now")


def checksum(told: str, tensors: Mapping[str, Tensor]) -> str:
    """CRC-32 over what a file tells and all its tensors, by name, kind and shape."""
    checksum = zlib.crc32(told.encode())
    for name, tensor in sorted(tensors.items()):
        what = f"{name} {tensor.dtype} {tuple(tensor.shape)}"
        checksum = zlib.crc32(what.encode(), checksum)
        checksum = zlib.crc32(tensor.contiguous().numpy().tobytes(), checksum)
    return str(checksum)


def saved_steps(run: Run) -> int:
    """How many steps the mind that is saved has learned from; 0 where there is none to be read."""
    try:
        with safe_open(run.checkpoint, "pt") as file:
            return _about(file).steps
    except _DAMAGE:
        return 0


def _about(file: Any) -> _About:
    """What a file of today's layout tells beside its tensors."""
    told = json.loads(file.metadata()["rumpus"])
    layout = told.get("layout", 1)  # the first one did not tell
    if layout > LAYOUT:
        raise ValueError(
            f"it has layout {layout}, and this rumpus knows layouts up to {LAYOUT}; use a newer "
            "rumpus"
        )
    if layout < LAYOUT:
        raise ValueError(f"it has layout {layout}, of an older rumpus")
    return msgspec.convert(told, _About)
