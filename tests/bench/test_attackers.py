import numpy as np
import pytest

from rumpus.bench.attackers import ATTACKERS, evolution, random_search
from rumpus.bench.scenes import Scenes
from rumpus.types import Array

TRIES_N = 240


def reddish(scenes: Scenes, points: Array) -> Array:
    """A belief that is fooled by any red above the bottle."""
    seen = scenes.pictures(points)[0].astype(float)[:, 18:24, 34:46]
    redness: Array = ((seen[..., 0] - seen[..., 1]).mean((1, 2)) / 255.0).clip(0.0, 1.0)
    return redness


@pytest.mark.parametrize("name", ATTACKERS)
def test_an_attacker_says_what_it_tried_the_most_believed_first(name: str) -> None:
    def believed(points: Array) -> Array:
        return points[:, 0]

    points, beliefs = ATTACKERS[name](believed, 3, TRIES_N, np.random.default_rng(0))
    assert points.shape == (TRIES_N, 3)
    assert ((points >= 0.0) & (points <= 1.0)).all()
    assert (np.diff(beliefs) <= 0.0).all()
    np.testing.assert_array_equal(beliefs, points[:, 0])


def test_evolution_finds_what_a_fooled_belief_likes_better_than_chance_does() -> None:
    scenes = Scenes("cap", 0)
    best = {}
    for attack in (random_search, evolution):
        _, beliefs = attack(
            lambda points: reddish(scenes, points), scenes.size, TRIES_N, np.random.default_rng(0)
        )
        best[attack] = beliefs[:30].mean()
    assert best[evolution] > 1.2 * best[random_search]
