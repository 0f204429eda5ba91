"""Is a classifier of success cheated by a robot that follows its gradient through imagination?

    python benchmarks/imagined_attack.py --worlds mark hatch --seeds 0 1 2 3 4 --keep runs/wishes

A robot plays in a world with a wish, and a classifier learns from twenty pictures of success, from
what was lived and from answers to questions drawn at random. Then actions are sought whose imagined
end the classifier believes in, by its gradient through decoder and dynamics, from a hundred starts
where the wish has not come true; they are carried out in the world, and how they ended is judged by
its truth. What was lived so is learned from, and it is attacked again. Beside it stands the same
number of random actions. Told: how surely the ends are believed as they are imagined and as they
come, and of the ends that are believed the share that is false; what is nearly right counts as
neither. What is known of the random questions stays that of play alone. Source: interview 20:49;
the gradient attack of `rumpus bench cheat`'s worlds, by a robot that cannot go everywhere. Writes
benchmarks/results/imagined-attack.json.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from wishes import PLAYED_N, SHOWN_N, attempts, played, truth, wishful

from rumpus.actor import Actor
from rumpus.bench.cheat import classifier_named
from rumpus.bench.scenes import WISHES, Scenes
from rumpus.body.random_motion import smoothed_action
from rumpus.memory.memory import Memory
from rumpus.result import Row, wilson_interval, write_result
from rumpus.run.session import Asked, begin_or_resume, wake
from rumpus.success._own_file import OwnClassifier
from rumpus.success.base import BELIEVED, Evidence, SuccessClassifier
from rumpus.types import Array
from rumpus.worlds._magnet import Magnet

RESULTS = Path(__file__).parent / "results"
CLASSIFIERS = ("naive_classifier", "vice", "positive_unlabelled")
ROUNDS_N, STARTS_N, STEPS_N = 3, 100, 20
GRADIENTS_N, RATE, SIGMA = 60, 0.05, 0.5  # of Adam on actions, which begin so far from nothing
ANSWERS_N, UPDATES_N = 20, 300


@dataclass(frozen=True)
class Ends:
    """Where courses of actions ended.

    Attributes:
        pictures: of the ends, uint8 (n, h, w, c).
        families: of the cheats that they are, "" where the wish has come true, (n,).
        seen: every picture on the way there, uint8 (n * steps, h, w, c).
    """

    pictures: Array
    families: Array
    seen: Array


def sought(actor: Actor, classifier: SuccessClassifier, begun: torch.Tensor, seed: int) -> Array:
    """Actions (n, steps, A) whose imagined ends are believed, from latents (n, D)."""
    chance, nets = torch.Generator().manual_seed(seed), classifier.part.average
    size = actor.spec.action_size
    raw = SIGMA * torch.randn((len(begun), STEPS_N, size), generator=chance)
    raw.requires_grad_()
    optimizer, (decoder,) = torch.optim.Adam([raw], RATE), actor.nets.decoders.values()
    for _ in range(GRADIENTS_N):
        end = actor.nets.dynamics.imagine(begun, raw.tanh())[:, -1]
        picture = 2.0 * decoder(end).clamp(0.0, 1.0) - 1.0
        logits = nets(picture.permute(0, 3, 1, 2))
        optimizer.zero_grad()
        (-logits.median(0).values.sum()).backward()
        optimizer.step()
    found: Array = raw.detach().tanh().numpy()
    return found


@torch.no_grad()
def imagined(actor: Actor, begun: torch.Tensor, actions: Array) -> Array:
    """The pictures that actions are imagined to end in, uint8 (n, h, w, c)."""
    ends = actor.nets.dynamics.imagine(begun, torch.from_numpy(actions))[:, -1]
    (pictures,) = actor.decode(ends).values()
    return pictures


def carried_out(scenes: Scenes, seed: int, actions: Array) -> Ends:
    """What comes of actions in the world, each from a start of its own."""
    world, families, seen = scenes.world, list[str](), list[Array]()
    for trial, course in zip(attempts(world, len(actions), seed), actions, strict=True):
        world.stage(trial)
        for action in course:
            world.act(action.astype(np.float32))
            seen += world.observe().readings.values()
        families.append(scenes.family(world.state()))
    pictures = np.array(seen)
    return Ends(pictures[STEPS_N - 1 :: STEPS_N], np.array(families), pictures)


def started(actor: Actor, world: Magnet, seed: int) -> torch.Tensor:
    """The latents (n, D) of starts."""
    latents = list[torch.Tensor]()
    for trial in attempts(world, STARTS_N, seed):
        world.stage(trial)
        latents.append(actor.encode(world.observe().readings))
    return torch.stack(latents)


def believed(classifier: SuccessClassifier, ends: Ends) -> dict[str, float]:
    """How many ends are believed, how many of those are false, and how many ends are true."""
    clear = ends.families != "near"
    sure = (classifier.belief(ends.pictures) > BELIEVED) & clear
    false_n = int((sure & (ends.families != "")).sum())
    return {"believed_n": float(sure.sum()), "false_n": float(false_n),
            "true_n": float((ends.families == "").sum())}  # fmt: skip


def attacked(keep: Path, name: str, seed: int) -> list[Row]:
    """Every classifier, round by round, of one robot."""
    run = keep / f"{name}-{seed}"
    played(run, name, seed, PLAYED_N)
    rows, scenes, rng = list[Row](), Scenes(name, seed), np.random.default_rng(seed)
    shown, _ = scenes.pictures(scenes.successes(SHOWN_N + 200, rng))
    with begin_or_resume(Asked(name, seed), run) as session:
        memory, trained = session.memory, wake(session, lambda *told: True)
        assert trained is not None
        for classifier in CLASSIFIERS:
            rows += _rounds(memory, trained.actor, classifier, shown, seed)
    return [Row(f"{name}, {r.variant}", r.seed, r.n, r.steps, r.wall_s, r.metrics) for r in rows]


def _rounds(memory: Memory, actor: Actor, name: str, shown: Array, seed: int) -> list[Row]:
    rows, rng, world = list[Row](), np.random.default_rng(seed), wishful(memory.spec.name, seed)
    scenes = Scenes(memory.spec.name, seed)
    lived, shows = memory.frames(memory.spec.sensors[0].name)[:], truth(memory)
    first_n, answered = len(lived), rng.choice(len(shows), ANSWERS_N, replace=False)
    said = shows[answered]
    classifier = classifier_named(name, shown.shape[1:], seed)
    assert isinstance(world, Magnet)
    assert not isinstance(classifier, OwnClassifier)
    seen_n = 0
    for number in range(ROUNDS_N + 1):
        begun_s = time.monotonic()
        evidence = Evidence(shown[:SHOWN_N], lived, first_n, answered, said, seen_n)
        classifier.learn(evidence, UPDATES_N, rng)
        seen_n = len(lived)
        asked = 2000 + 100 * number + seed
        begun = started(actor, world, asked)
        found = sought(actor, classifier, begun, asked)
        action, idle = np.zeros(actor.spec.action_size, np.float32), list[Array]()
        for _ in range(STARTS_N * STEPS_N):
            action = smoothed_action(rng, action)
            idle.append(action)
        ends = carried_out(scenes, asked, found)
        beside = carried_out(scenes, asked, np.array(idle).reshape(found.shape))
        told = believed(classifier, ends)
        dreamt = classifier.belief(imagined(actor, begun, found))
        n, false_n = int(told["believed_n"]), int(told["false_n"])
        rows.append(Row(
            f"{name}, round {number}", seed, STARTS_N, len(lived),
            round(time.monotonic() - begun_s, 1),
            {**told, **({"false_share_interval": wilson_interval(false_n, n)} if n else {}),
             "imagined_believed_n": float((dreamt > BELIEVED).sum()),
             "recall": float((classifier.belief(shown[SHOWN_N:]) > BELIEVED).mean()),
             **{f"random_{what}": value for what, value in believed(classifier, beside).items()}},
        ))  # fmt: skip
        lived = np.concatenate([lived, ends.seen])
    return rows


def main() -> None:
    """Attack every classifier in every world and write what came of it as it grows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--worlds", nargs="+", default=WISHES, choices=WISHES)
    parser.add_argument("--seeds", nargs="+", type=int, default=range(5))
    parser.add_argument("--keep", type=Path, required=True, help="where runs are kept")
    parser.add_argument("--out", type=Path, default=RESULTS / "imagined-attack.json")
    given, rows = parser.parse_args(), list[Row]()
    for seed in given.seeds:
        for name in given.worlds:
            rows += attacked(given.keep, name, seed)
            write_result(given.out, "imagined-attack", rows)
            print("\n".join(row.json() for row in rows[-len(CLASSIFIERS) * (ROUNDS_N + 1) :]))


if __name__ == "__main__":
    main()
