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


@given(st.floats(1.0, 20.0), st.integers(0, 100_000), st.floats(0.01, 5.0))
def test_what_is_paid_for_is_owed_and_no_step_more(
    early_times: float, updates: int, updates_per_step: float
) -> None:
    config = TrainConfig(10_000, updates_per_step, early_times)
    steps = config.paid_for(updates)
    assert config.owed(steps, 0, 0)[0] >= updates - 1  # rounded down
    assert config.owed(max(steps - 1, 0), 0, 0)[0] <= updates


def test_more_is_owed_for_the_first_steps() -> None:
    config = TrainConfig(updates_per_step=0.2, early_times=3.0)
    assert [config.owed(steps, 0, 0)[0] for steps in (500, 2000, 2500, 10_000)] == [
        300, 1200, 1300, 2800,
    ]  # fmt: skip
