"""Everything rumpus refuses, as one small tree.

RumpusError            a sentence for the person: what came, what was expected, what to do
├─ InputError          a wrong argument, file, picture or name
├─ WorldError          a world or robot broke its own promise (spec, import, reset)
├─ MemoryFault         the memory on disk cannot be read or written
└─ RunError            a run directory cannot be used as asked

The command line prints the sentence and exits with code 2; no traceback.
"""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOUSE = str(Path(__file__).parent)

# Which extra of the package brings a module that not every robot needs.
EXTRAS = {
    "torch": "learn", "safetensors": "learn", "mujoco": "sim", "gymnasium": "sim",
    "matplotlib": "report", "av": "movies", "pyarrow": "exchange", "h5py": "exchange",
    "rerun": "rerun", "tensorboardX": "tensorboard",
    "starlette": "watch", "uvicorn": "watch",
}  # fmt: skip


# Torch and others have no errors of their own for it, only words.
_NO_MEMORY = "allocate memory|out of memory|map segment|start new thread|create a primitive"


def missing_extra(error: ModuleNotFoundError) -> str | None:
    """What to install for a module that is missing; None where it is none of rumpus's extras."""
    extra = EXTRAS.get((error.name or "").partition(".")[0])
    ways = f"pip install 'rumpus[{extra}]', in a clone pip install -e '.[{extra}]' ([all] has most)"
    return f"needs {error.name}, which is not installed; run: {ways}." if extra else None


def told(error: BaseException) -> str:
    """What a stranger's code raised, and where in it: "OSError: no camera, at arm.py line 12"."""
    import traceback  # only when something went wrong

    said = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(":. ")
    every = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in every if not frame.filename.startswith(("<", HOUSE))]
    frames = [frame for frame in theirs if "importlib" not in frame.filename]
    return f"{said}, at {frames[-1].filename} line {frames[-1].lineno}" if frames else said


class RumpusError(Exception):
    """A refusal that a person can act on."""


class InputError(RumpusError):
    """What was given cannot be used: says what came and what was expected."""


class WorldError(RumpusError):
    """A world or robot does not keep its contract: names the world and the part."""


class MemoryFault(RumpusError):
    """The memory on disk cannot be read or written: names the file and the remedy."""


class RunError(RumpusError):
    """The run directory cannot be used as asked: names the directory and the remedy."""


def limit_met(error: BaseException) -> str:
    """What to do where the system gives no more of something; "" where that is not so."""
    if getattr(error, "errno", None) in (errno.EMFILE, errno.ENFILE):
        return "the system lets it open no more files; raise that limit (ulimit -n), run it again."
    if isinstance(error, MemoryError) or re.search(_NO_MEMORY, str(error)):
        return "the system gives it no more memory; end other programs, or ask for less at once."
    return ""


@contextmanager
def writing(what: str, path: Path) -> Iterator[None]:
    """Whatever keeps a file of a run from being written is said in one sentence.

    Raises:
        RunError: naming the file.
    """
    try:
        yield
    except Exception as error:  # each library has its own for a full disk
        reason = limit_met(error) or (
            f"{getattr(error, 'strerror', None) or error}; make room, or give it a folder that is "
            "there and may be written to, and run it again."
        )
        raise RunError(f"The {what} {path} cannot be written: {reason}") from error
