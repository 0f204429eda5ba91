"""What people said of a robot's pictures: wishes by name, examples of success, questions, answers.

One SQLite file beside the memory whose steps it names, `labels.sqlite`. Whatever was asked or
answered is durable when the call returns; nothing is ever deleted, so that who answers late, twice
or otherwise than another is heard too (interview 22:50).
"""

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rumpus.errors import InputError, MemoryFault
from rumpus.types import Array

FILE_NAME = "labels.sqlite"
VERSION = 1
MOST_NAME_N = 100  # letters of a wish
Verdict = Literal["yes", "no", "unsure"]
# Why a picture was asked about: the classifier was surest of it, it was drawn at random from life,
# or from how attempts ended, or what was asked for ended so that it is unsure.
Why = Literal["surest", "random", "outcome", "unsure"]
_TABLES = """
CREATE TABLE IF NOT EXISTS wish (
    name TEXT PRIMARY KEY, first_step INTEGER NOT NULL, sensor TEXT NOT NULL,
    classifier TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS word (said TEXT PRIMARY KEY, wish TEXT NOT NULL REFERENCES wish);
CREATE TABLE IF NOT EXISTS example (
    wish TEXT NOT NULL REFERENCES wish, step INTEGER NOT NULL, PRIMARY KEY (wish, step));
CREATE TABLE IF NOT EXISTS question (
    id INTEGER PRIMARY KEY AUTOINCREMENT, wish TEXT NOT NULL REFERENCES wish,
    step INTEGER NOT NULL, why TEXT NOT NULL, belief REAL NOT NULL, asked_unix_s REAL NOT NULL,
    UNIQUE (wish, step));
CREATE TABLE IF NOT EXISTS answer (
    id INTEGER PRIMARY KEY AUTOINCREMENT, question INTEGER NOT NULL REFERENCES question,
    verdict TEXT NOT NULL, person TEXT NOT NULL, answered_unix_s REAL NOT NULL);
"""


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

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        """Use `open_labels`."""
        self._connection, self.path = connection, path

    def wishes(self) -> list[Wish]:
        """Every wish, in the order of their names."""
        words: dict[str, list[str]] = {}
        for said, name in self._connection.execute("SELECT said, wish FROM word ORDER BY said"):
            words.setdefault(name, []).append(said)
        rows = self._connection.execute(
            "SELECT name, first_step, sensor, classifier FROM wish ORDER BY name"
        )
        return [Wish(name, first, sensor, classifier, tuple(words.get(name, ())))
                for name, first, sensor, classifier in rows]  # fmt: skip

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
        with self._changing() as change:
            change("INSERT OR IGNORE INTO wish VALUES (?, ?, ?, ?)",
                   [(wish.name, wish.first_step, wish.sensor, wish.classifier)])  # fmt: skip
            change("INSERT OR IGNORE INTO word VALUES (?, ?)", [(w, wish.name) for w in wish.words])
            change("INSERT OR IGNORE INTO example VALUES (?, ?)",
                   [(wish.name, int(step)) for step in examples])  # fmt: skip

    def examples(self, wish: Wish) -> Array:
        """The steps that were shown as success, int64 (n,), in order."""
        rows = self._connection.execute(
            "SELECT step FROM example WHERE wish = ? ORDER BY step", (wish.name,)
        )
        return np.array([step for (step,) in rows], np.int64)

    def ask(self, wish: Wish, step: int, why: Why, belief: float) -> bool:
        """Ask about a step; False where it was asked about before, and is not again."""
        row = (wish.name, int(step), why, float(belief), time.time())
        with self._changing() as change:
            asked = "INSERT OR IGNORE INTO question VALUES (NULL, ?, ?, ?, ?, ?)"
            return change(asked, [row]) == 1

    def questions(self, wish: Wish | None = None) -> list[Question]:
        """Every question, oldest first, with what people last said; of one wish, or of all."""
        last: dict[int, dict[str, str]] = {}
        for question, person, verdict in self._connection.execute(
            "SELECT question, person, verdict FROM answer ORDER BY id"
        ):
            last.setdefault(question, {})[person] = verdict
        rows = self._connection.execute(
            "SELECT id, wish, step, why, belief, asked_unix_s FROM question ORDER BY id"
        )
        said = {question: Counter(people.values()) for question, people in last.items()}
        found = [Question(id_, name, step, why, belief, asked_unix_s, dict(said.get(id_, {})))
                 for id_, name, step, why, belief, asked_unix_s in rows]  # fmt: skip
        return [each for each in found if wish is None or each.wish == wish.name]

    def answer(self, question: int, verdict: Verdict, person: str = "") -> Question:
        """Keep what a person says; who answers again says something else from now on.

        Raises:
            InputError: when there is no such question.
        """
        asked = {each.id for each in self.questions()}
        if question not in asked:
            open_ones = ", ".join(str(q.id) for q in self.questions() if not q.answers) or "none"
            raise InputError(f"There is no question {question}; open are: {open_ones}.")
        with self._changing() as change:
            change("INSERT INTO answer VALUES (NULL, ?, ?, ?, ?)",
                   [(question, verdict, person, time.time())])  # fmt: skip
        (now,) = [each for each in self.questions() if each.id == question]
        return now

    @contextmanager
    def _changing(self) -> Iterator[Callable[[str, list[Any]], int]]:
        """A transaction: what to call with a statement and its rows, for how many it changed."""
        with _blamed(self.path), self._connection:
            yield lambda statement, rows: self._connection.executemany(statement, rows).rowcount


@contextmanager
def open_labels(memory: Path) -> Iterator[Labels]:
    """The labels of the memory in a folder, begun where there are none.

    Raises:
        MemoryFault: when the file is damaged, of a newer rumpus, or cannot be written.
    """
    path = memory / FILE_NAME
    with _blamed(path), closing(sqlite3.connect(path, timeout=30.0)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise MemoryFault(f"The labels {path} have layout {version}, and this rumpus knows "
                              f"layouts up to {VERSION}; use a newer rumpus.")  # fmt: skip
        if version < VERSION:
            connection.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version = {VERSION};"
                                     "COMMIT")  # fmt: skip
        yield Labels(connection, path)


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
    except sqlite3.Error as error:
        raise MemoryFault(f"The labels {path} cannot be used: {error}; make room or make it "
                          "writable, or put back a copy of the file.") from error  # fmt: skip
