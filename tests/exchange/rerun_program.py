"""What the tests do where rerun-sdk and rumpus are both installed.

write MEMORY FILE [BYTES]: export the memory; a file may get that large and no larger.
follow MEMORY FILE STEPS: follow the memory while so many more steps of its last one are lived.
read FILE NPZ: what Rerun's own reader finds: every column of every entity, row by row.
"""

import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

SHOWN = ("step", "clock", "Image:buffer", "Scalars:scalars", "TextLog:text")


def write(memory: str, file: str, max_file_bytes: str = "") -> None:
    from rumpus.errors import MemoryFault
    from rumpus.exchange.rerun import export_rrd
    from rumpus.memory import Memory

    with Memory.open(Path(memory), write=False) as opened:
        import rerun.chunk  # noqa: F401  # before there is no room for its bytecode

        if max_file_bytes:
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(max_file_bytes), resource.RLIM_INFINITY))
        try:
            done = export_rrd(opened, Path(file))
        except MemoryFault as fault:
            sys.exit(f"refused: {fault}")
        print(done.episodes, done.steps, *done.lost)


def follow(memory: str, file: str, steps: str) -> None:
    from rumpus.exchange.rerun import follow
    from rumpus.memory import Memory

    path = Path(memory)
    with Memory.open(path) as writer, Memory.open(path, write=False) as reader:
        until = len(writer) + int(steps)
        writer.begin_episode("play on")

        def tick(sent: int) -> bool:
            if len(writer) < until:
                writer.append(writer.step(len(writer) - 1))
                writer.flush()
            return sent < until

        follow(reader, file, tick)


def read(file: str, told: str) -> None:
    from rerun.chunk import RrdReader

    (recording,) = RrdReader(file).recordings()
    found: dict[str, list[Any]] = {}
    for chunk in RrdReader(file).store(store=recording).stream():  # by the file's own manifest
        batch = chunk.to_record_batch()
        for name in SHOWN:
            if not chunk.is_static and name in batch.schema.names:
                rows = batch.column(name)
                rows = rows.cast("int64") if name == "clock" else rows
                key = f"{chunk.entity_path} {name}".strip("/")
                found.setdefault(key, []).extend(rows.to_pylist())
    np.savez(told, **{name: np.array(rows) for name, rows in found.items()})  # type: ignore[arg-type]


if __name__ == "__main__":
    tasks: dict[str, Callable[..., None]] = {"read": read, "write": write, "follow": follow}
    tasks[sys.argv[1]](*sys.argv[2:])
