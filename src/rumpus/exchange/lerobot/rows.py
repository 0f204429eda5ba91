"""Columns as a LeRobot dataset's Parquet files hold them, there and back."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from rumpus.exchange.lerobot.layout import Feature
from rumpus.exchange.picture import png


def table(schema: pa.Schema, columns: dict[str, Any]) -> pa.Table:
    """The columns of a schema; pictures become PNG."""
    return pa.table({f.name: _cells(columns[f.name], f.type) for f in schema}, schema=schema)


def _cells(rows: Sequence[Any], type_: pa.DataType) -> Any:
    if pa.types.is_struct(type_):
        return [{"bytes": png(picture), "path": None} for picture in rows]
    return list(rows) if pa.types.is_fixed_size_list(type_) else np.ravel(rows)


def values(column: pa.Array, feature: Feature) -> Any:
    """A column as numbers, (n,) or (n, k) however deep its lists are, or as a list of n others."""
    if not feature.is_number:
        return column.to_pylist()
    rows = len(column)
    while isinstance(column, pa.ListArray | pa.LargeListArray | pa.FixedSizeListArray):
        column = column.flatten()
    numbers = np.asarray(column.to_numpy(zero_copy_only=False))
    return numbers if feature.shape in ((), (1,)) else numbers.reshape(rows, -1)


def tasks_table(tasks: dict[str, int]) -> pa.Table:
    """task_index by sentence, in the form that pandas reads as a frame with the sentences as index.

    LeRobot looks tasks up in that index.
    """
    words = {
        "name": "task", "field_name": "task", "pandas_type": "unicode", "numpy_type": "object",
        "metadata": None,
    }  # fmt: skip
    note = {"index_columns": ["task"], "column_indexes": [], "columns": [words]}
    rows = pa.table({"task_index": pa.array(tasks.values(), pa.int64()),
                     "task": pa.array(tasks, pa.string())})  # fmt: skip
    return rows.replace_schema_metadata({"pandas": json.dumps(note)})
