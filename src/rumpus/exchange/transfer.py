"""What all formats have in common: what goes out, where it appears, and what is told of it."""

import io
import json
import math
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
from PIL import Image

from rumpus.atomic_file import sync, sync_name
from rumpus.errors import InputError, MemoryFault
from rumpus.memory.database import lock
from rumpus.memory.episode import Episode
from rumpus.memory.memory import Memory
from rumpus.memory.schema import FIELDS, Schema
from rumpus.spec import Readings, RobotSpec
from rumpus.types import Array, Step

T = TypeVar("T")
Shape = tuple[int, ...]
Columns = dict[str, Array]
DAMAGES = (OSError, SyntaxError, TypeError, ValueError, EOFError, Image.DecompressionBombError)
PICTURES = ("PNG", "JPEG")  # as LeRobot and Minari write; some others run programs
POINTER = b"version https://git-lfs.github.com"
LARGEST_JSON = 2**25  # bytes
LARGEST_RATIO = 1100  # of what a file holds to its size: no packing but that of a bomb makes more
LARGEST_READING = 2**25  # numbers of one sensor: a picture of 4K has 2**24.6
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}  # of PNG, by channels
VERSION = 3  # of what rumpus alone reads in a dataset; 1 knew no absences, 2 no outcomes
BLOCK = 256  # steps in RAM at once


@dataclass(frozen=True)
class Transfer:
    """What went out of a memory or came into one, and what did not.

    Attributes:
        path: the file or folder that was written or read.
        episodes: how many.
        steps: how many, over all of them.
        lost: one sentence for each thing that could not be kept.
    """

    path: Path
    episodes: int
    steps: int
    lost: tuple[str, ...]


@dataclass(frozen=True)
class Ours:
    """What a dataset that rumpus wrote tells rumpus alone.

    Attributes:
        spec: the robot.
        episodes: as they were in the memory, in the order of the dataset.
        version: of the rumpus that wrote it.
    """

    spec: RobotSpec
    episodes: tuple[Episode, ...] = ()
    version: int = VERSION

    def __post_init__(self) -> None:
        """Refuse what a newer rumpus wrote, and a robot that cannot be."""
        if self.version > VERSION:
            raise InputError(f"It has rumpus's version {self.version}; use a newer rumpus.")
        check_robot(self.spec)


def inside(folder: Path, path: Path) -> Path:
    """Where a file or folder of a dataset really is; nothing outside the dataset is ever read.

    Raises:
        InputError: when it leads out of the dataset, is a device or a pipe, or stands for a file
            that git-lfs has not brought.
    """
    real = path.resolve()
    is_plain = real.is_file() or real.is_dir() or not real.exists()
    if not (is_plain and real.is_relative_to(folder.resolve())):
        raise InputError(
            f"{path} leads to {real}, which is no plain file in {folder}, and nothing else is read;"
            " put a copy in its place."
        )
    if real.is_file():
        with real.open("rb") as opened:
            if opened.read(len(POINTER)) == POINTER:
                raise InputError(
                    f"{path} only stands for a file that git-lfs has not brought; run `git lfs "
                    f"pull` in {folder}, and import it again."
                )
    return real


def files(folder: Path, part: str) -> list[Path]:
    """The Parquet files in the folders of a part of a dataset, in their order.

    Raises:
        InputError: as `inside` does.
    """
    chunks = [inside(folder, chunk) for chunk in sorted(inside(folder, folder / part).glob("*"))]
    return [inside(folder, f) for chunk in chunks for f in sorted(chunk.glob("*.parquet"))]


def told(folder: Path, name: str, kind: type[T]) -> T:
    """What a dataset says of itself in a file of JSON.

    Raises:
        InputError: when it cannot be read or understood, or a newer rumpus wrote it.
    """
    file = folder / name
    try:
        real = inside(folder, file)
        if real.stat().st_size > LARGEST_JSON:
            raise ValueError(f"it has more than {LARGEST_JSON:,} bytes")
        return msgspec.json.decode(real.read_bytes(), type=kind)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"{file} cannot be read ({getattr(error, 'strerror', None) or error}); give a dataset's"
            " folder, or restore that file."
        ) from error


def check_robot(spec: RobotSpec) -> RobotSpec:
    """The robot of a dataset; refuse one that cannot be, or whose readings would fill the RAM.

    Raises:
        ValueError: saying of what.
    """
    shapes, figures = [s.shape for s in spec.sensors], [*np.ravel(spec.motor_ranges), spec.rate_hz]
    sized = [len(s) in (1, 3) and min(s) > 0 and math.prod(s) <= LARGEST_READING for s in shapes]
    moves = 0 < spec.action_size <= LARGEST_READING and spec.rate_hz > 0.0
    ranges = len(spec.motor_ranges) in (0, spec.action_size) and np.isfinite(figures).all()
    if not (shapes and all(sized) and moves and ranges):
        raise ValueError(f"there can be no robot {str(spec)[:300]}")
    return spec


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """Give a place to write to, beside the target, that becomes it when all went well.

    A file or folder under the target's own name is thus always a whole one, also after power loss;
    what a killed program left on the way there is cleared away by the next one.

    Raises:
        InputError: when the target is there already.
        MemoryFault: when the disk does not take it.
    """
    if target.exists() or target.is_symlink():
        raise InputError(f"{target} is there already, and is not overwritten; give another name.")
    try:
        place = target.with_name(f"{target.name}.rumpus-part")
        place.mkdir(parents=True, exist_ok=True)
        with lock(place):
            _clear(place)
            try:
                yield place / target.name
                sync(place / target.name)
                (place / target.name).rename(target)
            finally:
                _clear(place)
                place.rmdir()
        sync_name(target)
    except OSError as error:
        raise MemoryFault(
            f"{target} cannot be written: {error.strerror or error}; make room, or name another."
        ) from error


def _clear(place: Path) -> None:
    for left in place.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def blocks_of(memory: Memory, episode: Episode) -> Iterator[tuple[Columns, Columns]]:
    """An episode's columns and its readings by sensor name, up to `BLOCK` rows at a time.

    Readings are zeros where a sensor gave nothing: `present`, bool (n, S), says where.
    `step_index` is where in memory each step lies.

    Raises:
        MemoryFault: when a step is damaged.
    """
    end = episode.first + episode.length
    for first in range(episode.first, end, BLOCK):
        yield block_of(memory, first, min(first + BLOCK, end))


def block_of(memory: Memory, first: int, stop: int) -> tuple[Columns, Columns]:
    """Columns and readings of the steps first <= index < stop, as `blocks_of` gives them.

    Raises:
        MemoryFault: when a step is damaged.
    """
    steps = [step for _, step in memory.steps(first, stop)]
    columns = columns_of(memory.spec, steps) | {"step_index": np.arange(first, stop)}
    return columns, readings_of(memory.spec, steps)


def absences(memory: Memory, episodes: Sequence[Episode], instead: str) -> Iterator[str]:
    """A sentence for each sensor that gave nothing at some steps, and what is there instead."""
    for sensor in memory.spec.sensors:
        present = memory.present(sensor.name)
        spans = [slice(e.first, e.first + e.length) for e in episodes]
        if absent := sum(int((~present[span]).sum()) for span in spans):
            yield f"'{sensor.name}' gave nothing at {absent:,} steps; {instead}"


def chosen(memory: Memory, episodes: Sequence[int] | None) -> list[Episode]:
    """The episodes that were asked for by id; all that hold a step where None was asked for.

    Raises:
        InputError: when the memory holds no step, or an episode is not in it or holds none.
    """
    stored = {episode.id: episode for episode in memory.episodes() if episode.length}
    if not stored:
        raise InputError(f"The memory {memory.path} holds no step yet; let the robot play first.")
    if episodes is None:
        return list(stored.values())
    if unknown := [id_ for id_ in episodes if id_ not in stored]:
        raise InputError(
            f"The memory {memory.path} has no episode {unknown[0]} with a step in it; "
            f"it has {len(stored)}, with ids from {min(stored)} to {max(stored)}."
        )
    if not episodes:
        raise InputError("No episode was named; name at least one, or leave them out for all.")
    return [stored[id_] for id_ in dict.fromkeys(episodes)]


def columns_of(spec: RobotSpec, steps: Sequence[Step]) -> Columns:
    """Steps, one row each; a sensor that tells no time has the step's."""
    schema = Schema(spec)
    values = [schema.values(schema.row(0, 0, step)) for step in steps]
    return {
        name: np.array([value[name] for value in values], field.dtype)
        for name, field in FIELDS.items()
    }


def kinds_of(spec: RobotSpec) -> dict[str, tuple[np.dtype[Any], Shape]]:
    """Type and shape of a row of each column; texts are objects."""
    sizes = {"": (), "action": (spec.action_size,), "sensor": (len(spec.sensors),)}
    kinds = {name: (field.dtype, sizes[field.per]) for name, field in FIELDS.items()}
    return kinds | {"step_index": (np.dtype(np.int64), ())}


def readings_of(spec: RobotSpec, steps: Sequence[Step]) -> Columns:
    """The readings of steps by sensor name, one row each; zeros where a sensor gave nothing."""
    nothing = {sensor.name: np.zeros(sensor.shape, sensor.dtype) for sensor in spec.sensors}
    seen = [{**nothing, **step.observation.readings} for step in steps]
    return {name: np.stack([readings[name] for readings in seen]) for name in nothing}


def step_of(spec: RobotSpec, readings: Readings, row: Mapping[str, Any]) -> Step:
    """A step from its readings and its row; columns that a stranger has not are left out."""
    times = np.reshape(row.get("captured_s", ()), -1)
    present = np.broadcast_to(np.reshape(row.get("present", True), -1), len(spec.sensors))
    values = {**row, "captured_s": np.where(times == row["time_s"], np.nan, times)}
    there = [s.name for s, is_there in zip(spec.sensors, present, strict=True) if is_there]
    return Schema(spec).step_of(values, {name: readings[name] for name in there})


def outcome_of(reward: float) -> str:
    """The outcome of a step of which a reward is known, as JSON; "" where that is not finite."""
    return json.dumps({"reward": float(reward)}) if np.isfinite(reward) else ""


def reward_of(outcome: str) -> float:
    """The reward in a step's outcome; 0 where that tells none."""
    with suppress(ValueError, AttributeError, TypeError, OverflowError):  # a robot tells anything
        return float(json.loads(outcome or "{}").get("reward", 0.0))
    return 0.0


def scaled(action: Array, low: Array, high: Array) -> Array:
    """A motor command in [low, high] as float32 (A,) in [-1, 1]; a motor without room is at 0."""
    command, low, high = np.ravel(action), np.ravel(low), np.ravel(high)
    middle, reach = (low + high) / 2.0, (high - low) / 2.0
    inside = np.zeros(command.shape)
    np.divide(command - middle, reach, out=inside, where=reach > 0)
    return inside.astype(np.float32)


def png(picture: Array) -> bytes:
    """A picture, uint8 (h, w, c), as a PNG that loses nothing."""
    out = io.BytesIO()
    flat = picture[:, :, 0] if picture.shape[2] == 1 else picture
    Image.fromarray(flat).save(out, format="PNG")
    return out.getvalue()


def decoded(file: bytes, shape: Shape, owner: str) -> Array:
    """A picture file's bytes as uint8 (h, w, channels).

    Raises:
        InputError: naming the owner, when it has more than 8 bits a number, as depths have, or
            another size.
        DAMAGES: when the bytes are no picture.
    """
    height, width, channels = shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # its size is looked at
        with Image.open(io.BytesIO(file), formats=PICTURES) as image:
            if image.size != (width, height) or "16" in str(image.tile[0][3]):
                raise InputError(
                    f"{owner} has pictures of {image.height} x {image.width} pixels, {image.mode}, "
                    f"but {height} x {width} of 8 bits a channel were expected; leave it out."
                )
            return np.array(image.convert(MODES[channels])).reshape(shape)
