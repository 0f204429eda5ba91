"""Play in a world with several seeds, then show each robot pictures it never commanded.

    python benchmarks/spine.py door --seeds 0 1 2 3 4 --steps 10000 --kinds handle anywhere

Every seed is one `rumpus play` and one `rumpus evaluate` for each kind, in processes of their own,
`--jobs` at a time with one thread each. Writes benchmarks/results/WORLD.json: all rows of all
seeds, baselines included, and prints every seed with the middle and the worst one. A seed that
other programs have slowed is measured again with `--seeds N --add`.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from rumpus.result import Row, over_seeds, write_result

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Run all seeds and write the result."""
    asked = _asked()
    with ThreadPoolExecutor(asked.jobs) as pool:
        each = list(pool.map(lambda seed: one_seed(asked, seed), asked.seeds))
    rows = [row for seed_rows, _ in each for row in seed_rows]
    path = asked.results / f"{asked.name or asked.world}.json"
    more: dict[str, Any] = {"machine": each[0][1]}  # this process itself uses no GPU
    if asked.add:
        there = msgspec.json.decode(path.read_bytes())
        more["added_to"] = {key: there[key] for key in ("command", "commit", "date")}
        kept = msgspec.convert(there["rows"], list[Row])
        rows += [row for row in kept if row.seed not in asked.seeds]
        rows.sort(key=lambda row: row.seed)
    write_result(path, asked.name or asked.world, rows, **more)
    headlines = dict.fromkeys(
        name for row in rows for name in row.metrics if name.startswith(("median_", "success_rate"))
    )
    for headline in [name for name in headlines if name != "median_interval"]:
        print("\n".join(over_seeds(rows, headline)))
    for row in rows:
        print(row.json())
    print(path)


def one_seed(asked: argparse.Namespace, seed: int) -> tuple[list[Row], str]:
    """Play and evaluate one seed; its rows, play first, and on which machine they came about."""
    run = Path(asked.runs) / f"{asked.name or asked.world}-{seed}"
    if run.exists() and not asked.resume:
        shutil.rmtree(run)
    flags = [f for name in ("skew", "random_steps") if (value := getattr(asked, name)) is not None
             for f in (f"--{name.replace('_', '-')}", str(value))]  # fmt: skip
    printed = rumpus("play", asked.world, "--run", str(run), "--steps", str(asked.steps),
                     "--seed", str(seed), *flags)  # fmt: skip
    played = msgspec.json.decode(printed, type=Row)
    rows, machine = [replace(played, variant=f"play {played.variant}")], ""
    for kind in asked.kinds or [""]:
        more = ["--kind", kind] if kind else []
        printed = rumpus("evaluate", str(run), "--goals", str(asked.goals), *more)
        found = msgspec.json.decode(printed, type=list[Row])
        slug = found[0].variant.removeprefix("agent, ").replace(" ", "-")
        told = msgspec.json.decode((run / "report" / f"evaluate-{slug}.json").read_bytes())
        rows, machine = rows + found, told["machine"]
    return rows, machine


def rumpus(*arguments: str) -> bytes:
    """Run one command to its end and take the JSON that it prints."""
    begun_s = time.monotonic()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "rumpus", *arguments, "--json"],
        stdout=subprocess.PIPE, check=True, env=environment,
    )  # fmt: skip
    print(f"{time.monotonic() - begun_s:6.0f} s  rumpus {' '.join(arguments)}", file=sys.stderr)
    return done.stdout


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("world")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--goals", type=int, default=100)
    parser.add_argument("--kinds", nargs="+", help="of trials; default: the world's standard kind")
    parser.add_argument("--skew", type=float)
    parser.add_argument("--random-steps", type=int)
    parser.add_argument("--jobs", type=int, default=1, help="seeds at a time")
    parser.add_argument("--name", help="of the result; default: the world")
    parser.add_argument("--runs", default="runs/benchmarks", help="where the runs are kept")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the result goes")
    parser.add_argument("--add", action="store_true", help="keep other seeds' rows of the result")
    parser.add_argument("--resume", action="store_true", help="keep runs that are there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
