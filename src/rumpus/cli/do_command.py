"""The verbs that let a robot go for one goal: do it, or do it and show what was imagined."""

import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import arg

from rumpus.cli.verb import Device, Json, Number, Run, answer, deferred, remark

if TYPE_CHECKING:
    from rumpus.play.stored_goal import Wanted
    from rumpus.run.session import Session
    from rumpus.run.teaching import KnownWish

NOT_REACHED = 3  # the exit code
WRITTEN = {".png": "Film strip", ".webp": "Film", ".mp4": "Film", ".html": "Report"}
Camera = Annotated[str, arg(metavar="NAME", help_behavior_hint="")]
Goal = Annotated[str | None, arg(metavar="GOAL", help_behavior_hint="")]
Wish = Annotated[str | None, arg(metavar="NAME", help_behavior_hint="")]


@deferred
def do(
    run: Run, goal: Goal = None, wish: Wish = None, camera: Camera = "",
    steps: Number = None, device: Device = "auto", json: Json = False,
) -> int:  # fmt: skip
    """Show a robot a picture, or name a wish, let it do that, and keep films of how it went.

    Args:
        run: of the robot.
        goal: A picture (PNG or JPEG), a stored step as memory:NUMBER, or numbers by the name of a
            sensor (joints=0.1,0.2) or of the world's truth (angle_rad=0.5).
        wish: The name of what it was taught instead of a goal, see `rumpus teach`.
        camera: Which camera the picture is of, where the robot has several. Default: the first.
        steps: How long it may try. Default: as long as the world's own trials take.
        device: Where the mind acts.
        json: the row of figures.
    """
    from rumpus.errors import InputError

    if (goal is None) == (wish is None):
        raise InputError("rumpus do needs a goal: give either --goal or --wish.")
    return _go(run, goal, wish, camera, steps, device, json, imagining=False)


@deferred
def imagine(
    run: Run, goal: Goal = None, camera: Camera = "",
    steps: Number = None, device: Device = "auto", json: Json = False,
) -> int:  # fmt: skip
    """Let a robot do what a picture shows, and show what it imagined: its best plans as films.

    Args:
        run: of the robot.
        goal: As for `rumpus do`. Default: what it would go for now if it played.
        camera: Which camera the picture is of, where the robot has several. Default: the first.
        steps: How long it may try. Default: as long as the world's own trials take.
        device: Where the mind acts.
        json: the row of figures.
    """
    return _go(run, goal, None, camera, steps, device, json, imagining=True)


def _go(
    run: Path, goal: str | None, wish: str | None, camera: str, steps: int | None, device: Device,
    json: bool, imagining: bool,
) -> int:  # fmt: skip
    """Let a robot go for a goal, a wish, or a goal of its own, and tell; the exit code."""
    from msgspec import to_builtins

    from rumpus.cli.counting import stoppable
    from rumpus.errors import InputError, RunError
    from rumpus.play.progress import check_asked
    from rumpus.play.stored_goal import check_goal
    from rumpus.run.folder import check_run

    if steps is not None:  # before the picture is stored
        check_asked(steps, "steps")
    if goal is not None:
        check_goal(goal)
    elif camera:
        raise InputError(f"--camera {camera} was given without a picture; give one as --goal.")
    check_run(run)
    if imagining:
        import matplotlib  # noqa: F401  (missing, it should be missed before the robot moves)
    from rumpus.play.do import do as attempt
    from rumpus.play.imagination import imagine as imagine_way
    from rumpus.report import imagination, strip
    from rumpus.report.page import write_page
    from rumpus.result import Row
    from rumpus.run.session import resume
    from rumpus.run.teaching import wishing

    begun_s = time.monotonic()
    with resume(run, write=True, device=device) as session, wishing(session, wish) as known:
        memory, mind, config = session.memory, session.mind, session.run.config
        wanted = _wanted(session, goal, known, camera)
        steps = session.world.trial_steps if steps is None else steps
        with stoppable("doing") as tick:
            actor = mind.learner.snapshot()
            asked = session.robot, memory, actor, wanted.goal, steps, mind.rng, tick
            shown = imagine_way(*asked) if imagining else None
            done = shown.done if shown else attempt(*asked)
        if wanted.is_foreign:
            done = replace(done, verdict=None)
        if known is not None:
            done = replace(done, verdict=known.verdict(done.happened[-1]))
        told, written, fault = strip.sentences(done), list[Path](), None
        told += imagination.sentences(shown) if shown else []
        if known is not None and known.ask(len(memory) - 1, done.verdict):
            told.append(f"It is unsure, and asks: rumpus questions {run}")
        try:
            film = session.run.report / f"do-{done.first_step}.png"
            if strip.write_strip(film, done):
                written = [film, *strip.write_films(film, done, memory.spec.rate_hz)]
            if shown:
                page = film.with_name(f"imagine-{done.first_step}.html")
                name = f"{run}, as of step {session.mind_steps:,}"
                written.append(imagination.write_imagination(page, name, told, shown))
            written.append(write_page(session.run))
        except RunError as error:  # what was done is told before what could not be written
            fault = error
    verdict, word = done.verdict, "imagine" if shown else "do"
    figures = {"believed_before_steps": done.believed_before,
               "believed_after_steps": done.believed_after,
               "doubted_rate": done.doubted_rate}  # fmt: skip
    if verdict is not None:
        figures |= {"chance_reached": verdict.chance}
    if shown:
        figures |= {"plan_ms": shown.plan_ms, "keep_ms": shown.keep_ms}
    aim, wall_s = goal or wish or f"memory:{done.goal.step}", round(time.monotonic() - begun_s, 2)
    row = Row(f"{word} {aim}", config.seed, 1, session.mind_steps, wall_s, {**figures})
    more = {"reached": verdict and verdict.reached, "notices": wanted.notices,
            "written": [str(path) for path in written]}  # fmt: skip
    answer(json, to_builtins(row) | more, *told,
           *(f"{WRITTEN[path.suffix]}: {path}" for path in written))  # fmt: skip
    if fault:
        raise fault
    return 0 if verdict and verdict.reached else NOT_REACHED


def _wanted(
    session: "Session", goal: str | None, known: "KnownWish | None", camera: str
) -> "Wanted":  # fmt: skip
    """What is gone for, with its notices told."""
    from rumpus.cli.counting import looking_back
    from rumpus.play.stored_goal import Wanted, load_goal
    from rumpus.run.session import own_goal
    from rumpus.worlds.catalogue import load

    if goal is None:
        with looking_back() as look:
            return Wanted(known.goal(session, look) if known else own_goal(session, look))
    config = session.run.config
    elsewhere = partial(load, config.world, config.seed)
    wanted = load_goal(goal, camera, session.memory, session.world, elsewhere)
    for notice in wanted.notices:
        remark(notice)
    return wanted
