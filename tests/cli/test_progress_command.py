"""`rumpus progress`: what it tells of runs that learned, of older ones, and of no run at all."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from rumpus.cli.command_line import main
from rumpus.memory import Memory
from rumpus.replay.measured import Measured
from rumpus.report.learning import ROWS, sentences, table
from rumpus.run.folder import open_run

REPORT = ("progress.html", "progress.png", "progress-firsts.png")


def test_figures_sentences_and_a_page_with_firsts(
    dot: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Memory.open(dot / "memory"):  # while it plays on
        assert main(["progress", str(dot)]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].split() == (
        ["steps", "1", "ahead", "5", "ahead", "10", "ahead", "goals", "places", "new"]
    )
    assert re.search(r"\n *60 .*\nIn |ahead, in what it had not learned from", out)
    assert "different places" in out
    assert out.endswith(f"Report: {dot / 'report' / 'progress.html'}\n")
    page = (dot / "report" / "progress.html").read_text()
    assert "progress-firsts.png" in page
    for name in REPORT[1:]:
        with Image.open(dot / "report" / name) as picture:
            assert min(picture.size) > 100
    assert "href='progress.html'" in (dot / "report" / "index.html").read_text()


def test_json_is_what_every_train_phase_measured(
    dot: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["progress", str(dot), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [phase["steps"] for phase in told] == [40, 60]
    assert told[1]["prediction"].keys() == {"1", "5", "10"}


def test_an_older_run_or_one_that_never_played_says_so_in_a_sentence(
    dot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    imported = tmp_path / "imported"
    (dot / "metrics.jsonl").unlink()
    open_run(dot).log({"steps": 60, "train_s": 1.0})
    with Memory.open(dot / "memory", write=False) as memory:
        Memory.create(imported / "memory", memory.spec).close()
    for run in (dot, imported):
        assert main(["progress", str(run)]) == 0
        out = capsys.readouterr().out
        assert len(out.splitlines()) == 1
        assert "has no figures of its progress" in out
        assert not (run / "report" / "progress.html").exists()


def test_no_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["progress", str(tmp_path / "none")]) == 2
    assert "There is no run in" in capsys.readouterr().err


def test_it_does_without_torch(dot: Path) -> None:
    program = (
        "import sys\n"
        "class NoTorch:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'torch': raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, NoTorch())\n"
        "from rumpus.cli.command_line import main\n"
        f"sys.exit(main(['progress', {str(dot)!r}]))"
    )
    path = os.pathsep.join(p for p in sys.path if p)
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": path},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert (dot / "report" / "progress.html").exists()


def test_a_long_life_is_told_in_a_dozen_lines_with_the_last_phase() -> None:
    phases = [Measured(500 * k, 500 * k - 500) for k in range(1, 3000)]
    rows = table(phases)
    assert len(rows) == 1 + ROWS
    assert rows[1][0] == "500"
    assert rows[-1][0] == "1,499,500"


@pytest.mark.parametrize(
    ("share", "control", "told"),
    [
        (0.3, 1.4, "it knows what its actions do"),
        (1.3, 2.4, "it does not know what its actions do yet"),
        (0.5, 0.5, "what it does makes no difference to it"),
    ],
)
def test_what_the_figures_mean(share: float, control: float, told: str) -> None:
    last = Measured(1000, 500, {"5": share}, {"5": control}, 99, 7, 3, places=9)
    said = " ".join(sentences([last]))
    assert told in said
    assert "Of 7 goals" in said
    assert "No new place" not in said
    assert "No new place in the last 6" in " ".join(sentences([Measured(9, 8, quiet_phases=6)]))


@pytest.mark.skipif(not importlib.util.find_spec("tensorboardX"), reason="needs tensorboardX")
def test_tensorboard_events_hold_the_figures_once(
    dot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert main(["progress", str(dot), "--tensorboard", str(tmp_path / "events")]) == 0
    (file,) = (tmp_path / "events").iterdir()
    data = file.read_bytes()
    assert data.count(b"progress/places") == 2  # a train phase each
    assert data.count(b"training/distance") == 2


@pytest.mark.skipif(bool(importlib.util.find_spec("tensorboardX")), reason="tensorboardX is there")
def test_without_the_extra_it_is_named(
    dot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["progress", str(dot), "--tensorboard", str(tmp_path / "events")]) == 2
    assert "rumpus[tensorboard]" in capsys.readouterr().err
