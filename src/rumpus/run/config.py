"""Everything that makes a run what it is, and how what older versions wrote becomes today's."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from rumpus.actor import MindConfig
from rumpus.goals.skew_fit import SkewFitConfig
from rumpus.play.progress import PlayConfig, check_seed
from rumpus.replay.replay import ReplayConfig
from rumpus.replay.update_ratio import TrainConfig

LAYOUT = 2


@dataclass(frozen=True)
class RunConfig:
    """Everything that makes a run what it is."""

    world: str
    seed: int = 0
    mind: MindConfig = field(default_factory=MindConfig)
    play: PlayConfig = field(default_factory=PlayConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    replay: ReplayConfig = field(default_factory=ReplayConfig)
    skew_fit: SkewFitConfig = field(default_factory=SkewFitConfig)

    def __post_init__(self) -> None:
        check_seed(self.seed)

    @property
    def mind_hash(self) -> str:
        """Of all that a saved mind must have in common with the one that takes it up."""
        return hashlib.sha256(msgspec.json.encode(self.mind, order="sorted")).hexdigest()


@dataclass(frozen=True)
class RunFile:
    """What is in run.json.

    Attributes:
        layout: of this file.
        id: of the run, never given twice; "" where it was begun before runs had one.
        config: of the run.
    """

    layout: int
    id: str
    config: RunConfig


def decode(data: bytes) -> RunFile:
    """What is in a run.json of today or of an older version.

    Raises:
        msgspec.DecodeError: when it cannot be understood, or is of a newer version.
    """
    found = msgspec.json.decode(data)
    if not isinstance(found, dict):
        raise msgspec.ValidationError("it holds no object")
    if "layout" not in found:
        found = {"layout": LAYOUT, "id": "", "config": _from_layout_1(found)}
    if found["layout"] != LAYOUT:
        raise msgspec.ValidationError(
            f"it has layout {found['layout']}, and this rumpus knows layouts up to {LAYOUT}: use a "
            "newer rumpus"
        )
    return msgspec.convert(found, RunFile)


def _from_layout_1(old: Mapping[str, Any]) -> dict[str, Any]:
    """A config as it was before its words were the field's."""
    agent, learn = dict(old.get("agent", {})), dict(old.get("learn", {}))
    model = dict(agent.get("world_model", {}))
    mind = _renamed(agent, {"actor": "acts_by", "planner": "cem",
                            "drawn_windows": "decoded_windows"})  # fmt: skip
    if mind.get("acts_by") == "planner":
        mind["acts_by"] = "cem"
    mind["world_model"] = _renamed(model, {"drawing_weight": "decoder_weight"})
    return {
        **{name: old[name] for name in ("world", "seed", "play", "skew_fit") if name in old},
        "mind": mind,
        "train": _renamed(learn, {"sleep_every": "train_every",
                                  "practice_per_step": "policy_updates_per_step"}),
        "replay": _renamed(learn, {"surprising": "prioritized_windows", "moments": "goal_batch"}),
    }  # fmt: skip


def _renamed(fields: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in fields.items()}
