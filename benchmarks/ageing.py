"""One part of what a long life costs, measured alone in a fresh process.

    python benchmarks/ageing.py make /tmp/somewhere 100000
    python benchmarks/ageing.py train /tmp/somewhere

Called by memory.py, once for each part and length of life, so that the greatest RAM is that part's
and that life's. Prints one JSON object. The life is synthetic: random pictures, an episode every
10,000 steps, and a goal from anywhere in the past every 50. `make` writes it; `open` opens it,
`draw` draws from it without torch, `train` goes through whole train phases, `act` chooses actions
and goals.

Three figures of RAM: `peak` is the greatest of all that was resident, pages of the mapped view
included (ru_maxrss); `private` is what no other program shares (smaps_rollup), pages of the view
included where no other program has them mapped; `own` is without any mapped file (anonymous).
"""

import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from rumpus.memory import Memory
from rumpus.replay import sampler
from rumpus.replay.hindsight import hindsight
from rumpus.replay.replay import Replay, ReplayConfig
from rumpus.result import Metric
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Observation, Step

SIDE = 32  # of a picture: three million of them still fit the page cache of 16 GB
EPISODE_STEPS, GOAL_EVERY, GOAL_STEPS = 10_000, 50, 40
OPENINGS_N, BATCHES_N, LEARNED_N, PHASES_N, CHOICES_N = 5, 200, 60, 3, 200
Metrics = dict[str, Metric]


def make(folder: Path, steps: int) -> Metrics:
    """Write a life of so many steps."""
    spec = RobotSpec("bench", (SensorSpec("camera", (SIDE, SIDE, 3)),), 3, 10.0)
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (200, SIDE, SIDE, 3), dtype=np.uint8)
    action, goal, begun_s = np.zeros(3, np.float32), -1, time.monotonic()
    with Memory.create(folder, spec) as memory:
        for k in range(steps):
            if k % EPISODE_STEPS == 0:
                memory.begin_episode("bench")
            if k % GOAL_EVERY == 0:
                goal = int(rng.integers(k + 1))
            seen = Observation({"camera": pictures[k % 200]}, k / 10.0)
            asked = goal if k % GOAL_EVERY < GOAL_STEPS else -1
            memory.append(Step(seen, action, action, goal_index=asked))
        memory.flush()
        return {"writes_hz": round(steps / (time.monotonic() - begun_s), 1)}


def opening(folder: Path) -> Metrics:
    """How long it takes to open a memory: for writing, its store cold or in RAM, and to look."""
    _forget(folder / "memory.sqlite")
    return {
        "opening_cold_s": _opened_s(folder, write=True),
        "opening_s": statistics.median(_opened_s(folder, write=True) for _ in range(OPENINGS_N)),
        "looking_s": statistics.median(_opened_s(folder, write=False) for _ in range(OPENINGS_N)),
    }


def _opened_s(folder: Path, write: bool) -> float:
    begun_s = time.perf_counter()
    with Memory.open(folder, write):
        return round(time.perf_counter() - begun_s, 4)


def _forget(file: Path) -> None:
    """Let the operating system drop a file from RAM."""
    descriptor = os.open(file, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def draw(folder: Path) -> Metrics:
    """What drawing costs, and how much RAM a program has of its own that only draws."""
    config, rng = ReplayConfig(), np.random.default_rng(0)
    with Memory.open(folder, write=False) as memory:
        replay = Replay(memory, config, rng)
        replay.refresh()
        known = replay.working_set

        def prioritized() -> None:
            _, starts = replay.batch()
            replay.report(starts, rng.random(len(starts)))

        def goals() -> None:
            hindsight(
                rng, known.episode_of, known.goal_rows, config.goal_batch, config.hindsight
            )  # fmt: skip

        return {
            **_timed("batch", lambda: sampler.sample(memory, rng, 64, 6), BATCHES_N),
            **_timed("surprising_batch", prioritized, BATCHES_N),
            **_timed("moments", goals, BATCHES_N),
            "own_memory_mb": _own_mb(),
        }


def train(folder: Path) -> Metrics:
    """What whole train phases cost, of 500 steps each, once one has gone before."""
    import torch

    from rumpus.actor import MindConfig
    from rumpus.learner import Learner
    from rumpus.replay.update_ratio import TrainConfig
    from rumpus.update_schedule import ENCODING, MODEL, POLICY, UpdateSchedule

    class OnePhase(UpdateSchedule):
        """Owes what the steps between two train phases owe, as often as it is asked."""

        def owed(self, steps: int) -> tuple[int, int]:
            every = self.config.train_every
            return (
                int(every * self.config.updates_per_step),
                int(every * self.config.policy_updates_per_step),
            )

    torch.set_num_threads(1)
    looked_mb = [(_private_mb(), _own_mb())]

    def look(phase: str, done: int, owed: int) -> bool:
        if done % 25 == 0:
            looked_mb.append((_private_mb(), _own_mb()))
        return True

    with Memory.open(folder, write=False) as memory:
        rng = np.random.default_rng(0)
        learner = Learner(memory.spec, MindConfig(), 0)
        schedule = OnePhase(learner, Replay(memory, ReplayConfig(), rng), TrainConfig())

        def phase() -> dict[str, float]:
            at_s: dict[str, float] = {}

            def tick(name: str, done: int, owed: int) -> bool:
                at_s.setdefault(name, time.perf_counter())
                return True

            begun_s = time.perf_counter()
            schedule.prepare()
            schedule.train(tick)
            learned_s = time.perf_counter()
            assert schedule.trained() is not None
            ended_s = time.perf_counter()
            return {
                "train_phase_s": ended_s - begun_s,
                "refresh_s": at_s[MODEL] - begun_s,
                "updates_s": at_s[ENCODING] - at_s[MODEL],
                "encoding_s": at_s[POLICY] - at_s[ENCODING],
                "policy_updates_s": learned_s - at_s[POLICY],
                "candidates_s": ended_s - learned_s,
            }

        def learn() -> None:
            batch, starts = schedule.replay.batch()
            schedule.replay.report(starts, learner.update_world_model(batch).window_error)

        schedule.prepare()
        schedule.train(look)  # the one before, in which RAM is looked at
        phases = [phase() for _ in range(PHASES_N)]
        looked_mb.append((_private_mb(), _own_mb()))
        private_mb, own_mb = zip(*looked_mb, strict=True)
        return {
            **{name: round(statistics.median(p[name] for p in phases), 3) for name in phases[0]},
            "working_set_steps": len(schedule.replay.working_set.steps),
            "learner_peak_mb": _peak_mb(),
            "learner_private_mb": max(private_mb),
            "learner_imports_private_mb": private_mb[0],
            "learner_own_memory_mb": max(own_mb),
            **_timed("learner_batch", learn, LEARNED_N),
        }


def act(folder: Path) -> Metrics:
    """What choosing costs, of actions and of goals, in a program that only acts."""
    import torch

    from rumpus.actor import Actor, MindConfig, fresh_nets
    from rumpus.goals.base import Candidates, Situation
    from rumpus.goals.skew_fit import SkewFit, SkewFitConfig
    from rumpus.play.explore import PlayChooser
    from rumpus.play.progress import PlayConfig
    from rumpus.play.stored_goal import goal_at
    from rumpus.replay.working_set import WorkingSet

    torch.set_num_threads(1)
    torch.manual_seed(0)
    with Memory.open(folder, write=False) as memory:
        rng, config, known = np.random.default_rng(0), MindConfig(), WorkingSet(100_000)
        known.refresh(memory, rng)
        actor = Actor(memory.spec, config, fresh_nets(memory.spec, config), 0, 0)
        sensors, size = len(memory.spec.sensors), config.world_model.encoder.latent_size
        one = actor.goal_embeddings(
            np.zeros((1, sensors, size), np.float32), np.ones((1, sensors), bool)
        )
        candidates = Candidates(torch.randn(len(known.steps), one.shape[1]), known.steps)
        goals = SkewFit(SkewFitConfig())
        going = PlayConfig(random_steps=0, explore_steps=0, reached_steps=0.0)  # always for a goal
        chooser = PlayChooser(goals, going, rng, memory)
        chooser.take(actor, candidates)
        latent = actor.encode(memory.readings(0))
        point, rate_hz = actor.point(latent), memory.spec.rate_hz
        here = Situation(latent, point, candidates, rate_hz, goal_at(memory), rng)

        def choose() -> None:
            step = int(rng.integers(len(memory)))
            chooser.choose(Observation(memory.readings(step), 0.0))

        return {
            **_timed("action", choose, CHOICES_N),
            **_timed("goal", lambda: goals.next_goal(here), CHOICES_N),
            "actor_peak_mb": _peak_mb(),
            "actor_private_mb": _private_mb(),
            "actor_own_memory_mb": _own_mb(),
        }


def _timed(name: str, draw: Callable[[], object], times: int) -> Metrics:
    """Middle, tenth and ninetieth percentile, and mean, of many draws once warm."""
    times_s = []
    for _ in range(times):
        begun_s = time.perf_counter()
        draw()
        times_s.append(time.perf_counter() - begun_s)
    warm_ms = np.array(times_s[times // 4 :]) * 1e3
    low, middle, high = np.quantile(warm_ms, (0.1, 0.5, 0.9))
    return {
        f"{name}_ms": round(float(middle), 3),
        f"{name}_ms_interval": (round(float(low), 3), round(float(high), 3)),
        f"{name}_mean_ms": round(float(warm_ms.mean()), 3),
    }


def _peak_mb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def _private_mb() -> float:
    return _counted_mb("smaps_rollup", "Private_Clean:", "Private_Dirty:")


def _own_mb() -> float:
    return _counted_mb("status", "RssAnon:")


def _counted_mb(file: str, *names: str) -> float:
    """The sum of some lines of a file of /proc about this process, which count in kB."""
    lines = (Path("/proc/self") / file).read_text().splitlines()
    told = (line.split() for line in lines)
    return round(sum(int(words[1]) for words in told if words[0] in names) / 1024, 1)


def main() -> None:
    """Measure the part that the arguments name."""
    part, folder, *steps = sys.argv[1:]
    parts = {"open": opening, "draw": draw, "train": train, "act": act}
    found = make(Path(folder), int(steps[0])) if part == "make" else parts[part](Path(folder))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
