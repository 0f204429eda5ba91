"""What became of a goal, in words."""

import numpy as np
import pytest

from rumpus.play.do import Done
from rumpus.report.strip import sentences
from rumpus.types import Goal


@pytest.mark.parametrize(
    ("doubt", "rate", "said"),
    [
        ([0.2, 0.9, 1.1, 0.3], 0.25, "What it imagined at first: from step 3 of 4 on it is not to "
         "be trusted. Of what it did, it did not trust what it imagined in 25%."),
        ([0.2, float("nan")], 0.5, "What it imagined at first: from step 2 of 2 on it is not to "
         "be trusted. Of what it did, it did not trust what it imagined in 50%."),
        ([0.2, 0.9], 0.0, "What it imagined at first: it doubts none of the 2 steps. Of "
         "what it did, it did not trust what it imagined in 0%."),
    ],
)  # fmt: skip
def test_it_is_said_how_far_imagination_is_to_be_trusted(
    doubt: list[float], rate: float, said: str
) -> None:
    goal = Goal({}, "picture", "a picture")
    done = Done(goal, 0, 9.0, 1.0, {}, np.array(doubt, np.float32), rate, [], None)
    assert sentences(done)[1] == said
