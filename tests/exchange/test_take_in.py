"""A dataset comes in whole or not at all; what may come in part says what it lost."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.exchange import strangers
from tests.exchange.life import ARM, Life, assert_same, lived

from rumpus.cli.command_line import main
from rumpus.errors import InputError
from rumpus.exchange.lerobot.dataset import import_lerobot, lerobot_spec
from rumpus.exchange.lerobot.export import export_lerobot
from rumpus.exchange.minari.dataset import import_minari
from rumpus.exchange.minari.export import export_minari
from rumpus.exchange.transfer import Ours
from rumpus.memory import Memory
from rumpus.memory.episode import Episode, Origin
from rumpus.memory.merge import merge
from rumpus.memory.verify import verify

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
def test_what_comes_in_twice_comes_once(tmp_path: Path, format: str) -> None:
    go_out, come_in = FORMATS[format]
    with lived(LIFE) as (memory, _), Memory.create(tmp_path / "back", ARM) as back:
        go_out(memory, tmp_path / "out")
        for target in (memory, back):
            come_in(tmp_path / "out", target)
            again = come_in(tmp_path / "out", target)
            assert (len(target), again.episodes, again.steps) == (320, 0, 0)
            assert any("320 steps were there already" in sentence for sentence in again.lost)
        assert merge(memory, back, lambda done, total: None).steps == 0


def test_a_strangers_episode_is_known_by_what_it_holds(tmp_path: Path) -> None:
    folder = strangers.lerobot(tmp_path / "in", (5, 5, 4))
    memory, _ = strangers.taken(folder, tmp_path / "m")
    other, _ = strangers.taken(shutil.copytree(folder, tmp_path / "renamed"), tmp_path / "n")
    with memory, other:
        assert [e.length for e in memory.episodes()] == [5, 5, 4]
        assert import_lerobot(tmp_path / "renamed", memory).steps == 0
        assert merge(other, memory, lambda done, total: None).known == 14
        more = strangers.lerobot(tmp_path / "more", (5, 5, 4, 3))
        assert import_lerobot(more, memory).steps == 3


def test_two_equal_episodes_of_a_dataset_are_two(tmp_path: Path) -> None:
    folder = strangers.lerobot(tmp_path / "in", (3, 3), "image")
    table = pq.read_table(folder / ROWS)
    for name in (strangers.KEY, "observation.state", "action"):
        cells = table[name].to_pylist()
        strangers.put(folder, name, cells[:3] * 2, table.schema.field(name).type)
    memory, _ = strangers.taken(folder, tmp_path / "m")
    with memory:
        assert [e.length for e in memory.episodes()] == [3, 3]
        assert len({e.origin for e in memory.episodes()}) == 2
        assert import_lerobot(folder, memory).steps == 0


def test_pictures_of_a_film_do_not_pass_for_the_ones_that_were_seen(tmp_path: Path) -> None:
    folder = strangers.lerobot(tmp_path / "in", (3, 2))
    told = [Episode(k, 0, 0, "play", 12345.5, Origin("another", k)) for k in (1, 2)]
    about = Ours(lerobot_spec(folder), tuple(told))
    (folder / "meta/rumpus.json").write_bytes(msgspec.json.encode(about))
    memory, _ = strangers.taken(folder, tmp_path / "m")
    with memory:
        assert [e.length for e in memory.episodes()] == [3, 2]
        assert {e.begun_unix_s for e in memory.episodes()} == {12345.5}
        assert "another" not in {e.origin.memory for e in memory.episodes()}
        assert import_lerobot(folder, memory).steps == 0


KILLED = """
import os, signal, sys
from pathlib import Path
from rumpus.exchange.incoming import import_dataset
from rumpus.exchange.lerobot.dataset import LeRobotDataset
from rumpus.memory import Memory

class Deadly(LeRobotDataset):
    looked = 0

    def rows(self):
        self.looked += 1
        for k, row in enumerate(super().rows()):
            if self.looked == 2 and k == int(sys.argv[4]):
                sys.argv[3] == "kill" and os.kill(os.getpid(), signal.SIGKILL)
                raise KeyboardInterrupt
            yield row

with Memory.open(Path(sys.argv[2])) as memory:
    import_dataset(Deadly(Path(sys.argv[1])), memory)
"""


# The view grows after 4,096 steps, and is then ahead of what is durable.
@pytest.mark.parametrize(("end", "at"), [("kill", 4200), ("kill", 3), ("interrupt", 70)])
def test_an_import_that_is_broken_off_leaves_nothing_and_can_be_done_again(
    tmp_path: Path, end: str, at: int
) -> None:
    steps = at + 10
    folder = strangers.lerobot(tmp_path / "in", (steps - 6, 6), "none")
    with Memory.create(tmp_path / "m", lerobot_spec(folder)) as memory:
        before = strangers.lerobot(tmp_path / "before", (8,), "none")
        assert import_lerobot(before, memory).steps == 8
    program = [sys.executable, "-c", KILLED, str(folder), str(tmp_path / "m"), end, str(at)]
    ended = subprocess.run(program, capture_output=True, check=False)
    assert ended.returncode == (-signal.SIGKILL if end == "kill" else -signal.SIGINT), ended.stderr
    with Memory.open(tmp_path / "m") as memory:
        assert (len(memory), len(memory.episodes())) == (8, 1)
        assert verify(tmp_path / "m", lambda done, total: None).good
        assert import_lerobot(folder, memory).steps == steps
        assert import_lerobot(folder, memory).steps == 0
        assert len(memory) == steps + 8


def test_nothing_that_came_is_no_memory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = strangers.lerobot(tmp_path / "in")
    (folder / strangers.FILM).write_bytes(b"no film")
    assert main(["memory", "import", str(folder), str(tmp_path / "m")]) == 2
    assert "can come in" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()
