"""Files damaged in every way, and what is said of it: what a fuzzer needs, whatever it damages.

A subject is a folder of files that can be made, asked, verified and repaired: a memory, say. A
case makes a copy of one, damages one file of it, and asks: is anything answered otherwise than by
the undamaged one without a word? Does anything end in a traceback, or not at all? Is it well again
after repair, but for what repair named?
"""

import os
import random
import re
import shutil
import signal
import sqlite3
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from rumpus.errors import RumpusError

SHARE_OF_RUNS = 0.2  # of all cases; the others damage a memory
LONGEST_S = 20.0  # a case; one that takes longer hangs
LARGEST = (0, 1, -1, 7, 255, 2**15, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 10**20)
# Of an SQLite file: where each field is, and its bytes; section 1.3 of its file format.
HEADER = [(0, 16), (16, 2), (18, 1), (19, 1), (20, 1), (21, 1), (22, 1), (23, 1),
          *((k, 4) for k in range(24, 100, 4))]  # fmt: skip
Answers = dict[str, Any]  # by what was asked; a refusal where it was refused


class Subject(Protocol):
    """What is damaged.

    Attributes:
        folders: undamaged ones, by name.
        others: for each another of its kind, whose files may get into the wrong place.
    """

    folders: dict[str, Path]
    others: dict[str, Path]

    def answers(self, folder: Path) -> Answers:
        """All that is asked, the same of all folders of a kind."""
        ...

    def complaint(self, folder: Path) -> str:
        """What verifying says is wrong; "" where it says that all is well."""
        ...

    def repair(self, folder: Path) -> set[str]:
        """Repair it; which answers are said to be others now."""
        ...

    def live_on(self, folder: Path) -> None:
        """Use what was repaired as its owner would, and find what came of that."""
        ...


@dataclass
class Toll:
    """What became of so many cases.

    Attributes:
        outcomes: how many ended how: well, mended, told; and what must not be: silent (another
            answer without a word), traceback, hang, unwell (repaired, and still not well).
        failures: what must not be, with its case.
        asked: answers of undamaged folders, of all cases.
        lost: of them, those that are refused or another one after repair; of a case that does not
            come so far none is counted.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    asked: int = 0
    lost: int = 0


class Hang(BaseException):
    """A case took too long."""


@contextmanager
def limited() -> Iterator[None]:
    """End what takes too long."""

    def late(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, LONGEST_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def scratch_in_ram() -> Iterator[Path]:
    """A folder for a while, in RAM where that is one: cases are copied and synced all the time."""
    shared = Path("/dev/shm")
    with TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else None) as scratch:
        yield Path(scratch)


def fuzz(subject: Subject, cases: range) -> Toll:
    """Try every case, each known by its number alone."""
    toll, scratch = Toll(), next(iter(subject.folders.values())).parent
    truth = {name: subject.answers(folder) for name, folder in subject.folders.items()}
    for number in cases:
        chance = random.Random(number)
        name = chance.choice(sorted(truth))
        folder = scratch / "case"
        shutil.copytree(subject.folders[name], folder)
        toll.asked += len(truth[name])
        what = f"case {number} ({name}): {damage(folder, subject.others[name], chance)}"
        try:
            with limited():
                outcome, why = _outcome(subject, folder, truth[name], toll)
        except Hang:
            outcome, why = "hang", ""
        except Exception:
            outcome, why = "traceback", traceback.format_exc(limit=-6)
        toll.outcomes[outcome] += 1
        if outcome not in ("well", "mended", "told"):
            toll.failures.append(f"{outcome}: {what}: {why}")
        shutil.rmtree(folder)
    return toll


def _outcome(subject: Subject, folder: Path, truth: Answers, toll: Toll) -> tuple[str, str]:
    complaint = _said(subject.complaint, folder)
    answers = subject.answers(folder)
    others = _others(answers, truth)
    if others and not complaint:
        return "silent", f"{sorted(others)[:5]}"
    refused = [key for key, answer in answers.items() if isinstance(answer, RumpusError)]
    try:
        excused = subject.repair(folder)
    except RumpusError as refusal:
        toll.lost += len(truth)
        return ("told", "") if complaint else ("silent", f"repair alone says {refusal}")
    if left := _said(subject.complaint, folder):
        return "unwell", left
    answers = subject.answers(folder)
    toll.lost += sum(answers[key] != answer for key, answer in truth.items())
    others = _others(answers, truth)
    if others - excused:
        return "silent", f"repaired, and without a word {sorted(others - excused)[:5]}"
    subject.live_on(folder)
    if left := _said(subject.complaint, folder):
        return "unwell", f"gone on with, {left}"
    if not complaint and not refused:
        return "well", ""
    return ("told" if others else "mended"), ""


def _others(answers: Answers, truth: Answers) -> set[str]:
    """What is answered otherwise, and not refused."""
    return {key for key, answer in truth.items()
            if answers[key] != answer and not isinstance(answers[key], RumpusError)}  # fmt: skip


def _said(verify: Callable[[Path], str], folder: Path) -> str:
    try:
        return verify(folder)
    except RumpusError as refusal:
        return str(refusal)


def damage(folder: Path, other: Path, chance: random.Random) -> str:
    """Damage one file; what was done to which."""
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    name = chance.choice(files)
    kind = chance.choice(KINDS)
    return f"{name}: {kind.__name__.strip('_')} {kind(folder / name, other / name, chance)}"


def _flip(file: Path, other: Path, chance: random.Random) -> str:
    data = bytearray(file.read_bytes())
    at = chance.randrange(len(data)) if data else 0
    for place in range(at, min(at + 1, len(data))):
        data[place] ^= 1 << chance.randrange(8)
    file.write_bytes(data)
    return f"at {at}"


def _burst(file: Path, other: Path, chance: random.Random) -> str:
    data = bytearray(file.read_bytes())
    at, size = chance.randrange(len(data) + 1), chance.choice([2, 16, 512, 5000])
    data[at : at + size] = chance.randbytes(len(data[at : at + size]))
    file.write_bytes(data)
    return f"{size} at {at}"


def _zeros(file: Path, other: Path, chance: random.Random) -> str:
    data = bytearray(file.read_bytes())
    at = chance.randrange(len(data) // 512 + 1) * 512
    data[at : at + 512] = bytes(len(data[at : at + 512]))
    file.write_bytes(data)
    return f"at {at}"


def _cut(file: Path, other: Path, chance: random.Random) -> str:
    size = chance.choice([0, chance.randrange(file.stat().st_size + 1)])
    with file.open("r+b") as cut:
        cut.truncate(size)
    return f"to {size}"


def _grow(file: Path, other: Path, chance: random.Random) -> str:
    with file.open("ab") as grown:
        return f"{grown.write(chance.randbytes(chance.choice([1, 100, 16384])))}"


def _swap(file: Path, other: Path, chance: random.Random) -> str:
    if other.exists():
        shutil.copyfile(other, file)
    return ""


def _delete(file: Path, other: Path, chance: random.Random) -> str:
    file.unlink()
    return ""


def _header(file: Path, other: Path, chance: random.Random) -> str:
    if file.suffix != ".sqlite":
        return _number(file, other, chance)
    data = bytearray(file.read_bytes())
    at, size = chance.choice(HEADER)
    value = chance.choice([*LARGEST, chance.randrange(256)]) % 256**size
    data[at : at + size] = value.to_bytes(size, "big")
    file.write_bytes(data)
    return f"field at {at}: {value}"


def _number(file: Path, other: Path, chance: random.Random) -> str:
    """A number that is written in digits; in a binary file one in the text of JSON, if any."""
    data = file.read_bytes()
    texts = [found.span() for found in re.finditer(rb"\{\"[ -~]+|^[ -~\n]+$", data)]
    found = [match.span() for a, b in texts for match in re.compile(rb"\d+").finditer(data, a, b)]
    if not found:
        return _flip(file, other, chance)
    a, b = chance.choice(found)
    new = str(chance.choice([*LARGEST, int(data[a:b][:18]) + 1])).encode()
    if b"\0" in data:
        new = new[-(b - a) :].rjust(b - a, b"9")  # nothing behind it moves
    file.write_bytes(data[:a] + new + data[b:])
    return f"{data[a:b][:30]!r} to {new!r} at {a}"


def _cell(file: Path, other: Path, chance: random.Random) -> str:
    """Something else in a row of a table, or no row, as a program or a wrong bit may leave it."""
    if file.suffix != ".sqlite":
        return _burst(file, other, chance)
    with closing(sqlite3.connect(file)) as store, suppress(sqlite3.Error), store:
        named = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        tables = [row[0] for row in store.execute(named)]
        table = chance.choice(tables)
        columns = [row[1] for row in store.execute(f"PRAGMA table_info({table})")]
        column, count = chance.choice(columns), 0
        keys = [row[0] for row in store.execute(f"SELECT {columns[0]} FROM {table}")]
        if not keys:
            return f"{table} is empty"
        key = chance.choice(keys)
        if chance.random() < 0.2:
            store.execute(f"DELETE FROM {table} WHERE {columns[0]} IS ?", (key,))
            return f"row {key} of {table} gone"
        value = chance.choice([chance.choice(LARGEST[:-1]), 0.5, "", "é\nx", b"", b"\0" * 8, None,
                               chance.randrange(300)])  # fmt: skip
        count = store.execute(
            f"UPDATE {table} SET {column} = ? WHERE {columns[0]} IS ?", (value, key)
        ).rowcount
        return f"{column} of row {key} of {table} is {value!r} ({count})"
    return "was refused"


KINDS = [_flip, _flip, _flip, _burst, _zeros, _cut, _grow, _swap, _delete, _header, _header,
         _number, _number, _cell, _cell, _cell]  # fmt: skip
