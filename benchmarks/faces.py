"""Can the die's faces be told apart by touch at all? A classifier, before anything plays.

    python benchmarks/faces.py

A small net learns to say which face is up from the pictures of the gel under a resting die, any
face up, turned and placed at random; then it is asked about others. What it cannot tell, no robot
that feels the same can be asked to bring up.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from rumpus.model.device import prepare_process
from rumpus.result import Metric, Row, wilson_interval, write_result
from rumpus.types import Array
from rumpus.worlds.die import FACES, Die

LEARNED_N, ASKED_N = 8000, 1000
PASSES, BATCH, RATE = 12, 128, 3e-3
FARTHEST_PX = 2  # by which pictures are moved while it learns


def resting(crude: bool, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Pictures (n, 3, h, w) from -1 to 1 of a die at rest under the fingertip, and faces (n,)."""
    die, rng, pictures, faces = Die(0, crude), np.random.default_rng(seed), list[Array](), []
    for _ in range(count):
        die.place(die.anywhere(rng))
        pictures.append(die.observe().readings["gel"])
        faces.append(die.face_up(die.state()))
    seen = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1.0
    return seen, torch.tensor(faces)


def net() -> nn.Sequential:
    """A convolutional classifier of what is felt, wherever in the picture."""

    def layer(sides: tuple[int, int], width: int, stride: int) -> nn.Module:
        convolution = nn.Conv2d(*sides, width, stride, width // 2, bias=False)
        return nn.Sequential(convolution, nn.BatchNorm2d(sides[1]), nn.ReLU())

    return nn.Sequential(
        layer((3, 32), 5, 2), layer((32, 64), 3, 2),
        layer((64, 128), 3, 1), layer((128, 128), 3, 1),
        nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(128, len(FACES)),
    )  # fmt: skip


def learn(seen: Tensor, faces: Tensor, seed: int) -> nn.Module:
    """Learn to tell the faces of these pictures."""
    torch.manual_seed(seed)
    told = net()
    steps_n = PASSES * (len(seen) // BATCH)
    adam = torch.optim.AdamW(told.parameters(), RATE, weight_decay=0.01)
    rate = torch.optim.lr_scheduler.OneCycleLR(adam, RATE, total_steps=steps_n + 1)
    for _ in range(PASSES):
        order = torch.randperm(len(seen))[: steps_n // PASSES * BATCH].reshape(-1, BATCH)
        for some in order:
            away = torch.randint(-FARTHEST_PX, FARTHEST_PX + 1, (2,)).tolist()
            moved = torch.roll(seen[some], away, (2, 3))
            with torch.autocast("cpu", torch.bfloat16):
                said = told(moved)
            loss = nn.functional.cross_entropy(said.float(), faces[some])
            adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
            rate.step()
    return told.eval()


def main() -> None:
    """Measure both gels and write the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results")
    asked, rows = parser.parse_args(), list[Row]()
    prepare_process()
    for crude in (False, True):
        begun_s = time.monotonic()
        told = learn(*resting(crude, LEARNED_N, 0), seed=0)
        seen, faces = resting(crude, ASKED_N, 1)
        with torch.no_grad():
            right = int((told(seen).argmax(1) == faces).sum())
        figures: dict[str, Metric] = {
            "right_rate": right / ASKED_N, "by_chance_rate": 1 / len(FACES),
            "right_interval": wilson_interval(right, ASKED_N),
        }  # fmt: skip
        wall_s = round(time.monotonic() - begun_s, 2)
        kind = "crude" if crude else "clean"
        rows.append(Row(f"classifier, {kind} gel", 0, ASKED_N, LEARNED_N, wall_s, figures))
        print(rows[-1].json(), flush=True)
        write_result(asked.results / "faces.json", "faces", rows)


if __name__ == "__main__":
    main()
