"""A dataset comes in whole or not at all; what may come in part says what it lost."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.exchange.life import ARM, Life, assert_same, lived

from rumpus.cli.command_line import main
from rumpus.errors import InputError
from rumpus.exchange.lerobot.dataset import import_lerobot
from rumpus.exchange.lerobot.export import export_lerobot
from rumpus.exchange.minari.dataset import import_minari
from rumpus.exchange.minari.export import export_minari
from rumpus.memory import Memory
from rumpus.memory.episode import Episode, Origin
from rumpus.memory.merge import merge

LIFE = Life(ARM, [("play", 300), ("nothing", 0), ("again", 20)], seed=0)
ROWS = "data/chunk-000/file-000.parquet"
FORMATS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "lerobot": (export_lerobot, import_lerobot),
    "minari": (export_minari, import_minari),
}
both = pytest.mark.parametrize("format", list(FORMATS))


def spoil_last_picture(folder: Path, format: str, memory: Memory) -> None:
    """Flip a bit in the middle of the last step's picture, or of the page that it lies in."""
    file = folder / (ROWS if format == "lerobot" else "data/main_data.hdf5")
    raw = bytearray(file.read_bytes())
    if format == "lerobot":
        group = pq.read_metadata(file).row_group(2)
        column = next(
            group.column(k)
            for k in range(group.num_columns)
            if group.column(k).path_in_schema.endswith("left.bytes")
        )
        at = column.dictionary_page_offset or column.data_page_offset
        raw[at + 2] ^= 0x7F  # in the page's header
    else:
        raw[raw.index(memory.frames("camera/left")[-1].tobytes()) + 7] ^= 4
    file.write_bytes(raw)


@both
def test_a_dataset_that_is_damaged_at_its_end_leaves_a_memory_as_it_was(
    tmp_path: Path, format: str
) -> None:
    go_out, come_in = FORMATS[format]
    with lived(LIFE) as (memory, _), Memory.create(tmp_path / "back", ARM) as back:
        go_out(memory, tmp_path / "out")
        spoil_last_picture(tmp_path / "out", format, memory)
        with pytest.raises(InputError, match="out"):
            come_in(tmp_path / "out", back)
        assert (len(back), back.episodes()) == (0, [])


@both
def test_a_refused_import_leaves_no_memory_behind(
    tmp_path: Path, format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with lived(LIFE) as (memory, _):
        FORMATS[format][0](memory, tmp_path / "out")
        spoil_last_picture(tmp_path / "out", format, memory)
    back = tmp_path / "back"
    arguments = ["memory", "import", str(tmp_path / "out"), str(back), "--format", format]
    assert main(arguments) == 2
    assert "copy" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_spoilt_picture_ends_its_episode_and_it_is_told(tmp_path: Path) -> None:
    with lived(LIFE) as (memory, _), Memory.create(tmp_path / "back", ARM) as back:
        export_lerobot(memory, tmp_path / "out")
        table = pq.read_table(tmp_path / "out" / ROWS)
        field = table.schema.get_field_index("observation.images.camera_left")
        cells = table.column(field).to_pylist()
        cells[10] = {"bytes": cells[10]["bytes"][:40], "path": None}
        pictures = pa.array(cells, table.schema.field(field).type)
        spoilt = table.set_column(field, table.schema.field(field), pictures)
        pq.write_table(spoilt, tmp_path / "out" / ROWS)
        told = " ".join(import_lerobot(tmp_path / "out", back).lost)
        assert "Episode 0 has no picture for its frame 10" in told
        assert "its last 290 frames are lost" in told
        assert "0 of 2 episodes and 290 of 320 frames" in told
        assert [e.length for e in back.episodes()] == [10, 20]
        for k in range(9):
            assert_same(back.step(k), memory.step(k))
        assert back.step(9).terminated or back.step(9).truncated


@both
def test_where_and_when_an_episode_was_lived_is_kept(tmp_path: Path, format: str) -> None:
    go_out, come_in = FORMATS[format]
    elsewhere = Episode(0, 0, 0, "", 12345.5, Origin("another", 7, 20))
    with lived(LIFE) as (memory, _), Memory.create(tmp_path / "back", ARM) as back:
        memory.begin_episode("from afar, \0", elsewhere)
        memory.append(memory.step(0))
        go_out(memory, tmp_path / "out")
        come_in(tmp_path / "out", back)
        full = [episode for episode in memory.episodes() if episode.length]
        came = [
            replace(episode, id=given.id)
            for episode, given in zip(back.episodes(), full, strict=True)
        ]
        assert came == full
        merged = merge(memory, back, lambda done, total: None)
        assert (merged.steps, merged.known) == (0, len(memory))


@both
def test_what_comes_in_twice_is_a_stretch_of_its_own_the_second_time(
    tmp_path: Path, format: str
) -> None:
    go_out, come_in = FORMATS[format]
    with lived(LIFE) as (memory, _):
        go_out(memory, tmp_path / "out")
        come_in(tmp_path / "out", memory)
        episodes = [episode for episode in memory.episodes() if episode.length]
        assert len(episodes) == 4
        assert len({episode.origin for episode in episodes}) == 4
        assert episodes[2].begun_unix_s == episodes[0].begun_unix_s


def test_pictures_that_were_blurred_do_not_pass_for_the_ones_that_were_seen(
    tmp_path: Path,
) -> None:
    with lived(LIFE) as (memory, _), Memory.create(tmp_path / "back", ARM) as back:
        export_lerobot(memory, tmp_path / "out", video=True)
        import_lerobot(tmp_path / "out", back)
        assert {episode.origin.memory for episode in back.episodes()} == {back.id}
        assert back.episodes()[0].begun_unix_s == memory.episodes()[0].begun_unix_s


def test_where_films_lie_is_counted_where_that_is_damaged(tmp_path: Path) -> None:
    with lived(LIFE) as (memory, _), Memory.create(tmp_path / "back", ARM) as back:
        export_lerobot(memory, tmp_path / "out", video=True)
        file = tmp_path / "out/meta/episodes/chunk-000/file-000.parquet"
        file.write_bytes(b"PAR1" + b"\x07" * 500 + b"PAR1")
        taken = import_lerobot(tmp_path / "out", back)
        assert taken.steps == len(memory)
        assert any("counted anew" in sentence for sentence in taken.lost)
