"""Parquet files of a dataset: nothing is read of one that claims more than its size can hold."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from rumpus.errors import InputError
from rumpus.exchange.lerobot.layout import Feature
from rumpus.exchange.transfer import LARGEST_RATIO, inside


def check_footer(file: Path, footer: pq.FileMetaData, features: Mapping[str, Feature]) -> None:
    """Refuse a file whose footer cannot be true.

    Args:
        file: whose it is.
        footer: what it claims.
        features: of the dataset, by column; they say how many numbers a row has.

    Raises:
        InputError: when there are more rows than bytes, more bytes than any packing makes so
            small, or more numbers in a row than its feature has.
    """
    claims = [f"{footer.num_rows:,} rows"] if footer.num_rows > file.stat().st_size else []
    for group in map(footer.row_group, range(footer.num_row_groups)):
        for column in map(group.column, range(group.num_columns)):
            packed, bytes_n = column.total_compressed_size, column.total_uncompressed_size
            feature = features.get(column.path_in_schema.partition(".list.")[0])
            most = group.num_rows * max(feature.size, 1) if feature else math.inf
            if not 0 <= bytes_n <= LARGEST_RATIO * packed:
                claims.append(f"{bytes_n:,} bytes of {column.path_in_schema}")
            if feature and feature.is_number and column.num_values > most:
                claims.append(f"{column.num_values:,} numbers of {column.path_in_schema}")
    if claims:
        raise InputError(
            f"{file} claims {claims[0]} in {file.stat().st_size:,} bytes, more than it can have by "
            "its size and by info.json; put back a copy of it."
        )


def columns_of(folder: Path, file: Path, names: Sequence[str]) -> list[list[Any]]:
    """Columns of a file of a dataset, each a list.

    Raises:
        InputError: when it lies outside of the dataset, or claims more than it can have.
        KeyError: when it lacks one.
        pa.ArrowException, OSError: when it cannot be read.
    """
    with pq.ParquetFile(real := inside(folder, file)) as opened:
        check_footer(real, opened.metadata, {})
        return [opened.read([name])[name].to_pylist() for name in names]
