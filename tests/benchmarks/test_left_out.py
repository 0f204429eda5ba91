"""What can be left out of memory and exchange is there, and is missed."""

import pytest
from left_out import EXCHANGE, MEMORY, Part, _damaged_memories, _lines

EVERY = MEMORY | EXCHANGE


@pytest.mark.parametrize("name", EVERY)
def test_a_part_that_is_left_out_is_one_that_is_there(name: str) -> None:
    part: Part = EVERY[name]
    for where, what, _ in part.instead:
        assert hasattr(where, what)
    assert (_lines(part) > 0) == (name != "nothing")


def test_without_the_checksum_of_each_step_damage_is_silent() -> None:
    cases = range(200_000, 200_013)
    assert _damaged_memories("nothing", cases)["silent"] == 0
    assert _damaged_memories("a checksum of each step", cases)["silent"] > 0
