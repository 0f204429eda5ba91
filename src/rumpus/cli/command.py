"""The verbs: let a robot play, measure it, look at goals, check a part, list the worlds."""

import time
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from rumpus.cli.verb import (
    Amount,
    Chosen,
    Device,
    File,
    Json,
    Number,
    Run,
    Whole,
    answer,
    deferred,
    remark,
    tell,
)
from rumpus.finding import Finding

World = Annotated[Positional[str], arg(metavar="WORLD")]
Out = Annotated[Path | None, arg(metavar="PICTURE", help_behavior_hint="")]
COLUMNS = 8  # of a sheet of goals
Trials = Annotated[str, arg(metavar="KIND", help_behavior_hint="")]
Distance = Annotated[float, arg(metavar="X")]
Kind = Literal[
    "world", "sensor", "robot", "objective", "goal_source", "planner", "success_classifier"
]  # fmt: skip
Part = Annotated[Positional[Kind], arg(metavar="PART")]
Name = Annotated[Positional[str], arg(metavar="NAME")]


@deferred
def play(
    world: World,
    run: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="")] = None,
    steps: Number = None,
    minutes: Amount = None,
    seed: Number = None,
    skew: Amount = None,
    random_steps: Number = None,
    chosen: Chosen = (),
    config: File = None,
    device: Device = "auto",
    learner: Literal["resting", "beside"] = "resting",
    durability: Literal["group", "step"] = "group",
    quota_gb: Amount = None,
    new_mind: Annotated[bool, arg(help_behavior_hint="")] = False,
    json: Json = False,
) -> int:
    """Let a robot play, or go on playing: it remembers everything and learns from it.

    Args:
        world: A world of rumpus (see `rumpus list`), or any Gymnasium environment, by
            its name (Pendulum-v1) or as package.module:Env.
        run: Where memory and mind are kept; goes on where one is. Default: runs/WORLD-SEED.
        steps: Stop when so many steps are remembered in all.
        minutes: Stop after so many minutes.
        seed: Where chance begins. Default: 0, or as the run was begun.
        skew: How strongly play leans to the rare: -1 fully, 0 not at all.
        random_steps: Steps of random motion before the first goal.
        chosen: Any setting of a new run, as train.updates_per_step=0.5, as often as you like; see
            `rumpus config`.
        config: A TOML file with settings of a new run; what is given beside it counts more.
        device: Where the mind learns and acts; auto is CUDA where there is one.
        learner: Whether the robot rests while its mind learns, or goes on at its own rate with
            the learner beside it, in a process of its own.
        durability: When a step is on the disk for good: with those of a second, or each at once.
        quota_gb: How much room the memory may take; where it is used up, play stops and drops
            nothing.
        new_mind: Go on from memory alone, where the mind or run.json cannot be used any more; what
            was there is put aside.
        json: the row of figures.
    """
    from rumpus.cli import playing
    from rumpus.cli.progress import telling
    from rumpus.memory import MemoryConfig
    from rumpus.play.progress import Progress, Until
    from rumpus.run import play_loop
    from rumpus.run.session import Asked, begin_or_resume, default_folder
    from rumpus.run.setting import typed
    from rumpus.service.interrupt import INTERRUPTED, Interrupted, interruptible
    from rumpus.service.learner_process import Beside

    until = Until(steps, minutes)
    keeping = MemoryConfig(durability, quota_gb or 0.0)
    settings = tuple(typed(each) for each in chosen)
    asked = Asked(world, seed, skew, random_steps, keeping, device, settings, config, new_mind)
    path, begun_s = run or default_folder(asked), time.monotonic()
    with begin_or_resume(asked, path) as session:
        for sentence in (playing.greeting(session, until), *session.world.notices):
            remark(sentence)
        before = len(session.memory)
        try:
            with interruptible() as check_stop, telling(until, session.mind.schedule) as tell:
                notice = playing.noticing(session)

                def watch(progress: Progress) -> None:
                    tell(progress)
                    notice(progress)
                    check_stop()

                begin = partial(Beside, device=device) if learner == "beside" else play_loop.Resting
                play_loop.play(session, until, watch, begin)
        except Interrupted as stop:
            session.memory.flush()
            remark(playing.farewell(session))
            return INTERRUPTED + stop.signal
        row = playing.figures(session, before, time.monotonic() - begun_s)
        told = f"{path} remembers {row.steps:,} steps. {playing.advice(session)}"
    return answer(json, row, told)


@deferred
def evaluate(
    run: Run, goals: Whole = 100, kind: Trials = "", seed: Whole = 1000, steps: Number = None,
    tolerance: Amount = None, farther_than: Distance = 0.0, force: bool = False,
    device: Device = "auto", json: Json = False,
) -> int:  # fmt: skip
    """Measure how well a robot does what pictures show, in a world apart from its play.

    Args:
        run: of the robot.
        goals: How many pictures.
        kind: Which kind of trials, of those the world has. Default: its standard kind.
        seed: Of the trials.
        steps: How long a trial may take. Default: as long as the world's own trials take.
        tolerance: How near a success is, by the error that is told first. Default: the world's own.
        farther_than: No trial begins nearer to its goal than this, by the same error.
        force: Measure although the world does not repeat its trials.
        device: Where the mind acts.
        json: the rows of figures, the robot's first, then the baselines'.
    """
    from rumpus.run.folder import check_run

    check_run(run)
    import matplotlib  # noqa: F401  (missing, it should be missed now and not after the trials)

    from rumpus.cli.counting import stoppable
    from rumpus.play import evaluate as trial
    from rumpus.report.overview import aligned
    from rumpus.report.page import report_evaluation
    from rumpus.run.session import resume

    asked = trial.TrialConfig(goals, kind, seed, steps, tolerance, farther_than, force)
    with resume(run, write=False, seed=seed, device=device) as session:
        with stoppable("trying") as tick:
            found = trial.evaluate(session.world, session.subject(), asked, tick)
        # Told before it is written: minutes of trials are not lost to a full disk.
        told = aligned(trial.table(found.rows, found.measure))
        answer(json, found.rows, *told, trial.trust(found))
        if warning := trial.too_easy(found):
            remark(warning)
        page = report_evaluation(session.run, found)
    if not json:
        tell(f"Report: {page}")
    return 0


@deferred
def goals(run: Run, count: Whole = 24, out: Out = None) -> int:
    """Show what a robot remembers, as different as can be, with the numbers for `rumpus do`.

    Args:
        run: of the robot.
        count: How many steps.
        out: The picture to write. Default: goals.png in the run's report.
    """
    from rumpus.cli.counting import looking_back
    from rumpus.errors import InputError
    from rumpus.memory.side_by_side import side_by_side
    from rumpus.play.progress import check_asked
    from rumpus.run.folder import check_run

    check_asked(count, "steps")
    check_run(run)
    from rumpus.report.sheet import Tile, write_sheet
    from rumpus.run.session import recall, wake

    with recall(run) as session, looking_back() as look:
        trained, memory = wake(session, look), session.memory
        assert trained is not None
        steps = trained.candidates.spread(count).tolist()
        tiles = [Tile(f"memory:{k}", side_by_side(memory.readings(k))) for k in steps]
        picture = out or session.run.report / "goals.png"
    if not write_sheet(picture, [tiles[k : k + COLUMNS] for k in range(0, len(tiles), COLUMNS)]):
        raise InputError(f"No camera of {run} gave a picture in these steps; there is no sheet.")
    first = f"rumpus do {run} --goal memory:{steps[0]}"
    tell(f"{len(steps)} of {len(memory):,} remembered steps: {picture}")
    tell(f"Go for one: {first}")
    return 0


@deferred
def snapshot(world: World, out: Out = None, seed: Whole = 0) -> int:
    """Take a picture of a world as it begins: a goal picture of the right size and view.

    Args:
        world: As for `rumpus play`.
        out: The picture to write. Default: snapshot.png here; of several cameras each its own.
        seed: Of the world.
    """
    from PIL import Image

    from rumpus.errors import InputError, writing
    from rumpus.play.progress import check_seed
    from rumpus.worlds.catalogue import load

    check_seed(seed)
    made = load(world, seed)
    try:
        readings = made.observe().readings
    finally:
        made.stop()
    cameras = [s.name for s in made.spec.sensors if s.is_picture and s.name in readings]
    if not cameras:
        raise InputError(f"{world} has no camera that gives a picture; some can have camera=64x64.")
    for camera in cameras:
        path = out or Path("snapshot.png")
        path = path.with_stem(f"{path.stem}-{camera}") if len(cameras) > 1 else path
        with writing("picture", path):
            Image.fromarray(readings[camera].squeeze()).save(path, format="PNG")
        tell(f"{camera}: {path}")
    return 0


@deferred
def check(part: Part, name: Name, json: Json = False) -> int:
    """Try out a part, of rumpus or of another package, and say whether it keeps its promises.

    Args:
        part: What to check: world, sensor, robot, objective, goal_source, planner or
            success_classifier.
        name: Its name: of rumpus, of an installed package, or package.module:Name.
        json: the findings.
    """
    from rumpus.catalogue import FOLDERS

    folders = {kind.replace(" ", "_"): folder.replace("/", ".") for kind, folder in FOLDERS.items()}
    contract = import_module(f"rumpus.{folders[part]}.check")
    findings: list[Finding] = contract.examine_named(name)
    answer(json, findings, *(f"{found.verdict:8} {found.sentence}" for found in findings))
    return int(any(found.verdict == "failure" for found in findings))


@deferred
def list_worlds(json: Json = False) -> int:
    """List the worlds that can be named, broken ones with their error."""
    from rumpus.catalogue import listings

    found = listings("world")
    return answer(json, found, *(f"{f.name:12} {'BROKEN: ' * f.broken}{f.sentence}" for f in found))
