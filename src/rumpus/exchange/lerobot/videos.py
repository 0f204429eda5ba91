"""Pictures out of a LeRobot dataset's videos: which part is an episode's, and what it shows."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av
import pyarrow as pa
import pyarrow.parquet as pq

from rumpus.exchange.lerobot.source import Source
from rumpus.types import Array

Place = tuple[Path, float]  # a video, and where in it an episode begins, in seconds
Places = dict[tuple[int, str], Place]  # by episode and feature


def places(source: Source) -> Places:
    """The films of all episodes whose video is there; the others are left out.

    Where meta/episodes is lost or damaged, they are counted anew.
    """
    keys = [key for key in source.keys.values() if source.info.features[key].dtype == "video"]
    known: Places = {}
    for file in sorted(source.folder.glob("meta/episodes/*/*.parquet")) if keys else ():
        with suppress(pa.ArrowException, OSError, KeyError):
            known |= _recorded(source, file, keys)
    for key in keys:
        lengths = source.lengths
        if any((episode, key) not in known for episode in lengths):
            source.note(
                f"Where the episodes lie in the videos of {key} was lost with meta/episodes; "
                "it was counted anew from the videos' frames."
            )
            known |= _counted(source, key, lengths)
    return known


def _recorded(
    source: Source, file: Path, keys: list[str]
) -> Iterator[tuple[tuple[int, str], Place]]:
    """What meta/episodes says."""
    what = ("chunk_index", "file_index", "from_timestamp")
    columns = ["episode_index", *(f"videos/{key}/{name}" for key in keys for name in what)]
    for row in pq.read_table(file, columns=columns).to_pylist():
        for key in keys:
            chunk, number, from_s = (row[f"videos/{key}/{name}"] for name in what)
            path = str(source.info.video_path).format(
                video_key=key, chunk_index=chunk, file_index=number
            )
            yield (row["episode_index"], key), (source.folder / path, from_s)


def _counted(
    source: Source, key: str, lengths: dict[int, int]
) -> Iterator[tuple[tuple[int, str], Place]]:
    """Episodes follow each other in the videos without a gap, and none lies in two of them."""
    files = iter(sorted(source.folder.glob(f"videos/{key}/*/*.mp4")))
    file, frames, used = None, 0, 0
    for episode, length in lengths.items():
        while used + length > frames:
            file, used = next(files, None), 0
            if file is None:
                return
            frames = frames_in(file)
        assert file is not None
        yield (episode, key), (file, used / source.info.fps)
        used += length


def frames_in(path: Path) -> int:
    """How many pictures a video holds; 0 where it cannot be read."""
    try:
        with av.open(str(path)) as container:
            return container.streams.video[0].frames
    except (av.FFmpegError, IndexError):
        return 0


class Film:
    """One episode's part of a video, read forwards; damage ends it."""

    def __init__(self, frames: Iterator[tuple[float, av.VideoFrame]], fps: float) -> None:
        """Show frames, each with its time in the episode."""
        self._frames, self._tolerance_s = frames, 0.5 / fps
        self._now = next(frames, None)

    def at(self, time_s: float) -> Array | None:
        """The picture of one time in the episode, uint8 (h, w, 3).

        None where the video has none within half a frame's time: a neighbour would be a lie.
        """
        while self._now is not None and self._now[0] < time_s - self._tolerance_s:
            self._now = next(self._frames, None)
        if self._now is None or self._now[0] > time_s + self._tolerance_s:
            return None
        return self._now[1].to_ndarray(format="rgb24")


@contextmanager
def showing(place: Place, fps: float) -> Iterator[Film]:
    """The film of an episode."""
    frames = _decoded(*place)
    try:
        yield Film(frames, fps)
    finally:
        frames.close()


def _decoded(file: Path, from_s: float) -> Generator[tuple[float, av.VideoFrame]]:
    with suppress(av.FFmpegError), av.open(str(file)) as container:
        stream = container.streams.video[0]
        if from_s > 0 and stream.time_base is not None:
            container.seek(int(from_s / stream.time_base), stream=stream)
        for frame in container.decode(stream):
            yield frame.time - from_s, frame
