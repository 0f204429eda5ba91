"""Parquet files whose writer was killed: the footer is written anew, and they can be read again.

Parquet says where everything lies in a footer at the end of the file, and LeRobot 0.4.4 writes it
only when a recording is finalized. The pages before it are whole: each begins with a header that
says how long it is and how many values it holds, and every save_episode() ended one row group. So
the pages are walked, grouped into columns by the dataset's known features, and a footer is made
from one that the same columns get here.

Source: parquet.thrift of Apache Parquet.
"""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from rumpus.exchange.lerobot import thrift
from rumpus.exchange.lerobot.thrift import I64, LIST, STRUCT, Struct

MAGIC = b"PAR1"
_DATA, _DICTIONARY, _DATA_V2 = 0, 2, 3  # PageType
_HEADERS = {_DATA: 5, _DICTIONARY: 7, _DATA_V2: 8}  # field of PageHeader that has the counts


class Page(NamedTuple):
    """One page of one column; a dictionary holds the values that data pages refer to."""

    at: int
    end: int
    is_dictionary: bool
    values: int


class Column(NamedTuple):
    """How many values it has in a row, and whether its pages begin with a dictionary."""

    values: int
    has_dictionary: bool  # LeRobot's all do, but for truth values


Group = tuple[int, list[list[Page]]]  # a row group: its rows, and the pages of each column


def has_footer(file: Path) -> bool:
    """Whether a Parquet file was closed."""
    raw_bytes = file.stat().st_size
    with file.open("rb") as opened:
        opened.seek(max(raw_bytes - len(MAGIC), 0))
        return opened.read() == MAGIC and raw_bytes > 2 * len(MAGIC)


def repair(broken: Path, whole: Path, schema: pa.Schema) -> int:
    """Write a copy that can be read: every row group that is complete, and a footer.

    Args:
        broken: left as it is.
        whole: the copy; only made when any row survives.
        schema: of the file, lists with their lengths.

    Returns:
        how many rows survive.
    """
    columns = [column for field in schema for column in _columns(field.type)]
    groups = list(_row_groups(list(_pages(broken)), columns))
    if groups:
        shutil.copyfile(broken, whole)
        footer = _footer(schema, groups)
        with whole.open("r+b") as file:
            file.seek(groups[-1][1][-1][-1].end)
            file.write(footer + len(footer).to_bytes(4, "little") + MAGIC)
            file.truncate()
    return sum(rows for rows, _ in groups)


def _pages(file: Path) -> Iterator[Page]:
    """All pages from the beginning to the first that is not whole."""
    size, end = file.stat().st_size, len(MAGIC)
    with file.open("rb") as opened:
        while end < size:
            at = opened.seek(end)
            try:
                header = thrift.read(opened)
                kind, stored = header[1][1], header[3][1]
                values = header[_HEADERS[kind]][1][1][1]
            except (IndexError, KeyError, ValueError, TypeError, RecursionError):
                return  # cut in the middle of a header, or what follows is no page
            end = opened.tell() + stored
            if stored < 0 or end > size:
                return
            yield Page(at, end, kind == _DICTIONARY, values)


def _row_groups(pages: list[Page], columns: list[Column]) -> Iterator[Group]:
    """Pages as row groups, up to the first that is not whole."""
    begin = 0
    while (group := _row_group(pages, begin, columns)) is not None:
        yield group
        begin += sum(map(len, group[1]))


def _row_group(pages: list[Page], begin: int, columns: list[Column]) -> Group | None:
    """One group: how many rows it has is not known, but what makes all columns fit."""
    values = 0
    for at in range(begin, len(pages)):
        if pages[at].is_dictionary and at > begin:
            break  # the next column has begun
        values += 0 if pages[at].is_dictionary else pages[at].values
        rows, rest = divmod(values, columns[0].values)
        if rows and not rest and (chunks := _chunks(pages, begin, columns, rows)):
            return rows, chunks
    return None


def _chunks(
    pages: list[Page], end: int, columns: list[Column], rows: int
) -> list[list[Page]] | None:
    """The pages of each column of a group of so many rows; None where they do not fit."""
    chunks = []
    for column in columns:
        begin, wanted = end, rows * column.values
        while wanted > 0 and end < len(pages):
            if pages[end].is_dictionary != (column.has_dictionary and end == begin):
                return None
            wanted -= 0 if pages[end].is_dictionary else pages[end].values
            end += 1
        if wanted:
            return None
        chunks.append(pages[begin:end])
    return chunks


def _columns(type_: pa.DataType) -> list[Column]:
    """The columns that Parquet makes of a field."""
    if pa.types.is_struct(type_):
        return [column for field in type_ for column in _columns(field.type)]
    if pa.types.is_fixed_size_list(type_):
        inner = _columns(type_.value_type)
        return [Column(type_.list_size * values, dictionary) for values, dictionary in inner]
    return [Column(1, not pa.types.is_boolean(type_))]


def _footer(schema: pa.Schema, groups: list[Group]) -> bytes:
    """FileMetaData: that of a file of one empty row, with these row groups instead of its own."""
    sample = io.BytesIO()
    row = pa.table([pa.nulls(1, field.type) for field in schema], schema=schema)
    pq.write_table(row, sample, compression="snappy")  # as LeRobot compresses
    size = int.from_bytes(sample.getvalue()[-8:-4], "little")
    sample.seek(-8 - size, io.SEEK_END)
    footer = thrift.read(sample)
    (like,) = footer[4][1][1]
    footer[3] = (I64, sum(rows for rows, _ in groups))
    footer[4] = (LIST, (STRUCT, [_group_struct(like, *group) for group in groups]))
    return thrift.written(footer)


def _group_struct(like: Struct, rows: int, chunks: list[list[Page]]) -> Struct:
    columns = [
        _column_struct(column[3][1], chunk)
        for column, chunk in zip(like[1][1][1], chunks, strict=True)
    ]
    stored = chunks[-1][-1].end - chunks[0][0].at
    return {1: (LIST, (STRUCT, columns)), 2: (I64, stored), 3: (I64, rows)}


def _column_struct(like: Struct, pages: list[Page]) -> Struct:
    """ColumnChunk; sizes before compression are told as those after it, as no reader needs them."""
    data = [page for page in pages if not page.is_dictionary]
    stored = (I64, pages[-1].end - pages[0].at)
    about: Struct = {field: like[field] for field in (1, 2, 3, 4)}  # type, encodings, path, codec
    about |= {5: (I64, sum(page.values for page in data)), 6: stored, 7: stored}
    about[9] = (I64, data[0].at)
    if pages[0].is_dictionary:
        about[11] = (I64, pages[0].at)
    return {2: (I64, 0), 3: (STRUCT, about)}
