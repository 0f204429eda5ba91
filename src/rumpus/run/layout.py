"""What is in a run's folder, and how what older versions wrote becomes today's; needs no torch."""

import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from rumpus.memory.database import FILE_NAME

LAYOUT = 3
UNSEALED = 2  # the last one that did not tell its own checksum


def memory_in(run: Path) -> Path:
    """Where the memory of a run in a folder is, or would be."""
    inside = run / "memory"
    return run if (run / FILE_NAME).exists() and not inside.is_dir() else inside


def understood(data: bytes) -> dict[str, Any]:
    """A run.json of today or of an older version, as layout, id and config in today's words.

    Raises:
        msgspec.DecodeError: when it cannot be understood, is not what was written, or is of a
            newer version.
    """
    try:
        found = msgspec.json.decode(data)
    except UnicodeDecodeError as error:  # which msgspec does not call one of its own
        raise msgspec.DecodeError(str(error)) from error
    if not isinstance(found, dict):
        raise msgspec.ValidationError("it holds no object")
    if not {"layout", "id", "config", "checksum"} & set(found):
        found = {"layout": UNSEALED, "id": "", "config": _from_layout_1(found)}
    if (layout := found.get("layout")) not in (UNSEALED, LAYOUT):
        raise msgspec.ValidationError(
            f"it has layout {layout}, and this rumpus knows layouts up to {LAYOUT}: use a newer "
            "rumpus"
        )
    told = found.pop("checksum", None)
    if told != (_checksum(found) if layout == LAYOUT else None):
        raise msgspec.ValidationError("its values are not those that were written")
    return found


def id_of(run: Path) -> str:
    """The id of the run in a folder; "" where it has none, or there is no run.

    Raises:
        OSError: when the disk does not give its run.json.
        msgspec.DecodeError: when it is not what was written.
    """
    file = run / "run.json"
    return str(understood(file.read_bytes()).get("id", "")) if file.exists() else ""


def sealed(id_: str, config: object) -> bytes:
    """A run.json of today: a run's id and its config, with a checksum over both."""
    told = {"layout": LAYOUT, "id": id_, "config": msgspec.to_builtins(config)}
    return msgspec.json.format(msgspec.json.encode(told | {"checksum": _checksum(told)}))


def flat(tree: Mapping[str, Any], table: str = "") -> Iterator[tuple[str, Any]]:
    """The values in tables within tables, named by all of them with points between."""
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from flat(value, f"{table}{name}.")
        else:
            yield table + name, value


def _checksum(told: Mapping[str, Any]) -> int:
    """CRC-32 over values, however they are spaced."""
    return zlib.crc32(msgspec.json.encode(told))


def _from_layout_1(old: Mapping[str, Any]) -> dict[str, Any]:
    """A config as it was before its words were the field's."""
    agent, learn = dict(old.get("agent", {})), dict(old.get("learn", {}))
    model = dict(agent.get("world_model", {}))
    mind = _renamed(agent, {"actor": "acts_by", "planner": "cem"})
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
