"""A file is there whole or not at all, and it is the disk that has it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rumpus import atomic_file

PROGRAMS = {
    "a run": "from rumpus.run.config import RunConfig; from rumpus.run.folder import begin; "
    "begin(PATH.parent, RunConfig('door'))",
    "a result": "from rumpus.result import write_result; write_result(PATH, 'x', [])",
    "any file": "from rumpus import atomic_file; atomic_file.write(PATH, b'x')",
}


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What was made durable, in order."""
    paths: list[Path] = []
    fsync = os.fsync

    def counting(descriptor: int) -> None:
        paths.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", counting)
    return paths


def test_file_and_folder_are_made_durable_in_that_order(tmp_path: Path, synced: list[Path]) -> None:
    (tmp_path / "file").write_text("old")
    atomic_file.write(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_text() == "new"
    assert synced == [tmp_path / "file.part", tmp_path]


def test_a_new_folder_has_a_durable_name(tmp_path: Path, synced: list[Path]) -> None:
    atomic_file.make_folder(tmp_path / "a" / "b")
    assert set(synced) == {tmp_path, tmp_path / "a"}


def test_what_could_not_be_written_leaves_the_old_file_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")

    def fill_up() -> None:
        with atomic_file.replacing(tmp_path / "file") as part:
            part.write_text("ne")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        fill_up()
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("file", "old")]


def checkpoint(path: Path) -> None:
    from safetensors.torch import save_file
    from torch import ones

    with atomic_file.replacing(path) as part:
        save_file({"x": ones(1)}, part)


@pytest.mark.parametrize("write", [checkpoint, lambda path: atomic_file.write(path, b"x")])
def test_whoever_writes_it_the_file_is_durable_before_its_name(
    tmp_path: Path, synced: list[Path], write: Callable[[Path], None]
) -> None:
    write(tmp_path / "mind.safetensors")
    assert synced == [tmp_path / "mind.safetensors.part", tmp_path]


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace, to see every call")
@pytest.mark.parametrize("what", PROGRAMS)
def test_the_system_is_asked_to_sync_the_file_then_rename_it_then_sync_its_folder(
    tmp_path: Path, what: str
) -> None:
    log, path = tmp_path / "calls", tmp_path / "new" / "run.json"
    if what != "a run":
        path.parent.mkdir()
    program = f"from pathlib import Path; PATH = Path({str(path)!r}); {PROGRAMS[what]}"
    command = ["strace", "-f", "-y", "-e", "trace=fsync,rename", "-o", log, sys.executable]
    subprocess.run([*map(str, command), "-c", program], check=True)
    calls = re.findall(rf"(fsync|rename)\(.*?{tmp_path}(.*?)[>\"].* = 0$", log.read_text(), re.M)
    last = [("fsync", "/new/run.json.part"), ("rename", "/new/run.json.part"), ("fsync", "/new")]
    assert calls[-3:] == last
    if what == "a run":
        assert ("fsync", "") in calls  # the new folder's own name
