"""What is owed for what is stored can always be paid in parts."""

from hypothesis import given
from hypothesis import strategies as st

from rumpus.errors import InputError
from rumpus.replay.update_ratio import TrainConfig


@given(st.integers(1, 1000), st.floats(1e-3, 10.0), st.integers(0, 100_000))
def test_so_many_steps_more_always_owe_an_update_more(
    every: int, updates_per_step: float, updates: int
) -> None:
    try:
        config = TrainConfig(every, updates_per_step)
    except InputError:
        every = int(1.0 / updates_per_step) + 1
        config = TrainConfig(every, updates_per_step)
    assert config.owed(config.paid_for(updates) + every, updates, 0)[0] >= 1
