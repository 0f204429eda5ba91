"""Parquet files whose writer was killed: a footer is made for them, and they can be read.

Parquet says where everything lies in a footer at the end of the file, and LeRobot 0.4.4 writes it
only when a recording is finalized. The pages before it are whole: each begins with a header that
says how long it is and how many values it holds, and every save_episode() ended one row group. So
the pages are walked, grouped into columns by the dataset's known features, and a footer is made
from one that the same columns get here. With it pyarrow reads the file as it lies.
"""

import io
import math
from collections.abc import Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import IO, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import thriftpy2
from thriftpy2.protocol.compact import TCompactProtocol, TCompactProtocolFactory
from thriftpy2.utils import serialize

from rumpus.exchange.lerobot.layout import Feature, schema_of

PARQUET = thriftpy2.load(str(Path(__file__).with_name("parquet.thrift")), "parquet_thrift")
MAGIC = b"PAR1"


class Page(NamedTuple):
    """One page of one column; a dictionary holds the values that data pages refer to."""

    at: int
    end: int
    is_dictionary: bool
    values: int  # none of a row's own in a dictionary


# How many values a column has in a row, and whether its pages begin with a dictionary, as those of
# all do but truth values.
Column = tuple[int, bool]
Group = tuple[int, list[Sequence[Page]]]  # a row group: its rows, and the pages of each column


class _Protocol(TCompactProtocol):  # type: ignore[misc]
    """Thrift's compact protocol; what is none of it may tell of a list that takes for ever."""

    def _read_size(self) -> Any:
        if (size := super()._read_size()) > 2**20:
            raise ValueError(f"a list or a text of {size}")
        return size


def recovered(file: Path, features: dict[str, Feature]) -> pq.FileMetaData | None:
    """The footer that a file lacks: of every row group that is complete.

    Args:
        file: left as it is.
        features: of the dataset.

    Returns:
        None when no row survives.
    """
    columns = [
        (1 if feature.is_picture else math.prod(feature.shape), feature.dtype != "bool")
        for feature in features.values()
        for _ in range({"video": 0, "image": 2}.get(feature.dtype, 1))  # its bytes and its path
    ]
    groups = list(_row_groups(list(_pages(file)), columns))
    if not groups:
        return None
    footer = _sample(schema_of(features))
    footer.num_rows = sum(rows for rows, _ in groups)
    footer.row_groups = [_row_group(footer.row_groups[0], *group) for group in groups]
    raw = serialize(footer, TCompactProtocolFactory())
    return pq.read_metadata(io.BytesIO(MAGIC + raw + len(raw).to_bytes(4, "little") + MAGIC))


def _read(file: IO[bytes], struct: Any) -> Any:
    _Protocol(file).read_struct(struct)
    return struct


def _pages(file: Path) -> Iterator[Page]:
    """All pages from the beginning to the first that is not whole."""
    size, end = file.stat().st_size, len(MAGIC)
    with file.open("rb") as opened:
        while end < size:
            at = opened.seek(end)
            try:
                header = _read(opened, PARQUET.PageHeader())
                data = header.data_page_header or header.data_page_header_v2
                end = opened.tell() + header.compressed_page_size
                page = Page(at, end, data is None, int(data.num_values) if data else 0)
            except Exception:
                return  # cut in the middle of a header, or what follows is no page
            if not at < end <= size:
                return
            yield page


def _row_groups(pages: list[Page], columns: list[Column]) -> Iterator[Group]:
    """Pages as row groups, up to the first that is not whole.

    How many rows one has is not known, but what makes all columns fit.
    """
    begin = values = 0
    for at, page in enumerate(pages):
        if at < begin:
            continue
        values += page.values
        rows, rest = divmod(values, columns[0][0])
        if rows and not rest and (chunks := _chunks(pages, begin, columns, rows)):
            yield rows, chunks
            begin, values = begin + sum(map(len, chunks)), 0


def _chunks(
    pages: list[Page], end: int, columns: list[Column], rows: int
) -> list[Sequence[Page]] | None:
    """The pages of each column of a group of so many rows; None where they do not fit."""
    chunks: list[Sequence[Page]] = []
    for values, has_dictionary in columns:
        begin, wanted = end, rows * values
        while wanted > 0 and end < len(pages):
            if pages[end].is_dictionary != (has_dictionary and end == begin):
                return None
            wanted -= pages[end].values
            end += 1
        if wanted:
            return None
        chunks.append(pages[begin:end])
    return chunks


def _sample(schema: pa.Schema) -> Any:
    """The footer of a file of one empty row."""
    sample = io.BytesIO()
    row = pa.table([pa.nulls(1, field.type) for field in schema], schema=schema)
    pq.write_table(row, sample, compression="snappy")  # as LeRobot compresses
    size = int.from_bytes(sample.getvalue()[-8:-4], "little")
    sample.seek(-8 - size, io.SEEK_END)
    return _read(sample, PARQUET.FileMetaData())


def _row_group(like: Any, rows: int, chunks: list[Sequence[Page]]) -> Any:
    """RowGroup, its columns of the types and names of another one's."""
    columns = [_chunk(column, pages) for column, pages in zip(like.columns, chunks, strict=True)]
    stored = chunks[-1][-1].end - chunks[0][0].at
    return PARQUET.RowGroup(columns=columns, total_byte_size=stored, num_rows=rows)


def _chunk(like: Any, pages: Sequence[Page]) -> Any:
    """ColumnChunk; sizes before compression are told as those after it, as no reader needs them."""
    about = copy(like.meta_data)
    about.num_values = sum(page.values for page in pages)
    about.total_compressed_size = about.total_uncompressed_size = pages[-1].end - pages[0].at
    about.dictionary_page_offset = pages[0].at if pages[0].is_dictionary else None
    about.data_page_offset = next(page.at for page in pages if not page.is_dictionary)
    return PARQUET.ColumnChunk(file_offset=0, meta_data=about)
