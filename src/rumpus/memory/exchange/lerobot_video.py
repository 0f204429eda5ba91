"""Pictures as video files, as LeRobot keeps them: smaller than PNG, and not bit for bit."""

from collections.abc import Generator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np

from rumpus.errors import InputError
from rumpus.types import Array

CODEC = "libx264"  # LeRobot's other codec; its first, AV1, is slow and prints to the terminal
OPTIONS = {"g": "2", "bf": "0", "crf": "18"}  # a key frame at every other one: quick random access


def write_video(path: Path, pictures: Array, fps: float) -> None:
    """Encode pictures, uint8 (n, h, w, 3), at an even rate.

    Raises:
        InputError: when the codec takes no pictures of that size.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = pictures.shape[1:3]
    try:
        with av.open(str(path), "w") as container:
            stream = container.add_stream(CODEC, _rate(fps), options=OPTIONS)
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for picture in pictures:
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
    except av.FFmpegError as error:
        raise InputError(
            f"Pictures of {height}x{width} px cannot become a video ({error.strerror}); "
            "export without video, as PNG."
        ) from error


def frames_in(path: Path) -> int:
    """How many pictures a video holds; 0 where it cannot be read."""
    try:
        with av.open(str(path)) as container:
            return container.streams.video[0].frames
    except (av.FFmpegError, IndexError):
        return 0


class Film:
    """One episode's stretch of a video, read forwards; damage ends it."""

    def __init__(self, file: Path, from_s: float, fps: float) -> None:
        """Begin at `from_s` seconds into the file."""
        self._from_s, self._tolerance_s = from_s, 0.5 / fps
        self._frames = self._decoded(file)
        self._now = next(self._frames, None)

    def at(self, time_s: float) -> Array | None:
        """The picture of a moment of the episode, uint8 (h, w, 3).

        None where the video has none within half a frame's time: a neighbour would be a lie.
        """
        earliest = time_s - self._tolerance_s
        while self._now is not None and self._now[0] < earliest:
            self._now = next(self._frames, None)
        if self._now is None or self._now[0] > time_s + self._tolerance_s:
            return None
        return self._now[1].to_ndarray(format="rgb24")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._frames.close()

    def _decoded(self, file: Path) -> Generator[tuple[float, av.VideoFrame]]:
        with suppress(av.FFmpegError), av.open(str(file)) as container:
            stream = container.streams.video[0]
            if self._from_s > 0 and stream.time_base is not None:
                container.seek(int(self._from_s / stream.time_base), stream=stream)
            for frame in container.decode(stream):
                yield frame.time - self._from_s, frame


def _rate(fps: float) -> Fraction:
    return Fraction(fps).limit_denominator(1001)
