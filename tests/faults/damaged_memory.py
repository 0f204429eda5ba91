"""A small memory whose files are damaged; see fuzzing.py."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from fuzzing import Answers, scratch_in_ram

from rumpus.errors import RumpusError
from rumpus.memory import Memory, films, view
from rumpus.memory.labels import Wish, open_labels
from rumpus.memory.repair import repair
from rumpus.memory.verify import verify
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Observation, Step

SPEC = RobotSpec(
    "toy", (SensorSpec("camera", (8, 8, 3)), SensorSpec("q", (2,), -1.0, 1.0)), 2, 10.0
)
LIVED_N, IN_LOG_N, FILM_STEPS = 14, 3, 5
WISH = Wish("door open", 3, "camera", "vice", ("open", "ajar"))


def step(k: int, seed: int) -> Step:
    rng = np.random.default_rng(1000 * seed + k)
    readings: dict[str, Array] = {
        "camera": np.add.outer(rng.integers(0, 200, (8, 1, 3)), np.zeros(8, int))
        .astype(np.uint8).transpose(0, 3, 1, 2)[:, :, 0],
        "q": rng.normal(size=2).astype(np.float32),
    }  # fmt: skip
    if k % 9 == 5:
        del readings["q"]
    action = rng.uniform(-1, 1, 2).astype(np.float32)
    return Step(
        Observation(readings, 0.1 * k, {"camera": 0.1 * k - 0.01} if k % 4 == 1 else {}), action,
        action / 2, "too fast" if k % 3 else "", k // 2 - 1, f"seen {k} times, é", k % 8 == 7,
        intervention=k % 6 == 2, outcome='{"reward": 1.0}' if k % 5 == 0 else "",
    )  # fmt: skip


def make(folder: Path, seed: int) -> None:
    """A small life with films, and with what people said of it."""
    with Memory.create(folder, SPEC) as memory:
        for k in range(LIVED_N):
            if k % 4 == 0:
                memory.begin_episode(f"play {k}")
            memory.append(step(k, seed))
        memory.film()
        memory.film()
    with open_labels(folder) as labels:
        labels.teach(WISH, range(3, 9 + seed))
        for k in range(4):
            labels.ask(WISH, 9 + k + seed, "random", 0.5)
        labels.answer(1, "yes", "ann")
        labels.answer(2, "no", "bob")


class MemoryFiles:
    """A memory's files as what is damaged: closed, killed, and without its view."""

    def __init__(self, scratch: Path) -> None:
        self.folders: dict[str, Path] = {}
        self.others: dict[str, Path] = {}
        for seed, made in enumerate((self.folders, self.others)):
            for name in ("closed", "killed", "viewless"):
                made[name] = scratch / f"{name}{seed}"
            make(made["closed"], seed)
            shutil.copytree(made["closed"], made["viewless"])
            shutil.rmtree(made["viewless"] / "view")
            self._kill(made["closed"], made["killed"], seed)

    def _kill(self, closed: Path, killed: Path, seed: int) -> None:
        """As a writer that was killed leaves it: its last steps are in the log."""
        shutil.copytree(closed, killed.with_name("living"))
        with Memory.open(killed.with_name("living")) as memory:
            memory.begin_episode("in the log")
            for k in range(LIVED_N, LIVED_N + IN_LOG_N):
                memory.append(step(k, seed))
            memory.flush()
            shutil.copytree(killed.with_name("living"), killed)
        shutil.rmtree(killed.with_name("living"))

    def answers(self, folder: Path) -> Answers:
        """Every step from the store and from the view, the episodes, and what people said."""
        found: Answers = {f"{what} {k}": "none" for k in range(LIVED_N + IN_LOG_N)
                          for what in ("step", "row")}  # fmt: skip
        found |= {"episodes": None, "labels": _labels(folder)}
        try:
            with Memory.open(folder, write=False) as memory:
                for k in range(min(len(memory), LIVED_N + IN_LOG_N)):
                    found[f"row {k}"] = _row(memory, k)
                    found[f"step {k}"] = _refused(partial(_step, memory, k))
                found["episodes"] = _refused(partial(_episodes, memory))
        except RumpusError as refusal:
            return {key: refusal if key != "labels" else told for key, told in found.items()}
        return found

    def complaint(self, folder: Path) -> str:
        """What `verify` says; that a view is gone which may be deleted is none."""
        found = verify(folder, lambda done, total: None)
        said = [str(damage) for damage in found.damages]
        if not (folder / "view").exists():
            said = [s for s in said if "is not there; repair" not in s]
        return " ".join(said)

    def repair(self, folder: Path) -> set[str]:
        """Repair it; what it says is not as it was."""
        done = repair(folder, lambda done, total: None)
        gone = {damage.step for damage in done.lost}
        if done.forgotten:
            with Memory.open(folder, write=False) as memory:
                gone |= set(range(len(memory), LIVED_N + IN_LOG_N))
        excused = {f"{what} {k}" for k in gone for what in ("step", "row")}
        excused |= {f"step {damage.step}" for damage in done.recalled}
        told = " ".join(done.mended)
        if gone or "episodes" in told:
            excused |= {"episodes"}
        if "of another memory" in told or "as whole" in told:  # it is another's now, as it says
            return excused | self._another_s(folder)
        return excused | ({"labels"} if "people said" in told else set())

    def _another_s(self, folder: Path) -> set[str]:
        """Which answers are exactly those of the memory whose file was put in its place."""
        now, truths = self.answers(folder), [self.answers(other) for other in self.others.values()]
        empty: Answers = {"episodes": [], "labels": None}
        return {key for key, answer in now.items()
                if any(answer == truth[key] for truth in truths)
                or answer == empty.get(key, "none") or isinstance(answer, RumpusError)}  # fmt: skip

    def live_on(self, folder: Path) -> None:
        """Add to it, and find that again."""
        with Memory.open(folder) as memory:
            memory.begin_episode("on")
            at = memory.append(replace(step(99, 0), goal_index=-1))
        with Memory.open(folder, write=False) as memory:
            assert np.array_equal(memory.step(at).action, step(99, 0).action)
        with open_labels(folder) as labels:
            labels.teach(Wish("cap off", 0, "camera", "vice"), [1])


def _of_each(what: str) -> set[str]:
    return {f"{what} {k}" for k in range(LIVED_N + IN_LOG_N)}


def _row(memory: Memory, k: int) -> list[bytes]:
    columns = (memory.actions, memory.executed_actions, memory.time_s, memory.goal_index,
               memory.terminated, memory.intervention, memory.present("q"), memory.captured_s("q"),
               memory.frames("camera"), memory.frames("q"))  # fmt: skip
    return [column[k].tobytes() for column in columns]


def _step(memory: Memory, k: int) -> list[object]:
    told = memory.step(k)
    seen = told.observation
    rest = {name: value for name, value in vars(told).items() if name != "observation"}
    parts = [seen.readings, rest, seen.captured_s]
    return [{n: v.tobytes() if isinstance(v, np.ndarray) else v for n, v in part.items()}
            for part in parts]  # fmt: skip


def _episodes(memory: Memory) -> list[object]:
    return [(e.first, e.length, e.provenance, e.begun_unix_s, e.origin) for e in memory.episodes()
            if e.length]  # fmt: skip


def _labels(folder: Path) -> object:
    try:
        with open_labels(folder) as labels:
            wish = labels.wish("ajar")
            return wish, labels.examples(wish).tolist(), labels.questions(wish)
    except RumpusError as refusal:
        return refusal


def _refused(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except RumpusError as refusal:
        return refusal


@contextmanager
def small_memories() -> Iterator[MemoryFiles]:
    """Small ones, in RAM where that is a folder: they are copied and synced all the time."""
    with scratch_in_ram() as scratch, pytest.MonkeyPatch.context() as patch:
        patch.setattr(films, "SEGMENT_STEPS", FILM_STEPS)
        patch.setattr(view, "GROWTH_STEPS", 64)
        yield MemoryFiles(scratch)
