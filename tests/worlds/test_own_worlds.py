"""What door and pusher have in common."""

import numpy as np
import pytest

from rumpus.body.random_motion import smoothed_actions
from rumpus.errors import InputError
from rumpus.types import Array
from rumpus.worlds.base import World
from rumpus.worlds.door import Door
from rumpus.worlds.pusher import Pusher

Make = type[Door] | type[Pusher]
WORLDS: list[Make] = [Door, Pusher]


def film(world: World, steps: int, seed: int) -> list[Array]:
    pictures = []
    for action in smoothed_actions(np.random.default_rng(seed), steps, world.spec.action_size):
        pictures.append(world.observe().readings["camera"])
        world.act(action)
    return pictures


@pytest.mark.parametrize("make", WORLDS)
def test_same_seed_and_actions_give_byte_equal_pictures(make: Make) -> None:
    first, again, other = (film(make(seed), 150, 7) for seed in (3, 3, 4))
    assert [p.tobytes() for p in first] == [p.tobytes() for p in again]
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("make", WORLDS)
def test_observation_keeps_the_spec_at_ten_hertz_and_holds_no_state(make: Make) -> None:
    world = make(0)
    times = []
    for _ in range(5):
        seen = world.observe()
        world.spec.check(seen.readings)
        assert set(seen.readings) == {"camera"}
        times.append(seen.time_s)
        world.act(np.zeros(world.spec.action_size, np.float32))
    assert np.diff(times) == pytest.approx(0.1)
    assert world.spec.rate_hz == 10


@pytest.mark.parametrize("make", WORLDS)
def test_looking_changes_nothing(make: Make) -> None:
    world = make(1)
    before = dict(world.state())
    world.observe()
    world.trials(5, 0, world.trial_kinds[-1])
    assert dict(world.state()) == before


@pytest.mark.parametrize("make", WORLDS)
def test_it_never_ends(make: Make) -> None:
    world = make(0)
    film(world, 50, 0)
    assert world.ended == (False, False)


@pytest.mark.parametrize("make", WORLDS)
@pytest.mark.parametrize("size", [1, 7])
def test_a_misshapen_action_is_refused_in_a_sentence(make: Make, size: int) -> None:
    with pytest.raises(InputError, match=r"expects [23] finite numbers"):
        make(0).act(np.zeros(size, np.float32))


@pytest.mark.parametrize("make", WORLDS)
def test_an_action_that_is_not_finite_is_refused(make: Make) -> None:
    world = make(0)
    with pytest.raises(InputError, match="finite"):
        world.act(np.full(world.spec.action_size, np.nan, np.float32))


@pytest.mark.parametrize("make", WORLDS)
def test_same_seed_gives_the_same_trials(make: Make) -> None:
    kind = make.trial_kinds[-1]
    assert make(0).trials(6, 2, kind) == make(9).trials(6, 2, kind)
    assert make(0).trials(6, 2, kind) != make(0).trials(6, 3, kind)


@pytest.mark.parametrize("make", WORLDS)
@pytest.mark.parametrize("count", [1, 2, 9])
def test_no_trial_begins_at_its_goal(make: Make, count: int) -> None:
    world = make(0)
    trials = world.trials(count, 0, world.trial_kinds[0])
    assert len(trials) == count
    for trial in trials:
        assert world.errors(trial.start, trial.goal)[world.measure.name] > 0.01


@pytest.mark.parametrize("make", WORLDS)
def test_a_world_that_says_so_stays_at_the_start_while_nobody_acts(make: Make) -> None:
    world = make(0)
    assert world.keeps_still
    (trial,) = world.trials(1, 0, world.trial_kinds[0])
    world.stage(trial)
    before = world.errors(world.state(), trial.goal)[world.measure.name]
    for _ in range(world.measure.steps):
        world.act(np.zeros(world.spec.action_size, np.float32))
    after = world.errors(world.state(), trial.goal)[world.measure.name]
    assert after == pytest.approx(before, abs=world.measure.tolerance / 10)


@pytest.mark.parametrize("make", WORLDS)
def test_a_trial_has_an_error_that_a_fixed_answer_leaves(make: Make) -> None:
    world = make(0)
    trials = world.trials(9, 0, world.trial_kinds[0])
    for fixed in world.measure.fixed.values():
        errors = [world.errors(fixed, t.goal)[world.measure.name] for t in trials]
        assert np.median(errors) > world.measure.tolerance
