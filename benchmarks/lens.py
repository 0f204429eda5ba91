"""The finger in the lens: who believes that a hidden bottle has its cap on, and who does not.

    python benchmarks/lens.py

Both are attacked and learn as in `rumpus bench cheat`: the classifier with fixed failures, which is
the one that gets cheated (interview 21:10), and rumpus's own. Then scenes are drawn evenly; the one
is taken in which the first one's belief rises most when the hand, that hid nothing, goes before
the camera, and nothing else moves but what it carries. It goes there in even parts. Told of every
picture: what either believes, and what is true. Writes benchmarks/results/lens.json and the film
strip docs/lens.png.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from rumpus.bench.cheat import CheatConfig, Round, rounds
from rumpus.bench.scenes import WISHES
from rumpus.report.sheet import Tile, write_sheet
from rumpus.result import Row, write_result
from rumpus.types import Array

ROOT = Path(__file__).parent.parent
CHEATED, OWN = "naive_classifier", "positive_unlabelled"
PICTURES_N = 7
AWAY = (0.5, 1.0, 1.0)  # the hand's coordinates behind and above everything
DRAWN_N = 4000  # scenes
CLOSE = 0.35  # the hand's second coordinate, below which it is near the camera


def cheated_most(one: Round, rng: np.random.Generator) -> Array:
    """The scene (size,) with the hand before the camera that gained most by it, not being true."""
    points = rng.random((DRAWN_N, one.life.scenes.size))
    points[:, 1] *= CLOSE
    away = points.copy()
    away[:, :3] = AWAY
    (near, families), (far, _) = (one.life.scenes.pictures(each) for each in (points, away))
    gained = one.classifier.belief(near) - one.classifier.belief(far)
    best: Array = points[np.where(families == "lens", gained, -1.0).argmax()]
    return best


def approach(point: Array) -> Array:
    """The same scene with the hand on its way there, (PICTURES_N, size)."""
    course = np.repeat(point[None], PICTURES_N, axis=0)
    course[:, :3] = np.linspace(AWAY, point[:3], PICTURES_N)
    return course


def main() -> None:
    """Have both attacked, and show what they make of a hand that comes near."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--wish", default="cap", choices=WISHES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=CheatConfig.rounds)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "lens.json")
    parser.add_argument("--picture", type=Path, default=ROOT / "docs" / "lens.png")
    given, begun_s = parser.parse_args(), time.monotonic()
    config = CheatConfig(rounds=given.rounds)
    attacked = {}
    for name in (CHEATED, OWN):
        *_, attacked[name] = rounds(given.wish, name, given.seed, config)
    cheated = attacked[CHEATED]
    point = cheated_most(cheated, np.random.default_rng(given.seed))
    pictures, families = cheated.life.scenes.pictures(approach(point))
    beliefs = {name: one.classifier.belief(pictures) for name, one in attacked.items()}
    rows = [
        Row(f"{given.wish}, {name}, picture {k}", given.seed, 1, len(one.life.seen),
            round(time.monotonic() - begun_s, 1),
            {"belief": round(float(beliefs[name][k]), 4), "true_rate": float(families[k] == "")})
        for name, one in attacked.items() for k in range(PICTURES_N)
    ]  # fmt: skip
    write_result(given.out, "lens", rows)
    strip = []
    for k, picture in enumerate(pictures):
        truth = "true" if families[k] == "" else "false"
        told = f"{beliefs[CHEATED][k]:.0%}, {beliefs[OWN][k]:.0%}"
        strip.append(Tile(f"{'believed ' * (k == 0)}{told}; {truth}", picture))
    write_sheet(given.picture, [strip])
    print("\n".join(row.json() for row in rows))


if __name__ == "__main__":
    main()
