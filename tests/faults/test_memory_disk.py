"""A full disk, a read-only folder and damaged files are answered by sentences."""

import multiprocessing
import os
import runpy
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from rumpus.errors import MemoryFault
from rumpus.memory import Memory

WRITER = Path(__file__).with_name("writer.py")
LIFE = runpy.run_path(str(WRITER))
SPEC, STEP = LIFE["SPEC"], LIFE["step"]
NOBODY = 65534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with Memory.create(tmp_path / "m", SPEC) as memory:
        memory.begin_episode("play")
        for k in range(200):
            memory.append(STEP(k))
    return tmp_path / "m"


# The first limit is met by the new view's files, the next by the log, the last by a log at work.
@pytest.mark.parametrize("max_file_bytes", [180_000, 3_200_000, 5_000_000])
def test_a_full_disk_is_said_and_loses_nothing_acknowledged(
    tmp_path: Path, max_file_bytes: int
) -> None:
    folder = tmp_path / "m"
    done = subprocess.run(
        [sys.executable, WRITER, folder, "--max-file-bytes", str(max_file_bytes)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"The memory {folder} ")
    assert done.stderr.count("\n") == 1
    assert "full" in done.stderr or "room" in done.stderr
    acknowledged = int((done.stdout.split() or ["0"])[-1])
    assert (acknowledged > 0) == (max_file_bytes > 3_000_000)
    with Memory.open(folder) as memory:
        assert len(memory) >= acknowledged
        for k in range(len(memory)):
            np.testing.assert_array_equal(
                memory.frames("camera")[k], STEP(k).observation.readings["camera"]
            )
        memory.begin_episode("there is room again")
        assert memory.append(STEP(len(memory))) == len(memory) - 1


def test_after_a_fault_nothing_more_is_taken(path: Path) -> None:
    """The disk is full once; the memory says the same sentence until it is opened again."""
    process = multiprocessing.get_context("fork").Process(target=_append_on_full_disk, args=(path,))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    with Memory.open(path) as memory:
        assert len(memory) == 200


def _append_on_full_disk(path: Path) -> None:
    import resource

    memory = Memory.open(path)
    memory.begin_episode("play")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    with pytest.raises(MemoryFault, match="full") as first:
        memory.append(STEP(200))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with pytest.raises(MemoryFault) as second:
        memory.flush()
    assert str(second.value) == str(first.value)
    memory.close()


@pytest.fixture
def guarded(path: Path) -> Iterator[Path]:
    """A memory in a folder that may be read by everybody and written by nobody."""
    with tempfile.TemporaryDirectory() as above:
        os.chmod(above, 0o755)
        folder = Path(above) / "m"
        shutil.copytree(path, folder)
        for sub in [folder, *folder.rglob("*")]:
            sub.chmod(0o555 if sub.is_dir() else 0o444)
        yield folder
        for sub in [folder, folder / "view"]:
            sub.chmod(0o755)


def unprivileged(target: Callable[[Path], None], folder: Path) -> None:
    """Run in a process that the folder's permissions bind: root would pass them by."""

    def run() -> None:
        if os.geteuid() == 0:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        target(folder)

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join(60)
    assert process.exitcode == 0


def test_a_read_only_folder_is_refused_to_a_writer(guarded: Path) -> None:
    unprivileged(_is_refused, guarded)


def _is_refused(folder: Path) -> None:
    with pytest.raises(MemoryFault, match="make its folder writable"):
        Memory.open(folder)
    with pytest.raises(MemoryFault, match="make its folder writable"):
        Memory.create(folder / "new", SPEC)


def test_a_read_only_folder_is_read(guarded: Path) -> None:
    unprivileged(_is_read, guarded)


def test_a_read_only_folder_is_read_without_its_view(guarded: Path) -> None:
    guarded.chmod(0o755)
    (guarded / "view").chmod(0o755)
    shutil.rmtree(guarded / "view")
    (guarded / "view").mkdir()
    guarded.chmod(0o555)
    unprivileged(_is_read, guarded)


def _is_read(folder: Path) -> None:
    with Memory.open(folder, write=False) as memory:
        assert len(memory) == 200
        np.testing.assert_array_equal(
            memory.frames("camera")[199], STEP(199).observation.readings["camera"]
        )


def test_a_file_that_is_no_memory_is_said(path: Path) -> None:
    (path / "memory.sqlite").write_text("my holiday pictures\n" * 2000)
    with pytest.raises(MemoryFault, match="damaged"):
        Memory.open(path)


def test_a_lost_tail_is_said(path: Path) -> None:
    with (path / "memory.sqlite").open("r+b") as file:
        file.truncate(64 * 1024)
    with pytest.raises(MemoryFault, match="damaged"):
        Memory.open(path)


def test_a_flipped_bit_is_named_by_its_step(path: Path) -> None:
    file = path / "memory.sqlite"
    data = bytearray(file.read_bytes())
    place = data.index(STEP(123).observation.readings["camera"].tobytes())
    data[place + 300] ^= 1
    file.write_bytes(data)
    with Memory.open(path) as memory, pytest.raises(MemoryFault, match="step 123"):
        memory.step(123)
    shutil.rmtree(path / "view")
    with pytest.raises(MemoryFault, match="step 123"):
        Memory.open(path)


@pytest.mark.parametrize("change", ["goal_index = 7", "clip_reason = 'x'", "action = zeroblob(8)"])
def test_a_changed_number_is_named_by_its_step(path: Path, change: str) -> None:
    connection = sqlite3.connect(path / "memory.sqlite")
    with connection:
        connection.execute(f"UPDATE step SET {change} WHERE step = 5")
    connection.close()
    with Memory.open(path) as memory, pytest.raises(MemoryFault, match="step 5"):
        memory.step(5)


def change(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path / "memory.sqlite")
    with connection:
        connection.execute(sql)
    connection.close()


def test_a_missing_step_is_named_to_a_reader(path: Path) -> None:
    change(path, "DELETE FROM step WHERE step = 5")
    with Memory.open(path, write=False) as memory:
        assert memory.missing() == 1
        with pytest.raises(MemoryFault, match="step 5"):
            memory.step(5)


@pytest.mark.parametrize(
    ("gone", "missing"),
    [("= 0", 1), ("= 5", 1), ("IN (3, 77, 198)", 3), (">= 190", 10), (">= 0", 200)],
)
def test_missing_steps_are_counted_and_a_writer_is_refused(
    path: Path, gone: str, missing: int
) -> None:
    with Memory.open(path) as memory:
        memory.begin_episode("after them")
        assert memory.missing() == 0
        memory.flush()
        change(path, f"DELETE FROM step WHERE step {gone}")
        assert memory.missing() == missing
    with pytest.raises(MemoryFault, match=f"lacks {missing} of the steps .* put back a copy"):
        Memory.open(path)


@pytest.mark.parametrize("write", [True, False])
def test_a_lost_end_is_counted_though_nothing_came_after_it(path: Path, write: bool) -> None:
    change(path, "DELETE FROM step WHERE step >= 190")
    if write:
        with pytest.raises(MemoryFault, match="lacks 10 of the steps"):
            Memory.open(path)
    else:
        with Memory.open(path, write=False) as memory:
            assert memory.missing() == 10


def test_what_a_killed_writer_acknowledged_is_known(tmp_path: Path) -> None:
    """The end of the store is lost after a kill: the log, in which it was, is gone."""
    with subprocess.Popen([sys.executable, WRITER, tmp_path / "m"], stdout=subprocess.PIPE) as life:
        assert life.stdout is not None
        acknowledged = 0
        while acknowledged < 20:
            acknowledged = int(life.stdout.readline())
        life.kill()
    (tmp_path / "m" / "memory.sqlite-wal").unlink()
    with pytest.raises(MemoryFault, match=r"lacks|damaged"):
        Memory.open(tmp_path / "m")


@pytest.mark.parametrize("text", ["", "many", None])
def test_without_the_figure_the_memory_is_what_it_is(path: Path, text: str | None) -> None:
    (path / "acknowledged").unlink()
    if text is not None:
        (path / "acknowledged").write_text(text)
    with Memory.open(path) as memory:
        assert len(memory) == 200
        assert memory.missing() == 0


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM about",
        "UPDATE about SET spec = '{}'",
        "UPDATE about SET spec = 3",
        "UPDATE about SET spec = 'robot'",
    ],
)
def test_a_memory_that_does_not_say_whose_it_is_is_refused(path: Path, sql: str) -> None:
    change(path, sql)
    with pytest.raises(MemoryFault, match=r"is damaged: .*; put back a copy"):
        Memory.open(path)
