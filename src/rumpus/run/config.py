"""Everything that makes a run what it is.

Each field says beside itself what it may be (`Meta`) and in its class's `Attributes:` what it
means and why it is as it is. Nothing else knows either: what a person sets, what a run.json holds
and what `rumpus config` prints all go by these two; see setting.py.
"""

import hashlib
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta

from rumpus.actor import MindConfig
from rumpus.errors import InputError
from rumpus.goals.skew_fit import SkewFitConfig
from rumpus.play.progress import SEEDS, PlayConfig
from rumpus.replay.replay import ReplayConfig
from rumpus.replay.update_ratio import TrainConfig
from rumpus.run.layout import understood

PLANNERS = ("cem", "icem", "irreversible", "mppi", "random_shooting", "rollout", "acts_by")


@dataclass(frozen=True)
class RunConfig:
    """Everything that makes a run what it is.

    Attributes:
        world: the world's name; "" where the run learned from a memory and has no world yet.
        seed: where all chance in the run begins; the same seed lives the same life.
        mind: what learns and acts.
        play: how the robot spends its play.
        train: how much the mind learns.
        replay: what it learns from.
        skew_fit: what the robot goes for in play.
    """

    world: str = ""
    seed: Annotated[int, Meta(ge=0, le=SEEDS - 1)] = 0
    mind: MindConfig = field(default_factory=MindConfig)
    play: PlayConfig = field(default_factory=PlayConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    replay: ReplayConfig = field(default_factory=ReplayConfig)
    skew_fit: SkewFitConfig = field(default_factory=SkewFitConfig)

    def __post_init__(self) -> None:
        _check_limits(self, "")

    @property
    def mind_hash(self) -> str:
        """Of all that a saved mind must have in common with the one that takes it up.

        Planners learn nothing: a mind is the same whatever plans by it.
        """
        mind = asdict(self.mind)
        learns = {name: value for name, value in mind.items() if name not in PLANNERS}
        return hashlib.sha256(msgspec.json.encode(learns, order="sorted")).hexdigest()


@dataclass(frozen=True)
class RunFile:
    """What is in run.json.

    Attributes:
        id: of the run, never given twice; "" where it was begun before runs had one.
        config: of the run.
    """

    id: str
    config: RunConfig


def decode(data: bytes) -> RunFile:
    """What is in a run.json of today or of an older version.

    Raises:
        msgspec.DecodeError: when it cannot be understood, is not what was written, or is of a
            newer version.
    """
    return msgspec.convert(understood(data), RunFile)


def _check_limits(config: Any, tables: str) -> None:
    """Refuse a value that is not within the limits that stand beside its field.

    Raises:
        InputError: naming the setting, what came and what is expected.
    """
    for name, kind in get_type_hints(type(config), include_extras=True).items():
        value = getattr(config, name)
        if is_dataclass(value):
            _check_limits(value, f"{tables}{name}.")
            continue
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            raise InputError(f"The setting {tables}{name} is {value!r}: {error}.") from None
