"""What is under a target's own name is whole, whatever happens on the way."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import rumpus
from rumpus.errors import InputError, MemoryFault
from rumpus.exchange.transfer import appearing, chosen
from rumpus.memory import Memory
from rumpus.spec import RobotSpec
from rumpus.types import Step

StepOf = Callable[[int], Step]


def test_a_target_appears_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b"
    target.parent.mkdir()
    (tmp_path / "a" / "b.new").write_text("a stranger's")
    with appearing(target) as new:
        (new / "data").mkdir(parents=True)
        (new / "data" / "file").write_text("x")
        assert not target.exists()
    assert (target / "data" / "file").read_text() == "x"
    assert sorted(p.name for p in target.parent.iterdir()) == ["b", "b.new"]
    assert (tmp_path / "a" / "b.new").read_text() == "a stranger's"


def test_a_transfer_cut_short_leaves_nothing(tmp_path: Path) -> None:
    def fill_up(target: Path) -> None:
        with appearing(target) as new:
            new.mkdir()
            (new / "file").write_text("x")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(
        MemoryFault, match="b cannot be written: No space left on device; make room"
    ):
        fill_up(tmp_path / "b")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["file", "folder", "dangling link"])
def test_a_target_that_is_there_is_refused_and_kept(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "b"
    if kind == "file":
        target.write_text("x")
    elif kind == "folder":
        target.mkdir()
    else:
        target.symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match="b is there already, and is not overwritten"):
        appearing(target).__enter__()
    assert [p.name for p in tmp_path.iterdir()] == ["b"]


def test_episodes_are_chosen_by_id_each_once(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf
) -> None:
    with Memory.create(tmp_path / "m", spec) as memory:
        for k in range(4):
            memory.begin_episode("play")
            if k != 1:
                memory.append(replace(step_of(k), goal_index=-1))
        assert [e.id for e in chosen(memory, None)] == [1, 3, 4]
        assert [e.id for e in chosen(memory, [4, 1, 4])] == [4, 1]
        with pytest.raises(InputError, match=r"no episode 2 with .* it has 3, .* 1 to 4"):
            chosen(memory, [1, 2])
        with pytest.raises(InputError, match="No episode was named"):
            chosen(memory, [])


@pytest.mark.parametrize("kind", ["film", "lerobot", "minari"])
@pytest.mark.parametrize("max_file_bytes", [100, 20_000])
def test_a_full_disk_is_said_and_leaves_nothing(
    tmp_path: Path, spec: RobotSpec, step_of: StepOf, kind: str, max_file_bytes: int
) -> None:
    pytest.importorskip("av")
    pytest.importorskip("h5py")
    with Memory.create(tmp_path / "m", spec) as memory:
        memory.begin_episode("play")
        for k in range(600):
            memory.append(replace(step_of(k), goal_index=-1))
    program = Path(__file__).parent / "full_disk.py"
    target = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, program, kind, tmp_path / "m", target, str(max_file_bytes)],
        env={**os.environ, "PYTHONPATH": str(Path(rumpus.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith(f"refused: {target} cannot be written: "), done.stderr
    assert "too large" in done.stderr
    assert list(tmp_path.glob("out*")) == []
