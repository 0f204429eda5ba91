"""Shifts pictures by chance, so that what is learned in one place holds beside it.

Random shift (Kostrikov et al. 2020, "Image Augmentation Is All You Need", section 3.1). Different
from the paper:

* all pictures of a window are shifted alike, for what moved in it moved as before;
* the decoder draws the shifted picture: the latent tells where a thing is seen.

With keypoints it halves the error of latents imagined in places not learned from
(docs/decisions/0003, row 86).
"""

import numpy as np

from rumpus.types import Array


def random_shift(pictures: Array, share: float, rng: np.random.Generator) -> Array:
    """Windows of pictures, each window shifted down or up and aside by as many pixels.

    Args:
        pictures: (B, T, h, w, c).
        share: of the longer side, how far at most.
        rng: where chance comes from.

    Returns:
        (B, T, h, w, c); what comes in at a rim repeats it.
    """
    height, width = pictures.shape[2:4]
    most = round(share * max(height, width))
    wide = np.pad(pictures, ((0, 0), (0, 0), (most, most), (most, most), (0, 0)), "edge")
    corners = rng.integers(0, 2 * most + 1, (len(pictures), 2))
    return np.stack([
        window[:, y : y + height, x : x + width]
        for window, (y, x) in zip(wide, corners, strict=True)
    ])  # fmt: skip
