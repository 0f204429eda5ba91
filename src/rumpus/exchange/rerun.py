"""Rerun: episodes as an .rrd file, to scrub through in the Rerun viewer, pictures exact.

Two timelines: `step`, the index in memory, and `clock`, the robot's own. Where that clock began
anew between episodes they lie over one another on it; on `step` they never do. Needs the extra
`rerun`: without, importing this is a ModuleNotFoundError.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rerun
from rerun.chunk import Chunk, LazyChunkStream

from rumpus.errors import InputError
from rumpus.exchange.transfer import (
    BLOCK,
    Columns,
    Transfer,
    appearing,
    block_of,
    blocks_of,
    chosen,
)
from rumpus.memory.episode import Episode
from rumpus.memory.memory import Memory
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array

COLOURS = {1: "L", 3: "RGB", 4: "RGBA"}  # what Rerun calls pictures of so many channels
NUMBERS = {
    "action": "action/wish", "executed_action": "action/deed", "goal_index": "goal/step",
    "terminated": "end/terminated", "truncated": "end/truncated", "intervention": "intervention",
}  # fmt: skip
TEXTS = {
    "goal_reason": "goal/reason", "clip_reason": "action/clip_reason", "outcome": "action/outcome",
}  # fmt: skip
RECENT = 2000  # steps lived already that who begins to follow is shown
FLUSH_S = 10.0
LOST = (
    "Times are whole nanoseconds.",
    "A reason or an outcome that is empty is left out, and a sensor where it gave nothing.",
)


def export_rrd(memory: Memory, file: Path, episodes: Sequence[int] | None = None) -> Transfer:
    """Write episodes as an .rrd file, to look at in the Rerun viewer: `rerun FILE`.

    Entities: camera/NAME, vector/NAME, captured_s/NAME for every sensor; action/wish,
    action/deed, action/clip_reason, action/outcome, goal/step, goal/reason, end/terminated,
    end/truncated, intervention; episode/id and episode/provenance.

    Args:
        memory: whose episodes.
        file: the .rrd to make; it appears when it is whole.
        episodes: their ids; all that hold a step where left out.

    Raises:
        InputError: when the memory holds no step, there is no such episode, or the file is there
            already.
        MemoryFault: when a step is damaged, or the disk does not take the file.
    """
    stored = chosen(memory, episodes)
    recording = f"{memory.spec.name} {memory.path.name}"  # what the viewer calls it
    with appearing(file) as new:
        stream = LazyChunkStream.from_iter(_chunks(memory, stored))
        try:
            stream.write_rrd(new, application_id="rumpus", recording_id=recording)
        except RuntimeError as error:  # all that Rerun says of a full disk
            raise OSError(str(error)) from error
    steps = sum(episode.length for episode in stored)
    hidden = [f"'{s.name}'" for s in memory.spec.sensors if not _is_shown(s)]
    untold = (f"Not shown, for their channels are no colours: {', '.join(hidden)}.",)
    return Transfer(file, len(stored), steps, LOST + (untold if hidden else ()))


def follow(memory: Memory, to: str, tick: Callable[[int], bool]) -> None:
    """Show a life to a Rerun viewer while it is lived, in a program of its own that only reads.

    Args:
        memory: open for reading; it is refreshed.
        to: "viewer" opens one here; an address (rerun+http://HOST:PORT/proxy) is that of one that
            is open; anything else is the .rrd file to make.
        tick: told how many steps are stored, after what is new was sent; False ends it.

    Raises:
        InputError: when the file is there already, or the viewer or address cannot be used.
        MemoryFault: when a step is damaged.
    """
    recording = rerun.RecordingStream("rumpus", recording_id=f"{memory.spec.name} {memory.id}")
    if to != "viewer" and "://" not in to and Path(to).exists():
        raise InputError(f"{to} is there already, and is not overwritten; give another name.")
    try:
        if to == "viewer":
            recording.spawn()
        elif "://" in to:
            recording.connect_grpc(to)
        else:
            recording.save(to)
        sent = max(len(memory) - RECENT, 0)
        while True:
            sent += _send(recording, memory, sent)
            recording.flush(timeout_sec=FLUSH_S)
            if not tick(sent):
                return
            memory.refresh()
    except (RuntimeError, ValueError, OSError) as error:
        raise InputError(
            f"Rerun could not show it by '{to}': {str(error).splitlines()[0]}; give viewer, the "
            "address of an open one, or a file to make."
        ) from error
    finally:
        recording.disconnect()


def _send(recording: rerun.RecordingStream, memory: Memory, first: int) -> int:
    """Send at most a block of steps of one episode; how many."""
    episodes = memory.episode_of[first : first + BLOCK]
    if not len(episodes):
        return 0
    count = int((episodes == episodes[0]).sum())
    block = block_of(memory, first, first + count)
    recording.send_chunks(list(_block(memory.spec, int(episodes[0]), *block)))
    return count


def _is_shown(sensor: SensorSpec) -> bool:
    return not sensor.is_picture or sensor.shape[2] in COLOURS


def _chunks(memory: Memory, stored: list[Episode]) -> Iterator[Chunk]:
    """All there is, a block of steps at a time."""
    for episode in stored:
        index = np.array([episode.first])
        begun = {"step_index": index, "time_s": memory.time_s[index]}
        yield _texts("episode/provenance", begun, [0], [episode.provenance])
        for columns, readings in blocks_of(memory, episode):
            yield from _block(memory.spec, episode.id, columns, readings)


def _block(spec: RobotSpec, id_: int, columns: Columns, readings: Columns) -> Iterator[Chunk]:
    """What is known of some steps of one episode."""
    for k, sensor in enumerate(spec.sensors):
        there = np.flatnonzero(columns["present"][:, k])
        if _is_shown(sensor) and len(there):
            rows, at = readings[sensor.name][there], {n: c[there] for n, c in columns.items()}
            yield _numbers(_path("captured_s", sensor), at, at["captured_s"][:, k])
            if sensor.is_picture:
                yield _chunk(_path("camera", sensor), at, _pictures(rows))
            else:
                yield _numbers(_path("vector", sensor), at, rows)
    for name, path in NUMBERS.items():
        yield _numbers(path, columns, columns[name])
    yield _numbers("episode/id", columns, np.full(len(columns["time_s"]), id_))
    for name, path in TEXTS.items():
        if said := [k for k, text in enumerate(columns[name]) if text]:
            yield _texts(path, columns, said, [columns[name][k] for k in said])


def _pictures(rows: Array) -> Any:
    n, height, width, channels = rows.shape
    layout = rerun.components.ImageFormat(
        width=width, height=height, color_model=COLOURS[channels], channel_datatype="U8"
    )
    return rerun.Image.columns(buffer=rows.reshape(n, -1), format=[layout] * n)


def _path(kind: str, sensor: SensorSpec) -> str:
    return str(rerun.new_entity_path([kind, sensor.name]))  # a name may hold what means something


def _chunk(path: str, columns: Columns, components: Any, rows: Any = slice(None)) -> Chunk:
    """Something known at some of the steps."""
    times = [
        rerun.TimeColumn("step", sequence=columns["step_index"][rows]),
        rerun.TimeColumn("clock", duration=columns["time_s"][rows]),
    ]
    return Chunk.from_columns(path, times, components)


def _numbers(path: str, columns: dict[str, Array], values: Array) -> Chunk:
    rows = values.astype(np.float64).reshape(len(values), -1)
    return _chunk(path, columns, rerun.Scalars.columns(scalars=rows))


def _texts(path: str, columns: dict[str, Array], rows: list[int], texts: list[str]) -> Chunk:
    return _chunk(path, columns, rerun.TextLog.columns(text=texts), rows)
