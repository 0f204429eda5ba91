"""What was found by others than its makers: a wrong digit, a deleted lock, a wreck, a live run."""

import multiprocessing
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import writer
from writer import SPEC, step

from rumpus.errors import InputError, MemoryFault
from rumpus.memory import Memory
from rumpus.memory.database import FILE_NAME
from rumpus.memory.durable_store import Store
from rumpus.memory.merge import merge
from rumpus.memory.repair import Repaired, repair
from rumpus.memory.verify import Verified, verify
from rumpus.memory.view import VIEW_NAME, view_of

LIVED_N = 60


def quiet(done: int, total: int) -> None:
    assert done <= total


def verified(folder: Path) -> Verified:
    return verify(folder, quiet)


def said(folder: Path) -> str:
    return " ".join(map(str, verified(folder).damages))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Memory.create(tmp_path / "m", SPEC) as memory:
        for k in range(LIVED_N):
            if k % 20 == 0:
                memory.begin_episode(f"play {k}")
            memory.append(step(k))
    return tmp_path / "m"


def change(folder: Path, sql: str) -> None:
    store = sqlite3.connect(folder / FILE_NAME)
    with store:
        store.execute(sql)
    store.close()


def assert_mended(folder: Path) -> None:
    repair(folder, quiet)
    assert verified(folder).good
    assert repair(folder, quiet) == Repaired()
    with Memory.open(folder) as memory:
        for k, (_, kept) in enumerate(memory.steps(0, LIVED_N)):
            np.testing.assert_array_equal(kept.action, step(k).action)
            np.testing.assert_array_equal(memory.actions[k], step(k).action)
        memory.begin_episode("on")
        memory.append(step(LIVED_N))


@pytest.mark.parametrize("text", ["9" * 20 + "\n", "9" * 400, "00000000000000000400\n", "-3", ""])
def test_a_wrong_figure_ends_nothing(folder: Path, text: str) -> None:
    (folder / "acknowledged").write_text(text)
    assert not verified(folder).good
    repair(folder, quiet)
    assert_mended(folder)


@pytest.mark.parametrize("at", [3, 12, -2, -12, -21])
def test_a_wrong_digit_of_the_figure_is_told(folder: Path, at: int) -> None:
    figure = bytearray((folder / "acknowledged").read_bytes())
    figure[at] ^= 1
    (folder / "acknowledged").write_bytes(figure)
    with Memory.open(folder, write=False) as memory:
        assert memory.missing() == 0
    assert "acknowledged is gone or not what was written" in said(folder)
    assert_mended(folder)


@pytest.mark.parametrize("version", [0, -1, 3, 7, 2**31 - 1])
def test_a_header_alone_makes_no_other_layout(folder: Path, version: int) -> None:
    change(folder, f"PRAGMA user_version = {version}")
    with Memory.open(folder, write=False) as memory:
        assert len(memory) == LIVED_N
    assert "header" in said(folder)
    assert_mended(folder)


def test_a_column_whose_name_is_no_text_is_damaged(folder: Path) -> None:
    file = folder / FILE_NAME
    file.write_bytes(file.read_bytes().replace(b"clip_reason TEXT", b"clip_rea\xd1on TEXT"))
    assert not verified(folder).good
    with pytest.raises(MemoryFault, match="damaged"):
        Memory.open(folder)
    repair(folder, quiet)
    assert verified(folder).good
    with Memory.open(folder) as memory:
        assert len(memory) == LIVED_N


def test_an_empty_store_comes_back_from_the_view(folder: Path) -> None:
    (folder / FILE_NAME).write_bytes(b"")
    with pytest.raises(MemoryFault, match="rumpus memory repair"):
        Memory.open(folder)
    assert not verified(folder).good
    assert_mended(folder)


EDITS = {
    "where it was": "UPDATE episode SET provenance = 'x' WHERE id = 2",
    "when it was": "UPDATE episode SET begun_unix_s = 5 WHERE id = 2",
    "where it begins": "UPDATE episode SET first = 30 WHERE id = 2",
    "far away": f"UPDATE episode SET first = {10**12} WHERE id = 2",
    "no number": "UPDATE episode SET first = x'00' WHERE id = 2",
    "its origin": "UPDATE episode SET origin_first = 7 WHERE id = 2",
    "its name": "UPDATE episode SET id = 9 WHERE id = 2",
    "gone": "DELETE FROM episode WHERE id = 2",
    "whose memory": "UPDATE about SET id = 'x' WHERE rowid = 1",
    "what robot": "UPDATE about SET spec = replace(spec, '10.0', '11.0') WHERE rowid = 2",
    "both": "UPDATE about SET spec = replace(spec, '10.0', '11.0')",
    "the tally": "UPDATE tally SET n = n + 1",
    "no tally": "DELETE FROM tally",
    "a step's number": f"UPDATE step SET step = {10**15} WHERE step = {LIVED_N - 1}",
    "less than none": "UPDATE step SET step = -7 WHERE step = 30",
    "the tables": "DROP TRIGGER came",
}


@pytest.mark.parametrize("name", EDITS)
def test_no_row_is_believed_without_its_checksum(folder: Path, name: str) -> None:
    change(folder, EDITS[name])
    assert verified(folder).damages
    assert_mended(folder)


@pytest.mark.parametrize("column", ["present", "captured_s", "action", "sensor_0", "goal_reason"])
@pytest.mark.parametrize("value", ["1", "'x'", "x'00'", "0.5"])
def test_what_is_of_another_kind_than_it_was_is_damaged(
    folder: Path, column: str, value: str
) -> None:
    change(folder, f"UPDATE step SET {column} = {value} WHERE step = 0")
    with Memory.open(folder, write=False) as memory, pytest.raises(MemoryFault, match="step 0"):
        memory.step(0)
    assert [d.step for d in verified(folder).damages] == [0]
    done = repair(folder, quiet)
    assert len(done.repaired) + len(done.recalled) == 1
    assert verified(folder).good


@pytest.mark.parametrize("file", ["index.raw", "sensor_0.raw", "mark.json"])
@pytest.mark.parametrize("harm", ["flipped", "gone", "empty"])
def test_the_view_on_the_disk_is_verified_and_mended(folder: Path, file: str, harm: str) -> None:
    path = folder / VIEW_NAME / file
    held = bytearray(path.read_bytes())
    held[len(held) // 200] ^= 1
    path.write_bytes(held if harm == "flipped" else b"")
    if harm == "gone":
        path.unlink()
    found = verified(folder)
    assert found.whole == LIVED_N
    assert not found.good
    if harm == "flipped" and file != "mark.json":
        at = len(held) // 200 // (len(held) // 4096)
        assert [(d.step, d.episode) for d in found.damages] == [(at, at // 20 + 1)]
    assert_mended(folder)


def test_a_view_that_is_gone_is_told(folder: Path) -> None:
    shutil.rmtree(folder / VIEW_NAME)
    assert verified(folder).drawable == 0
    assert "is not there" in said(folder)
    assert_mended(folder)


def test_a_wrong_bit_of_the_mark_takes_no_step_away(folder: Path) -> None:
    change(folder, "UPDATE step SET sensor_0 = zeroblob(768) WHERE step = 15")
    mark = bytearray((folder / VIEW_NAME / "mark.json").read_bytes())
    mark[20] ^= 1
    (folder / VIEW_NAME / "mark.json").write_bytes(mark)
    assert [d.step for d in repair(folder, quiet).repaired] == [15]
    assert_mended(folder)


def test_a_view_cut_short_ends_neither_verify_nor_repair(folder: Path) -> None:
    os.truncate(folder / VIEW_NAME / "sensor_0.raw", 30 * 768)
    assert [d.step for d in verified(folder).damages] == list(range(30, LIVED_N))
    assert_mended(folder)


def test_a_store_put_in_from_elsewhere_is_told(folder: Path, tmp_path: Path) -> None:
    with Memory.create(tmp_path / "other", SPEC) as memory:
        memory.begin_episode("elsewhere")
        for k in range(LIVED_N):
            memory.append(step(k + 500))
    shutil.copy(tmp_path / "other" / FILE_NAME, folder / FILE_NAME)
    with pytest.raises(MemoryFault, match="is of the memory"):
        Memory.open(folder, write=False)
    assert not verified(folder).good
    assert_mended(folder)
    assert (folder / f"{FILE_NAME}.damaged-1").exists()


def test_a_live_run_is_well(tmp_path: Path) -> None:
    begun, done = threading.Event(), threading.Event()

    def live() -> None:
        with Memory.open(tmp_path / "m") as memory:
            memory.begin_episode("live")
            while not done.is_set():
                memory.append(step(len(memory) % 400))
                if len(memory) % 10 == 0:
                    memory.flush()
                    begun.set()

    Memory.create(tmp_path / "m", SPEC).close()
    alive = threading.Thread(target=live)
    alive.start()
    counts: list[int] = []
    try:
        assert begun.wait(30)
        while len(counts) < 8 or counts[-1] < counts[0] + 20:
            found = verified(tmp_path / "m")
            assert found.good, found
            counts.append(found.stored)
            with Memory.open(tmp_path / "m", write=False) as memory:
                assert memory.missing() == 0
    finally:
        done.set()
        alive.join()


def test_a_goal_that_is_not_here_is_told_and_merged_as_none(folder: Path, tmp_path: Path) -> None:
    with Memory.create(tmp_path / "from", SPEC) as memory:
        episode = memory.begin_episode("life")
        for k in range(10):
            wrong = replace(step(k), goal_index=99 if k == 5 else k - 1)
            if k == 5:
                with pytest.raises(InputError, match="goal of step 5 is step 99, expected"):
                    memory.append(wrong)
            # As an older rumpus took it.
            memory.append_row(memory._store.schema.row(k, episode, wrong))
    assert [d.step for d in verified(tmp_path / "from").damages] == [5]
    with Memory.open(tmp_path / "from", write=False) as source, Memory.open(folder) as into:
        assert merge(source, into, quiet).steps == 10
        assert into.goal_index[LIVED_N:].tolist() == [-1, *range(60, 64), -1, *range(65, 69)]
    assert repair(tmp_path / "from", quiet).mended
    assert verified(tmp_path / "from").good


def test_a_deleted_file_lets_no_second_writer_in(folder: Path) -> None:
    with Memory.open(folder):
        for file in folder.iterdir():
            if file.is_file() and FILE_NAME not in file.name:
                file.unlink()
        with pytest.raises(MemoryFault, match="another rumpus"):
            Memory.open(folder)
    Memory.open(folder).close()


def test_what_killed_programs_left_half_made_goes(folder: Path) -> None:
    names = (
        f"{FILE_NAME}.part",
        "view/mark.json.part",
        "view.new/index.raw",
        "movies/0-0.mkv.part",
    )
    left = [folder / name for name in names]
    for file in left:
        file.parent.mkdir(exist_ok=True)
        file.write_text("half")
    Memory.open(folder, write=False).close()
    assert all(file.exists() for file in left)
    Memory.open(folder).close()
    assert not any(file.exists() for file in left)


def test_no_wreck_is_ever_overwritten(folder: Path) -> None:
    (folder / f"{FILE_NAME}.damaged-2").write_text("an older wreck")
    (folder / f"{FILE_NAME}.damaged-2-wal").write_text("and its log")
    (folder / FILE_NAME).write_text("holiday " * 9000)
    assert repair(folder, quiet).recovered
    assert (folder / f"{FILE_NAME}.damaged-2").read_text() == "an older wreck"
    assert (folder / f"{FILE_NAME}.damaged-2-wal").read_text() == "and its log"
    assert (folder / f"{FILE_NAME}.damaged-3").stat().st_size == 72_000
    assert_mended(folder)
    (folder / f"{FILE_NAME}.damaged-3-wal").write_text("the log of that")
    (folder / f"{FILE_NAME}-wal").write_text("another's log")
    (folder / FILE_NAME).unlink()
    assert repair(folder, quiet).recovered
    assert (folder / f"{FILE_NAME}.damaged-3-wal").read_text() == "the log of that"


def open_too_many(folder: Path) -> None:
    for limit in range(60, 40, -1):  # so that each of the files of a memory is one too many once
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, 100))
        readers: list[Memory] = []
        with pytest.raises(MemoryFault, match="more open files than it may have"):
            readers.extend(Memory.open(folder, write=False) for _ in range(100))
        for reader in readers:
            reader.close()


def in_a_process_of_its_own(target: Callable[[Path], None], folder: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=target, args=(folder,))
    process.start()
    process.join(60)
    assert process.exitcode == 0


def test_too_many_open_files_are_told_as_that(folder: Path) -> None:
    in_a_process_of_its_own(open_too_many, folder)


def cut_under_a_reader(folder: Path) -> None:
    with closing(Store(folder, write=False)) as store:
        view = view_of(folder / VIEW_NAME, store)
        assert view is not None
        assert view.proves(LIVED_N - 1)
        os.truncate(folder / VIEW_NAME / "sensor_0.raw", 0)
        assert not view.proves(LIVED_N - 1)
        assert not view.shows(LIVED_N - 1)


def test_a_view_cut_short_meanwhile_ends_no_look_at_it(folder: Path) -> None:
    """A map of it would: the program would get SIGBUS."""
    in_a_process_of_its_own(cut_under_a_reader, folder)


MAKING = """
import sys
from pathlib import Path
from writer import SPEC, step
from rumpus.errors import MemoryFault
from rumpus.memory import Memory
try:
    Memory.create(Path(sys.argv[1]), SPEC).close()
except MemoryFault as fault:
    sys.exit(2)
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace injects the disk's faults")
@pytest.mark.parametrize("call", ["pwrite64", "fsync", "fdatasync"])
def test_a_disk_error_while_a_memory_is_made_is_told_or_harmless(tmp_path: Path, call: str) -> None:
    for number in (1, 5, 7, 8):
        folder = tmp_path / f"m{number}"
        done = subprocess.run(
            ["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}",
             "-e", f"inject={call}:error=EIO:when={number}",
             sys.executable, "-c", MAKING, str(folder)],
            cwd=Path(writer.__file__).parent, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode in (0, 2), done.stderr
        assert "Traceback" not in done.stderr
        if done.returncode == 0:
            assert verified(folder).good, (number, said(folder))
            with closing(sqlite3.connect(folder / FILE_NAME)) as store:
                assert store.execute("PRAGMA journal_mode").fetchone() == ("wal",)
