"""Random shifts move all pictures of a window alike, and only as far as asked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rumpus.replay.random_shift import random_shift
from rumpus.types import Array


def windows(height: int = 12, width: int = 24, windows_n: int = 8) -> Array:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (windows_n, 3, height, width, 2), dtype=np.uint8)


def translates(pictures: Array, most: int) -> dict[tuple[int, int], Array]:
    """A window (T, h, w, c) moved by every (down, right) up to `most`, rims repeated."""
    height, width = pictures.shape[1:3]
    y, x = np.arange(height), np.arange(width)
    return {
        (down, right): pictures[:, (y - down).clip(0, height - 1)][
            :, :, (x - right).clip(0, width - 1)
        ]
        for down in range(-most, most + 1)
        for right in range(-most, most + 1)
    }


@given(st.integers(0, 2**32 - 1))
def test_every_window_is_moved_as_a_whole_and_no_further_than_asked(seed: int) -> None:
    before = windows()
    after = random_shift(before, 1 / 12, np.random.default_rng(seed))
    assert after.shape == before.shape
    assert after.dtype == np.uint8
    for one, moved in zip(before, after, strict=True):
        found = [by for by, shown in translates(one, 3).items() if np.array_equal(shown, moved)]
        assert len(found) == 1
        down, right = found[0]
        assert abs(down) <= 1  # of 12 pixels
        assert abs(right) <= 2  # of 24


def test_windows_are_moved_each_by_itself_and_over_all_places() -> None:
    after = random_shift(np.repeat(windows(windows_n=1), 400, 0), 1 / 12, np.random.default_rng(0))
    assert len({window.tobytes() for window in after}) == 3 * 5


@pytest.mark.parametrize("share", [0.0, 0.02])
def test_less_than_half_a_pixel_leaves_them_as_they_are(share: float) -> None:
    np.testing.assert_array_equal(
        random_shift(windows(), share, np.random.default_rng(0)), windows()
    )
