"""Pictures out of a LeRobot dataset's videos: which part is an episode's, and what it shows."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import av
import pyarrow as pa
import pyarrow.parquet as pq

from rumpus.types import Array

Place = tuple[Path, float]  # a video, and where in it an episode begins, in seconds
Places = dict[tuple[int, str], Place]  # by episode and feature


def recorded(folder: Path, video_path: str, keys: list[str]) -> Places:
    """Where meta/episodes says that the episodes lie, as far as it is there and whole."""
    places: Places = {}
    names = ("chunk_index", "file_index", "from_timestamp")
    columns = ["episode_index", *(f"videos/{key}/{name}" for key in keys for name in names)]
    for file in sorted(folder.glob("meta/episodes/*/*.parquet")) if keys else ():
        with suppress(pa.ArrowException, OSError, KeyError):
            for row in pq.read_table(file, columns=columns).to_pylist():
                for key in keys:
                    of = {name: row[f"videos/{key}/{name}"] for name in names}
                    path = folder / video_path.format(video_key=key, **of)
                    places[row["episode_index"], key] = path, of["from_timestamp"]
    return places


def counted(folder: Path, fps: float, key: str, lengths: Mapping[int, int]) -> Places:
    """Where the episodes lie by their lengths, in frames.

    They follow each other in the videos without a gap, and none lies in two of them.
    """
    places: Places = {}
    files = iter(sorted(folder.glob(f"videos/{key}/*/*.mp4")))
    file, frames, used = Path(), 0, 0
    for episode, length in lengths.items():
        while used + length > frames:
            if (found := next(files, None)) is None:
                return places
            file, frames, used = found, frames_in(found), 0
        places[episode, key] = file, used / fps
        used += length
    return places


def frames_in(path: Path) -> int:
    """How many pictures a video holds; 0 where it cannot be read."""
    try:
        with av.open(str(path)) as container:
            return container.streams.video[0].frames
    except (av.FFmpegError, IndexError):
        return 0


def film(file: Path, from_s: float, fps: float) -> Iterator[Array]:
    """The pictures of an episode, uint8 (h, w, 3), one for each of its frames.

    They end where the video is damaged, or has no picture within half a frame's time of where one
    belongs: a neighbour would be a lie.
    """
    shown = 0
    with suppress(av.FFmpegError), av.open(str(file)) as container:
        stream = container.streams.video[0]
        if from_s > 0 and stream.time_base is not None:
            container.seek(int(from_s / stream.time_base), stream=stream)
        for frame in container.decode(stream):
            late = (frame.time - from_s) * fps - shown
            if late > 0.5:
                return
            if late >= -0.5:
                shown += 1
                yield frame.to_ndarray(format="rgb24")
