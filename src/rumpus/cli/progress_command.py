"""The verb `rumpus progress`: does it learn? It only reads, also while the run plays on.

What it tells was measured in play, so it needs neither mind nor torch.
"""

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import arg

from rumpus.cli.verb import Json, Run, answer, deferred, remark, tell
from rumpus.errors import InputError

if TYPE_CHECKING:
    from rumpus.replay.measured import Measured

LOOK_EVERY_S = 0.5
Events = Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="")]
Rerun = Annotated[str, arg(metavar="WHERE", help_behavior_hint="")]


@deferred
def progress(run: Run, tensorboard: Events = None, rerun: Rerun = "", json: Json = False) -> int:
    """Show whether a robot learns, and gets about: figures over its life, and its firsts.

    Args:
        run: of the robot; it may play on meanwhile.
        tensorboard: Write the figures as TensorBoard events into this folder instead.
        rerun: Show what it does in the Rerun viewer instead, as it goes on: "viewer" opens one,
            an address (rerun+http://HOST:PORT/proxy) is an open one's, else the file to make.
        json: what every train phase measured.
    """
    from rumpus.run import metrics
    from rumpus.run.layout import memory_in

    if not memory_in(run).is_dir():
        raise InputError(f"There is no run in {run}; give the folder that `rumpus play` was given "
                         "as --run.")  # fmt: skip
    if rerun:
        return _follow(run, rerun)
    if unproved := metrics.unproved(run):
        remark(f"{unproved:,} lines of {run / metrics.FILE_NAME} are not what this rumpus wrote in "
               "this run, and are left out.")  # fmt: skip
    if tensorboard is not None:
        from rumpus.exchange.tensorboard import write_events

        count = write_events(tensorboard, metrics.figures(run))
        tell(f"{count:,} figures are in {tensorboard}; see them with: "
             f"tensorboard --logdir {tensorboard}")  # fmt: skip
        return 0
    phases = metrics.read(run)
    if not phases:
        return answer(json, phases, f"{run} has no figures of its progress: every train phase of "
                      "play measures them, and it has had none since rumpus does.")  # fmt: skip
    from rumpus.report import learning
    from rumpus.report.overview import aligned

    answer(json, phases, *aligned(learning.table(phases)), "", *learning.sentences(phases))
    _report(run, phases, silent=json)
    return 0


def _report(run: Path, phases: "list[Measured]", silent: bool) -> None:
    from rumpus.memory import Memory
    from rumpus.report.learning import write_learning
    from rumpus.run.layout import memory_in

    with Memory.open(memory_in(run), write=False) as memory:
        page = write_learning(run / "report", str(run), phases, memory)
    with suppress(ModuleNotFoundError):  # the run's own page takes what learning takes
        from rumpus.report.page import write_page
        from rumpus.run.folder import open_run

        write_page(open_run(run))
    if not silent:
        tell(f"Report: {page}")


def _follow(run: Path, to: str) -> int:
    """Show a run's life as it goes on, until it is stopped; the exit code."""
    from rumpus.exchange.rerun import follow
    from rumpus.memory import Memory
    from rumpus.run.layout import memory_in
    from rumpus.service.interrupt import Interrupted, interruptible

    sent = 0
    watched = Memory.open(memory_in(run), write=False)
    with watched as memory, interruptible() as check_stop, suppress(Interrupted):

        def tick(steps: int) -> bool:
            nonlocal sent
            if steps == sent:  # nothing came since
                time.sleep(LOOK_EVERY_S)
            sent = steps
            check_stop()
            return True

        remark(f"Showing {run} by {to} as it goes on; Ctrl-C ends it.")
        follow(memory, to, tick)
    tell(f"Shown up to step {sent:,}.")
    return 0
