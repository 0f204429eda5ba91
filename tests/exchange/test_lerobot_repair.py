"""A recording that was killed before its footers: what is whole comes back, the rest is told."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.exchange.life import ARM, Life, assert_same, lived

from rumpus.errors import InputError
from rumpus.exchange.lerobot.dataset import import_lerobot, lerobot_spec
from rumpus.exchange.lerobot.export import export_lerobot
from rumpus.exchange.lerobot.footer import recovered
from rumpus.exchange.lerobot.layout import Feature, schema_of
from rumpus.memory import Memory

LIFE = Life(ARM, [("play", 7), ("again", 1), ("more", 20)], seed=0)
DATA = "data/chunk-000/file-000.parquet"
FEATURES = {
    "action": Feature("float32", (3,)),
    "done": Feature("bool"),
    "grid": Feature("float32", (2, 2)),
    "film": Feature("video", (8, 8, 3)),
    "picture": Feature("image", (8, 8, 3)),
    "pressed": Feature("bool"),
    "index": Feature("int64"),
    "word": Feature("string"),
}
SCHEMA = schema_of(FEATURES)


def rows(first: int, count: int) -> pa.Table:
    rng = np.random.default_rng(first)
    return pa.Table.from_pylist(
        [
            {
                "action": rng.normal(size=3),
                "done": bool(k % 3),
                "grid": rng.normal(size=(2, 2)).tolist(),
                "picture": {"bytes": rng.bytes(40), "path": None},
                "pressed": bool(k % 2),
                "index": k,
                "word": f"word {k % 5}",
            }
            for k in range(first, first + count)
        ],
        SCHEMA,
    )


@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=4),
    cut=st.floats(0.0, 1.0),
    page_bytes=st.sampled_from([64, 1000, 2**20]),
    dictionary_bytes=st.sampled_from([100, 2**20]),
    version=st.sampled_from(["1.0", "2.0"]),
)
@settings(max_examples=60)
def test_every_whole_row_group_before_the_cut_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
    lengths: list[int],
    cut: float,
    page_bytes: int,
    dictionary_bytes: int,
    version: str,
) -> None:
    folder = tmp_path_factory.mktemp("mend")
    groups = [rows(sum(lengths[:k]), length) for k, length in enumerate(lengths)]
    file = folder / "whole.parquet"
    with pq.ParquetWriter(
        file,
        SCHEMA,
        compression="snappy",
        data_page_size=page_bytes,
        dictionary_pagesize_limit=dictionary_bytes,
        write_batch_size=8,
        data_page_version=version,
    ) as writer:
        for group in groups:
            writer.write_table(group)
    ends = group_ends(file)
    at = 4 + round(cut * (ends[-1] - 4))
    cut_short = folder / "cut.parquet"
    cut_short.write_bytes(file.read_bytes()[:at])
    survive = [group for group, end in zip(groups, ends, strict=True) if end <= at]
    footer = recovered(cut_short, FEATURES)
    assert (footer is not None) == bool(survive)
    if footer is not None:
        assert footer.num_rows == sum(group.num_rows for group in survive)
        assert footer.num_row_groups == len(survive)
        with pq.ParquetFile(cut_short, metadata=footer) as found:
            assert found.read().equals(pa.concat_tables(survive))


def group_ends(file: Path) -> list[int]:
    """Where each row group's last page ends."""
    about = pq.read_metadata(file)
    ends = []
    for k in range(about.num_row_groups):
        column = about.row_group(k).column(about.num_columns - 1)
        begin = column.dictionary_page_offset or column.data_page_offset
        ends.append(begin + column.total_compressed_size)
    return ends


@given(st.binary(max_size=200))
@example(b"\x19\xf0" + b"\xff" * 8 + b"\x7f")  # a list of more than there is, of nothing
def test_what_is_no_page_is_no_crash(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.mktemp("bytes") / "file.parquet"
    file.write_bytes(b"PAR1" + data)
    assert recovered(file, FEATURES) is None


def killed(folder: Path, keep: float) -> int:
    """Take the footers of a dataset away, and the end of its rows; how many bytes of rows stay."""
    file = folder / DATA
    end = round(group_ends(file)[-1] * keep)
    file.write_bytes(file.read_bytes()[:end])
    episodes = folder / "meta/episodes/chunk-000/file-000.parquet"
    episodes.write_bytes(episodes.read_bytes()[:500])
    return end


@pytest.mark.parametrize("video", [False, True])
def test_a_killed_recording_comes_in_up_to_where_it_is_whole(tmp_path: Path, video: bool) -> None:
    with lived(LIFE) as (memory, _), Memory.create(tmp_path / "back", ARM) as back:
        export_lerobot(memory, tmp_path / "out", video)
        killed(tmp_path / "out", keep=0.9)
        imported = import_lerobot(tmp_path / "out", back)
        assert (imported.episodes, imported.steps) == (2, 8)
        for k in range(8):
            assert_same(back.step(k), memory.step(k), pictures=not video)
        told = " ".join(imported.lost)
        assert "8 frames of it were found again" in told
        assert "1 of 3 episodes and 20 of 28 frames" in told
        assert ("counted anew" in told) == video


def test_a_footer_that_is_damaged_is_made_anew(tmp_path: Path) -> None:
    with lived(LIFE) as (memory, _), Memory.create(tmp_path / "back", ARM) as back:
        export_lerobot(memory, tmp_path / "out")
        raw = (tmp_path / "out" / DATA).read_bytes()
        (tmp_path / "out" / DATA).write_bytes(raw[:-300] + bytes(292) + raw[-8:])
        assert "28 frames of it were found" in " ".join(import_lerobot(tmp_path / "out", back).lost)
        for k in range(28):
            assert_same(back.step(k), memory.step(k))


def test_nothing_left_is_a_sentence_with_counts(tmp_path: Path) -> None:
    with lived(LIFE) as (memory, _):
        export_lerobot(memory, tmp_path / "out")
        killed(tmp_path / "out", keep=0.01)
        with pytest.raises(InputError, match="3 episodes with 28 frames"):
            lerobot_spec(tmp_path / "out")


def test_the_dataset_itself_is_left_as_it_is(tmp_path: Path) -> None:
    with lived(LIFE) as (memory, _), Memory.create(tmp_path / "back", ARM) as back:
        export_lerobot(memory, tmp_path / "out")
        size = killed(tmp_path / "out", keep=1.0)
        assert import_lerobot(tmp_path / "out", back).steps == 28
        assert (tmp_path / "out" / DATA).stat().st_size == size
