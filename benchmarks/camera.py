"""How many pictures a second the ray camera takes, in the middle of play, on one core.

    python benchmarks/camera.py

For each world, with 1 ray a pixel and with 2 x 2: prints a table and writes
benchmarks/results/camera.json. Each figure is the middle of several turns, taken in alternation.
"""

import hashlib
import statistics
import time
from pathlib import Path

import mujoco
import numpy as np

from rumpus.body.sensors.camera import CameraConfig, RayCamera
from rumpus.play.result import Row, write_result
from rumpus.worlds.base import World
from rumpus.worlds.catalogue import load
from rumpus.worlds.random_play import smoothed_actions

RESULT = Path(__file__).parent / "results" / "camera.json"
WORLDS = ("door", "pusher")
SCENES_N = 100
TURNS_N = 9
SUPERSAMPLES = (1, 2)


def main() -> None:
    """Measure, print, write."""
    rows = [row for name in WORLDS for row in measure(name)]
    print(f"{'variant':32s} {'pictures/s':>10s} {'slowest turn':>13s} {'microseconds':>13s}  equal")
    for row in rows:
        m = row.metrics
        print(
            f"{row.variant:32s} {m['pictures_hz']:10.0f} {m['slowest_turn_hz']:13.0f} "
            f"{m['picture_us']:13.0f}  {'yes' if m['byte_equal'] else 'NO'}"
        )
    write_result(RESULT, "camera", rows)
    print(RESULT)


def measure(name: str) -> list[Row]:
    """One row for each number of rays a pixel, over the same scenes of random play."""
    model, scenes = lived(name)
    cameras = {
        rays: RayCamera(model, scenes[0], CameraConfig(supersample=rays)) for rays in SUPERSAMPLES
    }
    turns_s: dict[int, list[float]] = {rays: [] for rays in cameras}
    prints: dict[int, set[str]] = {rays: set() for rays in cameras}
    for _ in range(TURNS_N):
        for rays, camera in cameras.items():
            begun_s = time.perf_counter()
            pictures = [camera.read(scene) for scene in scenes]
            turns_s[rays].append(time.perf_counter() - begun_s)
            prints[rays].add(hashlib.sha256(np.stack(pictures).tobytes()).hexdigest())
    return [_row(name, rays, turns_s[rays], len(prints[rays]) == 1) for rays in cameras]


def lived(name: str) -> tuple[mujoco.MjModel, list[mujoco.MjData]]:
    """A world's model, and its scenes as random play met them, ten steps apart."""
    world: World = load(name)
    simulation = world.simulation
    scenes = []
    actions = smoothed_actions(np.random.default_rng(0), 10 * SCENES_N, world.spec.action_size)
    for step, action in enumerate(actions):
        world.act(action)
        if step % 10 == 0:
            scenes.append(simulation.snapshot())
    return simulation.model, scenes


def _row(name: str, rays: int, turns_s: list[float], equal: bool) -> Row:
    middle_s, slowest_s = statistics.median(turns_s) / SCENES_N, max(turns_s) / SCENES_N
    metrics = {
        "pictures_hz": round(1 / middle_s, 1),
        "slowest_turn_hz": round(1 / slowest_s, 1),
        "picture_us": round(1e6 * middle_s, 1),
        "byte_equal": float(equal),
    }
    steps = 10 * SCENES_N
    variant = f"{name}, {rays}x{rays} rays a pixel"
    return Row(variant, 0, SCENES_N * TURNS_N, steps, round(sum(turns_s), 3), metrics)


if __name__ == "__main__":
    main()
