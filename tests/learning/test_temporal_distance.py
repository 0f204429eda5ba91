"""Must learn: from nothing but a random walk, how many steps lie between any two places.

The world is two rooms with one gap in the wall between them, so that places that look near may be
far. What one step can lead to is imagined by remembering what other steps from there led to. The
control walks through walls: it learns from the same steps with shuffled successors.
"""

from collections import deque

import numpy as np
import torch

from rumpus.model.temporal_distance import TemporalDistance, TemporalDistanceConfig
from rumpus.replay.hindsight import HindsightConfig, hindsight
from rumpus.types import Array

WIDTH, HEIGHT, WALL, GAP = 7, 7, 3, 0
PLACES = [(x, y) for x in range(WIDTH) for y in range(HEIGHT) if x != WALL or y == GAP]
MOVES = ((0, 1), (1, 0), (0, -1), (-1, 0))
WALK_N, UPDATES, LEARNING_RATE, IMAGINED_N = 6000, 3000, 1e-3, 3


def neighbours(place: int) -> list[int]:
    """Where each move leads; into a wall it leads nowhere."""
    x, y = PLACES[place]
    ends = [(x + dx, y + dy) for dx, dy in MOVES]
    return [PLACES.index(end) if end in PLACES else place for end in ends]


def true_steps() -> Array:
    """The fewest steps between any two places, by breadth-first search: (P, P)."""
    steps = np.full((len(PLACES), len(PLACES)), -1)
    for start in range(len(PLACES)):
        steps[start, start] = 0
        queue = deque([start])
        while queue:
            here = queue.popleft()
            for there in neighbours(here):
                if steps[start, there] < 0:
                    steps[start, there] = steps[start, here] + 1
                    queue.append(there)
    return steps


def random_walk() -> Array:
    rng, walk = np.random.default_rng(0), [0]
    for move in rng.integers(4, size=WALK_N - 1):
        walk.append(neighbours(walk[-1])[move])
    return np.array(walk)


def learned_steps(shuffled: bool) -> Array:
    """What is learned of a random walk: (P, P)."""
    torch.manual_seed(0)
    rng, walk = np.random.default_rng(1), random_walk()
    follower = np.append(walk[1:], walk[-1])
    if shuffled:
        follower = rng.permutation(follower)
    led_to = [follower[walk == place] for place in range(len(PLACES))]
    latents = torch.tensor(PLACES, dtype=torch.float32)
    latents = (latents - latents.mean(0)) / latents.std(0)
    distance = TemporalDistance(2, TemporalDistanceConfig(target_rate=0.05))
    adam = torch.optim.Adam(distance.net.parameters(), LEARNING_RATE)
    one_life, free = np.zeros(WALK_N, np.int64), np.full(WALK_N, -1)
    for _ in range(UPDATES):
        here, goal = hindsight(rng, one_life, free, 256, HindsightConfig())
        imagined = [rng.choice(led_to[place], IMAGINED_N) for place in walk[here]]
        loss = distance.loss(
            latents[walk[here]],
            latents[np.concatenate([follower[None, here], np.stack(imagined, 1)])],
            latents[walk[goal]],
            torch.from_numpy(walk[goal] == walk[here]),
        )
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        distance.move_target()
    with torch.no_grad():
        learned: Array = distance(latents[:, None], latents[None]).numpy()
    return learned


def correlation(steps: Array) -> float:
    return float(np.corrcoef(steps.ravel(), true_steps().ravel())[0, 1])


def test_looks_alone_do_not_tell() -> None:
    places = np.array(PLACES, float)
    straight = np.linalg.norm(places[:, None] - places[None], axis=-1)
    assert correlation(straight) < 0.85


def test_steps_are_learned_from_a_random_walk() -> None:
    learned = learned_steps(shuffled=False)
    assert correlation(learned) > 0.95
    across = PLACES.index((WALL - 1, HEIGHT - 1)), PLACES.index((WALL + 1, HEIGHT - 1))
    assert true_steps()[across] == 14
    assert learned.diagonal().mean() < 0.5  # who is there is told so: no metric is built in
    assert learned[across] > 10.0  # of 12; two steps, were it not for the wall


def test_nothing_is_learned_from_shuffled_successors() -> None:
    assert correlation(learned_steps(shuffled=True)) < 0.6
