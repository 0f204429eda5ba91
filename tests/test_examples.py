import runpy
from pathlib import Path

import pytest
from PIL import Image

from rumpus.memory import Memory

ONE_PAGE = Path(__file__).parent.parent / "examples" / "one_page.py"


def test_a_whole_life_fits_on_one_page(
    outside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(ONE_PAGE.read_text(encoding="utf-8").splitlines()) <= 137
    live = runpy.run_path(str(ONE_PAGE))["main"]
    live(tmp_path, "outside_image:DotEnv", random_steps=40, goal_steps=60)
    out = capsys.readouterr().out
    assert out.count("at the end") == 5
    assert Image.open(tmp_path / "strip.png").size[0] > 300
    with Memory.open(tmp_path / "memory", write=False) as memory:
        assert len(memory) > 40 + 60
        assert (memory.goal_index[40:] >= 0).any()
        assert memory.episodes()[-1].provenance.startswith("do ")
