"""The public interface: quick to import, and enough for a loop of one's own."""

import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import rumpus
from rumpus.cli.command_line import main

OWN_LOOP = Path(__file__).parent.parent / "examples" / "own_loop.py"


def test_every_public_name_is_there_and_others_are_told() -> None:
    assert {name for name in rumpus.__all__ if getattr(rumpus, name) is None} == set()
    assert sorted(rumpus.__all__, key=str.lower) == sorted(dir(rumpus), key=str.lower)
    with pytest.raises(AttributeError, match="rumpus has no 'Agent'; it has: Actor"):
        _ = rumpus.Agent


def test_importing_it_loads_nothing_heavy() -> None:
    child = (
        "import sys, rumpus\n"
        "heavy = {'torch', 'mujoco', 'gymnasium', 'rich', 'numpy', 'PIL', 'tyro', 'msgspec'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True)
    assert done.stderr.strip() == ""


def test_an_actor_acts_in_a_loop_of_ones_own(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert main(["play", "door", "--run", str(run), "--steps", "60", "--random-steps", "40"]) == 0
    with rumpus.Memory.open(run / "memory", write=False) as memory:
        readings, goal = memory.readings(10), {"camera": memory.readings(30)["camera"]}
    actor = rumpus.load_actor(run)
    action = actor.act(readings, goal)
    assert action.shape == (3,)
    assert action.dtype == np.float32
    np.testing.assert_array_equal(actor.act(readings, goal), action)
    with pytest.raises(rumpus.RumpusError, match="gave sensors"):
        actor.act({"nose": action}, goal)
    Image.fromarray(goal["camera"]).save(tmp_path / "goal.png")
    go_for = runpy.run_path(str(OWN_LOOP))["main"]
    assert go_for(str(run), str(tmp_path / "goal.png"), steps=5) >= 0.0


def test_a_run_that_never_learned_has_no_actor(tmp_path: Path) -> None:
    with pytest.raises(rumpus.RumpusError, match="There is no run in"):
        rumpus.load_actor(tmp_path)
