"""Named tensors in one safetensors file, by plain writes, with a checksum over all of it.

The library's own writers leave a file of a random name behind when they are killed, or need as much
memory again, for want of which they end the program. The format: 8 bytes that say how long the
header is, the header as JSON, the tensors' bytes (https://github.com/huggingface/safetensors).
Neither writing nor reading needs torch; only reading needs the library.
"""

import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rumpus import atomic_file
from rumpus.types import Array

KINDS = {"float32": "F32", "float64": "F64", "int64": "I64", "uint8": "U8", "bool": "BOOL"}
# What may come of reading a file that is not what was written.
DAMAGE = (OSError, LookupError, TypeError, ValueError, RuntimeError, ArithmeticError)


def write(path: Path, arrays: Mapping[str, Array], told: str) -> None:
    """Write arrays and a text that is to be told beside them, whole or not at all.

    Raises:
        OSError: when the disk does not take it; the old file is as it was.
    """
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    about = {"rumpus": told, "checksum": _checksum(told, arrays)}
    header, stop = dict[str, Any](__metadata__=about), 0
    for name, array in arrays.items():
        first, stop = stop, stop + array.nbytes
        kind = KINDS[array.dtype.name]
        header[name] = {"dtype": kind, "shape": array.shape, "data_offsets": [first, stop]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # so that the tensors lie where they can be mapped
    with atomic_file.replacing(path) as part, part.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in arrays.values():
            file.write(array.reshape(-1).data)


def told_in(path: Path) -> str:
    """The text alone, on trust.

    Raises:
        DAMAGE: when it cannot be read.
    """
    with _opened(path) as file:
        return str(file.metadata()["rumpus"])


def read(path: Path) -> tuple[dict[str, Array], str]:
    """The arrays and the text, as they were written.

    Raises:
        DAMAGE: when they are not.
    """
    with _opened(path) as file:
        about = file.metadata()
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if about["checksum"] != _checksum(about["rumpus"], arrays):
        raise ValueError("its bytes are not what was written")
    return arrays, str(about["rumpus"])


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    from safetensors import SafetensorError, safe_open  # an extra

    try:
        with safe_open(path, "np") as file:
            yield file
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def _checksum(told: str, arrays: Mapping[str, Array]) -> str:
    """CRC-32 over the text and all arrays, by name, kind and shape."""
    checksum = zlib.crc32(told.encode())
    for name, array in sorted(arrays.items()):
        checksum = zlib.crc32(f"{name} {array.dtype} {array.shape}".encode(), checksum)
        checksum = zlib.crc32(array.reshape(-1).data, checksum)
    return str(checksum)
