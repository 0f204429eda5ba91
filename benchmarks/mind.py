"""Ten worlds, one mind: how often it does what a picture shows, and where it gets stuck.

    python benchmarks/mind.py screen --label today
    python benchmarks/mind.py screen --worlds dial drawer --set planner.margin=1 --label margin
    python benchmarks/mind.py table today margin
    python benchmarks/mind.py screen --worlds ball stick die curtain --label touch
    python benchmarks/mind.py possible

`screen` plays and evaluates every world with every seed, `--jobs` at a time with one thread each,
in 45 minutes for one seed on two cores at rest. It writes LABEL.json after each run and goes on
where it was broken off; the runs stay in the folder `--keep`. `table` puts labels side by side:
every world, and the interquartile mean of all runs. `possible` says what can be had at all, before
anything is learned: see possible.py.
"""

import argparse
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from strangers import at_random

from rumpus.play.evaluate import TrialConfig
from rumpus.result import Row, wilson_interval, write_result
from rumpus.worlds.catalogue import load

HERE = Path(__file__).parent
WORLDS = {  # its name for rumpus, and how many steps it is played
    "door": ("door", 10_000),
    "puck": ("pusher", 10_000),
    "sprung_door": ("sprung_door:SprungDoor", 10_000),
    "drawer": ("worlds.drawer:Drawer", 8_000),
    "dial": ("worlds.dial:Dial", 10_000),
    "two_pucks": ("worlds.two_pucks:TwoPucks", 10_000),
    "wide_table": ("worlds.wide_table:WideTable", 10_000),
    "u_maze": ("worlds.u_maze:UMaze", 6_000),
    "lever": ("worlds.lever:Lever", 8_000),
    "television": ("worlds.television:Television", 8_000),
}
TOUCH = {  # worlds of touch, which are no part of the ten
    "ball": ("ball", 8_000),
    "stick": ("stick", 10_000),
    "die": ("die", 16_000),
    "curtain": ("curtain", 10_000),
    # The same with what each sensor read three steps ago: does a memory of the recent past help?
    "stick_before": ("worlds.remembered:remembered,world=stick", 10_000),
    "die_before": ("worlds.remembered:remembered,world=die", 16_000),
    "curtain_before": ("worlds.remembered:remembered,world=curtain", 10_000),
}
EVERY = WORLDS | TOUCH
RESAMPLES_N = 2000
Scores = Mapping[str, Sequence[tuple[float, int]]]  # by world: success rate and trials of each run


class Job(NamedTuple):
    """One world with one seed."""

    world: str
    seed: int


def screen(asked: argparse.Namespace) -> None:
    """Play and evaluate what is not in the label's result yet, and add it there."""
    path, settings = asked.results / f"{asked.label}.json", sorted(asked.set)
    settings += [f"{asked.goals} goals"] + ["felt"] * asked.felt
    settings += [f"{asked.steps} steps"] * bool(asked.steps)
    rows = kept_rows(path, settings)
    done = {Job(row.variant.partition(":")[0], row.seed) for row in rows}
    jobs = [job for seed in asked.seeds for world in asked.worlds
            if (job := Job(world, seed)) not in done]  # fmt: skip
    lock = threading.Lock()

    def one(job: Job) -> None:
        found = one_run(asked, job)
        with lock:
            rows.extend(found)
            write_result(path, asked.label, rows, settings=settings)
            print("\n".join(row.json() for row in found), flush=True)

    with ThreadPoolExecutor(asked.jobs) as pool:
        list(pool.map(one, jobs))
    print(table({asked.label: rows}))


def kept_rows(path: Path, settings: Any) -> list[Row]:
    """The rows of a label's result, none where there is none; other settings are refused."""
    if not path.exists():
        return []
    there = msgspec.json.decode(path.read_bytes())
    if there["settings"] != settings:
        sys.exit(f"{path} was measured with {there['settings']}, not with {settings}; "
                 "choose another label.")  # fmt: skip
    print(f"{path} holds what was measured at commit {there['commit']}.", file=sys.stderr)
    return msgspec.convert(there["rows"], list[Row])


def one_run(asked: argparse.Namespace, job: Job) -> list[Row]:
    """Play one world with one seed, unless that run was kept, and evaluate every kind of trial."""
    name, steps = EVERY[job.world]
    name = f"worlds.felt:felt,world={name}" if asked.felt else name
    run = asked.keep / asked.label / f"{job.world}-{job.seed}"
    settings = [word for each in asked.set for word in ("--set", each)]
    command = ["play", name, "--run", str(run), "--steps", str(asked.steps or steps),
               "--seed", str(job.seed), *settings]  # fmt: skip
    kept = run / "benchmark.json"  # beside what was played: by what command, and its row
    if not kept.exists() or msgspec.json.decode(kept.read_bytes())["command"] != command:
        shutil.rmtree(run, ignore_errors=True)
        played = msgspec.json.decode(rumpus(*command))
        kept.write_bytes(msgspec.json.encode({"command": command, "row": played}))
    row = msgspec.convert(msgspec.json.decode(kept.read_bytes())["row"], Row)
    rows, world = [replace(row, variant="play")], load(name)
    for kind in world.trial_kinds:
        tolerance = world.measure.tolerance  # no trial begins where it should end
        printed = rumpus("evaluate", str(run), "--goals", str(asked.goals), "--kind", kind,
                         "--farther-than", str(tolerance))  # fmt: skip
        trials = TrialConfig(asked.goals, kind, farther_than=tolerance)
        found = [*msgspec.json.decode(printed, type=list[Row]), at_random(name, trials)]
        rows += [replace(row, variant=row.variant.partition(", farther")[0]) for row in found]
    return [replace(row, variant=f"{job.world}: {row.variant}", seed=job.seed) for row in rows]


def rumpus(*arguments: str) -> bytes:
    """Run one command to its end and take the JSON that it prints."""
    begun_s = time.monotonic()
    path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "rumpus", *arguments, "--json"], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": path},
    )  # fmt: skip
    print(f"{time.monotonic() - begun_s:6.0f} s  rumpus {' '.join(arguments)}", file=sys.stderr)
    return done.stdout


# The table


def table(labels: Mapping[str, Sequence[Row]]) -> str:
    """Labels side by side: success in every world, its kinds below it, and all worlds together."""
    scores = {label: scores_of(rows) for label, rows in labels.items()}
    kinds = {label: dict(by_kind(rows)) for label, rows in labels.items()}
    lines = [_line("", labels)]
    for world in EVERY:
        if not any(world in each for each in scores.values()):
            continue
        lines.append(_line(world, [_of_seeds(each.get(world, ())) for each in scores.values()]))
        for name in dict.fromkeys(n for each in kinds.values() for n in each):
            if name.partition(": ")[0] == world:
                cells = [each.get(name, "") for each in kinds.values()]
                lines.append(_line(f"  {name.partition(': ')[2]}", cells))
    shared = [w for w in EVERY if all(w in each for each in scores.values())]
    if not shared:
        return "\n".join(lines)
    cells = []
    for each in scores.values():
        middle, low, high = interquartile({world: each[world] for world in shared})
        cells.append(f"{middle:.0%} ({low:.0%} to {high:.0%})")
    return "\n".join([*lines, _line(f"IQM of {len(shared)} worlds", cells)])


def scores_of(rows: Sequence[Row]) -> dict[str, list[tuple[float, int]]]:
    """By world, for every seed: the mean success rate over its kinds, and the trials behind it."""
    runs: dict[Job, list[Row]] = {}
    for row in rows:
        world, _, variant = row.variant.partition(": ")
        if variant.startswith("agent, "):
            runs.setdefault(Job(world, row.seed), []).append(row)
    found: dict[str, list[tuple[float, int]]] = {}
    for job, kinds in sorted(runs.items()):
        rate = float(np.mean([_rate(row) for row in kinds]))
        found.setdefault(job.world, []).append((rate, sum(row.n for row in kinds)))
    return found


def by_kind(rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """For each variant of each world: successes of all seeds, the interval, the middle error."""
    variants: dict[str, list[Row]] = {}
    for row in rows:
        if "success_rate" in row.metrics:
            variants.setdefault(row.variant, []).append(row)
    for variant, each in variants.items():
        n = sum(row.n for row in each)
        successes = round(sum(_rate(row) * row.n for row in each))
        low, high = wilson_interval(successes, n)
        error = next(name for name in each[0].metrics if name.startswith("median_"))
        middle = np.median([row.metrics[error] for row in each])
        yield variant, f"{successes / n:.0%} ({low:.0%} to {high:.0%}), {middle:.2g}"
    for world in dict.fromkeys(row.variant.partition(": ")[0] for row in rows):
        played = [row for row in rows if row.variant == f"{world}: play"]
        if played:
            megabytes = max(float(str(row.metrics["peak_memory_mb"])) for row in played)
            wall_s = np.median([row.wall_s for row in played])
            yield f"{world}: play", f"{wall_s:.0f} s, {megabytes:.0f} MB"


def interquartile(scores: Scores) -> tuple[float, float, float]:
    """The interquartile mean of all runs, and its 95 % bootstrap interval.

    Runs are drawn anew within each world, and the trials within each run. Source: Agarwal 2021
    (rliable), which draws runs alone: with one seed it would be sure of everything.
    """
    rng, drawn = np.random.default_rng(0), []
    for _ in range(RESAMPLES_N):
        rates: list[float] = []
        for runs in scores.values():
            some = [runs[k] for k in rng.integers(len(runs), size=len(runs))]
            rates += [rng.binomial(n, rate) / n for rate, n in some]
        drawn.append(_middle(rates))
    low, high = np.quantile(drawn, (0.025, 0.975))
    middle = _middle([rate for runs in scores.values() for rate, _ in runs])
    return middle, float(low), float(high)


def _middle(rates: Sequence[float]) -> float:
    """The mean of what is left without the lowest and the highest quarter."""
    cut = len(rates) // 4
    return float(np.mean(np.sort(rates)[cut : len(rates) - cut]))


def _line(name: str, cells: Iterable[str]) -> str:
    return f"{name:32}" + "".join(f"{cell:>30}" for cell in cells)


def _rate(row: Row) -> float:
    rate = row.metrics["success_rate"]
    assert isinstance(rate, float)
    return rate


def _of_seeds(runs: Sequence[tuple[float, int]]) -> str:
    rates = [rate for rate, _ in runs]
    if len(rates) < 2:
        return "".join(f"{rate:.0%}" for rate in rates)
    return f"{np.mean(rates):.0%}, worst {min(rates):.0%} of {len(rates)}"


def show(asked: argparse.Namespace) -> None:
    """Print labels side by side, and write them into one result where that is asked for."""
    told = {label: msgspec.json.decode((asked.results / f"{label}.json").read_bytes())
            for label in asked.labels}  # fmt: skip
    labels = {label: msgspec.convert(each["rows"], list[Row]) for label, each in told.items()}
    print(table(labels))
    if asked.write:
        rows = [replace(row, variant=f"{label}, {row.variant}")
                for label, each in labels.items() for row in each]  # fmt: skip
        of = {label: {key: each[key] for key in ("command", "commit", "date", "settings")}
              for label, each in told.items()}  # fmt: skip
        write_result(asked.write, "mind", rows, of=of)


def find_out(asked: argparse.Namespace) -> None:
    """What is possible in each world; a module of its own, as it needs the simulator."""
    from possible import possible

    rows = list[Row]()
    for world in asked.worlds:
        run = asked.runs and asked.runs / f"{world}-{asked.seed}"
        for row in possible(world, EVERY[world][0], asked.trials, run):
            rows.append(replace(row, variant=f"{world}: {row.variant}"))
            print(rows[-1].json(), flush=True)
            write_result(asked.results / "mind-possible.json", "mind-possible", rows)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    verbs = parser.add_subparsers(required=True)
    for name, verb in (("screen", screen), ("table", show), ("possible", find_out)):
        each = verbs.add_parser(name, help=(verb.__doc__ or "").split("\n")[0])
        each.set_defaults(verb=verb)
        each.add_argument("--results", type=Path, default=Path("runs/mind/results"),
                          help="folder of the labels' results")  # fmt: skip
        if name == "table":
            each.add_argument("labels", nargs="+")
            each.add_argument("--write", type=Path, help="file for all of them together")
            continue
        each.add_argument("--worlds", nargs="+", choices=EVERY, default=list(WORLDS))
        if name == "possible":
            each.add_argument("--trials", type=int, default=20, help="of the search, of each kind")
            each.add_argument("--runs", type=Path, help="of a label, to ask what its latents hold")
            each.add_argument("--seed", type=int, default=0, help="of those runs")
            continue
        each.add_argument("--label", required=True, help="name of the variant")
        each.add_argument("--seeds", type=int, nargs="+", default=[0])
        each.add_argument("--steps", type=int, help="default: each world's own")
        each.add_argument("--set", action="append", default=[], metavar="NAME=VALUE",
                          help="a setting of the mind, see `rumpus config`")  # fmt: skip
        each.add_argument("--felt", action="store_true",
                          help="the truth is sensed, not pictures")  # fmt: skip
        each.add_argument("--goals", type=int, default=40, help="of each kind")
        each.add_argument("--jobs", type=int, default=2, help="runs at a time")
        each.add_argument("--keep", type=Path, default=Path("runs/mind"),
                          help="where the runs are kept")  # fmt: skip
    return parser.parse_args()


if __name__ == "__main__":
    asked = _asked()
    asked.verb(asked)
