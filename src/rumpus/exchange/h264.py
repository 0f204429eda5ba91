"""Pictures as H.264 in an MP4: small, lossy, shown by any player."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

from rumpus.memory.films import encode_frames
from rumpus.types import Array

QUALITY_CRF = "18"  # x264's scale: 0 is lossless, 18 looks it, 51 is the worst
COLOURS = 5  # how colours become yuv: ITU-R BT.601, which the converter uses, said to the player
RANGE = 1  # and yuv's narrow range


def write_film(
    file: Path, pictures: Iterable[Array], rate_hz: float, size: tuple[int, int], **options: str
) -> None:
    """Write pictures, uint8 (h, w, 3), as an MP4 that is lossy.

    Args:
        file: the MP4.
        pictures: any number of them.
        rate_hz: pictures a second.
        size: width and height; both even, for two pixels each way share their colour.
        options: of x264, beyond the quality.

    Raises:
        OSError: when the disk does not take it.
        ModuleNotFoundError: when PyAV is missing.
    """
    import av  # an extra: pip install 'rumpus[exchange]'

    with av.open(str(file), "w", format="mp4") as container:
        rate = Fraction(rate_hz).limit_denominator(1001)
        stream = container.add_stream("libx264", rate, options={"crf": QUALITY_CRF, **options})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.colorspace = COLOURS
        stream.codec_context.color_range = RANGE
        encode_frames(container, stream, pictures)
