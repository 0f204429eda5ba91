"""Does a robot know whether it got there, and whether a picture is strange to it?

    python benchmarks/verdict.py --goals 170

For the door, the puck and FetchReach (`gymnasium_robotics:FetchReach-v4`, its own goals; needs that
package) a robot plays, is given goals that it never commanded, and says at the end of each whether
it got there (`play/verdict.py`). Beside it stands whether it really did, by the world's truth: by
the headline error alone, and with the hand within 2 cm of where the picture has it, for the robot
judges the whole picture. Then pictures are told familiar or strange (`replay/familiarity.py`): of
goals as trials draw them, of the rarest fifth of those, and foreign ones of seven kinds. Writes
benchmarks/results/verdict.json, with what the chances that were said were worth.
"""

import argparse
import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from rumpus.actor import Actor
from rumpus.play.evaluate import TrialConfig, attempt, draw_trials
from rumpus.play.progress import Until
from rumpus.play.verdict import Calibration, calibrate
from rumpus.replay.familiarity import familiarity
from rumpus.result import Metric, Row, wilson_interval, write_result
from rumpus.run import play_loop
from rumpus.run.folder import is_run
from rumpus.run.session import Asked, Session, begin_or_resume, resume
from rumpus.types import Array
from rumpus.worlds.base import Trial, World

RESULTS = Path(__file__).parent / "results"
LIVES = {"door": 10_000, "pusher": 20_000, "gymnasium_robotics:FetchReach-v4": 5_000}
SEED, TRIAL_SEED = 7, 4321
HAND_M = 0.02  # of the hand, where the whole picture counts
RARE_SHARE = 0.2
BINS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)


def main() -> None:
    """Measure every world and write the result, after each."""
    asked = _asked()
    rows: list[Row] = []
    worth: dict[str, list[dict[str, float]]] = {}
    for world in asked.worlds:
        run = asked.runs / "".join(c if c.isalnum() else "-" for c in f"{world}-{SEED}")
        if not is_run(run):
            with begin_or_resume(Asked(world, SEED), run) as session:
                play_loop.play(session, Until(LIVES[world]), lambda _: None)
        with resume(run, write=False, seed=TRIAL_SEED) as session:
            for kind in session.world.trial_kinds[: 1 if ":" in world else None]:
                goals = asked.goals // (2 if world == "door" else 1)
                found, worth[f"{world}, {kind}"] = verdicts(session, world, kind, goals)
                rows += found
            if any(sensor.is_picture for sensor in session.memory.spec.sensors):
                rows += strangeness(session, world, asked.pictures)
        for row in rows:
            print(row.json(), flush=True)
        write_result(asked.results / "verdict.json", "verdict", rows, chances=worth)


def verdicts(
    session: Session, name: str, kind: str, goals: int
) -> tuple[list[Row], list[dict[str, float]]]:
    """What it said of goals of one kind, against each truth; and what its chances were worth."""
    world, rng, begun_s = session.world, np.random.default_rng(0), time.monotonic()
    actor, measure = session.mind.learner.snapshot(), session.world.measure
    calibrations: dict[tuple[str, ...], Calibration | None] = {}
    chances, right, whole = [], [], []
    for trial in draw_trials(world, TrialConfig(goals, kind, TRIAL_SEED)):
        chance, errors = one(session, world, actor, trial, calibrations, rng)
        chances.append(chance)
        right.append(errors[measure.name] <= measure.tolerance)
        whole.append(right[-1] and errors.get("hand_error_m", 0.0) <= HAND_M)
    wall_s = round(time.monotonic() - begun_s, 1)
    said = np.array(chances)
    rows = [
        Row(f"{name}, {kind}: {what}", SEED, goals, session.mind_steps, wall_s,
            against(said, np.array(truth)))
        for what, truth in (("headline", right), ("headline and hand", whole))
    ]  # fmt: skip
    return rows, list(worth_of(said, np.array(whole)))


def one(
    session: Session, world: World, actor: Actor, trial: Trial,
    calibrations: dict[tuple[str, ...], Calibration | None], rng: np.random.Generator,
) -> tuple[float, dict[str, float]]:  # fmt: skip
    """The chance that it gives itself to be there at the end of one trial, and the true errors."""
    outcome = attempt(world, actor, trial, None, world.measure, rng, True)
    assert outcome.shown is not None
    goal = outcome.shown.goal
    if (sensors := tuple(goal)) not in calibrations:
        fresh = np.random.default_rng(0)
        calibrations[sensors] = calibrate(actor, session.memory, sensors, fresh)
    calibration = calibrations[sensors]
    assert calibration is not None
    here, there = actor.encode(outcome.shown.end), actor.encode(goal)
    return calibration.verdict(actor.predicted_steps(here, there)).chance, outcome.errors


def against(chances: Array, truth: Array) -> dict[str, Metric]:
    """What was said against what was true."""
    said = chances >= 0.5
    wrong, missed = int((said & ~truth).sum()), int((~said & truth).sum())
    yes, no = max(int(said.sum()), 1), max(int((~said).sum()), 1)
    return {
        "said_reached": int(said.sum()), "truly_reached": int(truth.sum()),
        "said_and_wrong": wrong, "wrong_rate": round(wrong / yes, 4),
        "wrong_interval": wilson_interval(wrong, yes),
        "denied_and_wrong": missed, "denied_wrong_rate": round(missed / no, 4),
        "denied_wrong_interval": wilson_interval(missed, no),
        "brier": round(float(np.mean((chances - truth) ** 2)), 4),
        # Beside it: always saying how often it truly got there, which needs to know the truth.
        "brier_of_the_rate": round(float(truth.mean() * (1 - truth.mean())), 4),
    }  # fmt: skip


def worth_of(chances: Array, truth: Array) -> Iterator[dict[str, float]]:
    """Chances that were said, in bins, beside how often it was so."""
    for low, high in itertools.pairwise(BINS):
        inside = (chances >= low) & ((chances < high) | (high == 1.0))
        if inside.any():
            yield {"from": low, "to": high, "n": int(inside.sum()),
                   "said": round(float(chances[inside].mean()), 3),
                   "true": round(float(truth[inside].mean()), 3)}  # fmt: skip


def strangeness(session: Session, name: str, pictures: int) -> Iterator[Row]:
    """How often pictures of each kind are told strange."""
    world, memory = session.world, session.memory
    camera = next(sensor for sensor in memory.spec.sensors if sensor.is_picture)
    trials = draw_trials(world, TrialConfig(pictures, seed=TRIAL_SEED))
    seen = [world.stage(trial).readings[camera.name] for trial in trials]
    truth = np.array([list(trial.goal.values()) for trial in trials])
    off = np.abs(truth - np.median(truth, 0)) / np.maximum(truth.std(0), 1e-9)
    rare = np.argsort(off.max(1))[-int(RARE_SHARE * pictures) :]
    groups = {"as trials draw them": seen, "the rarest fifth": [seen[k] for k in rare]}
    rng = np.random.default_rng(0)
    groups |= {what: [change(picture, rng) for picture in seen] for what, change in FOREIGN.items()}
    for what, group in groups.items():
        begun_s, told = time.monotonic(), 0
        for number, picture in enumerate(group):
            found = familiarity(memory, camera.name, picture, np.random.default_rng(number))
            assert found is not None
            told += found.is_foreign
        metrics: dict[str, Metric] = {
            "told_strange_rate": round(told / len(group), 4),
            "told_strange_interval": wilson_interval(told, len(group)),
        }
        wall_s = round(time.monotonic() - begun_s, 1)
        yield Row(f"{name}, pictures: {what}", SEED, len(group), len(memory), wall_s, metrics)


def _blurred(picture: Array, rng: np.random.Generator) -> Array:
    height, width = picture.shape[:2]
    small = Image.fromarray(picture).resize((width // 6, height // 6), Image.Resampling.BOX)
    return np.asarray(small.resize((width, height), Image.Resampling.BILINEAR))


FOREIGN: dict[str, Callable[[Array, np.random.Generator], Array]] = {
    "noise": lambda picture, rng: rng.integers(0, 256, picture.shape, np.uint8),
    "colours inverted": lambda picture, rng: 255 - picture,
    "upside down": lambda picture, rng: picture[::-1].copy(),
    "mirrored": lambda picture, rng: picture[:, ::-1].copy(),
    "half as bright": lambda picture, rng: picture // 2,
    "shifted by a sixth": lambda picture, rng: np.roll(picture, picture.shape[1] // 6, 1),
    "blurred to a sixth": _blurred,
}


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--worlds", nargs="+", default=list(LIVES))
    parser.add_argument("--goals", type=int, default=170)
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--runs", type=Path, default=Path("runs/verdict"))
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the result goes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
