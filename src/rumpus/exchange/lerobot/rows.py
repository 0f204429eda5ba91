"""Columns as a LeRobot dataset's Parquet files hold them, there and back."""

import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from rumpus.types import Array

DAMAGES = (OSError, SyntaxError, TypeError, ValueError, EOFError, Image.DecompressionBombError)
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}  # of PNG, by channels


def table(schema: pa.Schema, columns: dict[str, Any]) -> pa.Table:
    """The columns of a schema; pictures become PNG."""
    return pa.table({f.name: _cells(columns[f.name], f.type) for f in schema}, schema=schema)


def _cells(rows: Sequence[Any], type_: pa.DataType) -> Any:
    if pa.types.is_struct(type_):
        return [{"bytes": _png(picture), "path": None} for picture in rows]
    return list(rows) if pa.types.is_fixed_size_list(type_) else np.ravel(rows)


def _png(picture: Array) -> bytes:
    """A picture, uint8 (h, w, c), bit for bit."""
    out = io.BytesIO()
    flat = picture[:, :, 0] if picture.shape[2] == 1 else picture
    Image.fromarray(flat).save(out, format="PNG")
    return out.getvalue()


def picture(png: bytes, channels: int) -> Array:
    """A picture file's bytes as uint8 (h, w, channels).

    Raises:
        DAMAGES: when the bytes are no picture.
    """
    with Image.open(io.BytesIO(png)) as image:
        pixels = np.array(image.convert(MODES[channels]))
    return pixels.reshape(*pixels.shape[:2], channels)


def numbers(column: pa.Array) -> Array:
    """A column of numbers, or of lists of them however deep, as (rows, k)."""
    rows = len(column)
    while isinstance(column, pa.ListArray | pa.LargeListArray | pa.FixedSizeListArray):
        column = column.flatten()
    return np.asarray(column.to_numpy(zero_copy_only=False)).reshape(rows, -1)


def tasks_table(tasks: dict[str, int]) -> pa.Table:
    """task_index by sentence, in the form that pandas reads as a frame with the sentences as index.

    LeRobot looks tasks up in that index.
    """
    index = "__index_level_0__"
    columns = [
        {"name": "task_index", "field_name": "task_index", "pandas_type": "int64",
         "numpy_type": "int64", "metadata": None},
        {"name": None, "field_name": index, "pandas_type": "unicode",
         "numpy_type": "object", "metadata": None},
    ]  # fmt: skip
    note = {"index_columns": [index], "column_indexes": [], "columns": columns}
    rows = pa.table({"task_index": pa.array(tasks.values(), pa.int64()),
                     index: pa.array(tasks, pa.string())})  # fmt: skip
    return rows.replace_schema_metadata({"pandas": json.dumps(note)})
