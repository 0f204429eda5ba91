"""Old pictures as films: a thousand steps of one camera in one lossless film, a tenth of the room.

A film is made beside the pictures, decoded again and compared with them byte by byte; only then do
the pictures leave the store. The checksum of every step stays and guards the decoded picture too,
so nothing else that is written down of a film is believed: its name says what it holds.
Interview 28:31.
"""

import io
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from rumpus.atomic_file import make_folder, replacing
from rumpus.errors import MemoryFault
from rumpus.spec import RobotSpec
from rumpus.types import Array

Row = dict[str, Any]  # see schema.py
SEGMENT_STEPS = 1000
FOLDER_NAME = "movies"
_CODEC = "libx264rgb"  # the smallest lossless one of those measured, see docs/decisions/0004
_LOSSLESS = {"qp": "0", "preset": "medium", "threads": "1"}


class Films:
    """The films of one store, and the way from a picture in the store into a film and back."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, spec: RobotSpec) -> None:
        """Belong to a store, whose connection is shared."""
        self._folder, self._connection, self._spec = folder / FOLDER_NAME, connection, spec
        self._decoded: dict[int, tuple[int, Array]] = {}  # by sensor: the segment decoded last

    def filled(self, row: Row, filmed: Iterable[int]) -> Row:
        """The row with readings that lie in films put back into it; those lost stay empty."""
        return row | {f"sensor_{k}": self._picture(k, row["step"]) for k in filmed}

    def due(self, count: int) -> list[tuple[int, int]]:
        """(sensor, first step) of the segments among `count` steps that have no film yet."""
        filmed = set(map(tuple, self._connection.execute("SELECT sensor, first FROM movie")))
        sensors = [k for k, s in enumerate(self._spec.sensors) if s.shape[2:] in ((1,), (3,))]
        whole = range(0, count - SEGMENT_STEPS + 1, SEGMENT_STEPS)
        return [(k, first) for first in whole for k in sensors if (k, first) not in filmed]

    def make(self, sensor: int, first: int, rows: Callable[[int, int], Iterable[Row]]) -> int:
        """Film one segment; the pictures leave the store once they are proved.

        Args:
            sensor: its number.
            first: the segment's first step.
            rows: gives those from one step up to another.

        Returns:
            bytes of the pictures in the film; a step at which the sensor gave nothing is black.

        Raises:
            MemoryFault: when the film does not give back every byte, or the disk is full.
        """
        shape = self._spec.sensors[sensor].shape
        pictures = np.zeros((SEGMENT_STEPS, *shape), np.uint8)
        for picture, row in zip(pictures, rows(first, first + SEGMENT_STEPS), strict=True):
            if blob := row[f"sensor_{sensor}"]:
                picture[:] = np.frombuffer(blob, np.uint8).reshape(shape)
        make_folder(self._folder)
        path = self._file(sensor, first)
        with replacing(path) as new:
            encode_video(new, pictures, self._spec.rate_hz)
            if not np.array_equal(decode_video(new, shape), pictures):
                raise MemoryFault(
                    f"The film of steps {first} to {first + SEGMENT_STEPS - 1} did not give back "
                    "every byte; the pictures stay as they are; update PyAV."
                )
        film = (sensor, first, len(pictures), path.name)
        leave = f"UPDATE step SET sensor_{sensor} = x'' WHERE step >= ? AND step < ?"
        with self._connection:
            self._connection.execute("REPLACE INTO movie VALUES (?, ?, ?, ?, '', '')", film)
            self._connection.execute(leave, (first, first + len(pictures)))
        self._decoded.pop(sensor, None)
        return pictures.nbytes

    def forget(self, step: int) -> None:
        """No longer count the segment of a step as filmed: its pictures are in the store again."""
        self._connection.execute("DELETE FROM movie WHERE first = ?", (segment_of(step),))

    def _file(self, sensor: int, first: int) -> Path:
        return self._folder / f"{sensor}-{first:010}.mkv"

    def _picture(self, sensor: int, step: int) -> bytes:
        first = segment_of(step)
        if self._decoded.get(sensor, (-1,))[0] != first:
            shape = self._spec.sensors[sensor].shape
            self._decoded[sensor] = first, decode_video(self._file(sensor, first), shape)
        film, at = self._decoded[sensor][1], step - first
        return film[at].tobytes() if at < len(film) else b""


def segment_of(step: int) -> int:
    """The first step of the segment that a step lies in."""
    return step - step % SEGMENT_STEPS


def encode_video(path: Path, pictures: Array, rate_hz: float) -> None:
    """Write pictures, uint8 (N, h, w, 1 or 3), as a film that loses nothing."""
    import av  # an extra: faults() says how to get it

    try:
        with av.open(str(path), "w", format="matroska") as container:
            rate = max(round(rate_hz), 1)
            stream: Any = container.add_stream(_CODEC, rate=rate, options=_LOSSLESS)
            stream.height, stream.width = pictures.shape[1:3]
            stream.pix_fmt = "rgb24"
            encode_frames(container, stream, np.broadcast_to(pictures, (*pictures.shape[:3], 3)))
    except av.FFmpegError as error:
        raise MemoryFault(
            f"The film {path} cannot be made ({error}); the pictures stay as they are; see to the "
            "disk's room, or update PyAV."
        ) from error


def encode_frames(container: Any, stream: Any, pictures: Iterable[Array]) -> None:
    """Put pictures, uint8 (h, w, 3), through a stream of PyAV, to its end."""
    import av

    for picture in pictures:
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def decode_video(path: Path, shape: Sequence[int]) -> Array:
    """The pictures of a film, uint8 (N, *shape), up to one that cannot be read; a segment at most.

    Raises:
        OSError: when the disk does not give the file that is there.
    """
    import av

    pictures: list[Array] = []
    # It ends where there are no more frames, or frames of another kind.
    with (
        suppress(FileNotFoundError, av.FFmpegError, IndexError, ValueError),
        av.open(io.BytesIO(path.read_bytes()), "r") as container,
    ):
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        frames = islice(container.decode(stream), SEGMENT_STEPS)
        pictures.extend(_planes(frame)[..., : shape[2]].reshape(shape) for frame in frames)
    return np.stack(pictures) if pictures else np.empty((0, *shape), np.uint8)


def _planes(frame: Any) -> Array:
    """One frame as (h, w, 3): its planes as they are, which is 80 times quicker than a rescaler."""
    green, blue, red = (
        np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
        for plane in frame.planes
    )
    return np.stack([red, green, blue], -1)
