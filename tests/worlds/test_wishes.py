"""The worlds with a wish beside `cap`: what makes it true, and what only looks like it."""

from collections.abc import Sequence

import numpy as np
import pytest

from rumpus.body.random_motion import smoothed_actions
from rumpus.worlds._magnet import STEP_M, Magnet
from rumpus.worlds.brick import BRICK_M, Brick
from rumpus.worlds.cap import Cap
from rumpus.worlds.hatch import DOOR_M, LINE_M, OPEN_X_M, SHUT_X_M, Hatch
from rumpus.worlds.mark import BLOCK_M, MARK_X_M, PUCK_M, Mark

WORLDS: list[type[Magnet]] = [Cap, Brick, Mark, Hatch]
HIGH = {"hand_x_m": 0.0, "hand_y_m": -0.06, "hand_z_m": 0.085}
BRICKS = {**HIGH, "base_x_m": 0.0, "brick_x_m": -0.06, "brick_z_m": 0.0, "peg_x_m": 0.06,
          "peg_z_m": 0.0}  # fmt: skip
PUCK = {**HIGH, "puck_x_m": 0.045, "puck_z_m": 0.0, "block_x_m": 0.08, "block_z_m": 0.0}
SHUT = {**HIGH, "door_x_m": SHUT_X_M, "plate_x_m": -0.06, "plate_z_m": 0.0, "block_x_m": -0.02,
        "block_z_m": 0.0}  # fmt: skip


def made(world: type[Magnet], seed: int = 0) -> Magnet:
    return world(seed)  # type: ignore[call-arg, arg-type]


def go(world: Magnet, places: Sequence[tuple[float, float, float]]) -> None:
    """Send the hand from place to place, straight."""
    for place in places:
        for _ in range(14):
            away = (np.array(place) - world.positions()[:3]) / STEP_M
            world.act(away.clip(-1.0, 1.0).astype(np.float32))


def true_at(world: Magnet, state: dict[str, float]) -> bool:
    world.place(state)
    return world.is_success(world.state())


def test_the_magnet_puts_a_brick_on_the_other_wherever_that_is_and_takes_it_off() -> None:
    brick, top_m = Brick(), BRICK_M[1]
    brick.place(BRICKS)
    go(brick, [(-0.06, 0.0, top_m), (-0.06, 0.0, 0.08), (0.0, 0.0, 0.08)])
    assert not brick.is_success(brick.state())  # it hangs
    go(brick, [(0.0, 0.0, 2 * top_m), (0.0, 0.0, 0.08)])
    assert brick.is_success(brick.state())
    go(brick, [(0.0, 0.0, 2 * top_m), (-0.08, 0.0, 2 * top_m), (-0.08, 0.0, 0.08)])
    assert not brick.is_success(brick.state())


def test_the_lower_brick_slides_and_the_third_is_no_brick() -> None:
    brick = Brick()
    brick.place({**BRICKS, "hand_x_m": -0.085, "hand_y_m": 0.0, "hand_z_m": 0.006,
                 "brick_x_m": -0.04})  # fmt: skip
    go(brick, [(0.09, 0.0, 0.006)])
    assert brick.state()["base_x_m"] > 0.02
    assert true_at(brick, {**BRICKS, "brick_x_m": 0.005, "brick_z_m": BRICK_M[1]})
    assert not true_at(brick, {**BRICKS, "peg_x_m": 0.0, "peg_z_m": BRICK_M[1]})
    assert not true_at(brick, {**BRICKS, "brick_x_m": 0.015, "brick_z_m": BRICK_M[1]})


def test_the_magnet_puts_the_puck_on_the_mark_and_takes_it_along_again() -> None:
    mark = Mark()
    mark.place(PUCK)
    go(mark, [(0.045, 0.0, 0.08), (0.045, 0.0, PUCK_M[1]), (-0.01, 0.0, PUCK_M[1]),
              (-0.01, 0.0, 0.05), (MARK_X_M, 0.0, 0.05)])  # fmt: skip
    assert not mark.is_success(mark.state())
    go(mark, [(MARK_X_M, 0.0, PUCK_M[1]), (MARK_X_M, 0.0, 0.08)])
    assert mark.is_success(mark.state())
    go(mark, [(MARK_X_M, 0.0, PUCK_M[1]), (0.0, 0.0, PUCK_M[1])])
    assert not mark.is_success(mark.state())


def test_a_puck_over_the_mark_and_on_the_block_there_and_the_block_alone_do_not_count() -> None:
    mark, there = Mark(), {"puck_x_m": MARK_X_M}
    assert true_at(mark, {**PUCK, **there})
    assert not true_at(mark, {**PUCK, "block_x_m": MARK_X_M})
    upon = {**there, "puck_z_m": BLOCK_M[1], "block_x_m": MARK_X_M}
    assert not true_at(mark, {**PUCK, **upon})
    hung = {**there, "puck_z_m": 0.02, "hand_x_m": MARK_X_M, "hand_y_m": 0.0, "hand_z_m": 0.03}
    assert not true_at(mark, {**PUCK, **hung})


def test_the_hand_drags_the_door_by_its_top_open_and_shut() -> None:
    hatch = Hatch()
    hatch.place(SHUT)
    top_m = DOOR_M[2]
    go(hatch, [(SHUT_X_M, 0.0, 0.08), (SHUT_X_M, 0.0, top_m), (OPEN_X_M, 0.0, top_m)])
    assert hatch.is_success(hatch.state())
    go(hatch, [(SHUT_X_M, 0.0, top_m)])
    assert not hatch.is_success(hatch.state())


def test_a_dark_plate_before_the_shut_door_makes_it_look_open() -> None:
    hatch, seen = Hatch(), []
    for changed in ({}, {"plate_x_m": 0.026}, {"door_x_m": OPEN_X_M}):
        assert true_at(hatch, {**SHUT, **changed}) == ("door_x_m" in changed)
        picture = hatch.observe().readings["camera"].astype(int)
        seen.append(picture[24:33, 28:34])  # about the opening
    shut, cheat, opened = seen
    assert np.abs(cheat - opened).mean() < 0.7 * np.abs(shut - opened).mean()
    assert hatch.line_m == LINE_M


@pytest.mark.parametrize("world", WORLDS)
def test_random_play_makes_the_wish_true_and_undoes_it_without_resets(world: type[Magnet]) -> None:
    playing, true = made(world, 2), []
    for action in smoothed_actions(np.random.default_rng(2), 12_000, 3):
        playing.act(action)
        true.append(playing.is_success(playing.state()))
    changes = np.diff(np.array(true).astype(int))
    assert (changes > 0).sum() >= 3
    assert (changes < 0).sum() >= 3


@pytest.mark.parametrize("world", WORLDS)
def test_a_trial_asks_for_the_wish_or_for_its_end(world: type[Magnet]) -> None:
    tried = made(world)
    for kind, wished in zip(tried.trial_kinds, (True, False), strict=True):
        for trial in tried.trials(10, 3, kind):
            assert tried.is_success(trial.goal) == wished
            assert tried.is_success(trial.start) == (not wished)
