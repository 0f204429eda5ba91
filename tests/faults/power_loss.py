"""Lives under a failing supply: a memory's writer, and `rumpus play` itself with the whole run.

Each life is lived once; then the power is lost at random moments of it (power.py), and what that
leaves is looked at, and gone on with.
"""

import os
import random
import sys
from pathlib import Path

import numpy as np
import writer
from killing import Toll, looked_at
from power import Disk, lose_power, run_under_strace

from rumpus.errors import RumpusError
from rumpus.memory import Memory
from rumpus.play.progress import Until
from rumpus.run import play_loop
from rumpus.run.session import Asked, begin_or_resume
from rumpus.types import Step

DOT = "outside_image:DotEnv"  # of tests/outside, which must be on the module path
# As small as a mind can be: what counts is what it leaves on the disk, and when.
SMALL = {
    "mind.world_model.hidden": 4, "mind.world_model.encoder.latent_size": 4,
    "mind.world_model.encoder.channels": [4], "mind.world_model.encoder.keypoints": 2,
    "mind.world_model.encoder.hidden": 4, "mind.temporal_distance.hidden": 4,
    "mind.policy.hidden": 4, "mind.time_map.hidden": 4, "mind.time_map.points": 2,
    "mind.ensemble.hidden": 4, "replay.windows": 4, "replay.prioritized_windows": 2,
    "replay.token_windows": 4, "replay.goal_batch": 4, "train.train_every": 20,
    "play.random_steps": 20,
}  # fmt: skip
ASKED = Asked(DOT, device="cpu", settings=tuple(SMALL.items()))
FILES = {"run.json", "memory", "checkpoint.safetensors", "metrics.jsonl", "places.npz"}
LIVED, WRITTEN = 80, 1500  # steps of a run's life, and of a writer's


def writers_power(scratch: Path, durability: str, losses: int, seed: int) -> Toll:
    """Lose the power of a memory's writer at so many moments of its life."""
    life, log, toll = scratch / "life", scratch / "calls", Toll()
    life.mkdir()
    command = [sys.executable, writer.__file__, life / "m", "--steps", WRITTEN]
    run_under_strace([*command, "--durability", durability], log)

    def look(left: Path, disk: Disk) -> None:
        toll.kills += 1
        toll.acknowledged = max(toll.acknowledged, disk.told)
        looked_at(left / "m", disk.told, write=True, toll=toll)

    with log.open() as calls:
        lose_power(life, calls, scratch, losses, random.Random(seed), look)
    return toll


def runs_power(scratch: Path, durability: str, losses: int, seed: int) -> Toll:
    """Lose the power of `rumpus play` at so many moments, and let each run that is left play on.

    A run that does not go on, or has an older mind than was saved, counts as not opened.
    """
    life, log, toll = scratch / "life", scratch / "calls", Toll()
    run = Path("new") / "run"  # in a folder that is not there yet, either
    life.mkdir()
    settings = [word for name in SMALL.items() for word in ("--set", "{}={}".format(*name))]
    command = [sys.executable, "-m", "rumpus", "play", DOT, "--run", life / run, "--steps", LIVED]
    more = ["--durability", durability, "--device", "cpu", *settings]
    run_under_strace([*command, *more], log, paths())

    def look(left: Path, disk: Disk) -> None:
        toll.kills += 1
        toll.acknowledged = max(toll.acknowledged, disk.told)
        toll.unborn += not (left / run / "run.json").exists()
        lying = {path.name.removesuffix(".part") for path in (left / run).glob("*")}
        assert lying <= FILES, "something lies in the run's folder that nobody will clear away"
        try:
            with begin_or_resume(ASKED, left / run) as session:
                memory = session.memory
                kept = [step for _, step in memory.steps(0, len(memory))]
                good = sum(map(_alike, kept, was))
                toll.lost += max(disk.told - good, len(memory) - good)
                is_old = session.mind_steps < disk.mind_told
                play_loop.play(session, Until(len(memory) + 2), lambda progress: None)
                toll.unopened += is_old or memory.acknowledged != len(kept) + 2
        except RumpusError:
            toll.unopened += 1

    with Memory.open(life / run / "memory", write=False) as memory:
        was = [step for _, step in memory.steps(0, len(memory))]
    with log.open() as calls:
        lose_power(life, calls, scratch, losses, random.Random(seed), look)
    return toll


def paths() -> dict[str, str]:
    """Where a program finds what this one does, strangers' worlds too."""
    return {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def _alike(one: Step, other: Step) -> bool:
    readings = other.observation.readings
    return np.array_equal(one.executed_action, other.executed_action) and all(
        np.array_equal(reading, readings[name])
        for name, reading in one.observation.readings.items()
    )
