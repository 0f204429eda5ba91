"""Parquet files whose writer was killed: the footer is written anew, and they can be read again.

Parquet says where everything lies in a footer at the end of the file, and LeRobot 0.4.4 writes it
only when a recording is finalized. The pages before it are whole: each begins with a header that
says how long it is and how many values it holds, and every save_episode() ended one row group. So
the pages are walked, grouped into columns by the dataset's known features, and a footer is made
from one that the same columns get here.

Source: parquet.thrift of Apache Parquet.
"""

import io
import mmap
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rumpus.memory.exchange import thrift
from rumpus.memory.exchange.thrift import I32, I64, LIST, STRUCT, Reader, Struct

MAGIC = b"PAR1"
_DATA, _DICTIONARY, _DATA_V2 = 0, 2, 3  # PageType
_HEADERS = {_DATA: 5, _DICTIONARY: 7, _DATA_V2: 8}  # field of PageHeader that has the counts


@dataclass(frozen=True)
class Page:
    """One page of one column.

    Attributes:
        at: where its header begins.
        end: where its bytes end.
        is_dictionary: whether it holds the values that data pages refer to.
        values: how many.
        encoding: of them.
        raw_bytes: its size before compression, with its header.
    """

    at: int
    end: int
    is_dictionary: bool
    values: int
    encoding: int
    raw_bytes: int


@dataclass(frozen=True)
class Column:
    """What is known of one column before its pages are.

    Attributes:
        values: in one row.
        has_dictionary: whether its pages begin with one; LeRobot's all do, but for truth values.
    """

    values: int
    has_dictionary: bool


Group = tuple[int, list[list[Page]]]  # a row group: its rows, and the pages of each column


def has_footer(file: Path) -> bool:
    """Whether a Parquet file was closed."""
    with file.open("rb") as opened:
        opened.seek(max(file.stat().st_size - len(MAGIC), 0))
        return opened.read() == MAGIC and file.stat().st_size > 2 * len(MAGIC)


def mend(broken: Path, whole: Path, schema: pa.Schema) -> int:
    """Write a copy that can be read: every row group that is complete, and a footer.

    Args:
        broken: left as it is.
        whole: the copy; only made when any row survives.
        schema: of the file, lists with their lengths.

    Returns:
        how many rows survive.
    """
    columns = [column for field in schema for column in _columns(field.type)]
    groups = list(_row_groups(_pages(broken), columns))
    rows = sum(rows for rows, _ in groups)
    if rows:
        shutil.copyfile(broken, whole)
        footer = _footer(schema, groups)
        with whole.open("r+b") as file:
            file.truncate(groups[-1][1][-1][-1].end)
            file.seek(0, io.SEEK_END)
            file.write(footer + len(footer).to_bytes(4, "little") + MAGIC)
    return rows


def _pages(file: Path) -> list[Page]:
    """All pages from the beginning to the first that is not whole."""
    pages: list[Page] = []
    size = file.stat().st_size
    if size <= len(MAGIC):
        return pages
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = len(MAGIC)
        while at < size:
            try:
                page = _page(data, at)
            except (IndexError, KeyError, ValueError, TypeError, RecursionError):
                break  # cut in the middle of a header, or what follows is no page
            if page.end > size or page.end <= page.at:
                break
            pages.append(page)
            at = page.end
    return pages


def _page(data: mmap.mmap, at: int) -> Page:
    reader = Reader(data, at)
    header = reader.struct()
    kind, raw, stored = (header[field][1] for field in (1, 2, 3))
    counts = header[_HEADERS[kind]][1]
    encoding = counts[4 if kind == _DATA_V2 else 2][1]
    head = reader.at - at
    return Page(at, reader.at + stored, kind == _DICTIONARY, counts[1][1], encoding, head + raw)


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
    pages: list[Page], begin: int, columns: list[Column], rows: int
) -> list[list[Page]] | None:
    """The pages of each column of a group of so many rows; None where they do not fit."""
    chunks = []
    for column in columns:
        end, wanted = begin, rows * column.values
        while wanted > 0 and end < len(pages):
            if pages[end].is_dictionary != (column.has_dictionary and end == begin):
                return None
            wanted -= 0 if pages[end].is_dictionary else pages[end].values
            end += 1
        if wanted:
            return None
        chunks.append(pages[begin:end])
        begin = end
    return chunks


def _columns(type_: pa.DataType) -> list[Column]:
    """The columns that Parquet makes of a field."""
    if pa.types.is_struct(type_):
        return [column for field in type_ for column in _columns(field.type)]
    if pa.types.is_fixed_size_list(type_):
        return [
            Column(type_.list_size * column.values, column.has_dictionary)
            for column in _columns(type_.value_type)
        ]
    return [Column(1, not pa.types.is_boolean(type_))]


def _footer(schema: pa.Schema, groups: list[Group]) -> bytes:
    """FileMetaData: that of a file of one empty row, with these row groups instead of its own."""
    sample = io.BytesIO()
    row = pa.table([pa.nulls(1, field.type) for field in schema], schema=schema)
    pq.write_table(row, sample, compression="snappy")  # as LeRobot compresses
    raw = sample.getvalue()
    size = int.from_bytes(raw[-8:-4], "little")
    footer = Reader(raw[-8 - size : -8]).struct()
    (like,) = footer[4][1][1]
    footer[3] = (I64, sum(rows for rows, _ in groups))
    footer[4] = (LIST, (STRUCT, [_group_struct(like, group) for group in groups]))
    return thrift.written(footer)


def _group_struct(like: Struct, group: Group) -> Struct:
    rows, chunks = group
    columns = [
        _column_struct(column[3][1], chunk)
        for column, chunk in zip(like[1][1][1], chunks, strict=True)
    ]
    raw_bytes = sum(page.raw_bytes for chunk in chunks for page in chunk)
    return {1: (LIST, (STRUCT, columns)), 2: (I64, raw_bytes), 3: (I64, rows)}


def _column_struct(like: Struct, pages: list[Page]) -> Struct:
    data = [page for page in pages if not page.is_dictionary]
    about: Struct = {field: like[field] for field in (1, 3, 4)}  # type, path_in_schema, codec
    about[2] = (LIST, (I32, sorted({page.encoding for page in pages})))
    about[5] = (I64, sum(page.values for page in data))
    about[6] = (I64, sum(page.raw_bytes for page in pages))
    about[7] = (I64, pages[-1].end - pages[0].at)
    about[9] = (I64, data[0].at)
    if pages[0].is_dictionary:
        about[11] = (I64, pages[0].at)
    return {2: (I64, 0), 3: (STRUCT, about)}
