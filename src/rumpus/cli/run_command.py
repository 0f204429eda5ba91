"""The verbs about runs: learn from what one remembers, its settings, all runs, some side by side.

`runs` and `compare` need no deep learning.
"""

import time
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from rumpus.cli.verb import Amount, Chosen, Device, File, Json, Number, answer, deferred, remark

Source = Annotated[
    Positional[Path], arg(metavar="RUN", help="The folder of a run, or of an imported memory.")
]
OneOrNone = Annotated[Positional[Path | None], arg(metavar="RUN", help_behavior_hint="")]
Folder = Annotated[Positional[Path], arg(metavar="DIR")]
Some = Annotated[Positional[tuple[Path, ...]], arg(metavar="RUN", help_behavior_hint="")]


@deferred
def learn(
    run: Source, minutes: Amount = None, seed: Number = None, chosen: Chosen = (),
    config: File = None, device: Device = "auto", json: Json = False,
) -> int:  # fmt: skip
    """Learn from what a run or an imported memory holds, without any robot, until nothing is owed.

    Args:
        run: of which a run is made where it is a memory alone.
        minutes: Stop after so many minutes.
        seed: Where chance begins. Default: 0, or as the run was begun.
        chosen: Any setting of a new run, as train.updates_per_step=0.5, as often as you like; see
            `rumpus config`.
        config: A TOML file with settings of a new run; what is given beside it counts more.
        device: Where the mind learns; auto is CUDA where there is one.
        json: the row of figures.
    """
    from rumpus.cli import playing
    from rumpus.cli.progress import telling
    from rumpus.play.progress import Progress, Until
    from rumpus.run.learning import learn as go_over
    from rumpus.run.session import Asked, study
    from rumpus.run.setting import typed
    from rumpus.service.interrupt import INTERRUPTED, Interrupted, interruptible

    Until(minutes=minutes)  # refused before anything is made
    settings, begun_s = tuple(typed(each) for each in chosen), time.monotonic()
    asked = Asked(None, seed, device=device, settings=settings, file=config)
    with study(asked, run) as woken:
        steps, schedule = len(woken.memory), woken.mind.schedule
        until = Until(minutes=minutes) if minutes else Until(steps=max(steps, 1))
        remark(f"Learning from the {steps:,} steps that {woken.memory.path} remembers, mind as of "
               f"step {woken.mind_steps:,}.")  # fmt: skip
        try:
            with interruptible() as check_stop, telling(until, schedule) as tell:

                def watch(progress: Progress) -> None:
                    tell(progress)
                    check_stop()

                go_over(woken, until, watch)
        except Interrupted as stop:
            remark(playing.farewell(woken))
            return INTERRUPTED + stop.signal
        row = playing.figures(woken, steps, time.monotonic() - begun_s)
        owed = sum(schedule.owed(steps))
    left = f"{owed:,} updates are still owed" if owed else "nothing is owed any more"
    return answer(json, row, f"{run} has learned from {row.steps:,} steps, {left}.")


@deferred
def config(run: OneOrNone = None) -> int:
    """Print every setting as TOML, with its meaning and what it may be, to be used with --config.

    Args:
        run: Print those of this run, marked where they differ from the defaults. Default: the
            defaults.
    """
    from rumpus.run.config import RunConfig
    from rumpus.run.folder import open_run
    from rumpus.run.setting import toml

    print(toml(RunConfig() if run is None else open_run(run).config), end="")
    return 0


@deferred
def runs(folder: Folder = Path("runs"), json: Json = False) -> int:
    """List the runs in a folder, with how far they are and how well they did when last measured.

    Args:
        folder: Whose folders are runs.
        json: the runs.
    """
    from rumpus.report.overview import lines, listed

    found = listed(folder)
    return answer(json, found, *(lines(found) or [f"There is no run in {folder}."]))


@deferred
def compare(runs: Some, json: Json = False) -> int:
    """Put runs side by side: the settings that differ, and what was last measured.

    Args:
        runs: The folders of two runs or more.
        json: the runs, with every evaluation that was kept.
    """
    from rumpus.errors import InputError
    from rumpus.report.overview import beside, look

    if len(runs) < 2:
        raise InputError(
            f"Two runs or more are compared, and {len(runs)} came; name each by its folder."
        )
    found = [look(run) for run in runs]
    return answer(json, found, *beside(found))
