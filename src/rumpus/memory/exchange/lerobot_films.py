"""Which stretch of which video is an episode's; counted anew where a killed recording lost it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from rumpus.memory.exchange.lerobot_repair import has_footer
from rumpus.memory.exchange.lerobot_source import Source
from rumpus.memory.exchange.lerobot_video import frames_in


@dataclass(frozen=True)
class Place:
    """Where an episode's film begins.

    Attributes:
        file: the video.
        from_s: seconds into it.
    """

    file: Path
    from_s: float


Places = dict[tuple[int, str], Place]  # by episode and feature


def places(source: Source) -> Places:
    """The films of all episodes whose video is there; the others are left out."""
    keys = source.video_keys
    known = {
        place: at for file in _episode_files(source) for place, at in _told(source, file, keys)
    }
    for key in keys:
        if any((episode, key) not in known for episode in source.lengths):
            source.told.append(
                f"Where the episodes lie in the videos of {key} was lost with meta/episodes; "
                "it was counted anew from the videos' frames."
            )
            known |= dict(_counted(source, key))
    return known


def _episode_files(source: Source) -> list[Path]:
    return [f for f in sorted(source.folder.glob("meta/episodes/*/*.parquet")) if has_footer(f)]


def _told(source: Source, file: Path, keys: list[str]) -> Iterator[tuple[tuple[int, str], Place]]:
    """What meta/episodes says."""
    what = ("chunk_index", "file_index", "from_timestamp")
    columns = ["episode_index", *(f"videos/{key}/{name}" for key in keys for name in what)]
    for row in pq.read_table(file, columns=columns).to_pylist():
        for key in keys:
            chunk, number, from_s = (row[f"videos/{key}/{name}"] for name in what)
            path = str(source.info.video_path).format(
                video_key=key, chunk_index=chunk, file_index=number
            )
            yield (row["episode_index"], key), Place(source.folder / path, from_s)


def _counted(source: Source, key: str) -> Iterator[tuple[tuple[int, str], Place]]:
    """Episodes follow each other in the videos without a gap, and none lies in two of them."""
    files = iter(sorted(source.folder.glob(f"videos/{key}/*/*.mp4")))
    file, frames, used = None, 0, 0
    for episode, length in source.lengths.items():
        while used + length > frames:
            file, used = next(files, None), 0
            if file is None:
                return
            frames = frames_in(file)
        assert file is not None
        yield (episode, key), Place(file, used / source.info.fps)
        used += length
