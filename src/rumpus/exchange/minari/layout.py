"""How a Minari dataset is laid out: its files, its spaces as JSON, the columns rumpus adds.

The same readings are taken as from a live Gymnasium environment, see `body/robots/gymnasium.py`;
this file needs no Gymnasium.
"""

import json
from typing import Any

import numpy as np

from rumpus.errors import InputError
from rumpus.spec import RobotSpec, SensorSpec, sensor_for
from rumpus.types import Array

METADATA, DATA = "data/metadata.json", "data/main_data.hdf5"
# The first version that reads pictures which are not JPEG; older ones refuse it by its number.
MINARI_VERSION = "0.5.4"
OURS = "rumpus"  # the entry in metadata that says: infos hold the columns of a memory
UNNAMED_SENSOR = "observation"
Space = dict[str, Any]


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


def _box(shape: tuple[int, ...], dtype: np.dtype[Any], low: float, high: float) -> Space:
    return {
        "type": "Box",
        "dtype": str(dtype),
        "shape": list(shape),
        "low": np.full(shape, low, dtype).tolist(),
        "high": np.full(shape, high, dtype).tolist(),
    }


def sensors_of(space: Space, owner: str) -> dict[str, SensorSpec]:
    """A stranger's sensors, by where in an episode their readings are.

    Raises:
        InputError: when no sensor of rumpus fits one of them.
    """
    if space["type"] == "Dict":
        parts = space["subspaces"].items()
        return {f"observations/{name}": _sensor(name, part, owner) for name, part in parts}
    return {"observations": _sensor(UNNAMED_SENSOR, space, owner)}


def _sensor(name: str, space: Space, owner: str) -> SensorSpec:
    if space["type"] == "Box":
        shape, dtype = tuple(space["shape"]), space["dtype"]
        sensor = sensor_for(name, shape, dtype, space["low"], space["high"])
        if sensor is not None:
            return sensor
    raise InputError(
        f"{owner}: its observation '{name}' is {_described(space)}, expected a picture (Box, "
        "uint8, (h, w, c) with at most 4 channels, channels last), a vector (Box, (k,)) or a flat "
        "Dict of them; it cannot be imported."
    )


def action_limits(space: Space, owner: str) -> tuple[Array, Array]:
    """Lowest and highest motor command, float64 (A,) each.

    Raises:
        InputError: when the action is not continuous, or has no limits.
    """
    if space["type"] != "Box" or not space["dtype"].startswith("float"):
        raise InputError(
            f"{owner}: its action is {_described(space)}, expected a Box of floats; "
            "rumpus moves by continuous actions, so it cannot be imported."
        )
    low, high = (np.asarray(space[end], np.float64).reshape(-1) for end in ("low", "high"))
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise InputError(
            f"{owner}: its action has no limits, expected a finite low and high for every motor; "
            "write them into the action_space of its metadata.json."
        )
    return low, high


def _described(space: Space) -> str:
    return f"{space['type']} {space.get('dtype', '')} {space.get('shape', '')}".strip()
