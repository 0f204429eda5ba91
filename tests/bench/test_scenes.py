"""Any point of the space is a scene that could be, and what fools one there has a name."""

from collections import Counter
from functools import cache

import numpy as np
import pytest

from rumpus.bench.scenes import FAMILIES, HELD_OUT, WISHES, Scene, Scenes
from rumpus.errors import InputError

POINTS_N = 1500
UNTOLD_M = 0.0015  # that things may lie in each other where the simulator settled them


@cache
def found(wish: str, held_out: bool) -> list[Scene]:
    scenes, rng = Scenes(wish, 0), np.random.default_rng(0)
    return [scenes.at(rng.random(scenes.size), held_out) for _ in range(POINTS_N)]


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("held_out", [False, True])
def test_nothing_lies_in_anything_else_and_all_is_at_rest(wish: str, held_out: bool) -> None:
    scenes, rng, deepest, rest = Scenes(wish, 0), np.random.default_rng(1), 0.0, list[float]()
    for _ in range(300):
        state = scenes.at(rng.random(scenes.size), held_out).state
        data = scenes.world.data
        deepest = min([deepest, *data.contact.dist[: data.ncon].tolist()])
        scenes.world.place(state)
        moved = [abs(scenes.world.state()[name] - state[name]) for name in state]
        rest.append(max(moved))
    assert np.quantile(rest, 0.95) < 0.004  # a thing on an edge, or half on a magnet, may creep
    assert deepest > -UNTOLD_M


@pytest.mark.parametrize("wish", WISHES)
def test_truth_is_the_worlds_and_a_family_is_told_of_what_is_false(wish: str) -> None:
    world = Scenes(wish, 0).world
    for scene in found(wish, False) + found(wish, True):
        assert world.is_success(scene.state) == (scene.family == "")
        assert scene.family in ("", *FAMILIES)


@pytest.mark.parametrize("wish", WISHES)
def test_families_occur_and_those_held_out_only_where_they_are_asked_for(wish: str) -> None:
    usual = Counter(scene.family for scene in found(wish, False))
    assert len({*FAMILIES} - {*HELD_OUT, "other"} & {*usual}) >= 5
    assert not {*usual} & {*HELD_OUT}
    assert {scene.light for scene in found(wish, False)} == {(1.0, 1.0, 1.0)}
    unusual = Counter(scene.family for scene in found(wish, True))
    assert min(unusual[family] for family in HELD_OUT) > 50
    assert 0.04 * POINTS_N < usual[""] < 0.4 * POINTS_N


AWAY = {"hand_x_m": -0.02, "hand_y_m": -0.05, "hand_z_m": 0.085, "cap_x_m": -0.05, "cap_z_m": 0.0,
        "block_x_m": 0.01, "block_z_m": 0.0}  # fmt: skip
LENS = {"hand_x_m": 0.026, "hand_y_m": -0.1, "hand_z_m": 0.03}


@pytest.mark.parametrize(
    ("changed", "family"),
    [
        ({}, "other"),
        (LENS, "lens"),
        ({"hand_x_m": 0.065, "hand_y_m": 0.0, "hand_z_m": 0.038}, "hand"),
        ({"block_x_m": 0.065, "block_z_m": 0.036}, "look-alike"),
        ({"cap_x_m": 0.065, "cap_z_m": 0.056, "hand_x_m": 0.065, "hand_y_m": 0.0,
          "hand_z_m": 0.069}, "hover"),
        ({"cap_x_m": 0.048, "cap_z_m": 0.036}, "near"),
        ({"cap_x_m": 0.09, "block_x_m": -0.05, "cap_z_m": 0.013, "hand_x_m": 0.09, "hand_y_m": 0.0,
          "hand_z_m": 0.026}, "unseen"),
        ({"block_x_m": 0.065, "block_z_m": 0.036, "cap_x_m": 0.065, "cap_z_m": 0.053}, "stacked"),
    ],
)  # fmt: skip
def test_each_family_is_told_by_how_things_stand(changed: dict[str, float], family: str) -> None:
    scenes = Scenes("cap", 0)
    scenes.world.place({**AWAY, **changed})
    assert scenes.family(scenes.world.state()) == family


def test_a_point_is_the_same_picture_whatever_was_looked_at_before() -> None:
    scenes, rng = Scenes("brick", 0), np.random.default_rng(2)
    points = rng.random((20, scenes.size))
    seen, families = scenes.pictures(points, True)
    again, _ = scenes.pictures(points[::-1], True)
    np.testing.assert_array_equal(seen, again[::-1])
    assert seen.dtype == np.uint8
    assert families.shape == (20,)


def test_light_makes_the_same_scene_brighter_or_darker() -> None:
    scenes, point = Scenes("cap", 0), np.full(11, 0.5)
    point[-4:] = (0.9, 0.0, 0.0, 0.0)
    dark, plain = (scenes.pictures(point[None], held_out)[0][0] for held_out in (True, False))
    assert dark.mean() == pytest.approx(0.5 * plain.mean(), rel=0.05)


@pytest.mark.parametrize("wish", WISHES)
def test_successes_are_true_and_nothing_hides_them(wish: str) -> None:
    scenes = Scenes(wish, 0)
    points = scenes.successes(30, np.random.default_rng(3))
    assert set(scenes.pictures(points)[1]) == {""}
    assert not any(scenes._hides(scenes.at(point).state) for point in points)


def test_a_world_without_a_wish_is_refused() -> None:
    with pytest.raises(InputError, match="'door' has no wish that could be cheated"):
        Scenes("door", 0)
