"""The last word before a motor: nothing that is not A finite numbers in [-1, 1] gets past."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rumpus.body.safety import limit
from rumpus.errors import InputError
from rumpus.spec import RobotSpec, SensorSpec

SPEC = RobotSpec("toy", (SensorSpec("joint", (1,)),), action_size=3, rate_hz=10.0)
WISHES = st.lists(st.floats(-1e6, 1e6, width=32), min_size=3, max_size=3)


@given(WISHES)
def test_a_deed_is_the_nearest_that_may_be_done(wish: list[float]) -> None:
    action = np.array(wish, np.float32)
    limited = limit(action, SPEC)
    assert limited.action.dtype == np.float32
    np.testing.assert_array_equal(limited.action, [min(max(w, -1.0), 1.0) for w in wish])
    assert (limited.reason == "") == (np.abs(action) <= 1.0).all()


def test_a_changed_wish_says_why() -> None:
    assert limit(np.array([0.5, -1.5, 0.0], np.float32), SPEC).reason == "beyond [-1, 1]"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_wish_that_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(InputError, match=r"toy was given.*3 finite numbers.*nothing was moved"):
        limit(np.array([0.0, bad, 0.0], np.float32), SPEC)


@pytest.mark.parametrize("shape", [(2,), (4,), (1, 3), ()])
def test_a_wish_of_another_size_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="3 finite numbers"):
        limit(np.zeros(shape, np.float32), SPEC)


def test_the_wish_itself_is_left_as_it_was() -> None:
    wish = np.array([2.0, 0.0, -2.0], np.float32)
    limit(wish, SPEC)
    np.testing.assert_array_equal(wish, [2.0, 0.0, -2.0])
