"""Shifts pictures by chance, so that what is learned in one place holds beside it.

Random shift (Kostrikov et al. 2020, "Image Augmentation Is All You Need", section 3.1). Different
from the paper:

* all pictures of a window are shifted alike, for what moved in it moved as before;
* the decoder draws the shifted picture: the latent tells where a thing is seen.

With keypoints, latents imagined five steps ahead in places not learned from are off by 0.59 instead
of 1.02 of what "nothing changes" is off by (docs/decisions/0003, row 86).
"""

import numpy as np

from rumpus.types import Array


def random_shift(pictures: Array, share: float, rng: np.random.Generator) -> Array:
    """Windows of pictures, each window shifted down or up and aside by as many pixels.

    Args:
        pictures: (B, T, h, w, c).
        share: of height and width, how far down and aside at most.
        rng: where chance comes from.

    Returns:
        (B, T, h, w, c); what comes in at a rim repeats it.
    """
    height, width = pictures.shape[2:4]
    down, aside = round(share * height), round(share * width)
    wide = np.pad(pictures, ((0, 0), (0, 0), (down, down), (aside, aside), (0, 0)), "edge")
    corners = rng.integers(0, (2 * down + 1, 2 * aside + 1), (len(pictures), 2))
    return np.stack([
        window[:, y : y + height, x : x + width]
        for window, (y, x) in zip(wide, corners, strict=True)
    ])  # fmt: skip
