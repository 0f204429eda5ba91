"""The verb `rumpus imagine`: what a robot imagines on its way to a goal, as a page."""

import time
from dataclasses import replace
from functools import partial
from typing import Annotated

from tyro.conf import arg

from rumpus.cli.verb import Device, Json, Number, Run, answer, deferred, remark


@deferred
def imagine(
    run: Run,
    goal: Annotated[str, arg(metavar="GOAL", help_behavior_hint="")] = "",
    camera: Annotated[str, arg(metavar="NAME", help_behavior_hint="")] = "",
    steps: Number = None, device: Device = "auto", json: Json = False,
) -> int:  # fmt: skip
    """Let a robot go for a goal, and show what it imagined: its best plans, and what then came.

    Args:
        run: of the robot; what it does is remembered, as by `rumpus do`.
        goal: As for `rumpus do`. Default: what it would go for if it played.
        camera: Which camera the picture is of, where the robot has several. Default: the first.
        steps: How long it may try. Default: as long as the world's own trials take.
        device: Where the mind acts.
        json: the row of figures.
    """
    from msgspec import to_builtins

    from rumpus.cli.counting import looking_back, stoppable
    from rumpus.errors import InputError
    from rumpus.play.progress import check_asked
    from rumpus.play.stored_goal import Wanted, check_goal, load_goal
    from rumpus.run.folder import check_run

    if steps is not None:  # before the picture is stored
        check_asked(steps, "steps")
    if goal:
        check_goal(goal)
    elif camera:
        raise InputError(f"--camera {camera} was given without a picture; give one as --goal.")
    check_run(run)
    import matplotlib  # noqa: F401  (missing, it should be missed before the robot moves)

    from rumpus.play.imagination import imagine as imagine_way
    from rumpus.report.imagination import sentences, write_imagination
    from rumpus.report.page import write_page
    from rumpus.result import Row
    from rumpus.run.session import own_goal, resume
    from rumpus.worlds.catalogue import load

    begun_s = time.monotonic()
    with resume(run, write=True, device=device) as session:
        memory, mind, config = session.memory, session.mind, session.run.config
        report = session.run.report  # refused before the robot moves
        if goal:
            elsewhere = partial(load, config.world, config.seed)
            wanted = load_goal(goal, camera, memory, session.world, elsewhere)
        else:
            with looking_back() as look:
                wanted = Wanted(own_goal(session, look))
        for notice in wanted.notices:
            remark(notice)
        count = session.world.trial_steps if steps is None else steps
        with stoppable("imagining") as tick:
            actor = mind.learner.snapshot()
            shown = imagine_way(session.robot, memory, actor, wanted.goal, count, mind.rng, tick)
        if wanted.is_foreign:
            shown = replace(shown, done=replace(shown.done, verdict=None))
        page = report / f"imagine-{shown.done.first_step}.html"
        write_imagination(page, f"{run}, as of step {session.mind_steps:,}", shown)
        write_page(session.run)
    done = shown.done
    figures = {"believed_before_steps": done.believed_before,
               "believed_after_steps": done.believed_after,
               "plan_ms": round(shown.plan_ms, 2), "keep_ms": round(shown.keep_ms, 2)}  # fmt: skip
    wall_s = round(time.monotonic() - begun_s, 2)
    row = Row(
        f"imagine memory:{done.goal.step}", config.seed, 1, session.mind_steps, wall_s, {**figures}
    )
    more = {"reached": done.verdict and done.verdict.reached, "notices": wanted.notices,
            "written": [str(page)]}  # fmt: skip
    return answer(json, to_builtins(row) | more, *sentences(shown), f"Page: {page}")
