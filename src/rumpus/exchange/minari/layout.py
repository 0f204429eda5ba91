"""How a Minari dataset is laid out: its files, its spaces as JSON, the columns rumpus adds.

The same readings are taken as from a live Gymnasium environment, see `body/robots/gymnasium.py`;
this file needs no Gymnasium.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from rumpus.errors import InputError
from rumpus.exchange.columns import Shape
from rumpus.exchange.transfer import Ours
from rumpus.spec import RobotSpec, SensorSpec, sensor_for
from rumpus.types import Array

METADATA, DATA = "data/metadata.json", "data/main_data.hdf5"
# The first version that reads pictures which are not JPEG; older ones refuse it by its number.
MINARI_VERSION = "0.5.4"
UNNAMED_SENSOR = "observation"


@dataclass(frozen=True)
class Space:
    """A space of Gymnasium, as Minari writes it in JSON; what a kind of space has not is empty."""

    type: str
    dtype: str = ""
    shape: Shape = ()
    low: Any = 0.0
    high: Any = 0.0
    subspaces: dict[str, "Space"] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.type} {self.dtype} {self.shape or ''}".strip()


@dataclass
class Metadata:
    """What metadata.json tells, as far as rumpus reads it.

    Attributes:
        limits: lowest and highest motor command, float64 (A,) each.
        sensors: a stranger's, by where in an episode their readings are.
    """

    dataset_id: str
    data_format: str
    observation_space: str
    action_space: str
    rumpus: Ours | None = None  # where it is there, infos hold the columns of a memory

    def __post_init__(self) -> None:
        """Understand the spaces.

        Raises:
            InputError: when rumpus has no robot for them.
        """
        self.limits = _action_limits(_space(self.action_space), self.dataset_id)
        self.sensors: dict[str, SensorSpec] = {}
        if self.rumpus is None:
            self.sensors = _sensors(_space(self.observation_space), self.dataset_id)


def key(sensor: str) -> str:
    """A sensor's name as HDF5 can hold it: "/" would begin a folder, "." is one."""
    if sensor in ("", "."):
        return "%2E" if sensor else "%"
    return sensor.replace("%", "%25").replace("/", "%2F").replace("\0", "%00")


def observation_space(spec: RobotSpec) -> str:
    """A robot's sensors as a Dict of Boxes, in JSON."""
    sensors = {key(s.name): _box(s.shape, s.dtype, s.low, s.high) for s in spec.sensors}
    return json.dumps({"type": "Dict", "subspaces": sensors})


def action_space(spec: RobotSpec) -> str:
    """A robot's action as a Box, in JSON."""
    return json.dumps(_box((spec.action_size,), np.dtype(np.float32), -1.0, 1.0))


def _box(shape: Shape, dtype: np.dtype[Any], low: float, high: float) -> dict[str, Any]:
    return {
        "type": "Box",
        "dtype": str(dtype),
        "shape": list(shape),
        "low": np.full(shape, low, dtype).tolist(),
        "high": np.full(shape, high, dtype).tolist(),
    }


def _space(text: str) -> Space:
    return msgspec.convert(json.loads(text), Space)


def _sensors(space: Space, owner: str) -> dict[str, SensorSpec]:
    if space.type != "Dict":
        return {"observations": _sensor(UNNAMED_SENSOR, space, owner)}
    parts = space.subspaces.items()
    return {f"observations/{name}": _sensor(name, part, owner) for name, part in parts}


def _sensor(name: str, space: Space, owner: str) -> SensorSpec:
    sensor = sensor_for(name, space.shape, space.dtype, space.low, space.high)
    if space.type != "Box" or sensor is None:
        raise InputError(
            f"{owner}: its observation '{name}' is {space}, expected a picture (Box, uint8, "
            "(h, w, c) with at most 4 channels, channels last), a vector (Box, (k,)) or a flat "
            "Dict of them; it cannot be imported."
        )
    return sensor


def _action_limits(space: Space, owner: str) -> tuple[Array, Array]:
    if space.type != "Box" or not space.dtype.startswith("float"):
        raise InputError(
            f"{owner}: its action is {space}, expected a Box of floats; rumpus moves by continuous "
            "actions, so it cannot be imported."
        )
    low, high = (np.asarray(end, np.float64).reshape(-1) for end in (space.low, space.high))
    if not np.isfinite([low, high]).all():
        raise InputError(
            f"{owner}: its action has no limits, expected a finite low and high for every motor; "
            "write them into the action_space of its metadata.json."
        )
    return low, high
