"""The page of what was imagined: whole in one file, and showing what it says."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rumpus.errors import RunError
from rumpus.play.do import Done
from rumpus.play.imagination import Course, Decision, Imagination
from rumpus.report.imagination import HELD, WIDEST_PX, sentences, write_imagination
from rumpus.spec import Readings
from rumpus.types import Array, Goal

H, STEPS = 4, 6
FILM = re.compile(r"aria-label='([^']*)' style='--n:(\d+);[^(]*\(\"data:image/jpeg;base64,([^\"]*)")


def grey(levels: list[int], size: tuple[int, int] = (16, 16)) -> Array:
    """Pictures (N, h, w, 3) of one level each."""
    return np.array(levels, np.uint8)[:, None, None, None] * np.ones((1, *size, 3), np.uint8)


def seen(level: int, size: tuple[int, int] = (16, 16)) -> Readings:
    return {"camera": grey([level], size)[0], "joint": np.zeros(1, np.float32)}


def imagination(size: tuple[int, int] | None = (16, 16)) -> Imagination:
    """Six steps from level 0 by tens, of which the decision at step 3 is shown."""

    def pictures(levels: list[int]) -> dict[str, Array]:
        return {} if size is None else {"camera": grey(levels, size)}

    happened = [seen(10 * k, size or (16, 16)) for k in range(STEPS + 1)]
    if size is None:
        happened = [{"joint": readings["joint"]} for readings in happened]
    goal = Goal(happened[-1], "picture", "picture mine.png")
    doubt = np.full(STEPS, 0.5, np.float32)
    done = Done(goal, 70, 6.0, 0.5, pictures([100] * STEPS), doubt, 0.0, happened, None)
    left, doubts = [2.0, 1.5, 1.0, 0.9], [0.2, 0.4, 0.6, 0.8]
    courses = [Course(pictures([30 + 10 * rank] * H), left, [d * rank for d in doubts], 11.0 + rank)
               for rank in range(3)]  # fmt: skip
    told = Course(pictures([200] * 3), [2.5, 2.0, 1.2], [0.1, 0.1, 0.1])
    costs = dict.fromkeys(range(STEPS), 11.0)
    left = [6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.5]
    return Imagination(done, left, costs, [Decision(3, 32, courses, told)], 12.0, 0.25)


def films(page: str) -> list[tuple[str, Array]]:
    """Each film of a page by its words, as levels by frame."""
    found = []
    for told, count, data in FILM.findall(page):
        with Image.open(io.BytesIO(base64.b64decode(data))) as strip:
            assert strip.width <= WIDEST_PX
            assert strip.height <= 144
            frames = np.asarray(strip.convert("L")).reshape(strip.height, int(count), -1)
        found.append((told, frames.mean((0, 2))))
    return found


def test_it_shows_what_came_beside_what_was_imagined_step_by_step(tmp_path: Path) -> None:
    path = tmp_path / "imagine.html"
    assert write_imagination(path, "a <run>", ["It <went>."], imagination()) == path
    page = path.read_text()
    shown = films(page)
    assert [told for told, _ in shown] == [
        "start", "goal", "what came", "imagined at first",
        "what came", "told what it did", "taken, 11.0", "cost 12.0", "cost 13.0, doubted",
    ]  # fmt: skip
    levels = [frames.tolist() for _, frames in shown]
    expected = [
        [0], [60], [0, 10, 20, 30, 40, 50, 60], [0, *[100] * STEPS],
        [30, 40, 50, 60, 60], [30, 200, 200, 200, 200], *([30, *[c] * H] for c in (30, 40, 50)),
    ]  # fmt: skip
    for found, wanted in zip(levels, expected, strict=True):
        np.testing.assert_allclose(found, [*wanted, *wanted[-1:] * HELD], atol=4)
    assert "<h3>Step 3: 32 imagined</h3>" in page


def test_it_needs_no_other_file_and_shows_names_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "imagine.html"
    page = write_imagination(path, "a <run>", ["It <went>."], imagination()).read_text()
    assert list(tmp_path.iterdir()) == [path]
    assert page.count("<img src='data:image/png;base64,") == 1  # the curves
    elsewhere = re.findall(r"(?:src|href)='(?!data:)|url\((?![\"']?data:)|<script|@import", page)
    assert elsewhere == []
    assert "a &lt;run&gt;" in page
    assert "<p>It &lt;went&gt;.</p>" in page


@pytest.mark.parametrize("size", [(480, 640), (16, 16000)])
def test_pictures_that_are_too_large_for_a_film_are_made_smaller(
    size: tuple[int, int], tmp_path: Path
) -> None:
    page = write_imagination(tmp_path / "imagine.html", "run", [], imagination(size)).read_text()
    assert len(films(page)) == 9


def test_without_a_camera_there_are_figures_and_no_films(tmp_path: Path) -> None:
    page = write_imagination(tmp_path / "imagine.html", "run", [], imagination(None)).read_text()
    assert films(page) == []
    assert "taken, 11.0" in page
    assert "what came<" not in page


def test_what_it_costs_to_look_on_is_told() -> None:
    assert sentences(imagination()) == [
        "Its goal was memory:-1 (picture mine.png).",
        "To keep what it imagined at 1 of its decisions took 0.2 ms each, beside 12.0 ms of "
        "planning.",
    ]


def test_a_page_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be written"):
        write_imagination(tmp_path / "no" / "imagine.html", "run", [], imagination())
