"""People's environments: what `check world` says of one is what `play` does with it."""

from dataclasses import replace
from pathlib import Path

import pytest

from rumpus.cli.command_line import main
from rumpus.memory import Memory

SELDOM = [
    "--random-steps", "20", "--device", "cpu", "--set", "train.updates_per_step=0.05", "--set",
    "train.policy_updates_per_step=0.05",
]  # fmt: skip


def played(world: str, run: Path, steps: int) -> int:
    return main(
        ["play", f"outside_strange:{world}", "--run", str(run), "--steps", str(steps), *SELDOM]
    )


@pytest.mark.parametrize("world", ["Named", "Spaces", "Ended"])
def test_what_check_accepts_plays_and_learns_and_goes_on(
    world: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "world", f"outside_strange:{world}"]) == 0
    assert "failure" not in capfd.readouterr().out
    assert played(world, tmp_path / "run", 40) == 0
    assert "Measure it with" in capfd.readouterr().out  # it has learned
    assert played(world, tmp_path / "run", 50) == 0


def test_what_check_refuses_is_refused_by_play_in_the_same_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "world", "outside_strange:Limitless"]) == 1
    says = capfd.readouterr().out.removeprefix("failure").strip()
    assert "its action has no limits" in says
    assert played("Limitless", tmp_path / "run", 40) == 2
    assert capfd.readouterr().err.strip() == says
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("world", "says"),
    [
        ("Dot,breaks_after=45", "sensor 'at' gave a reading that is not finite"),
        ("Dot,breaks_after=45,raises=true", "step() raised RuntimeError: the simulation is"),
    ],
)
def test_a_simulation_that_breaks_in_play_takes_nothing_away(
    world: str, says: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert played(world, tmp_path / "run", 80) == 2
    assert says in capfd.readouterr().err.splitlines()[-1]
    with Memory.open(tmp_path / "run" / "memory", write=False) as memory:
        assert len(memory) >= 45
        before = len(memory)
    assert played(world, tmp_path / "run", before + 10) == 0
    assert f"{before} steps remembered" in capfd.readouterr().err


def test_a_run_whose_motors_have_other_limits_by_now_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"

    def day(reach: float, rate_hz: int, steps: int) -> int:
        (tmp_path / "lab.py").write_text(
            "import outside_strange\ndef arm():\n    "
            f"return outside_strange.Dot(reach={reach}, rate_hz={rate_hz})\n"
        )
        monkeypatch.delitem(__import__("sys").modules, "lab", raising=False)
        return main(["play", "lab:arm", "--run", str(run), "--steps", str(steps), *SELDOM])

    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    assert day(1.0, 10, 30) == 0
    capfd.readouterr()
    assert day(5.0, 10, 40) == 2
    says = capfd.readouterr().err
    assert "with 2 motors from -1 to 1, and lab:arm has 2 motors from -5 to 5" in says
    assert day(1.0, 20, 40) == 0  # another rate is told
    assert "They were made at 10 steps a second, and it makes 20." in capfd.readouterr().err
    with Memory.open(run / "memory", write=False) as memory:
        assert len(memory) == 40


def test_a_memory_that_does_not_say_how_far_its_motors_go_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert played("Dot", tmp_path / "run", 30) == 0
    assert "how far their motors go" not in capfd.readouterr().err
    with Memory.open(tmp_path / "run" / "memory", write=False) as memory:
        spec = replace(memory.spec, motor_ranges=())
        with Memory.create(tmp_path / "older", spec) as older:
            older.begin_episode("before ranges were written down")
            for _, step in memory.steps(0, len(memory)):
                older.append(step)
    assert played("Dot", tmp_path / "older", 35) == 0
    assert "They do not say how far their motors go" in capfd.readouterr().err
    assert played("Dot", tmp_path / "run", 35) == 0
    assert "how far their motors go" not in capfd.readouterr().err
