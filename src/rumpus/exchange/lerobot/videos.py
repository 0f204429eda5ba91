"""Pictures out of a LeRobot dataset's films: which of them are an episode's, and what they show.

Nothing is believed that cannot be counted: an episode has a picture in a film for every frame up
to its last row's, one after the other at the dataset's rate, from where meta/episodes says, and no
other episode begins among them. Where rows were taken away, those that are left keep their own.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import pyarrow as pa

from rumpus.errors import InputError
from rumpus.exchange.lerobot.layout import VIDEO
from rumpus.exchange.lerobot.parquet import columns_of
from rumpus.exchange.transfer import Shape, files, inside
from rumpus.types import Array


class Film(NamedTuple):
    """What is known of a film before it is shown.

    Attributes:
        file: where it is.
        ticks: when each of its pictures is to be shown, int64 (n,), in its own unit.
        times_s: the same, in seconds.
    """

    file: Path
    ticks: Array
    times_s: Array

    def has(self, at: int, n: int, fps: float) -> bool:
        """Whether n pictures lie there that follow each other at the dataset's rate."""
        steps = np.diff(self.times_s[at : at + n]) * fps
        begins = len(self.times_s) > 0 and abs(self.times_s[0]) * fps < 0.5
        return bool(begins and 0 < n == len(steps) + 1 and (np.abs(steps - 1.0) < 0.5).all())


Places = dict[int, tuple[Film, int]]  # by episode: a film, and its first picture in it


def places(folder: Path, key: str, frames: Mapping[int, Array], fps: float) -> Places:
    """Where the pictures of each episode begin, as far as that is told and proved.

    Args:
        folder: of the dataset.
        key: of the camera.
        frames: of each episode the frame_index of its rows, int64 (n,).
        fps: of the dataset.
    """
    told = _recorded(folder, key)
    if any(rows < len(frames.get(episode, ())) for episode, (*_, rows) in told.items()):
        return {}  # it tells of other data
    films = {file: _film(file) for file in {file for file, *_ in told.values()}}
    begins_s = {file: np.sort([s for of, s, *_ in told.values() if of == file]) for file in films}
    found: Places = {}
    for episode, (file, from_s, to_s, _) in told.items():
        film, n = films[file], reach(frames[episode]) if episode in frames else 0
        half_s = 0.5 / fps
        at, after = np.searchsorted(film.times_s, [from_s - half_s, from_s + half_s]).tolist()
        ends_s = [from_s - half_s, from_s + n / fps - half_s]
        is_alone = np.diff(np.searchsorted(begins_s[file], ends_s)) == 1
        if is_alone and at < after and film.has(at, n, fps) and to_s > ends_s[1]:
            found[episode] = film, at
    return found


def reach(frames: Array) -> int:
    """How many pictures an episode needs up to its last row's; 0 where its frames tell of none.

    A row's frame_index says which picture is its own; frames that come again say nothing.
    """
    return int(frames[-1]) + 1 if frames[0] >= 0 and (np.diff(frames) > 0).all() else 0


def pictures(film: Film, at: Array, shape: Shape) -> Iterator[Array]:
    """The pictures at places (n,) of a film, uint8 (h, w, c) each, up to where it is damaged.

    Raises:
        InputError: when it has pictures of another size, or of more than 8 bits, as depths have.
    """
    height, width, channels = shape
    wanted = film.ticks[at].tolist()
    # Behind a key frame some codecs want the pictures before it: then it is shown from its start.
    for begin in (wanted[0], 0):
        shown = 0
        with suppress(av.FFmpegError), _opened(film.file) as (container, stream):
            context = stream.codec_context
            if (context.height, context.width) != (height, width):
                raise InputError(
                    f"{film.file} has pictures of {context.height} x {context.width}, not {height} "
                    f"x {width} pixels; mend the shape that info.json tells."
                )
            container.seek(begin, stream=stream)
            for frame in container.decode(stream):
                if frame.pts == wanted[shown]:
                    shown += 1
                    yield _pixels(frame, channels, film.file)
                elif frame.pts is None or frame.pts > wanted[shown]:
                    break
                if shown == len(wanted):
                    return
        if shown:
            return


def _recorded(folder: Path, key: str) -> dict[int, tuple[Path, float, float, int]]:
    """By episode the film that meta/episodes tells, from when to when, in s, and how many rows."""
    told = {}
    names = ("chunk_index", "file_index", "from_timestamp", "to_timestamp")
    wanted = ["episode_index", *(f"videos/{key}/{name}" for name in names), "length"]
    for file in files(folder, "meta/episodes"):
        with suppress(pa.ArrowException, OSError, KeyError):
            for row in zip(*columns_of(folder, file, wanted), strict=True):
                with suppress(TypeError, ValueError, ArithmeticError, OSError):  # of nothing, NaN
                    episode, chunk, number = map(int, row[:3])
                    name = VIDEO.format(video_key=key, chunk_index=chunk, file_index=number)
                    times_s = float(row[3]), float(row[4])
                    told[episode] = inside(folder, folder / name), *times_s, int(row[5])
    return told


def _film(file: Path) -> Film:
    """A film as it lies there; one that cannot be read has no pictures."""
    with suppress(av.FFmpegError, IndexError), _opened(file) as (container, stream):
        packets = (packet for packet in container.demux(stream) if not packet.is_discard)
        ticks = np.sort([packet.pts for packet in packets if packet.pts is not None])
        return Film(file, ticks, ticks * float(stream.time_base or 0))
    return Film(file, np.zeros(0, np.int64), np.zeros(0))


@contextmanager
def _opened(file: Path) -> Iterator[tuple[Any, Any]]:
    """A film and its pictures' stream; as MP4 alone, for other formats name files to be read."""
    with av.open(str(file), format="mp4") as container:
        yield container, container.streams.video[0]


def _pixels(frame: av.VideoFrame, channels: int, file: Path) -> Array:
    bits = max(component.bits for component in frame.format.components)
    if (len(frame.format.components) == 1 and bits > 8) or channels not in (1, 3):
        raise InputError(
            f"{file} has {bits} bits a pixel ({frame.format.name}), as depths have, or is told to "
            f"have {channels} channels; take its feature out of info.json to leave it out."
        )
    pixels = frame.to_ndarray(format="rgb24" if channels == 3 else "gray")
    return pixels.reshape(*pixels.shape[:2], channels)
