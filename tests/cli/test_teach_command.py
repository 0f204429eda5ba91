"""`rumpus teach`, `questions`, `answer` and `do --wish`: a wish from its first picture on."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rumpus.cli.command_line import main
from rumpus.memory import Memory
from rumpus.memory.labels import open_labels

Said = pytest.CaptureFixture[str]


@pytest.fixture
def pictures(dot: Path, tmp_path: Path) -> Path:
    """A folder of pictures of the dot on the left, and a note."""
    folder = tmp_path / "left"
    folder.mkdir()
    with Memory.open(dot / "memory", write=False) as memory:
        frames = np.array(memory.frames("observation"))
    light = frames.astype(float).sum(3)
    light -= light.min((1, 2), keepdims=True)
    places = (light.sum(1) * np.arange(light.shape[2])).sum(1) / light.sum((1, 2))
    for number, step in enumerate(np.argsort(places)[:6]):
        Image.fromarray(frames[step]).save(folder / f"{number}.png")
    (folder / "notes.txt").write_text("on Monday")
    return folder


def said(capfd: Said, code: int, *arguments: str) -> tuple[str, str]:
    capfd.readouterr()
    assert main(list(arguments)) == code
    return capfd.readouterr()


def test_a_wish_is_taught_done_asked_about_and_answered(
    dot: Path, pictures: Path, capfd: Said
) -> None:
    run = str(dot)
    out, err = said(
        capfd, 0, "teach", run, "--wish", "dot left", "--examples", str(pictures), "memory:5",
        "now", "--words", "left", "--practise", "30", "--questions", "6",
    )  # fmt: skip
    assert "Left out: " in err
    assert "notes.txt is not a picture" in err
    assert out.startswith("'dot left' is known by 8 pictures and 0 answers.\n")
    assert f"questions: rumpus questions {run}\n" in out
    assert out.endswith(f"Let it do that with: rumpus do {run} --wish 'dot left'\n")
    with Memory.open(dot / "memory", write=False) as memory:
        assert len(memory) == 60 + 7 + 30  # what was shown is remembered

    out, err = said(capfd, 0, "questions", run)
    assert err == ""
    assert "  1  Does step " in out
    assert "show 'dot left'?  It believes " in out
    assert f"Pictures: {dot / 'report' / 'questions.png'}\n" in out
    asked = json.loads(said(capfd, 0, "questions", run, "--json")[0])

    out, _ = said(capfd, 0, "answer", run, "1", "yes", "--person", "ann")
    assert f"1 yes. {len(asked) - 1} questions are open." in out
    left = json.loads(said(capfd, 0, "questions", run, "--json")[0])
    assert [question["id"] for question in left] == [q["id"] for q in asked[1:]]
    everything = json.loads(said(capfd, 0, "questions", run, "--all", "--json")[0])
    assert everything[0]["answers"] == {"yes": 1}
    _, err = said(capfd, 2, "answer", run, "99", "no")
    assert err.startswith("There is no question 99; open are: 2")

    capfd.readouterr()
    code = main(["do", run, "--wish", "left", "--steps", "5"])
    out, err = capfd.readouterr()
    assert (code, err) == (0 if "\nIt got there" in out else 3, "")
    assert "that its last picture shows 'dot left'.\n" in out

    out = said(capfd, 0, "teach", run, "--wish", "dot left", "--practise", "0", "--json")[0]
    told = json.loads(out)
    assert (told["examples"], told["answered"], told["wish"]["words"]) == (8, 1, ["left"])


def test_nothing_is_kept_of_examples_of_which_one_cannot_be_used(
    dot: Path, pictures: Path, capfd: Said, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    text = tmp_path / "text.txt"
    text.write_text("success")
    kinds = {
        str(empty): "no picture in the folder",
        str(text): "is not a picture; expected a PNG or JPEG file",
        str(tmp_path / "gone.png"): "No such file",
        "memory:4000": "'memory:4000' is no stored step; expected memory:0 to memory:59",
        "memory:x": "'memory:x' is no stored step",
    }
    for given, why in kinds.items():
        asked = ["teach", str(dot), "--wish", "left", "--examples", str(pictures), given]
        out, err = said(capfd, 2, *asked)
        assert (out, err.count("\n")) == ("", 1)
        assert why in err
    with Memory.open(dot / "memory", write=False) as memory:
        assert len(memory) == 60
    with open_labels(dot / "memory") as labels:
        assert labels.wishes() == []


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["teach", "RUN", "--wish", "left"], "Nothing shows 'left' yet; give pictures"),
        (["teach", "RUN", "--wish", " ", "--examples", "now"], "A wish was named ' '"),
        (
            ["teach", "RUN", "--wish", "l", "--examples", "now", "--camera", "eye"],
            "no camera 'eye'",
        ),
        (
            ["teach", "RUN", "--wish", "l", "--examples", "now", "--classifier", "vic"],
            "did you mean",
        ),
        (
            ["teach", "RUN", "--wish", "l", "--examples", "now", "--questions", "-1"],
            "-1 questions were asked for",
        ),
        (
            ["teach", "RUN", "--wish", "l", "--examples", "now", "--practise", "-5"],
            "-5 steps of practice were",
        ),
        (["do", "RUN", "--wish", "left"], "Nothing called 'left' was taught to this robot"),
        (["do", "RUN"], "give either --goal or --wish"),
        (["do", "RUN", "--wish", "left", "--goal", "memory:1"], "give either --goal or --wish"),
        (["answer", "RUN", "1", "maybe"], "is no choice"),
        (["questions", "RUN", "--serve", "--port", "70000"], "expected 1 to 65,535"),
        (["questions", "NOWHERE"], "There is no run in NOWHERE"),
        (["answer", "NOWHERE", "1", "yes"], "There is no run in NOWHERE"),
        (["teach", "NOWHERE", "--wish", "left", "--examples", "now"], "There is no run in NOWHERE"),
    ],
)
def test_what_cannot_be_is_told_in_one_sentence(
    dot: Path, capfd: Said, arguments: list[str], why: str
) -> None:
    out, err = said(capfd, 2, *(str(dot) if word == "RUN" else word for word in arguments))
    assert (out, err.count("\n")) == ("", 1)
    assert why in err


def test_a_wish_goes_on_with_the_camera_and_classifier_that_it_began_with(
    dot: Path, capfd: Said
) -> None:
    begun = ["teach", str(dot), "--wish", "left", "--practise", "0"]
    _, err = said(capfd, 0, *begun, "--examples", "memory:1", "memory:2", "--classifier", "vice")
    _, err = said(capfd, 2, *begun, "--classifier", "naive_classifier")
    assert "was taught with the classifier vice, not naive_classifier" in err
    assert said(capfd, 0, *begun)[0].startswith("'left' is known by 2 pictures")


def test_the_same_picture_again_and_again_is_told(dot: Path, tmp_path: Path, capfd: Said) -> None:
    folder = tmp_path / "same"
    folder.mkdir()
    for number in range(4):
        Image.new("RGB", (40, 40), "red").save(folder / f"{number}.png")
    asked = ["teach", str(dot), "--wish", "red", "--examples", str(folder), "--practise", "0"]
    _, err = said(capfd, 0, *asked)
    assert "Of the 4 pictures only 1 differ; show success in several ways" in err
    assert "resized to the robot's 32 x 32" in err
    assert "So it is with 2 more files." in err


def test_a_run_that_asks_nothing_says_so(dot: Path, capfd: Said) -> None:
    assert said(capfd, 0, "questions", str(dot))[0] == "It asks nothing now.\n"
