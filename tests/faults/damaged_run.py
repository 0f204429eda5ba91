"""A small run whose own files are damaged; see fuzzing.py."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from fuzzing import Answers, scratch_in_ram
from power_loss import ASKED

from rumpus.errors import RumpusError, RunError
from rumpus.play.progress import Until
from rumpus.replay import places
from rumpus.run import checkpoint, metrics, play_loop
from rumpus.run.folder import open_run
from rumpus.run.session import Asked, begin_or_resume, open_memory
from rumpus.run.verify import flaws, mend

LIVED, PLAYS_ONE_OF = 60, 20
LITTLE = {"train.updates_per_step": 0.1, "train.policy_updates_per_step": 0.1}
BEGUN = replace(ASKED, settings=(*ASKED.settings, *LITTLE.items()))
OUTSIDE = Path(__file__).parent.parent / "outside"


class RunFiles:
    """A run's own files as what is damaged; its memory is whole, and damaged in test_fuzz.py."""

    def __init__(self, scratch: Path) -> None:
        self.folders = {"run": scratch / "run0"}
        self.others = {"run": scratch / "run1"}
        for folder in (self.folders["run"], self.others["run"]):
            with begin_or_resume(BEGUN, folder) as session:
                play_loop.play(session, Until(LIVED), lambda progress: None)
            (folder / "memory").rename(folder.with_suffix(".memory"))
        self._woken = 0
        self._memory = self.folders["run"].with_suffix(".memory")

    def answers(self, folder: Path) -> Answers:
        """What it was begun with, its mind as it would be taken up, its figures and places."""
        self._give_memory(folder)
        asked = {"config": _config, "mind": _mind, "figures": _figures, "places": _places}
        found = {what: _refused(ask, folder) for what, ask in asked.items()}
        if folder in self.folders.values():
            shutil.rmtree(folder / "memory")  # what is damaged is a copy of what stays
        return found

    def complaint(self, folder: Path) -> str:
        """What is said of the run."""
        self._give_memory(folder)
        return " ".join(flaws(folder))

    def repair(self, folder: Path) -> set[str]:
        """Go on as the sentences say: without lines of figures, or from memory alone."""
        was_other = "run.json" in self.complaint(folder) or "of the run" in self.complaint(folder)
        is_begun = not isinstance(_refused(_config, folder), RumpusError)
        excused: set[str] = set()
        if not is_begun or isinstance(_refused(_mind, folder), RumpusError):
            asked = Asked(device="cpu") if is_begun else BEGUN
            with begin_or_resume(replace(asked, new_mind=True), folder):
                excused |= {"config", "mind", "figures"} if was_other else {"mind"}
        told = " ".join(mend(folder))
        return excused | {what for what, said in SAID.items() if said in told}

    def live_on(self, folder: Path) -> None:
        """Wake it, and let one of so many play on, which takes longer than all the rest."""
        self._woken += 1
        with begin_or_resume(Asked(device="cpu"), folder) as session:
            if self._woken % PLAYS_ONE_OF == 0:
                play_loop.play(session, Until(LIVED + 2), lambda progress: None)
                assert len(session.memory) == LIVED + 2

    def _give_memory(self, folder: Path) -> None:
        """Give the case a memory of its own, which is whole."""
        if not (folder / "memory").exists():
            shutil.copytree(self._memory, folder / "memory")


SAID = {"figures": "lines of", "places": "What places"}


def _refused(ask: Callable[[Path], object], run: Path) -> object:
    try:
        return ask(run)
    except RumpusError as refusal:
        return refusal


def _config(run: Path) -> object:
    told = open_run(run)
    return told.id, told.config


def _mind(run: Path) -> object:
    """All that a mind takes up, as it is proved before."""
    begun = open_run(run)
    saved = checkpoint.read(begun)
    if saved is None:
        raise RunError("It has not learned anything.")
    with open_memory(begun, None, write=False) as memory:
        saved.check_memory(memory.id)
    # How long the log was is no more than a measure of the log.
    return replace(saved.about, log_bytes=0), {
        name: t.numpy().tobytes() for name, t in saved.tensors.items()
    }


def _figures(run: Path) -> object:
    return metrics.read(run), metrics.figures(run)


def _places(run: Path) -> object:
    """None where the file is gone, which may be deleted."""
    with open_memory(open_run(run), None, write=False) as memory:
        found = places.load(run / places.FILE_NAME, memory.id)
    told = [getattr(found, name).tobytes() for name in places.ARRAYS]
    if not (run / places.FILE_NAME).exists():
        raise RunError("They are counted anew.")
    return told


@contextmanager
def small_runs() -> Iterator[RunFiles]:
    """Small ones, in RAM where that is a folder: they are copied and synced all the time."""
    with scratch_in_ram() as scratch, pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(OUTSIDE)
        yield RunFiles(scratch)
