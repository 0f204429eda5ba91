"""Export while no file may grow beyond some bytes: full_disk.py KIND MEMORY FILE BYTES."""

import resource
import sys
from pathlib import Path

import av  # noqa: F401  # before there is no room for its bytecode
import h5py  # noqa: F401
import pyarrow.parquet  # noqa: F401

from rumpus.errors import MemoryFault
from rumpus.exchange.lerobot.export import export_lerobot
from rumpus.exchange.minari.export import export_minari
from rumpus.exchange.mp4 import export_film
from rumpus.memory import Memory

kind, path, target, max_file_bytes = sys.argv[1:]
with Memory.open(Path(path), write=False) as memory:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(max_file_bytes), resource.RLIM_INFINITY))
    try:
        if kind == "film":
            export_film(memory, Path(target), 1, enlarge=8)
        elif kind == "lerobot":
            export_lerobot(memory, Path(target))
        else:
            export_minari(memory, Path(target))
    except MemoryFault as fault:
        sys.exit(f"refused: {fault}")
