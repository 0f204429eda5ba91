"""Films as H.264 in an MP4, that any player shows; also of one episode, its pictures side by side.

For people to look at, and lossy: H.264 with half the colour resolution (yuv420p). What a learner
or a measurement needs stays in the memory. Needs the extra `movies` (av): without, importing this
is a ModuleNotFoundError.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np

from rumpus.errors import InputError
from rumpus.exchange.transfer import Transfer, absences, appearing, chosen
from rumpus.memory.episode import Episode
from rumpus.memory.films import encode_frames
from rumpus.memory.memory import Memory
from rumpus.memory.side_by_side import side_by_side
from rumpus.types import Array

QUALITY_CRF = "18"  # x264's scale: 0 is lossless, 18 looks it, 51 is the worst
COLOURS = 5  # how colours become yuv: ITU-R BT.601, which the converter uses, said to the player
RANGE = 1  # and yuv's narrow range
WIDEST_PX = 4096  # beyond this, the decoders inside phones and browsers give up
LOST = (
    "The pictures are not exact: H.264 blurs them, and colours have half the resolution.",
    "Each step is shown equally long: the times at which it was sensed are not in the film.",
    "Actions, goals, ends and reasons are not in the film.",
)


def write_film(file: Path, pictures: Iterable[Array], rate_hz: float) -> None:
    """Write pictures, uint8 (h, w, 3), as an MP4 that is lossy.

    Args:
        file: the MP4.
        pictures: one or more, of one size; both sides even, for two pixels each way share their
            colour.
        rate_hz: pictures a second.

    Raises:
        OSError: when the disk does not take it.
    """
    every = iter(pictures)
    first = next(every)
    with av.open(str(file), "w", format="mp4") as container:
        rate = Fraction(rate_hz).limit_denominator(1001)
        stream = container.add_stream("libx264", rate, options={"crf": QUALITY_CRF})
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.colorspace = COLOURS
        stream.codec_context.color_range = RANGE
        encode_frames(container, stream, chain([first], every))


def export_film(memory: Memory, file: Path, episode: int, enlarge: int = 4) -> Transfer:
    """Make a film of one episode, to look at in any player; the pictures in it are not exact.

    Pictures stand side by side in the order of the robot's sensors, each pixel enlarge x enlarge.
    Every step is shown for 1 / rate_hz seconds.

    Args:
        memory: where the episode is.
        file: the MP4 to make; it appears when it is whole.
        episode: its id.
        enlarge: how many times larger pictures are shown, at least 1.

    Raises:
        InputError: when there is no such episode, no picture in it, the film would be too large,
            or the file is there already.
    """
    (stored,) = chosen(memory, [episode])
    with appearing(file) as new:
        write_film(new, _pictures(memory, stored, enlarge), memory.spec.rate_hz)
    hidden = [f"'{s.name}'" for s in memory.spec.sensors if not s.is_picture]
    hidden += [f"further channels of '{s.name}'" for s in memory.spec.sensors
               if s.is_picture and s.shape[2] not in (1, 3)]  # fmt: skip
    lost = (*LOST, f"Not shown: {', '.join(hidden)}.") if hidden else LOST
    black = absences(memory, [stored], "it is black there.")
    return Transfer(file, 1, stored.length, (*lost, *black))


def _pictures(memory: Memory, episode: Episode, enlarge: int) -> Iterator[Array]:
    """Each step as one picture, uint8 (h, w, 3), both sides even, black where there is nothing."""
    if enlarge < 1:
        raise InputError(f"A film enlarged {enlarge} times was asked for; give 1 or more.")
    for index in range(episode.first, episode.first + episode.length):
        small = side_by_side({s.name: memory.frames(s.name)[index] for s in memory.spec.sensors})
        if small is None:
            sensors = ", ".join(f"'{s.name}' {s.shape}" for s in memory.spec.sensors)
            raise InputError(
                f"{memory.spec.name} has no picture for a film, but {sensors}; export its numbers."
            )
        height, width = (enlarge * side for side in small.shape[:2])
        if max(width, height) > WIDEST_PX:
            raise InputError(
                f"A film of {width} x {height} pixels is too large to play; enlarge it less."
            )
        large = small.repeat(enlarge, axis=0).repeat(enlarge, axis=1)
        yield np.pad(large, ((0, height % 2), (0, width % 2), (0, 0)))
