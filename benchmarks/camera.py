"""How many pictures a second the ray camera takes, in the middle of play, on one core.

    python benchmarks/camera.py

For each world, with 1 ray a pixel and with 2 x 2: prints a table and writes
benchmarks/results/camera.json. Each figure is the middle of several turns, taken in alternation.
`pictures_hz` counts the processor's time, so that other programs on the machine matter little;
`pictures_wall_hz` counts the clock's.
"""

import copy
import hashlib
import statistics
import time
from pathlib import Path

import mujoco
import numpy as np

from rumpus.body.random_motion import smoothed_actions
from rumpus.body.sensors.camera import Camera, CameraConfig
from rumpus.body.sensors.scene import MujocoScene
from rumpus.result import Row, write_result
from rumpus.types import Array
from rumpus.worlds._simulation import SimulatedWorld
from rumpus.worlds.catalogue import load

RESULT = Path(__file__).parent / "results" / "camera.json"
WORLDS = ("door", "pusher")
SCENES_N = 100
TURNS_N = 15
SUPERSAMPLES = (1, 2)
Turn = tuple[float, float]  # seconds of the processor, of the clock


def main() -> None:
    """Measure, print, write."""
    rows = [row for name in WORLDS for row in measure(name)]
    print(f"{'variant':32s} {'pictures/s':>10s} {'by the clock':>13s} {'microseconds':>13s}  equal")
    for row in rows:
        m = row.metrics
        print(
            f"{row.variant:32s} {m['pictures_hz']:10.0f} {m['pictures_wall_hz']:13.0f} "
            f"{m['picture_us']:13.0f}  {'yes' if m['byte_equal'] else 'NO'}"
        )
    write_result(RESULT, "camera", rows)
    print(RESULT)


def measure(name: str) -> list[Row]:
    """One row for each number of rays a pixel, over the same scenes of random play."""
    model, moments = lived(name)
    scene = MujocoScene(model, copy.copy(moments[0]), lambda: 0.0)
    cameras = {rays: Camera(scene, CameraConfig(supersample=rays)) for rays in SUPERSAMPLES}
    turns: dict[int, list[Turn]] = {rays: [] for rays in cameras}
    prints: dict[int, set[str]] = {rays: set() for rays in cameras}
    for _ in range(TURNS_N):
        for rays, camera in cameras.items():
            turn, pictures = photographed(camera, scene, moments)
            turns[rays].append(turn)
            prints[rays].add(hashlib.sha256(np.stack(pictures).tobytes()).hexdigest())
    return [_row(name, rays, turns[rays], len(prints[rays]) == 1) for rays in cameras]


def photographed(
    camera: Camera, scene: MujocoScene, moments: list[mujoco.MjData]
) -> tuple[Turn, list[Array]]:
    """A picture of every moment, and what the pictures alone cost."""
    busy_s = wall_s = 0.0
    pictures = []
    for moment in moments:
        mujoco.mj_copyData(scene.data, scene.model, moment)
        started_s, begun_s = time.process_time(), time.perf_counter()
        reading = camera.read()
        wall_s += time.perf_counter() - begun_s
        busy_s += time.process_time() - started_s
        pictures.append(reading.value)
    return (busy_s, wall_s), pictures


def lived(name: str) -> tuple[mujoco.MjModel, list[mujoco.MjData]]:
    """A world's model, and its scenes as random play met them, ten steps apart."""
    world = load(name)
    if not isinstance(world, SimulatedWorld):
        raise TypeError(f"{name} has no scene to take pictures of, expected one of {WORLDS}.")
    scenes = []
    actions = smoothed_actions(np.random.default_rng(0), 10 * SCENES_N, world.spec.action_size)
    for step, action in enumerate(actions):
        world.act(action)
        if step % 10 == 0:
            scenes.append(copy.copy(world.data))
    return world.model, scenes


def _row(name: str, rays: int, turns: list[Turn], equal: bool) -> Row:
    busy_s, wall_s = (statistics.median(times) / SCENES_N for times in zip(*turns, strict=True))
    metrics = {
        "pictures_hz": round(1 / busy_s, 1),
        "pictures_wall_hz": round(1 / wall_s, 1),
        "picture_us": round(1e6 * busy_s, 1),
        "byte_equal": float(equal),
    }
    spent_s = round(sum(wall for _, wall in turns), 3)
    variant = f"{name}, {rays}x{rays} rays a pixel"
    return Row(variant, 0, SCENES_N * TURNS_N, 10 * SCENES_N, spent_s, metrics)


if __name__ == "__main__":
    main()
