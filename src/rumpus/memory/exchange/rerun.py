"""Rerun: episodes as an .rrd file, to scrub through in the Rerun viewer, pictures exact.

Two timelines: `step`, the index in memory, and `clock`, the robot's own. Where that clock began
anew between episodes they lie over one another on it; on `step` they never do.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rumpus.errors import MemoryFault
from rumpus.memory.episode import Episode
from rumpus.memory.exchange.transfer import Transfer, appearing, chosen
from rumpus.memory.memory import Memory
from rumpus.spec import SensorSpec
from rumpus.types import Array, Step

if TYPE_CHECKING:
    from rerun.chunk import Chunk

APPLICATION = "rumpus"
BLOCK = 256  # steps in RAM at once
COLOURS = {1: "L", 3: "RGB", 4: "RGBA"}  # what Rerun calls pictures of so many channels
NUMBERS: dict[str, Callable[[Step], Any]] = {
    "action/wish": lambda step: step.action,
    "action/deed": lambda step: step.executed_action,
    "goal/step": lambda step: step.goal_index,
    "end/terminated": lambda step: step.terminated,
    "end/truncated": lambda step: step.truncated,
    "intervention": lambda step: step.intervention,
}
TEXTS: dict[str, Callable[[Step], str]] = {
    "goal/reason": lambda step: step.goal_reason,
    "action/clip_reason": lambda step: step.clip_reason,
}
LOST = (
    "Times are whole nanoseconds.",
    "A reason that is empty is left out.",
)


def export_rrd(memory: Memory, file: Path, episodes: Sequence[int] | None = None) -> Transfer:
    """Write episodes as an .rrd file, to look at in the Rerun viewer: `rerun FILE`.

    Entities: camera/NAME, vector/NAME, captured_s/NAME for every sensor; action/wish,
    action/deed, action/clip_reason, goal/step, goal/reason, end/terminated, end/truncated,
    intervention; episode/id and episode/provenance.

    Args:
        memory: whose episodes.
        file: the .rrd to make; it appears when it is whole.
        episodes: their ids; all that hold a step where left out.

    Raises:
        InputError: when the memory holds no step, there is no such episode, or the file is there
            already.
        MemoryFault: when a step is damaged, or the disk does not take the file.
        ModuleNotFoundError: when rerun-sdk is missing.
    """
    from rerun.chunk import LazyChunkStream  # an extra: pip install 'rumpus[rerun]'

    lived = chosen(memory, episodes)
    with appearing(file) as new:
        stream = LazyChunkStream.from_iter(_chunks(memory, lived))
        try:
            stream.write_rrd(new, application_id=APPLICATION, recording_id=_recording(memory))
        except RuntimeError as error:  # all that Rerun says of a full disk
            raise MemoryFault(
                f"{file} cannot be written: {error}; make room there, or name another place."
            ) from error
    steps = sum(episode.length for episode in lived)
    hidden = [f"'{s.name}'" for s in memory.spec.sensors if not _is_shown(s)]
    untold = (f"Not shown, for their channels are no colours: {', '.join(hidden)}.",)
    return Transfer(file, len(lived), steps, LOST + (untold if hidden else ()))


def _recording(memory: Memory) -> str:
    """What the viewer calls the recording."""
    return f"{memory.spec.name} {memory.path.name}"


def _is_shown(sensor: SensorSpec) -> bool:
    return not sensor.is_picture or sensor.shape[2] in COLOURS


def _chunks(memory: Memory, lived: list[Episode]) -> Iterator["Chunk"]:
    """All there is, a block of steps at a time."""
    shown = [sensor for sensor in memory.spec.sensors if _is_shown(sensor)]
    for sensor in shown:
        if sensor.is_picture:
            yield _format(sensor)
    for episode in lived:
        for first in range(episode.first, episode.first + episode.length, BLOCK):
            last = min(first + BLOCK, episode.first + episode.length)
            steps = [memory.step(index) for index in range(first, last)]
            yield from _block(steps, first, shown)
            yield _numbers("episode/id", steps, first, [episode.id] * len(steps))
        begin = [memory.step(episode.first)]
        yield _texts("episode/provenance", begin, [episode.first], [episode.provenance])


def _block(steps: list[Step], first: int, shown: list[SensorSpec]) -> Iterator["Chunk"]:
    for sensor in shown:
        seen = [step.observation for step in steps]
        readings = [moment.sensors[sensor.name] for moment in seen]
        times = [moment.captured_s.get(sensor.name, moment.time_s) for moment in seen]
        yield _numbers(_path("captured_s", sensor.name), steps, first, times)
        if sensor.is_picture:
            yield _pictures(sensor, steps, first, np.stack(readings))
        else:
            yield _numbers(_path("vector", sensor.name), steps, first, readings)
    for path, number in NUMBERS.items():
        yield _numbers(path, steps, first, [number(step) for step in steps])
    for path, text in TEXTS.items():
        told = [(first + k, step) for k, step in enumerate(steps) if text(step)]
        if told:
            said = [step for _, step in told]
            yield _texts(path, said, [index for index, _ in told], [text(step) for step in said])


def _path(kind: str, sensor: str) -> str:
    import rerun

    return str(rerun.new_entity_path([kind, sensor]))  # a name may hold what means something there


def _times(steps: list[Step], index: Sequence[int]) -> list[Any]:
    import rerun

    clock = [step.observation.time_s for step in steps]
    return [
        rerun.TimeColumn("step", sequence=np.array(index)),
        rerun.TimeColumn("clock", duration=np.array(clock)),
    ]


def _numbers(path: str, steps: list[Step], first: int, values: Sequence[Any]) -> "Chunk":
    import rerun
    from rerun.chunk import Chunk

    rows = np.array(values, np.float64).reshape(len(steps), -1)
    times = _times(steps, range(first, first + len(steps)))
    return Chunk.from_columns(path, times, rerun.Scalars.columns(scalars=rows))


def _texts(path: str, steps: list[Step], index: Sequence[int], texts: list[str]) -> "Chunk":
    import rerun
    from rerun.chunk import Chunk

    return Chunk.from_columns(path, _times(steps, index), rerun.TextLog.columns(text=texts))


def _pictures(sensor: SensorSpec, steps: list[Step], first: int, pictures: Array) -> "Chunk":
    import rerun
    from rerun.chunk import Chunk

    times = _times(steps, range(first, first + len(steps)))
    columns = rerun.Image.columns(buffer=pictures.reshape(len(steps), -1))
    return Chunk.from_columns(_path("camera", sensor.name), times, columns)


def _format(sensor: SensorSpec) -> "Chunk":
    """How a sensor's pictures are to be understood, said once."""
    import rerun
    from rerun.chunk import Chunk

    height, width, channels = sensor.shape
    layout = rerun.components.ImageFormat(
        width=width, height=height, color_model=COLOURS[channels], channel_datatype="U8"
    )
    columns = rerun.Image.columns(format=[layout])
    return Chunk.from_columns(_path("camera", sensor.name), [], columns)
