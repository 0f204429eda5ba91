"""Other ways to learn to reach goals, in rumpus's worlds, by rumpus's trials.

    python benchmarks/peers.py run skewfit --worlds door --steps 100000 --every 5000
    python benchmarks/peers.py run rumpus --worlds door --every 2500
    python benchmarks/peers.py table rumpus skewfit

`run` lets one peer live in worlds that are never reset, and tries it every so many steps, on the
trials of mind.py: same seeds, same starts and goals, same tolerance, none begun within it. It
writes LABEL.json after each row, and leaves out what a label holds already. Each row has the time
that living and learning took so far, by the clock and of the processor, and the most memory. One
thread; run each peer in the Python that has what it needs:

    skewfit, rig            torch alone; see peer/skewfit.py
    her                     stable-baselines3; true states and goals; see peer/her.py
    gciql, qrl, crl, hiql   jax, flax, distrax and ml_collections, a checkout of OGBench with
                            --ogbench, and the memories of runs FOLDER/WORLD-SEED, of mind.py or
                            `run rumpus`, with --runs FOLDER; time is that of their gradient steps,
                            of which there are --updates, and not of that life; see peer/ogbench.py
    rumpus                  rumpus itself; every point is a run of its own, without a break
    policy, latent_l2, cem  the runs FOLDER/WORLD-SEED acting by the policy alone, by search with
                            distance in the latent for the cost, or with temporal distance; see
                            peer/own_run.py
    foresight               torch alone; predicts the pictures of such a run's memory and compares
                            them with the goal's; --runs and --updates as above; see
                            peer/foresight.py
    servo, calibrated_servo worlds of touch alone: brings the middle of the imprint to where the
                            goal has it, with a guess of what actions do, or with --steps of
                            random motion to fit that; see peer/centroid_servo.py
    still, random_motion    do nothing, and anything

`table` puts labels side by side and says how many more steps and how much more time the others took
to the success of the first. `--write FILE` makes one result of all of them.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from mind import TOUCH, WORLDS, Job, kept_rows, rumpus
from peer.centroid_servo import CalibratedServo, CentroidServo
from peer.idle import RandomMotion, Still
from peer.own_run import WAYS, OwnRun
from peer.trial import Peer, Spent, tried

from rumpus.model.device import prepare_process
from rumpus.result import Metric, Row, wilson_interval, write_result
from rumpus.worlds.base import World
from rumpus.worlds.catalogue import load

ONLINE, OGBENCH = ("skewfit", "rig", "her"), ("gciql", "qrl", "crl", "hiql")
OFFLINE = (*OGBENCH, "foresight")
BY_HAND = ("servo", "calibrated_servo", "still", "random_motion")
# Each world of touch also with a worse gel: fewer pixels, noise, drift and a worn patch.
NAMES = {world: name for world, (name, _) in (WORLDS | TOUCH).items()} | {
    f"{world}_crude": f"{name},crude=true" for world, (name, _) in TOUCH.items()
}
RECIPES = {
    "skewfit": ("door", "pusher"),
    "rig": ("door", "pusher"),
    "her": ("push", "reach"),
}  # the default first
TRIALS_SEED = 1000  # of the world in which trials take place, as `rumpus evaluate` has it
SETTINGS = ("peer", "steps", "every", "updates", "warm_up", "goals_from", "recipe", "goals", "gain")
PACKAGES = ("stable-baselines3", "jax", "flax", "distrax")


def run(asked: argparse.Namespace) -> None:
    """Live with every seed in every world, unless the label's result has it."""
    prepare_process()
    label = asked.label or asked.peer
    path = asked.results / f"{label}.json"
    settings = {name: str(getattr(asked, name)) for name in SETTINGS}
    rows = kept_rows(path, settings)
    for job in [Job(world, seed) for seed in asked.seeds for world in asked.worlds]:
        mine = [row for row in rows if Job(row.variant.partition(":")[0], row.seed) == job]
        if len(mine) == len(points(asked)) * len(load(NAMES[job.world]).trial_kinds):
            continue
        rows = [row for row in rows if row not in mine]  # broken off, so begun anew
        for row in rumpus_rows(asked, job) if asked.peer == "rumpus" else peer_rows(asked, job):
            rows.append(replace(row, variant=f"{job.world}: {label}, {row.variant}"))
            print(rows[-1].json(), flush=True)
            write_result(path, label, rows, settings=settings, packages=packages())


def points(asked: argparse.Namespace) -> list[int]:
    """After how many steps, or gradient steps, there are trials."""
    end = asked.updates if asked.peer in OFFLINE else asked.steps
    every = asked.every or end
    return [*range(every, end, every), end]


def peer_rows(asked: argparse.Namespace, job: Job) -> Iterator[Row]:
    """One life, with trials at every point."""
    peer, done = made(asked, job), 0
    spent, apart = Spent(), load(NAMES[job.world], TRIALS_SEED)
    for point in points(asked):
        spent.train(peer, point - done)
        done = point
        offline: dict[str, Metric] = {"updates": done} if asked.peer in OFFLINE else {}
        for row in tried(apart, peer, asked.goals, job.seed):
            yield replace(row, metrics=row.metrics | spent.figures() | offline)


def made(asked: argparse.Namespace, job: Job) -> Peer:
    """The peer that is asked for; what it needs is imported for it alone."""
    lived = asked.runs / f"{job.world}-{job.seed}"
    if asked.peer in OGBENCH:
        from peer.ogbench import Ogbench

        return Ogbench(lived / "memory", asked.peer, job.seed, asked.ogbench)
    if asked.peer == "foresight":
        from peer.foresight import Foresight

        return Foresight(lived / "memory", job.seed)
    if asked.peer in WAYS:
        return OwnRun(lived, asked.peer, job.seed)
    world = load(NAMES[job.world], job.seed)
    if asked.peer == "her":
        from peer.her import Her

        return Her(world, job.seed, asked.recipe or "push", asked.steps)
    if asked.peer in BY_HAND:
        return by_hand(asked, world, job.seed)
    from peer.skewfit import RECIPES, SkewFit

    config = replace(RECIPES[asked.recipe or "door"], warm_up=asked.warm_up)
    if asked.peer == "rig":
        config = replace(config, skew_exponent=0.0)
    if asked.goals_from:
        config = replace(config, goals=asked.goals_from)
    return SkewFit(world, job.seed, config)


def by_hand(asked: argparse.Namespace, world: World, seed: int) -> Peer:
    """A peer that somebody thought out."""
    if asked.peer == "servo":
        return CentroidServo(world, asked.gain)
    if asked.peer == "calibrated_servo":
        return CalibratedServo(world, seed, asked.gain)
    size = world.spec.action_size
    return Still(size) if asked.peer == "still" else RandomMotion(size, seed)


def rumpus_rows(asked: argparse.Namespace, job: Job) -> Iterator[Row]:
    """Rumpus itself: for every point a run without a break, since going on puts a world back."""
    name = NAMES[job.world]
    world = load(name)
    for steps in points(asked):
        folder = asked.runs / str(steps) / f"{job.world}-{job.seed}"
        printed = rumpus("play", name, "--run", str(folder), "--steps", str(steps),
                         "--seed", str(job.seed))  # fmt: skip
        played = msgspec.json.decode(printed, type=Row)
        spent: dict[str, Metric] = {
            "play_wall_s": played.wall_s,
            **{name: played.metrics[name] for name in ("processor_s", "peak_memory_mb")},
        }
        for kind in world.trial_kinds:
            printed = rumpus("evaluate", str(folder), "--goals", str(asked.goals), "--kind", kind,
                             "--farther-than", str(world.measure.tolerance))  # fmt: skip
            row = msgspec.json.decode(printed, type=list[Row])[0]
            yield replace(row, variant=kind, metrics=row.metrics | spent)


def packages() -> dict[str, str]:
    """Which versions of what peers need are here."""
    there = {each.metadata["Name"].lower() for each in metadata.distributions()}
    return {name: metadata.version(name) for name in PACKAGES if name in there}


# The table


class Point(NamedTuple):
    """What all seeds of a label came to after so many steps.

    Attributes:
        steps: of life.
        updates: gradient steps after that, of who learns offline; else 0.
        wall_s: mean time that living and learning took.
        rates: success of each seed.
        n: trials of all seeds.
    """

    steps: int
    updates: int
    wall_s: float
    rates: list[float]
    n: int

    @property
    def rate(self) -> float:
        """The mean success."""
        return float(np.mean(self.rates))

    def __str__(self) -> str:
        low, high = wilson_interval(round(self.rate * self.n), self.n)
        later = f" and {self.updates:,} updates" if self.updates else ""
        return (f"{self.steps:>8,} steps{later}, {self.wall_s:,.0f} s: {self.rate:.0%} ({low:.0%} "
                f"to {high:.0%}), worst {min(self.rates):.0%} of {len(self.rates)}")  # fmt: skip


def curves(rows: Sequence[Row]) -> dict[str, list[Point]]:
    """By "WORLD, KIND": a point after every number of steps, or of gradient steps."""
    found: dict[str, dict[tuple[int, int], list[Row]]] = {}
    for row in rows:
        world, _, variant = row.variant.partition(": ")
        after = (row.steps, updates_of(row))
        curve = found.setdefault(f"{world}, {variant.rpartition(', ')[2]}", {})
        curve.setdefault(after, []).append(row)
    return {
        name: [
            Point(steps, updates, float(np.mean([figure(row, "play_wall_s") for row in each])),
                  [figure(row, "success_rate") for row in each], sum(row.n for row in each))
            for (steps, updates), each in sorted(curve.items())
        ]
        for name, curve in found.items()
    }  # fmt: skip


def compared(ours: Sequence[Point], theirs: Sequence[Point], rate: float) -> dict[str, Any] | None:
    """Steps and time of both sides until they first succeed that often; None where ours never do.

    Where theirs never do, their end counts, and `reached` is False: ratios are then at least that.
    """
    us = first(ours, rate)
    if us is None or not theirs:
        return None
    them = first(theirs, rate)
    reached, them = them is not None, them or theirs[-1]
    return {"rate": rate, "reached": reached, "steps": them.steps, "our_steps": us.steps,
            "wall_s": them.wall_s, "our_wall_s": us.wall_s,
            "steps_ratio": round(them.steps / us.steps, 2),
            "wall_ratio": round(them.wall_s / us.wall_s, 2)}  # fmt: skip


def first(curve: Sequence[Point], rate: float) -> Point | None:
    """The first point at which it succeeds that often."""
    return next((point for point in curve if point.rate >= rate), None)


def show(asked: argparse.Namespace) -> None:
    """Print every label's points, and what the others took to the success of the first."""
    told = {label: msgspec.json.decode((asked.results / f"{label}.json").read_bytes())
            for label in asked.labels}  # fmt: skip
    rows = {label: msgspec.convert(each["rows"], list[Row]) for label, each in told.items()}
    every, (ours, *others) = {label: curves(each) for label, each in rows.items()}, asked.labels
    to_rate = list[dict[str, Any]]()
    for name in dict.fromkeys(name for each in every.values() for name in each):
        print(name)
        for label in asked.labels:
            for point in every[label].get(name, ()):
                print(f"  {label:20}{point}")
        for label in others:
            found = compared(every[ours].get(name, ()), every[label].get(name, ()), asked.rate)
            if found:
                to_rate.append({"trials": name, "label": label, "beside": ours, **found})
                least = "" if found["reached"] else "more than "
                print(f"  {label} to {asked.rate:.0%}: {least}{found['steps_ratio']} x the steps "
                      f"of {ours}, {least}{found['wall_ratio']} x its time")  # fmt: skip
    if asked.write:
        kept = ("command", "commit", "date", "versions", "packages", "settings")
        of = {label: {key: each[key] for key in kept} for label, each in told.items()}
        together = [row for each in rows.values() for row in each]
        write_result(asked.write, "peers", together, of=of, to_rate=to_rate)


def updates_of(row: Row) -> int:
    """Gradient steps after a life, of who learns offline; else 0."""
    return int(figure(row, "updates")) if "updates" in row.metrics else 0


def figure(row: Row, name: str) -> float:
    """One figure of a row."""
    value = row.metrics[name]
    assert isinstance(value, float | int)
    return float(value)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    verbs = parser.add_subparsers(required=True)
    lives = verbs.add_parser("run", help=(run.__doc__ or "").split("\n")[0])
    lives.set_defaults(verb=run)
    lives.add_argument("peer", choices=("rumpus", *ONLINE, *OFFLINE, *WAYS, *BY_HAND))
    lives.add_argument("--worlds", nargs="+", choices=NAMES, default=["door"])
    lives.add_argument("--seeds", type=int, nargs="+", default=[0])
    lives.add_argument("--steps", type=int, default=10_000)
    lives.add_argument("--every", type=int, help="steps (offline: gradient steps) between trials; "
                       "default: trials at the end alone")  # fmt: skip
    lives.add_argument("--goals", type=int, default=100, help="trials of each kind")
    lives.add_argument("--label", help="name of the result; default: the peer")
    lives.add_argument("--warm-up", type=int, default=10_000,
                       help="skewfit, rig: steps before anything is learned")  # fmt: skip
    lives.add_argument("--goals-from", choices=("replay", "prior"),
                       help="skewfit, rig: whence goals come; default: the recipe's")  # fmt: skip
    lives.add_argument("--recipe", choices=(*RECIPES["skewfit"], *RECIPES["her"]),
                       help="whose numbers; skewfit, rig: the authors' for door (default) or "
                       "pusher; her: the zoo's for Fetch's push (default) or reach")  # fmt: skip
    lives.add_argument("--gain", type=float, default=1.0,
                       help="servo, calibrated_servo: share of the way aimed at")  # fmt: skip
    lives.add_argument("--updates", type=int, default=10_000, help="offline: gradient steps")
    lives.add_argument("--ogbench", type=Path, help="offline: a checkout of OGBench")
    lives.add_argument("--runs", type=Path, default=Path("runs/peers"),
                       help="rumpus: where its runs go; offline, policy, latent_l2, cem: where "
                       "WORLD-SEED are")  # fmt: skip
    shows = verbs.add_parser("table", help=(show.__doc__ or "").split("\n")[0])
    shows.set_defaults(verb=show)
    shows.add_argument("labels", nargs="+", help="the first is what the others are compared with")
    shows.add_argument("--rate", type=float, default=0.9, help="the success to be reached")
    shows.add_argument("--write", type=Path, help="file for all of them together")
    for each in (lives, shows):
        each.add_argument("--results", type=Path, default=Path("runs/peers/results"),
                          help="folder of the labels' results")  # fmt: skip
    asked = parser.parse_args()
    peer = vars(asked).get("peer")
    if peer in OGBENCH and not asked.ogbench:
        parser.error(f"{peer} needs --ogbench, a checkout of the repository of OGBench")
    if peer in ("servo", "calibrated_servo"):
        felt = [world for world in NAMES if world.removesuffix("_crude") in TOUCH]
        if others := [world for world in asked.worlds if world not in felt]:
            parser.error(f"{peer} needs a world of touch, one of {', '.join(felt)}, and not "
                         f"{', '.join(others)}")  # fmt: skip
    if peer and asked.recipe not in (None, *RECIPES.get(peer, ())):
        parser.error(f"{peer} has no recipe '{asked.recipe}'")
    return asked


if __name__ == "__main__":
    asked = _asked()
    asked.verb(asked)
