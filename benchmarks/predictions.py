"""How well minds imagine what actions bring: 1 to 20 steps ahead, and where contact begins.

    python benchmarks/mind.py screen --label today
    python benchmarks/predictions.py runs/mind/today/* --films runs/films

Each run's mind lives fresh steps in another world of its kind, by turns at random and towards steps
that it remembers; the run itself is only read. From every fresh step it imagines what was then
done. Its error is told as a share of what believing that nothing changes gets wrong, beside it the
same for actions of other windows: who loses nothing by them does not go by its actions. Writes
benchmarks/results/predictions.json, and one sheet of films a run: what came, and below it what was
imagined. Truth tells where contact begins, and nothing else.
"""

import argparse
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from possible import STILL_SHARE
from strangers import RandomMotion
from torch import Tensor

from rumpus.actor import Actor
from rumpus.body.safe_robot import SafeRobot
from rumpus.errors import RumpusError
from rumpus.memory import Memory
from rumpus.memory.side_by_side import side_by_side
from rumpus.model.device import to_array
from rumpus.play.control import Chooser, OwnMemory, control_step
from rumpus.play.goal_chooser import GoalChooser
from rumpus.play.stored_goal import goal_at
from rumpus.replay import sampler
from rumpus.replay.base import ReplayView, StoredSteps
from rumpus.replay.window import starts
from rumpus.report.sheet import Tile, write_sheet
from rumpus.result import RESAMPLES, Metric, Row, over_seeds, write_result
from rumpus.run.folder import open_run
from rumpus.run.session import resume
from rumpus.spec import Readings
from rumpus.types import Array, Goal
from rumpus.worlds._fingertip import Fingertip
from rumpus.worlds.base import World

RESULTS = Path(__file__).parent / "results"
HORIZONS = (1, 5, 10, 20)
STEPS_N, STRETCH_N = 2000, 50  # lived, and at random or towards one goal before the other's turn
RESTED_N = 3  # steps without contact after which it begins anew
FRESH_SEED = 1000  # more than the run's own
SHOWN_EVERY_N = 2  # steps of a film
LATENTS = ("persistence", "error", "shuffled")  # whose errors are of latents


def main() -> None:
    """Measure every run that was named and write the result, after each."""
    asked, rows = _asked(), list[Row]()
    for path in asked.runs:
        rows += measured(path, asked.steps, asked.films)
        write_result(asked.results / "predictions.json", "predictions", rows)
    for figure in ("error_share", "shuffled_share"):
        print("\n".join(over_seeds(rows, figure)))


def measured(path: Path, steps: int, films: Path | None = None) -> Iterator[Row]:
    """All rows of one run, each horizon's over all windows, and with and without an onset.

    Raises:
        RumpusError: when there is no run, or it has learned nothing.
    """
    begun_s, config = time.monotonic(), open_run(path).config
    world = path.name.rpartition("-")[0] or path.name
    with (
        resume(path, write=False, seed=FRESH_SEED + config.seed) as session,
        TemporaryDirectory() as folder,
        Memory.create(Path(folder) / "memory", session.world.spec) as fresh,
    ):
        actor = session.mind.learner.snapshot()
        onset = onsets(live(session.world, actor, session.memory, fresh, steps))
        seen = imagined(actor, fresh)
        if films:
            film(films / f"{path.name}.png", actor, fresh, seen, onset)
        found = list(figures(actor, fresh, seen, onset))
    wall_s = round(time.monotonic() - begun_s, 2)
    for variant, windows, metrics in found:
        yield Row(f"{world}: {variant}", config.seed, windows, session.mind_steps, wall_s, metrics)


# Life that was never learned from


def live(
    world: World, actor: Actor, remembered: StoredSteps, memory: OwnMemory, steps: int
) -> Array:
    """Live fresh steps: at random for a stretch, then towards a remembered step, and so on.

    Args:
        world: used for nothing else.
        actor: acts.
        remembered: where its goals come from.
        memory: where the steps go, empty.
        steps: N.

    Returns:
        bool (N,), whether there was contact on the way from each step to the next: a fingertip was
        pressed when it came there, or, where nothing is felt, what the world measures moved.
    """
    rng, robot, goal = np.random.default_rng(1), SafeRobot(world), goal_at(remembered)
    chooser: Chooser = RandomMotion(rng, world.spec.action_size)
    touched = np.zeros(steps, bool)
    memory.begin_episode("fresh")
    for step in range(steps):
        if step % (2 * STRETCH_N) == STRETCH_N:
            drawn = goal(int(rng.integers(len(remembered))), "benchmark", "a remembered step")
            chooser = GoalChooser(actor, Goal(drawn.readings, drawn.source, drawn.reason), rng)
        elif step % STRETCH_N == 0:
            chooser = RandomMotion(rng, world.spec.action_size)
        before = dict(world.state())
        control_step(robot, chooser, memory)
        if isinstance(world, Fingertip):
            touched[step] = world.feels()
        else:
            moved = world.errors(world.state(), before)[world.measure.name]
            touched[step] = moved > STILL_SHARE * world.measure.tolerance
    return touched


def onsets(touched: Array) -> Array:
    """Where contact begins: bool (N,) of (N,), true after `RESTED_N` steps without any."""
    begins = np.zeros(len(touched), bool)
    for step in range(RESTED_N, len(touched)):
        begins[step] = touched[step] and not touched[step - RESTED_N : step].any()
    return begins


# What is imagined of it, and what came


@dataclass(frozen=True)
class Imagined:
    """Every window of a life, as it came and as it was imagined.

    Attributes:
        begins: int64 (M,), the steps at which the windows begin.
        start: (M, D), the latents there.
        happened: (M, H, D), of the steps after them, as the mind encodes them.
        acted: (M, H, D), what it imagines of what was done.
        shuffled: (M, H, D), what it imagines of what was done in another window.
    """

    begins: Array
    start: Tensor
    happened: Tensor
    acted: Tensor
    shuffled: Tensor


def imagined(actor: Actor, memory: ReplayView) -> Imagined:
    """Imagine from every step that has as many after it as the last horizon.

    Raises:
        InputError: when a sensor is none of the actor's.
    """
    readings = {sensor.name: memory.frames(sensor.name) for sensor in memory.spec.sensors}
    seen = actor.encode(readings, sampler.present(memory, np.arange(len(memory))))
    begins = starts(memory.episode_of, HORIZONS[-1] + 1)
    ahead = begins[:, None] + np.arange(HORIZONS[-1])
    start, actions = seen[begins], sampler.asked_actions(memory, ahead)
    others = np.random.default_rng(2).permutation(actions)
    return Imagined(
        begins, start, seen[ahead + 1], actor.imagine(start, actions), actor.imagine(start, others)
    )


def figures(
    actor: Actor, memory: ReplayView, seen: Imagined, onset: Array
) -> Iterator[tuple[str, int, dict[str, Metric]]]:
    """For each horizon and kind of window: what it is called, how many there are, the figures."""
    variance = float(seen.happened[:, 0].var(0).sum())
    for horizon in HORIZONS:
        wrong = wrongs(actor, memory, seen, horizon)
        holds = onset[seen.begins[:, None] + np.arange(horizon)].any(1)
        kinds = {"all": np.ones_like(holds), "with an onset": holds, "without one": ~holds}
        for kind, windows in kinds.items():
            some = {name: each[windows] for name, each in wrong.items()}
            if some["persistence"].any():  # else nothing changed at all
                stretch = seen.begins[windows] // STRETCH_N
                metrics = summary(some, stretch, variance) | {"onsets": float(onset.sum())}
                yield f"{horizon} steps ahead, {kind}", int(windows.sum()), metrics


def wrongs(actor: Actor, memory: ReplayView, seen: Imagined, horizon: int) -> dict[str, Array]:
    """How wrong each belief is about the step so far ahead, (M,) for each, by name.

    Of latents it is the squared error; of a sensor's pictures the share of their variance over this
    life, for the last picture as it stays, and for what is decoded of the latent of what came, too:
    what no imagination gets below.
    """
    came = seen.happened[:, horizon - 1]
    acted = seen.acted[:, horizon - 1]
    latents = zip(LATENTS, (seen.start, acted, seen.shuffled[:, horizon - 1]), strict=True)
    found = {name: to_array((each - came).square().sum(-1)) for name, each in latents}
    decoded, at_best = actor.decode(acted), actor.decode(came)
    for sensor, pictures in decoded.items():
        frames = memory.frames(sensor)
        variance = float(np.var(frames, axis=0, dtype=np.float32).mean())
        beliefs = {"imagined": pictures, "persistence": frames[seen.begins],
                   "decoder": at_best[sensor]}  # fmt: skip
        for name, each in beliefs.items():
            apart = each.astype(np.float32) - frames[seen.begins + horizon]
            found[f"{sensor}_{name}"] = np.square(apart).mean((1, 2, 3)) / variance
    return found


def summary(wrong: Mapping[str, Array], stretch: Array, variance: float) -> dict[str, Metric]:
    """The figures of some windows.

    Args:
        wrong: of each belief, (M,), see `wrongs`.
        stretch: int64 (M,), to which each window belongs.
        variance: of the latents.
    """
    metrics: dict[str, Metric] = {}
    for name in ("error", "shuffled"):
        share = wrong[name].sum() / wrong["persistence"].sum()
        metrics[f"{name}_share"] = round(float(share), 4)
        metrics[f"{name}_interval"] = share_interval(wrong[name], wrong["persistence"], stretch)
    for name, each in wrong.items():
        over = variance if name in LATENTS else 1.0
        metrics[f"{name}_per_variance"] = round(float(each.mean()) / over, 4)
    return metrics | {"stretches": float(len(np.unique(stretch)))}


def share_interval(wrong: Array, still: Array, stretch: Array) -> tuple[float, float]:
    """The 95 % bootstrap interval of one sum as a share of another, drawn anew by stretches.

    Windows that overlap are no trials of their own; stretches nearly are.
    """
    of = np.unique(stretch, return_inverse=True)[1]
    sums = np.stack([np.bincount(of, each) for each in (wrong, still)], 1)
    drawn = np.random.default_rng(0).integers(len(sums), size=(RESAMPLES, len(sums)))
    low, high = np.quantile(np.divide(*sums[drawn].sum(1).T), (0.025, 0.975))
    return round(float(low), 4), round(float(high), 4)


# For people


def film(path: Path, actor: Actor, memory: ReplayView, seen: Imagined, onset: Array) -> bool:
    """Write one window as a sheet, what came above what was imagined, where there is a camera.

    The window is neither the best nor the worst: of those with an onset, or of all where there is
    none, the one with the middle error at the last step.
    """
    last = (seen.acted - seen.happened)[:, -1].square().sum(-1)
    holds = np.flatnonzero(onset[seen.begins[:, None] + np.arange(HORIZONS[-1])].any(1))
    some = holds if len(holds) else np.arange(len(seen.begins))
    window = some[np.argsort(to_array(last)[some])[len(some) // 2]]
    decoded = actor.decode(torch.cat([seen.start[window : window + 1], seen.acted[window]]))
    rows: list[list[Tile]] = [[], []]
    for step in range(0, HORIZONS[-1] + 1, SHOWN_EVERY_N):
        at = seen.begins[window] + step
        came: Readings = {name: memory.frames(name)[at] for name in decoded}
        believed: Readings = {name: each[step] for name, each in decoded.items()}
        contact = ": contact" * bool(onset[max(at - SHOWN_EVERY_N, seen.begins[window]) : at].any())
        rows[0].append(Tile(f"came {step}{contact}", side_by_side(came)))
        rows[1].append(Tile(f"imagined {step}", side_by_side(believed)))
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_sheet(path, rows)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("runs", type=Path, nargs="+", help="folders WORLD-SEED of runs")
    parser.add_argument("--steps", type=int, default=STEPS_N, help="lived to measure by")
    parser.add_argument("--films", type=Path, help="folder for a film of each run")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the result goes")
    asked = parser.parse_args()
    if asked.steps <= HORIZONS[-1]:
        parser.error(f"--steps {asked.steps} came, expected more than {HORIZONS[-1]}")
    for path in asked.runs:
        try:
            open_run(path)
        except RumpusError as error:
            parser.error(str(error))
    return asked


if __name__ == "__main__":
    main()
