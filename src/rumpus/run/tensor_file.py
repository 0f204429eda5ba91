"""Named tensors in one safetensors file, by plain writes.

The library's own writers leave a file of a random name behind when they are killed, or need as much
memory again, for want of which they end the program. The format: 8 bytes that say how long the
header is, the header as JSON, the tensors' bytes (https://github.com/huggingface/safetensors).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from rumpus import atomic_file

KINDS = {"float32": "F32", "float64": "F64", "int64": "I64", "uint8": "U8", "bool": "BOOL"}


def write(path: Path, tensors: Mapping[str, Tensor], told: Mapping[str, str]) -> None:
    """Write tensors of the processor and what is to be told beside them, whole or not at all.

    Raises:
        OSError: when the disk does not take it; the old file is as it was.
    """
    arrays = {name: tensor.contiguous().numpy() for name, tensor in tensors.items()}
    header, stop = dict[str, Any](__metadata__=told), 0
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
