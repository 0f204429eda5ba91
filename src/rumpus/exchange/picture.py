"""Pictures as the bytes of a file, bit for bit, and as arrays again."""

import io

import numpy as np
from PIL import Image

from rumpus.types import Array

DAMAGES = (OSError, SyntaxError, TypeError, ValueError, EOFError, Image.DecompressionBombError)
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}  # of PNG, by channels


def png(picture: Array) -> bytes:
    """A picture, uint8 (h, w, c), as a PNG that loses nothing."""
    out = io.BytesIO()
    flat = picture[:, :, 0] if picture.shape[2] == 1 else picture
    Image.fromarray(flat).save(out, format="PNG")
    return out.getvalue()


def decoded(file: bytes, channels: int) -> Array:
    """A picture file's bytes as uint8 (h, w, channels).

    Raises:
        DAMAGES: when the bytes are no picture.
    """
    with Image.open(io.BytesIO(file)) as image:
        pixels = np.array(image.convert(MODES[channels]))
    return pixels.reshape(*pixels.shape[:2], channels)
