"""TensorBoard: the figures of a run as event files, to be looked at beside those of other programs.

Needs the extra `tensorboard`, which brings tensorboardX: it writes the files and no more. To look
at them takes TensorBoard itself, here or elsewhere.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from tensorboardX import SummaryWriter

from rumpus.errors import InputError, writing

OURS = ".rumpus"  # how the names of our event files end


def write_events(folder: Path, figures: Iterable[tuple[int, Mapping[str, float]]]) -> int:
    """Write figures as scalars into a folder; what was written there before by this gives way.

    Args:
        folder: made where it is missing; other programs' event files stay.
        figures: (steps, number by name), oldest first.

    Returns:
        how many numbers were written.

    Raises:
        InputError: when there are none.
        RunError: when the disk does not take them.
    """
    told = [(steps, name, value) for steps, named in figures for name, value in named.items()]
    if not told:
        raise InputError("The run has no figures for TensorBoard yet; let it play for longer.")
    with writing("events", folder):
        for before in folder.glob(f"events.out.tfevents.*{OURS}"):
            before.unlink()
        with SummaryWriter(str(folder), filename_suffix=OURS) as writer:
            for steps, name, value in told:
                writer.add_scalar(name, value, steps)
    return len(told)
