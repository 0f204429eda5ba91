"""What people said is never lost, never asked twice, and counts by persons."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rumpus.errors import InputError, MemoryFault
from rumpus.memory import acknowledged
from rumpus.memory.labels import FILE_NAME, Wish, damaged, open_labels, repair

OPEN = Wish("door open", 100, "camera", "vice", ("open", "swing it open"))

ASKING = """
import sys
from pathlib import Path
from rumpus.memory.labels import Wish, open_labels
with open_labels(Path(sys.argv[1])) as labels:
    wish = Wish("door open", 0, "camera", "vice")
    labels.teach(wish, [])
    for step in range(int(sys.argv[2]), 10**6):
        labels.ask(wish, step, "random", 0.5)
        print(step, flush=True)
"""


def test_a_wish_is_found_by_its_name_and_its_words(tmp_path: Path) -> None:
    with open_labels(tmp_path) as labels:
        labels.teach(OPEN, [7, 3, 7])
    with open_labels(tmp_path) as labels:
        assert labels.wish("open") == labels.wish("door open") == OPEN
        np.testing.assert_array_equal(labels.examples(OPEN), [3, 7])
        with pytest.raises(InputError, match="there are: door open, open, swing it open"):
            labels.wish("shut")


def test_more_examples_and_words_are_added_and_a_word_means_one_wish(tmp_path: Path) -> None:
    with open_labels(tmp_path) as labels:
        labels.teach(OPEN, [3])
        labels.teach(Wish("door open", 900, "camera", "vice", ("ajar",)), [9])
        now = labels.wish("ajar")
        assert (now.first_step, now.words) == (100, ("ajar", "open", "swing it open"))
        np.testing.assert_array_equal(labels.examples(now), [3, 9])
        with pytest.raises(InputError, match="'open' already means 'door open'"):
            labels.teach(Wish("cap off", 0, "camera", "vice", ("open",)), [])
        assert [wish.name for wish in labels.wishes()] == ["door open"]


@pytest.mark.parametrize("name", ["", " open", "a\nb", "x" * 101])
def test_what_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    with open_labels(tmp_path) as labels, pytest.raises(InputError, match="A wish was named"):
        labels.teach(Wish(name, 0, "camera", "vice"), [])


def test_nothing_is_asked_twice(tmp_path: Path) -> None:
    with open_labels(tmp_path) as labels:
        labels.teach(OPEN, [])
        assert labels.ask(OPEN, 5, "surest", 0.9)
        assert not labels.ask(OPEN, 5, "random", 0.2)
        (question,) = labels.questions(OPEN)
        assert (question.step, question.why, question.belief) == (5, "surest", 0.9)
        assert (question.answers, question.verdict) == ({}, "")


def test_most_people_are_right_and_each_counts_once(tmp_path: Path) -> None:
    with open_labels(tmp_path) as labels:
        labels.teach(OPEN, [])
        labels.ask(OPEN, 5, "surest", 0.9)
        assert labels.answer(1, "no", "ann").verdict == "no"
        assert labels.answer(1, "yes", "bob").verdict == "unsure"
        assert labels.answer(1, "unsure", "eve").verdict == "unsure"
        assert labels.answer(1, "yes", "ann").verdict == "yes"  # she thought again
        assert labels.questions()[0].answers == {"yes": 2, "unsure": 1}


def test_answers_come_late_and_in_any_order(tmp_path: Path) -> None:
    with open_labels(tmp_path) as labels:
        labels.teach(OPEN, [])
        for step in range(3):
            labels.ask(OPEN, step, "random", 0.1)
    with open_labels(tmp_path) as asking, open_labels(tmp_path) as answering:
        answering.answer(3, "yes")
        answering.answer(1, "no")
        assert [question.verdict for question in asking.questions()] == ["no", "", "yes"]
        with pytest.raises(InputError, match="no question 9; open are: 2"):
            answering.answer(9, "yes")


def test_a_kill_loses_no_question_and_asks_none_twice(tmp_path: Path) -> None:
    told = -1
    for _ in range(5):
        asking = subprocess.Popen(
            [sys.executable, "-c", ASKING, str(tmp_path), str(max(told - 3, 0))],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert asking.stdout is not None
        for line in asking.stdout:
            told = int(line)
            if told % 17 == 16:
                break
        time.sleep(0.01)
        os.kill(asking.pid, signal.SIGKILL)
        asking.wait()
        rest = asking.stdout.read().split()
        told = int(rest[-1]) if rest else told
        asking.stdout.close()
        with open_labels(tmp_path) as labels:
            steps = [question.step for question in labels.questions()]
        assert len(steps) == len(set(steps))
        assert set(range(told + 1)) <= set(steps)


def said(folder: Path) -> object:
    with open_labels(folder) as labels:
        return labels.wishes(), labels.examples(OPEN).tolist(), labels.questions()


def test_every_bit_of_labels_is_guarded_and_repair_keeps_the_others(tmp_path: Path) -> None:
    with open_labels(tmp_path) as labels:
        labels.teach(OPEN, [3, 4])
        labels.ask(OPEN, 5, "surest", 0.5)
        labels.answer(1, "yes", "ann")
    file, whole = tmp_path / FILE_NAME, said(tmp_path)
    written = file.read_bytes()
    for at in range(len(written)):
        file.write_bytes(written[:at] + bytes([written[at] ^ 4]) + written[at + 1 :])
        assert damaged(tmp_path)
        with pytest.raises(MemoryFault, match="lines are not what was written"):
            said(tmp_path)
        if 0 < at < len(written) - 1:
            file.write_bytes(written[:at])
            assert damaged(tmp_path)
    assert written.count(b"surest") == 1  # unlike digits: a time of day has any of them
    file.write_bytes(written.replace(b"surest", b"purest"))
    assert "1 of their lines" in repair(tmp_path)[0]
    assert not damaged(tmp_path)
    assert not repair(tmp_path)
    assert said(tmp_path) == (*whole[:2], [])  # type: ignore[index]
    assert (tmp_path / f"{FILE_NAME}.damaged-1").exists()


def test_labels_of_another_memory_are_refused_and_put_aside(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        acknowledged.write(tmp_path / name, name, 0)
        with open_labels(tmp_path / name) as labels:
            labels.teach(OPEN, [3])
    shutil.copy(tmp_path / "one" / FILE_NAME, tmp_path / "other" / FILE_NAME)
    with pytest.raises(MemoryFault, match="of another memory"):
        said(tmp_path / "other")
    assert repair(tmp_path / "other")
    assert said(tmp_path / "other") == ([], [], [])


def test_labels_of_an_older_layout_are_not_passed_over_in_silence(tmp_path: Path) -> None:
    older = tmp_path / "labels.sqlite"
    older.write_bytes(b"SQLite format 3")
    with (
        pytest.raises(MemoryFault, match=r"labels\.sqlite, whose layout this rumpus does not read"),
        open_labels(tmp_path),
    ):
        pass
    older.rename(tmp_path / "aside")
    with open_labels(tmp_path) as labels:
        assert labels.wishes() == []
