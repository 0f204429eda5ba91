"""The finger in the lens: who believes that a hidden bottle has its cap on, and who does not.

    python benchmarks/lens.py

Both are attacked and learn as in `rumpus bench cheat`: the classifier with fixed failures, which is
the one that gets cheated (interview 21:10), and rumpus's own. Of the scenes that the first one was
cheated by in the end, the surest with the hand before the camera is taken, and the hand goes there
in even parts from where it hides nothing. Told of every picture: what either believes, and what is
true. Writes benchmarks/results/lens.json and the film strip docs/lens.png.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from rumpus.bench.cheat import BELIEVED, CheatConfig, Round, rounds
from rumpus.bench.scenes import WISHES
from rumpus.report.sheet import Tile, write_sheet
from rumpus.result import Row, write_result
from rumpus.types import Array

ROOT = Path(__file__).parent.parent
CHEATED, OWN = "naive_classifier", "positive_unlabelled"
PICTURES_N = 7
AWAY = (0.5, 1.0, 1.0)  # the hand's coordinates behind and above everything
SETTLED_N = 5  # rounds before the last, in which one looks for it where the last has none


def cheats(wish: str, seed: int, config: CheatConfig) -> tuple[Round, Array]:
    """Who is cheated in the end, and by what: the scene that was found last of the hand so near."""
    point = np.zeros(0)
    for one in rounds(wish, CHEATED, seed, config):
        for found in one.found:
            near = np.flatnonzero((found.families == "lens") & (found.beliefs > BELIEVED))
            if len(near) and one.number >= config.rounds - SETTLED_N:
                point = found.points[near[0]]
    return one, point


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
    cheated, point = cheats(given.wish, given.seed, config)
    if not len(point):
        raise SystemExit(f"No hand before the camera was believed by {CHEATED}; try another seed.")
    *_, own = rounds(given.wish, OWN, given.seed, config)
    pictures, families = cheated.life.scenes.pictures(approach(point))
    names = {CHEATED: cheated, OWN: own}
    beliefs = {name: one.classifier.belief(pictures) for name, one in names.items()}
    rows = [
        Row(f"{given.wish}, {name}, picture {k}", given.seed, 1, len(one.life.seen),
            round(time.monotonic() - begun_s, 1),
            {"belief": round(float(beliefs[name][k]), 4), "true_rate": float(families[k] == "")})
        for name, one in names.items() for k in range(PICTURES_N)
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
