"""How many decisions a second a robot makes on one core, from readings to an action.

    OMP_NUM_THREADS=1 python benchmarks/decisions.py --swm PYTHON

Every way of acting that rumpus has (`mind.acts_by`) decides in a world with a camera and in one
with a gel, with the effort of its default config; the picture and the goal's are encoded each time.
With --swm, stable-worldmodel's planner decides beside them, in the Python that has it
(peer/lewm.py), and rumpus's own cross-entropy method searches as much as that one, so that search
and nets can be told apart: as many candidates and rounds, as far ahead. All take turns; the first
turn warms up and does not count. Nothing is trained: how long a decision takes does not depend on
the weights. Prints a table and writes benchmarks/results/decisions.json, which also says how busy
the machine was after each turn (`load_averages`, of a minute; 1 is this program itself).

`decisions_per_s`, `median_ms` and `p99_ms` are by the clock; `processor_ms` is the median of a
processor's time, on which other programs tell less. Of fewer than a hundred decisions the 99th
percentile is about the slowest. `steps_per_decision` is how many actions are carried out before the
next decision.
"""

import argparse
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_type_hints

import numpy as np
import torch
from peer.clock import Took, clocked

from rumpus.actor import Actor, MindConfig, fresh_nets
from rumpus.body.random_motion import smoothed_actions
from rumpus.errors import InputError
from rumpus.model.device import prepare_process
from rumpus.planning.cem import CemConfig
from rumpus.result import Row, write_result
from rumpus.types import Array
from rumpus.worlds.catalogue import load

HERE = Path(__file__).parent
WORLDS = ("door", "die")  # with a camera; with a gel
WAYS = {name: MindConfig(acts_by=name) for name in get_args(get_type_hints(MindConfig)["acts_by"])}
AS_MUCH = CemConfig(horizon=25, candidates=300, elites=30, iterations=30)  # see peer/lewm.py
TURNS_N, SEEN_N = 5, 50


class Way(NamedTuple):
    """Something that decides.

    Attributes:
        name: of it.
        decide: makes one decision and says what it took.
        each_turn: decisions in a turn.
        steps_per_decision: actions carried out before the next decision.
    """

    name: str
    decide: Callable[[], Took]
    each_turn: int
    steps_per_decision: int = 1


def decides(world_name: str, config: MindConfig) -> Callable[[], Array]:
    """Decide in a world, each time from another moment of random motion to another."""
    world, rng = load(world_name, 0), np.random.default_rng(0)
    seen = []
    for action in smoothed_actions(rng, SEEN_N, world.spec.action_size):
        world.act(action)
        seen.append(world.observe().readings)
    torch.manual_seed(0)
    actor = Actor(world.spec, config, fresh_nets(world.spec, config), 0, 0)
    pairs = cycle(zip(seen, reversed(seen), strict=True))
    return lambda: actor.act(*next(pairs), rng)


def own_ways(world_name: str, each_turn: int, as_much: bool) -> Iterator[Way]:
    """Every way of acting in a world."""
    sensors = " and ".join(sensor.name for sensor in load(world_name).spec.sensors)
    efforts = {name: (config, each_turn) for name, config in WAYS.items()}
    if as_much:
        efforts["cem, 300 x 30, 25 steps"] = MindConfig(acts_by="cem", cem=AS_MUCH), 1
    for name, (config, count) in efforts.items():
        decide = partial(clocked, decides(world_name, config))
        yield Way(f"{world_name}, {sensors}: {name}", decide, count)


@contextmanager
def peer(python: str) -> Iterator[tuple[Way, dict[str, Any]]]:
    """Stable-worldmodel in its own Python, and what it says of itself.

    Raises:
        InputError: when that Python has not what it needs.
    """
    command, environment = [python, "-m", "peer.lewm"], {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, cwd=HERE, env=environment, text=True, bufsize=1,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as program:  # fmt: skip
        asks, answers, complaints = program.stdin, program.stdout, program.stderr
        assert asks is not None
        assert answers is not None
        assert complaints is not None

        def answer() -> Any:
            if line := answers.readline():
                return json.loads(line)
            said = (complaints.read().strip().splitlines() or ["nothing"])[-1]
            raise InputError(
                f"this Python cannot run benchmarks/peer/lewm.py and says '{said}', expected one "
                "with the packages that the beginning of that file names; install them there."
            )

        def decide() -> Took:
            asks.write("\n")
            return Took(*answer())

        told = answer()
        name = f"stable-worldmodel {told['stable-worldmodel']}: CEM, 300 x 30, LeWM"
        yield Way(name, decide, 1, told["steps_per_decision"]), told


def measure(ways: list[Way]) -> tuple[list[Row], list[float]]:
    """All ways in turn; a row for each, and how busy the machine was after each turn."""
    took, loads = dict[str, list[Took]](), list[float]()
    for _ in range(1 + TURNS_N):
        for way in ways:
            took.setdefault(way.name, []).extend(way.decide() for _ in range(way.each_turn))
        loads.append(round(os.getloadavg()[0], 2))
    return [row(way, took[way.name][way.each_turn :]) for way in ways], loads


def row(way: Way, took: list[Took]) -> Row:
    """The figures of some decisions."""
    wall_s, processor_s = np.array(took).T
    figures = {
        "decisions_per_s": len(took) / wall_s.sum(),
        "median_ms": 1e3 * np.median(wall_s),
        "p99_ms": 1e3 * np.quantile(wall_s, 0.99),
        "processor_ms": 1e3 * np.median(processor_s),
        "steps_per_decision": way.steps_per_decision,
    }
    metrics = {name: round(float(figure), 4) for name, figure in figures.items()}
    return Row(way.name, 0, len(took), 0, round(float(wall_s.sum()), 2), dict(metrics))


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--decisions", type=int, default=300, help="of each of rumpus's ways")
    parser.add_argument("--swm", metavar="PYTHON", help="the Python that has stable-worldmodel")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    asked = parser.parse_args()
    if asked.decisions < TURNS_N:
        parser.error(f"--decisions is {asked.decisions}, expected {TURNS_N} or more: one a turn")
    prepare_process()
    each_turn = -(-asked.decisions // TURNS_N)
    ways = [way for world in WORLDS for way in own_ways(world, each_turn, bool(asked.swm))]
    if asked.swm:
        try:
            with peer(asked.swm) as (way, told):
                rows, loads = measure([*ways, way])
        except (InputError, OSError) as error:
            parser.error(f"--swm {asked.swm}: {error}")
    else:
        (rows, loads), told = measure(ways), {}
    print(f"{'':48}{'decisions/s':>12}{'median ms':>11}{'99 % ms':>11}{'processor ms':>14}{'n':>6}")
    for each in rows:
        m = each.metrics
        print(f"{each.variant:48}{m['decisions_per_s']:12.4g}{m['median_ms']:11.5g}"
              f"{m['p99_ms']:11.5g}{m['processor_ms']:14.5g}{each.n:6}")  # fmt: skip
    path = asked.results / "decisions.json"
    write_result(path, "decisions", rows, load_averages=loads, peer=told)
    print(path)


if __name__ == "__main__":
    main()
