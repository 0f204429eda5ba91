"""What a saved mind's file tells beside its tensors; read without torch.

Its tensors are weights, optimiser states and priorities; counters, random state, the fate of goals,
the ids of run and memory and the hash of the mind's config are JSON in the file's own metadata.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from rumpus.run import tensor_file
from rumpus.types import Array

FILE_NAME = "checkpoint.safetensors"
LAYOUT = 9
DAMAGE = (*tensor_file.DAMAGE, msgspec.DecodeError)  # what reading may end in


@dataclass(frozen=True)
class About:
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
        log_bytes: how long the run's log was then, so that a lost end of it is told.
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
    log_bytes: int

    @property
    def updates(self) -> tuple[int, int]:
        """Gradient steps of the world model and of the policy."""
        return self.world_model_updates, self.policy_updates

    def check(self, run: str, memory: str = "") -> None:
        """Refuse the mind of another run or memory; "" where that is not known.

        Raises:
            ValueError: naming both.
        """
        if self.run and run and self.run != run:
            raise ValueError(f"it is of the run {self.run}, and this one is {run}")
        if memory and self.memory != memory:
            raise ValueError(f"it learned from the memory {self.memory}, and this one is {memory}")


def read(path: Path) -> tuple[dict[str, Array], About]:
    """The tensors and what is told beside them.

    Raises:
        DAMAGE: when the file is not what was written, or of another layout.
    """
    _understood(tensor_file.told_in(path))  # the checksum of another layout may be another
    arrays, told = tensor_file.read(path)
    return arrays, _understood(told)


def write(path: Path, arrays: Mapping[str, Array], about: About) -> None:
    """Replace the file.

    Raises:
        OSError: when the disk does not take it; the old file is as it was.
    """
    tensor_file.write(path, arrays, json.dumps(asdict(about)))


def saved_steps(path: Path) -> int:
    """How many steps the mind that is saved has learned from; 0 where there is none to be read."""
    with suppress(*DAMAGE):
        return _understood(tensor_file.told_in(path)).steps
    return 0


def _understood(text: str) -> About:
    """What a file of today's layout tells beside its tensors."""
    told = json.loads(text)  # chance counts in numbers that are too great for msgspec
    layout = told.get("layout", 1)  # the first one did not tell
    if layout > LAYOUT:
        raise ValueError(
            f"it has layout {layout}, and this rumpus knows layouts up to {LAYOUT}; use a newer "
            "rumpus"
        )
    if layout < LAYOUT:
        raise ValueError(f"it has layout {layout}, of an older rumpus")
    return msgspec.convert(told, About)
