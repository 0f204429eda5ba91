"""Imports, merges and saved minds killed at random moments, and what is left of each.

Each victim is a process of its own, born by fork. An import comes whole or not at all, a merge as
far as it was durable; the same again finishes either, and once more adds nothing. A saved mind is a
whole one, and none that is older than the last that was told.
"""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
from killing import Toll, good_steps, lived_step
from writer import SPEC

from rumpus.exchange.incoming import memory_for
from rumpus.exchange.lerobot.dataset import import_lerobot, lerobot_spec
from rumpus.exchange.lerobot.export import export_lerobot
from rumpus.memory import Memory
from rumpus.memory.merge import merge
from rumpus.run import tensor_file
from rumpus.types import Array

BEFORE, COME = 20, 60  # steps that the memory has, and that come; ten an episode
LONGEST_SAVES_S = 0.05
WEIGHTS = 20_000  # of a mind


def kill_imports(scratch: Path, kills: int, chance: random.Random) -> Toll:
    """Kill that many imports of a LeRobot dataset, into a memory or a new one."""
    toll = Toll()
    for kill in range(kills):
        before = BEFORE * (kill % 2)  # every other one goes into no memory yet
        dataset = _source(scratch, before)[1]

        def work(into: Path, dataset: Path = dataset) -> None:
            with memory_for(into, lerobot_spec(dataset)) as memory:
                import_lerobot(dataset, memory)

        _kill_taking(scratch, work, before, chance, toll, at_once=True)
    return toll


def kill_merges(scratch: Path, kills: int, chance: random.Random) -> Toll:
    """Kill that many merges of two memories."""
    toll, source = Toll(), _source(scratch, BEFORE)[0]

    def work(into: Path) -> None:
        with Memory.open(source, write=False) as given, Memory.open(into) as memory:
            merge(given, memory, lambda done, total: None)

    for _ in range(kills):
        _kill_taking(scratch, work, BEFORE, chance, toll, at_once=False)
    return toll


def kill_savers(scratch: Path, kills: int, chance: random.Random) -> Toll:
    """Kill that many savers of minds, one after the other in one folder."""
    toll, file, known = Toll(), scratch / "mind.safetensors", 0

    def work() -> None:
        number = known
        while True:
            number += 1
            arrays: dict[str, Array] = {"a": np.full(WEIGHTS, number, np.float32)}
            arrays["b"] = np.arange(number % 7)
            tensor_file.write(file, arrays, str(number))
            os.write(1, b"%d\n" % number)

    for _ in range(kills):
        told = _killed(work, chance.uniform(0.0, LONGEST_SAVES_S))
        toll.kills += 1
        acknowledged = max(int(told.split()[-1]) if told else 0, known)
        try:
            arrays, number = tensor_file.read(file)
            assert (arrays["a"] == int(number)).all()
            toll.lost += max(acknowledged - int(number), 0)
            known = int(number)
        except FileNotFoundError:
            toll.unborn += 1
            toll.lost += known
        except tensor_file.DAMAGE:
            toll.unopened += 1
        left = {path.name for path in scratch.iterdir()} - {file.name, f"{file.name}.part"}
        assert not left, "a saver left what nobody clears away"
    toll.acknowledged = known
    return toll


@cache
def _source(scratch: Path, before: int) -> tuple[Path, Path]:
    """A memory whose steps come after so many, and the dataset of them."""
    source, dataset = scratch / f"source{before}", scratch / f"dataset{before}"
    with Memory.create(source, SPEC) as memory:
        for k in range(COME):
            if k % 10 == 0:
                memory.begin_episode("writer")
            memory.append(lived_step(before + k))
        export_lerobot(memory, dataset)
    return source, dataset


def _kill_taking(
    scratch: Path, work: Callable[[Path], None], before: int, chance: random.Random, toll: Toll,
    at_once: bool,
) -> None:  # fmt: skip
    """Kill what takes steps over, at any moment until shortly after its end; look, and finish it.

    Args:
        scratch: where the memory lives and dies.
        work: takes over, into the memory in a folder.
        before: steps that are there already; none is no memory.
        chance: when it is killed.
        toll: what came of it.
        at_once: whether all comes as one, or nothing.
    """
    into = scratch / "into"
    _prepare(into, before)
    _killed(lambda: work(into), chance.uniform(0.0, 1.6 * _longest(work, scratch, before)))
    toll.kills += 1
    count = _look(into, toll) if Memory.exists(into) else 0
    assert before or Memory.exists(into) or not into.exists()
    toll.lost += max(before - count, 0)
    toll.unborn += count == before
    toll.unopened += at_once and count not in (before, before + COME)
    for _ in range(2):  # the same again finishes it, and once more adds nothing
        work(into)
        toll.lost += abs(_look(into, toll) - before - COME)
    assert [path.name for path in scratch.glob("into*")] == ["into"]
    toll.acknowledged += before + COME
    shutil.rmtree(into)


def _look(memory: Path, toll: Toll) -> int:
    """How many steps a memory holds; those that are not what was lived are lost."""
    with Memory.open(memory, write=False) as opened:
        toll.lost += len(opened) - good_steps(opened)
        assert sum(episode.length for episode in opened.episodes()) == len(opened)
        return len(opened)


def _prepare(memory: Path, steps: int) -> None:
    if steps:
        with Memory.create(memory, SPEC) as begun:
            begun.begin_episode("writer")
            for k in range(steps):
                begun.append(lived_step(k))


_took_s: dict[tuple[str, int], float] = {}


def _longest(work: Callable[[Path], None], scratch: Path, before: int) -> float:
    """How long it takes when nobody kills it."""
    known, into = (work.__qualname__, before), scratch / "timed"
    for _ in range(0 if known in _took_s else 2):  # the first loads what the next have
        _prepare(into, before)
        begun_s = time.monotonic()
        work(into)
        _took_s[known] = time.monotonic() - begun_s
        shutil.rmtree(into)
    return _took_s[known]


def _killed(work: Callable[[], object], delay_s: float) -> bytes:
    """Let a child do it for so long, and kill it; what it told."""
    ours, its = os.pipe()
    process = os.fork()
    if not process:
        os.dup2(its, 1)
        with suppress(BaseException):
            work()
            os._exit(0)
        os._exit(2)
    os.close(its)
    time.sleep(delay_s)
    os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "it failed before it was killed"
    with open(ours, "rb") as told:
        return told.read().rpartition(b"\n")[0]
