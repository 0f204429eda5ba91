"""What people said of a robot's pictures: wishes by name, examples of success, questions, answers.

One small file beside the memory whose steps it names, `labels.jsonl`, a record a line. Whatever was
asked or answered is durable when the call returns; nothing is ever deleted, so that who answers
late, twice or otherwise than another is heard too (interview 22:50). Every line has a checksum, and
the last says of which memory they are and how many: what is not as it was written is refused, and
`repair` goes on with the others. It is written whole each time: people say little.
"""

import fcntl
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rumpus import atomic_file
from rumpus.atomic_file import sealed, unsealed
from rumpus.errors import InputError, MemoryFault
from rumpus.memory import acknowledged
from rumpus.memory.damage import Damage, damaged_by
from rumpus.memory.database import put_aside
from rumpus.types import Array

FILE_NAME = "labels.jsonl"
MOST_NAME_N = 100  # letters of a wish
Verdict = Literal["yes", "no", "unsure"]
# Why a picture was asked about: the classifier was surest of it, or it stands for what is believed,
# for what was lived or for how attempts ended, or what was asked for ended so that it is unsure.
Why = Literal["surest", "believed", "random", "outcome", "unsure"]
_Rows = dict[str, list[tuple[Any, ...]]]  # by what they are, each as it was said, in order


@dataclass(frozen=True)
class Wish:
    """What a person wants, by name.

    Attributes:
        name: of it.
        first_step: how many steps were remembered when it was first taught.
        sensor: the camera in whose pictures it is told.
        classifier: by which success is told, see `success/`.
        words: other names of it.
    """

    name: str
    first_step: int
    sensor: str
    classifier: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """Whether a remembered picture shows what was wished.

    Attributes:
        id: by which it is answered.
        wish: the name.
        step: position in memory.
        why: it is asked.
        belief: how surely the classifier believed it then, 0 to 1.
        asked_unix_s: when.
        answers: how many people last said what, by verdict.
    """

    id: int
    wish: str
    step: int
    why: str
    belief: float
    asked_unix_s: float
    answers: dict[str, int] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """What most people said; "unsure" where they are divided, "" where nobody answered."""
        if not self.answers:
            return ""
        yes, no = self.answers.get("yes", 0), self.answers.get("no", 0)
        return "unsure" if yes == no else "yes" if yes > no else "no"


class Labels:
    """The labels of one memory; several programs may use them at the same time."""

    def __init__(self, folder: Path) -> None:
        """Use `open_labels`."""
        self._folder, self.path = folder, folder / FILE_NAME

    def wishes(self) -> list[Wish]:
        """Every wish, in the order of their names."""
        rows = self._rows()
        first = {wish[0]: wish for wish in reversed(rows["wish"])}
        words = {name: sorted({said for said, of in rows["word"] if of == name}) for name in first}
        return [
            Wish(name, step, sensor, classifier, tuple(words[name]))
            for name, step, sensor, classifier in sorted(first.values())
        ]  # fmt: skip

    def wish(self, said: str) -> Wish:
        """The wish of that name, or of that word.

        Raises:
            InputError: when nothing of that name was taught.
        """
        wishes = self.wishes()
        for wish in wishes:
            if said in (wish.name, *wish.words):
                return wish
        known = ", ".join(name for wish in wishes for name in (wish.name, *wish.words)) or "none"
        raise InputError(f"Nothing called '{said}' was taught to this robot; there are: {known}. "
                         "Teach it with: rumpus teach RUN --wish NAME --examples DIR.")  # fmt: skip

    def teach(self, wish: Wish, examples: Iterable[int]) -> None:
        """Add a wish where it is new, its words, and steps that show it.

        Raises:
            InputError: when a name is none, or is that of another wish.
        """
        for name in (wish.name, *wish.words):
            check_name(name)
        taken = {word: known.name for known in self.wishes() for word in (known.name, *known.words)}
        for name in (wish.name, *wish.words):
            if taken.get(name, wish.name) != wish.name:
                raise InputError(f"'{name}' already means '{taken[name]}'; give another word.")
        with self._adding() as add:
            add("wish", wish.name, wish.first_step, wish.sensor, wish.classifier)
            for word in wish.words:
                add("word", word, wish.name)
            for step in examples:
                add("example", wish.name, int(step))

    def examples(self, wish: Wish) -> Array:
        """The steps that were shown as success, int64 (n,), in order."""
        steps = {step for name, step in self._rows()["example"] if name == wish.name}
        return np.array(sorted(steps), np.int64)

    def ask(self, wish: Wish, step: int, why: Why, belief: float) -> bool:
        """Ask about a step; False where it was asked about before, and is not again."""
        with self._adding() as add:
            asked = self._rows()["question"]
            is_new = (wish.name, int(step)) not in {row[1:3] for row in asked}
            if is_new:
                id_ = max((row[0] for row in asked), default=0) + 1
                add("question", id_, wish.name, int(step), why, float(belief), time.time())
        return is_new

    def questions(self, wish: Wish | None = None) -> list[Question]:
        """Every question, oldest first, with what people last said; of one wish, or of all."""
        rows, last = self._rows(), dict[int, dict[str, str]]()
        for question, verdict, person, _ in rows["answer"]:
            last.setdefault(question, {})[person] = verdict
        said = {question: dict(Counter(people.values())) for question, people in last.items()}
        found = [
            Question(id_, name, step, why, belief, unix_s, said.get(id_, {}))
            for id_, name, step, why, belief, unix_s in rows["question"]
        ]  # fmt: skip
        return [each for each in found if wish is None or each.wish == wish.name]

    def answer(self, question: int, verdict: Verdict, person: str = "") -> Question:
        """Keep what a person says; who answers again says something else from now on.

        Raises:
            InputError: when there is no such question.
        """
        if question not in {each.id for each in self.questions()}:
            open_ones = ", ".join(str(q.id) for q in self.questions() if not q.answers) or "none"
            raise InputError(f"There is no question {question}; open are: {open_ones}.")
        with self._adding() as add:
            add("answer", question, verdict, person, time.time())
        return next(each for each in self.questions() if each.id == question)

    def _rows(self) -> _Rows:
        with _blamed(self.path):
            rows, wrong = _read(self._folder)
        if wrong:
            raise damaged_by("labels", self.path, wrong)
        return rows

    @contextmanager
    def _adding(self) -> Iterator[Callable[..., None]]:
        """What to call with a kind and a row, durable afterwards; nobody else adds meanwhile."""
        with _blamed(self.path), _held(self.path):
            rows = self._rows()
            yield lambda kind, *row: rows[kind].append(row)
            _write(self._folder, rows)


@contextmanager
def open_labels(memory: Path) -> Iterator[Labels]:
    """The labels of the memory in a folder, begun where there are none.

    Raises:
        MemoryFault: when the file is damaged, of another memory or layout, or cannot be read.
    """
    labels, older = Labels(memory), memory / "labels.sqlite"
    if older.exists() and not labels.path.exists():
        raise MemoryFault(f"What people said lies in {older}, whose layout this rumpus does not "
                          "read; move it away, and teach the wishes again.")  # fmt: skip
    labels._rows()
    yield labels


def damaged(memory: Path) -> list[Damage]:
    """What is wrong with the labels of a memory, where it has any."""
    with _blamed(memory / FILE_NAME):
        wrong = _read(memory)[1]
    return [Damage(-1, 0, f"The labels are damaged: {wrong}")] if wrong else []


def repair(memory: Path) -> list[str]:
    """Go on with every line that is proved, where one is not; a sentence on what was done."""
    path = memory / FILE_NAME
    with _blamed(path):
        rows, wrong = _read(memory)
        if wrong:
            kept = put_aside(path).name
            _write(memory, rows)
    return [f"What people said was written anew as {wrong}; {kept} has it all"] if wrong else []


def _read(memory: Path) -> tuple[_Rows, str]:
    """All that is proved, and what is wrong; the last line says how many there are."""
    rows: _Rows = {kind: [] for kind in ("wish", "word", "example", "question", "answer")}
    path, told = memory / FILE_NAME, acknowledged.read(memory)
    lines = path.read_bytes().splitlines() if path.exists() else []
    whose, count = "", len(lines) + bool(lines)  # one more than there are, where none says how many
    for kind, *row in (json.loads(line) for line in map(unsealed, lines) if line is not None):
        if kind == "end":
            whose, count = row[0], max(len(lines), row[1] + 1) - 1
        else:
            rows[kind].append(tuple(row))
    if told and whose not in ("", told.memory) and told.memory:
        return {kind: [] for kind in rows}, "they are of another memory"
    wrong_n = count - sum(map(len, rows.values()))
    return rows, f"{wrong_n} of their lines are not what was written" if wrong_n else ""


def _write(memory: Path, rows: _Rows) -> None:
    told = acknowledged.read(memory) or acknowledged.Acknowledged()
    records = [[kind, *row] for kind, every in rows.items() for row in every]
    records.append(["end", told.memory, len(records)])
    lines = [sealed(json.dumps(record).encode()) + b"\n" for record in records]
    atomic_file.write(memory / FILE_NAME, b"".join(lines))


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Have the only right to change a file that is replaced by each change."""
    while True:
        with path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if path.exists() and os.path.samestat(path.stat(), os.fstat(file.fileno())):
                yield
                return


def check_name(name: str) -> None:
    """Refuse what cannot be the name of a wish.

    Raises:
        InputError: naming it and what would do.
    """
    if not (0 < len(name) <= MOST_NAME_N and name.isprintable() and name == name.strip()):
        raise InputError(f"A wish was named '{name[:MOST_NAME_N]}', expected 1 to {MOST_NAME_N} "
                         "letters on one line, as \"door open\".")  # fmt: skip


@contextmanager
def _blamed(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise MemoryFault(f"The labels {path} cannot be used: {error}; make room or make it "
                          "writable, or put back a copy of the file.") from error  # fmt: skip
